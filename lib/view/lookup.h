/*
 * One booking as bk sees it: the mapped columns, what each rule makes of it and
 * why, who keeps the jobs off it, and every change that bk has made on it. All of
 * one snapshot.
 *
 *     BK_CLEAN(bk_lookup_clear) struct bk_lookup found = {.rules = NULL};
 *     if ((rc = bk_view_booking(db, conf, keys, &found, err))) ...
 */
#ifndef BK_VIEW_LOOKUP_H
#define BK_VIEW_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "db/array.h"
#include "db/db.h"
#include "rule/rule.h"
#include "view/booking.h"

/* A mapped column and its value; of an instant in UTC, to the microsecond, of a local time as
   it stands there. */
struct bk_value_view {
	const char *name; /* of the mapping: "start" */
	const char *column;
	char *value;   /* NULL = NULL */
	char *instant; /* what a time stands for; NULL = it is none, or infinite */
	char *error;   /* why the expression gives no value for this booking; NULL = it does */
};

/* Times are RFC 3339 UTC with milliseconds, here and below; NULL = absent or infinite. */
struct bk_rule_view {
	char *rule;
	char *job_name;
	char *from_state;
	char *to_state;
	bool applies; /* the next run of the job changes the booking */
	char *reason; /* why not, as bkstatus(1) lists them; NULL where it applies */
	/* Where the rule applies, or will by the lapse of time alone. */
	char *due_at;
	char *until_at;        /* then it no longer applies, unless somebody arrives before */
	char *end_at;          /* then it no longer applies at all */
	char *will_at;         /* from when on runs change the booking, as all stands now */
	char *job_status;      /* IDLE RUNNING PAUSED DISABLED ERROR; NULL = not registered */
	char *job_next_run_at; /* when ticks will run the job */
	char *explanation;     /* a sentence for people, without a full stop */

	/* What the sentence is made from. */
	enum bk_rule_kind kind;
	const char *to_class; /* of to_state; NULL = the mapping has none */
	int64_t n;
	char *over_by; /* of `over`: until, end, and with -first before it becomes due */
	bool is_due;
	bool held; /* longer than until it is due, here and below; then `held_until` NULL = ever */
	bool aside;
	bool stopped; /* the job is paused or disabled */
	char *held_until;
	char *next_try_at;
	char *stopped_until;
	char *ready_at;   /* when nothing of that keeps the job off; NULL = not by itself */
	char *job_reason; /* of a pause */
	char *fault;      /* of expression-fails: what the database says of which expression */
};

struct bk_change_view {
	char *at;
	char *execution_id;
	char *operation;
	char *rule;
	char *from_state;
	char *to_state;
	char *server_instance;
	char *invoked_by;
	char *triggered_by;
};

struct bk_lookup {
	struct bk_array key; /* as bk's own tables have it */
	char *state;         /* its class: "confirmed"; NULL = the mapping knows no such label */
	char *status;        /* as the company's table has it */
	char *deadline_at;   /* D; NULL = it has none */
	char *as_of;
	struct bk_value_view *values;
	size_t value_count;
	struct bk_rule_view *rules; /* those from its state, in the order of the jobs; behind
				       them those of jobs that the configuration disables */
	size_t rule_count;
	struct bk_hold_list hold; /* none or one */
	struct bk_quarantine quarantine;
	struct bk_change_view *changes; /* oldest first */
	size_t change_count;
};

void bk_lookup_clear(struct bk_lookup *found);

/*
 * `keys` has a text for each key column of the mapping. BK_E_USAGE for one that is no
 * value of its column; BK_E_NOT_FOUND; BK_E_MAPPING. Names and columns point into conf.
 * Where an expression of the mapping fails for this very booking, the rest is found all the
 * same, but not of one snapshot.
 */
enum bk_rc bk_view_booking(struct bk_db *db, const struct bk_conf *conf, const char *const *keys,
			   struct bk_lookup *ret, struct bk_error *err) BK_NODISCARD;

#endif
