/*
 * The bookings that jobs pass over: on hold, because somebody said so, and in
 * quarantine, because the database refused their change. Page by page, newest
 * first; a page is stable under new rows.
 *
 *     struct bk_hold_list holds = {.count = 0};
 *     if ((rc = bk_view_holds(db, conf, &(struct bk_page){.limit = 50}, &holds, err))) ...
 *     bk_hold_list_clear(&holds);
 */
#ifndef BK_VIEW_BOOKING_H
#define BK_VIEW_BOOKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/array.h"
#include "db/db.h"
#include "view/cursor.h"

struct bk_page {
	bool has_after;
	struct bk_cursor after;
	int64_t limit; /* rows, above 0 */
};

/* Times are RFC 3339 UTC with milliseconds; NULL = absent. */
struct bk_hold_view {
	struct bk_array key;
	char *held_until; /* NULL = until it is released */
	bool expired;     /* the end is past: jobs may change the booking again */
	char *reason;
	char *author;
	char *created_at;
	struct bk_cursor position;
};

struct bk_hold_list {
	struct bk_hold_view *items;
	size_t count;
	char *next_cursor; /* NULL = this is the last page, here and below */
};

void bk_hold_list_clear(struct bk_hold_list *list);
enum bk_rc bk_view_holds(struct bk_db *db, const struct bk_conf *conf, const struct bk_page *page,
			 struct bk_hold_list *ret, struct bk_error *err) BK_NODISCARD;

struct bk_quarantined_view {
	char *rule;
	struct bk_array key;
	char *operation;
	char *execution_id; /* the last one that found it; it may be pruned */
	char *sqlstate;
	char *error_message;
	char *first_seen_at;
	char *last_seen_at;
	int64_t tries;
	char *next_try_at;
	struct bk_cursor position;
};

struct bk_quarantine {
	struct bk_quarantined_view *items;
	size_t count;
	char *next_cursor;
};

void bk_quarantine_clear(struct bk_quarantine *list);
enum bk_rc bk_view_quarantine(struct bk_db *db, const struct bk_conf *conf,
			      const struct bk_page *page, struct bk_quarantine *ret,
			      struct bk_error *err) BK_NODISCARD;

/* The answer to view_holds or view_quarantine as a page of so many rows at most. */
enum bk_rc bk_hold_list_read(const struct bk_rows *rows, int64_t limit, struct bk_hold_list *ret,
			     struct bk_error *err) BK_NODISCARD;
enum bk_rc bk_quarantine_read(const struct bk_rows *rows, int64_t limit, struct bk_quarantine *ret,
			      struct bk_error *err) BK_NODISCARD;

#endif
