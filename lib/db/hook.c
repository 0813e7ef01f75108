/*
 * The points of the fault suite; see hook.h. The count is the one mutable global here: it is of the
 * whole process, whatever connection or thread comes to a point. No build but the tests' has it.
 */
#include "db/hook.h"

#ifdef BK_TEST_HOOKS

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/number.h"

static atomic_int_least64_t reached;

/* For a test that is mistaken to go on unharmed would be the worst. */
static bool is_here(const char *variable, int64_t point)
{
	const char *text = getenv(variable);
	int64_t wanted = 0;

	if (!text || !*text)
		return false;
	BK_ASSERT(bk_parse_u63(text, &wanted) && wanted > 0);
	return wanted == point;
}

void bk_db_hook(void)
{
	int64_t point = atomic_fetch_add(&reached, 1) + 1;

	if (is_here("BK_TEST_KILL_AT", point))
		(void)kill(getpid(), SIGKILL);
	if (is_here("BK_TEST_STOP_AT", point))
		(void)kill(getpid(), SIGSTOP);
}

#endif
