/*
 * The table of jobs; see jobs.h.
 */
#include "conf/jobs.h"

#include <string.h>

#include "base/attr.h"
#include "conf/layers.h"

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

bool bk_job_is_reserved(const char *name)
{
	static const char *const words[] = {
		"all",     "archive",    "backup",   "bookings",  "cancel",   "config",  "disable",
		"doctor",  "enable",     "events",   "execution", "forecast", "health",  "history",
		"hold",    "holds",      "job",      "jobs",      "metrics",  "migrate", "overdue",
		"pause",   "quarantine", "release",  "report",    "restore",  "resume",  "rollback",
		"rule",    "run",        "set",      "settings",  "undo",     "unset",   "watch",
		"booking", "reindex",    "retention"};

	for (size_t i = 0; i < BK_COUNT(words); i++)
		if (strcmp(words[i], name) == 0)
			return true;
	return false;
}

bool bk_job_has_rules(const char *name)
{
	return strcmp(name, BK_JOB_CLEANUP) != 0;
}

size_t bk_conf_job_count(const struct bk_conf *conf)
{
	return bk_job_names_count + conf->own_job_count;
}

const struct bk_job_name *bk_conf_job_at(const struct bk_conf *conf, size_t i)
{
	return i < bk_job_names_count ? &bk_job_names[i] : conf->own_jobs[i - bk_job_names_count];
}

const struct bk_job_name *bk_conf_job(const struct bk_conf *conf, const char *name)
{
	for (size_t i = 0; i < bk_conf_job_count(conf); i++)
		if (strcmp(bk_conf_job_at(conf, i)->name, name) == 0)
			return bk_conf_job_at(conf, i);
	return NULL;
}
