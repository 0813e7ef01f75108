/*
 * bkactivate: runs the job activate-due if it is due.
 */
#include "cli/tick.h"
#include "conf/jobs.h"

static const char *const examples[] = {
	"bkactivate                 a tick, as cron calls it",
	"bkactivate --for=55s       ticks for 55 seconds, at the delay of the job",
	"bkactivate --now --limit=100",
	"bkactivate --dry-run",
	NULL,
};

static const struct bk_tick tick = {
	.name = "bkactivate",
	.job = BK_JOB_ACTIVATE,
	.summary = "activate due bookings",
	.help = "run the job activate-due if it is due",
	.examples = examples,
};

int main(int argc, char **argv)
{
	return bk_tick_main(&tick, argc, argv);
}
