/*
 * What tells whether bk can work, beside its jobs' own rows: the server, the calls of
 * each host, leases, quarantine, archiving and backups; and the checks that follow
 * from it.
 */
#ifndef BK_VIEW_SIGNS_H
#define BK_VIEW_SIGNS_H

#include "conf/conf.h"
#include "db/db.h"
#include "view/health.h"

/* A dump older than this is warned of: a weekly one may be a day late. */
#define BK_BACKUP_MAX_AGE_MS (INT64_C(8) * 24 * 3600 * 1000)

/* Quarantined bookings are counted up to here. */
#define BK_QUARANTINE_COUNT 10000

/* The last call of a job on a host. */
struct bk_tick_view {
	char *job_name;
	char *instance;
	int64_t age_ms;
};

struct bk_signs {
	bool standby;
	bool read_only;  /* default_transaction_read_only */
	int64_t lag_ms;  /* of a standby; BK_NULL_INT = not known */
	int64_t expired; /* executions at work with a lease past its end */
	char *expired_which;
	int64_t expired_age_ms;
	int64_t quarantined;   /* BK_QUARANTINE_COUNT = that many or more */
	bool archives;         /* this server archives its WAL */
	bool archives_nowhere; /* but has neither command nor library for it */
	int64_t failed_age_ms;
	int64_t archived_age_ms;
	char *last_failed_wal;
	int64_t backup_age_ms; /* BK_NULL_INT = no backup is known */

	struct bk_tick_view *ticks; /* by job, the youngest first */
	size_t tick_count;
};

void bk_signs_clear(struct bk_signs *signs);

enum bk_rc bk_view_signs(struct bk_db *db, const struct bk_conf *conf, struct bk_signs *ret,
			 struct bk_error *err) BK_NODISCARD;

/*
 * Adds the checks, in this order:
 *
 * "primary": WARNING where what answers is a standby, or refuses writes, unless
 *   `standby_is_fine` (on-standby = skip: the host is meant to look at one).
 * "ticks": WARNING when an enabled job has been called by no host for longer than its
 *   success may be old, plus a minute; also a paused one. A job that was never called is
 *   judged by its registration, see bk_health_jobs. Single hosts that fell silent are
 *   named, which is no fault: one may be gone, or have called once only.
 * "leases": WARNING when one is past its end and nobody has taken over.
 * "quarantine": WARNING when it is not empty.
 * "archiving": only where the server archives; WARNING when it has no command for it, or
 *   the last attempt failed.
 * "backup": only where one was made; WARNING when it is older than
 *   BK_BACKUP_MAX_AGE_MS.
 */
void bk_health_signs(struct bk_health *health, const struct bk_signs *signs,
		     const struct bk_job_list *jobs, bool standby_is_fine);

#endif
