/*
 * Bounds in time; see moment.h.
 */
#include "view/moment.h"

#include "base/clock.h"
#include "base/number.h"

bool bk_moment_parse(const char *text, struct bk_moment *ret)
{
	struct bk_moment m = {BK_MOMENT_NONE, 0, 0};

	if (bk_parse_time(text, &m.at_us))
		m.kind = BK_MOMENT_AT;
	else if (bk_parse_duration(text, &m.ago_ms))
		m.kind = BK_MOMENT_AGO;
	else
		return false;
	*ret = m;
	return true;
}
