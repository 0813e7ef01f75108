/*
 * bknoshow: runs the job cancel-no-shows if it is due.
 */
#include "cli/tick.h"
#include "conf/jobs.h"

static const char *const examples[] = {
	"bknoshow                   a tick, as cron calls it",
	"bknoshow --now --json",
	"bknoshow --dry-run -o csv",
	NULL,
};

static const struct bk_tick tick = {
	.name = "bknoshow",
	.job = BK_JOB_NO_SHOW,
	.summary = "mark the bookings of absent customers as no-shows",
	.help = "run the job cancel-no-shows if it is due",
	.examples = examples,
};

int main(int argc, char **argv)
{
	return bk_tick_main(&tick, argc, argv);
}
