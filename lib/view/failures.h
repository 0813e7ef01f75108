/*
 * The last executions that failed, for a screen that is looked at for long.
 */
#ifndef BK_VIEW_FAILURES_H
#define BK_VIEW_FAILURES_H

#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/db.h"

struct bk_failure_view {
	char *id;
	char *operation;
	char *executed_at; /* RFC 3339 UTC with milliseconds */
	char *status;      /* ERROR TIMEOUT ABANDONED REFUSED */
	char *error_code;
	char *error_message;
	char *server_instance;
};

struct bk_failure_list {
	struct bk_failure_view *items;
	size_t count;
};

void bk_failure_list_clear(struct bk_failure_list *list);

/* Newest first, at most `limit`. */
enum bk_rc bk_view_failures(struct bk_db *db, const struct bk_conf *conf, int64_t limit,
			    struct bk_failure_list *ret, struct bk_error *err) BK_NODISCARD;

#endif
