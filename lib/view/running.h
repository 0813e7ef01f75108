/*
 * What is at work: every execution with a live lease, on whatever host, and
 * how far it is.
 */
#ifndef BK_VIEW_RUNNING_H
#define BK_VIEW_RUNNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/db.h"

/* BK_NULL_INT = not known. */
struct bk_running_view {
	char *id;
	char *operation;
	char *server_instance;
	int64_t pid;
	int64_t slot;
	int64_t workers; /* connections with a live lease */
	int64_t processed;
	int64_t due_total; /* once counted */
	int64_t percent;
	int64_t elapsed_ms; /* since the claim */
	int64_t per_second; /* over all of that time */
	int64_t left_ms;    /* at that pace */
	int64_t lease_left_ms;
	bool cancel_requested;
	char *at; /* the instant of all this, RFC 3339 */
};

struct bk_running_list {
	struct bk_running_view *items;
	size_t count;
};

void bk_running_list_clear(struct bk_running_list *list);

/* By operation and slot. */
enum bk_rc bk_view_running(struct bk_db *db, const struct bk_conf *conf,
			   struct bk_running_list *ret, struct bk_error *err) BK_NODISCARD;

#endif
