/*
 * The table of jobs; see jobs.h.
 */
#include "conf/jobs.h"

#include <string.h>

#include "base/attr.h"

const struct bk_job_name bk_job_names[] = {
	{BK_JOB_ACTIVATE, "Activate due bookings"},
	{BK_JOB_NO_SHOW, "Cancel no-shows"},
	{BK_JOB_COMPLETE, "Complete ended bookings"},
	{BK_JOB_EXPIRE, "Expire unconfirmed bookings"},
	{BK_JOB_CLEANUP, "Clean up after dead runs"},
};
const size_t bk_job_names_count = BK_COUNT(bk_job_names);
const size_t bk_booking_jobs_count = BK_COUNT(bk_job_names) - 1;

const struct bk_job_name *bk_job_find(const char *name)
{
	for (size_t i = 0; i < bk_job_names_count; i++)
		if (strcmp(bk_job_names[i].name, name) == 0)
			return &bk_job_names[i];
	return NULL;
}
