/*
 * The names of the jobs: one kebab-case word each, the same in configuration,
 * SQL, JSON and on the command line.
 */
#ifndef BK_CONF_JOBS_H
#define BK_CONF_JOBS_H

#include <stdbool.h>
#include <stddef.h>

#define BK_JOB_ACTIVATE "activate-due"
#define BK_JOB_NO_SHOW "cancel-no-shows"
#define BK_JOB_COMPLETE "update-completed"
#define BK_JOB_EXPIRE "update-expired"
#define BK_JOB_CLEANUP "cleanup"

struct bk_job_name {
	const char *name;
	const char *description; /* "Activate due bookings" */
};

/* Every job, in the order in which `bkmaint run --due` and lists show them. */
extern const struct bk_job_name bk_job_names[];
extern const size_t bk_job_names_count;
/* The first so many of them change bookings, by rules; cleanup looks after bk's own data. */
extern const size_t bk_booking_jobs_count;

/* The built-in job of that name, or NULL. */
const struct bk_job_name *bk_job_find(const char *name);

/* True for a word that bkmaint or bkstatus has for something else. */
bool bk_job_is_reserved(const char *name);

/* Every job of a configuration: the built-in ones, then those that the file makes. */
struct bk_conf;
size_t bk_conf_job_count(const struct bk_conf *conf);
const struct bk_job_name *bk_conf_job_at(const struct bk_conf *conf, size_t i);
/* NULL where there is none of that name. */
const struct bk_job_name *bk_conf_job(const struct bk_conf *conf, const char *name);
/* True where the job changes bookings. */
bool bk_job_has_rules(const char *name);

#endif
