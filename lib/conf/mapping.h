/*
 * Where the company's bookings are: the section bookings { } of the file, as
 * plain data. Nothing assumes the reference table; these are names only, and
 * whether the database has them is the business of rule/ and job/.
 */
#ifndef BK_CONF_MAPPING_H
#define BK_CONF_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Classes of states; the order is the one of the reference table's CHECK. */
enum bk_state {
	BK_PENDING,
	BK_CONFIRMED,
	BK_ACTIVE,
	BK_COMPLETED,
	BK_NO_SHOW,
	BK_EXPIRED,
	BK_CANCELLED,
	BK_STATE_COUNT
};

/* "pending", "confirmed", "active", "completed", "no-show", "expired", "cancelled". */
extern const char *const bk_state_names[BK_STATE_COUNT + 1];

enum bk_check_in_mode { BK_TRACKED, BK_UNTRACKED, BK_APP };
enum bk_grace_unit { BK_GRACE_SECONDS, BK_GRACE_MINUTES, BK_GRACE_HOURS, BK_GRACE_INTERVAL };

/* The labels of one state class; a job writes the first. */
struct bk_labels {
	char **items;
	size_t count;
};

struct bk_mapping {
	char *table_schema; /* of table = "public.bookings"; "public" where it has no dot */
	char *table_name;
	char **keys; /* column names, at least one */
	size_t key_count;
	char *status;
	char *start;
	char *end;
	char *check_in; /* NULL = not mapped, here and below */
	char *hold;
	char *grace; /* column with a booking's own grace */
	enum bk_grace_unit grace_unit;
	char *updated;                           /* column set to now() by each change */
	struct bk_labels states[BK_STATE_COUNT]; /* count 0 = the company has no such state */
	enum bk_check_in_mode check_in_mode;
	bool accept_late;    /* late-check-in = accept */
	bool missed_expires; /* missed = expired */
	int64_t grace_ms;    /* the setting `grace`; -1 = none */
};

void bk_mapping_clear(struct bk_mapping *m);

#endif
