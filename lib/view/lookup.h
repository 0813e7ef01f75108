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
#include "view/booking.h"

/* A mapped column and its value; of a time in UTC, to the microsecond. */
struct bk_value_view {
	const char *name; /* of the mapping: "start" */
	const char *column;
	const char *value; /* NULL = NULL; owned by the lookup */
};

/* Times are RFC 3339 UTC with milliseconds, here and below; NULL = absent or infinite. */
struct bk_rule_view {
	char *rule;
	char *job_name;
	char *from_state;
	char *to_state;
	bool applies; /* the next run of the job changes the booking */
	char *reason; /* why not: no-due-instant conditions over not-yet-due stale on-hold
			 in-quarantine; NULL where it applies */
	char *due_at;
	char *until_at; /* then it no longer applies, unless somebody arrives before */
	char *end_at;   /* then it no longer applies at all */
};

struct bk_change_view {
	char *at;
	char *execution_id;
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
	char *as_of;
	struct bk_array texts;
	struct bk_value_view *values;
	size_t value_count;
	struct bk_rule_view *rules; /* those from its state, in the order of the jobs */
	size_t rule_count;
	struct bk_hold_list hold; /* none or one */
	struct bk_quarantine quarantine;
	struct bk_change_view *changes; /* oldest first */
	size_t change_count;
};

void bk_lookup_clear(struct bk_lookup *found);

/* `keys` has a text for each key column of the mapping. BK_E_USAGE for one that is no
   value of its column; BK_E_NOT_FOUND; BK_E_MAPPING. Names and columns point into conf. */
enum bk_rc bk_view_booking(struct bk_db *db, const struct bk_conf *conf, const char *const *keys,
			   struct bk_lookup *ret, struct bk_error *err) BK_NODISCARD;

#endif
