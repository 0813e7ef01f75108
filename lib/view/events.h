/*
 * Events: what bk has done to single bookings, in an order into which nothing
 * can slip afterwards, although workers commit out of order: only transactions
 * below every one that is still open are read.
 *
 *     struct bk_event_list list = {NULL, 0};
 *     if ((rc = bk_view_events(db, conf, &place, 1000, &list, err))) ...
 *     place = list.items[list.count - 1].place;
 */
#ifndef BK_VIEW_EVENTS_H
#define BK_VIEW_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/array.h"
#include "db/db.h"
#include "run/consumer.h"

struct bk_event {
	char *id; /* "17.3": row of the log and item, for ever the same */
	char *cursor;
	char *at;
	char *execution_id;
	char *operation;
	char *rule;
	char *from_state;
	char *to_state;
	struct bk_array key;
	char *instance;
	char *undo_of; /* the execution that this one took back; NULL = it is no undo */
	struct bk_place place;
};

struct bk_event_list {
	struct bk_event *items;
	size_t count;
};

void bk_event_list_clear(struct bk_event_list *list);

/* Events behind the place, at most `limit`: fewer only where there are no more. */
enum bk_rc bk_view_events(struct bk_db *db, const struct bk_conf *conf,
			  const struct bk_place *after, int64_t limit, struct bk_event_list *ret,
			  struct bk_error *err) BK_NODISCARD;

/* The place in front of everything that is not over yet. */
enum bk_rc bk_view_events_now(struct bk_db *db, const struct bk_conf *conf, struct bk_place *ret,
			      struct bk_error *err) BK_NODISCARD;

/* BK_E_REFUSED for a place that lies behind every transaction of this database. */
enum bk_rc bk_view_events_check(struct bk_db *db, const struct bk_conf *conf,
				const struct bk_place *place, struct bk_error *err) BK_NODISCARD;

#endif
