/*
 * The table of exit statuses; see status.h.
 */
#include "cli/status.h"

#include "base/attr.h"

const struct bk_status bk_statuses[] = {
	{BK_EXIT_OK, "done; nothing due; for ticks also busy, paused, disabled, late, standby"},
	{BK_EXIT_FAILED, "the run failed, lost its lease, or its outcome is unknown"},
	{BK_EXIT_REMAINS, "work remains: limit or time reached, bookings set aside, or cancelled"},
	{BK_EXIT_REFUSED, "refused by a guard; or the job is paused or disabled"},
	{BK_EXIT_USAGE, "bad command line"},
	{BK_EXIT_NOT_FOUND, "no such job, execution or booking"},
	{BK_EXIT_UNAVAILABLE, "no usable database: refused, starting, or a standby"},
	{BK_EXIT_INTERNAL, "internal error"},
	{BK_EXIT_IO, "output or a file failed"},
	{BK_EXIT_BUSY, "a manual run found the job busy, or --wait ran out"},
	{BK_EXIT_PERMISSION, "the role may not, or the login was refused"},
	{BK_EXIT_CONFIG, "bad configuration, mapping or schema"},
	{BK_EXIT_SIGINT, "interrupted (SIGINT)"},
	{BK_EXIT_SIGTERM, "terminated (SIGTERM)"},
};
const size_t bk_statuses_count = BK_COUNT(bk_statuses);
