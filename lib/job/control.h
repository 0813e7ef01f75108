/*
 * The commands by which people steer jobs and bookings: pause, resume, enable,
 * disable, cancel, hold, release, and another try for bookings in quarantine.
 * Each is one transaction, in which a MANUAL execution records it; what is
 * already so changes nothing and is not recorded.
 *
 *     struct bk_job_changes jobs = {.count = 0};
 *     rc = bk_control_jobs(db, &control, BK_ACT_PAUSE, "activate-due", &until, "upgrade", &jobs,
 *                          err);
 *     bk_job_changes_clear(&jobs);
 *
 * Every result is filled on BK_OK only. Times in it are RFC 3339 UTC with
 * milliseconds; NULL = absent. BK_E_PERMISSION: the role is no booking_update.
 */
#ifndef BK_JOB_CONTROL_H
#define BK_JOB_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "conf/conf.h"
#include "db/array.h"
#include "db/db.h"

/* Who steers. Everything is the caller's. */
struct bk_control {
	const struct bk_conf *conf;
	const char *instance;
	const char *os_user;
	const char *run_id; /* another one for each command */
	struct bk_clock clock;
};

/* When something ends by itself. Whether that is past is the database's to say. */
enum bk_until_kind { BK_UNTIL_NONE, BK_UNTIL_AT, BK_UNTIL_IN };
struct bk_until {
	enum bk_until_kind kind;
	int64_t at_us; /* of AT: microseconds since 1970 UTC */
	int64_t in_ms; /* of IN: from now */
};

/* What became of the command as a whole. */
struct bk_recorded {
	char *execution_id; /* NULL = nothing was changed */
	int64_t changed;    /* jobs, executions, holds or quarantined bookings */
};

enum bk_act { BK_ACT_PAUSE, BK_ACT_RESUME, BK_ACT_ENABLE, BK_ACT_DISABLE };
/* "pause", "resume", "enable", "disable". */
extern const char *const bk_act_names[];

/* A job after the command. */
struct bk_job_change {
	char *job_name;
	bool changed;
	char *status; /* IDLE PAUSED DISABLED ERROR: what the next tick meets */
	char *paused_until;
	char *paused_reason;
	char *running_execution_id; /* of a run that is at work, and goes on */
};

struct bk_job_changes {
	struct bk_job_change *items;
	size_t count;
	struct bk_recorded recorded;
};

void bk_job_changes_clear(struct bk_job_changes *changes);

/*
 * Acts on one job, or on every one (NULL). `until` and `reason` are of a pause,
 * else NULL; a second pause replaces those of the first. The schedule stays. A
 * disabled job is neither paused nor resumed: look at its status. BK_E_NOT_FOUND;
 * BK_E_SCHEMA for a job of bk's that is not registered; BK_E_USAGE for an end
 * that is past.
 */
enum bk_rc bk_control_jobs(struct bk_db *db, const struct bk_control *control, enum bk_act act,
			   const char *job, const struct bk_until *until, const char *reason,
			   struct bk_job_changes *ret, struct bk_error *err) BK_NODISCARD;

/* An execution after somebody wanted to cancel it. */
struct bk_cancelled {
	char *id;
	char *operation;
	char *status; /* RUNNING, or how it had ended before */
	char *finished_at;
	char *server_instance;
	int64_t pid;
	int64_t processed_count; /* of a running one so far */
	bool cancel_requested;
	bool lease_expired; /* it is RUNNING, but nobody works on it any more */
	struct bk_recorded recorded;
};

void bk_cancelled_clear(struct bk_cancelled *cancelled);

/* Asks a run to end, wherever it is at work: it does so after the batch that is
   in flight, for whose end this waits. BK_E_NOT_FOUND. That it has ended before
   is no error here: look at its status. */
enum bk_rc bk_control_cancel(struct bk_db *db, const struct bk_control *control, int64_t id,
			     struct bk_cancelled *ret, struct bk_error *err) BK_NODISCARD;

/* A hold as it is now, or was before its release. */
struct bk_hold_change {
	struct bk_array key;
	char *held_until; /* NULL = until it is released */
	bool expired;     /* its end was past already */
	char *reason;
	char *author;
	char *created_at;
	char *booking_status; /* as the company's table has it; NULL = the booking is gone */
	bool replaced;        /* it was on hold before; changed 0 = just so */
	struct bk_recorded recorded;
};

void bk_hold_change_clear(struct bk_hold_change *hold);

/*
 * Keeps every job off one booking. `keys` has a text for each key column of the
 * mapping. Waits for the batches in flight: when it returns, no job has an
 * uncommitted change of the booking, and none makes another. BK_E_USAGE for a
 * text that is no value of its column, and for an end that is past;
 * BK_E_NOT_FOUND; BK_E_MAPPING.
 */
enum bk_rc bk_control_hold(struct bk_db *db, const struct bk_control *control,
			   const char *const *keys, const struct bk_until *until,
			   const char *reason, struct bk_hold_change *ret,
			   struct bk_error *err) BK_NODISCARD;

/* Ends the hold, also of a booking that is gone. BK_E_NOT_FOUND: it is not held. */
enum bk_rc bk_control_release(struct bk_db *db, const struct bk_control *control,
			      const char *const *keys, struct bk_hold_change *ret,
			      struct bk_error *err) BK_NODISCARD;

struct bk_retried {
	int64_t found; /* bookings in quarantine that the next runs try again */
	struct bk_recorded recorded;
};

void bk_retried_clear(struct bk_retried *retried);

/* Lets the next run try a booking again that is in quarantine, or all of them
   (NULL). BK_E_NOT_FOUND: that booking is not in quarantine. */
enum bk_rc bk_control_retry(struct bk_db *db, const struct bk_control *control,
			    const char *const *keys, struct bk_retried *ret,
			    struct bk_error *err) BK_NODISCARD;

/* After BK_E_PERMISSION: sets err's hint to the GRANT that the role lacks. */
void bk_control_explain(struct bk_db *db, const struct bk_conf *conf, struct bk_error *err);

#endif
