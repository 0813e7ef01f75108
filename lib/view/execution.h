/*
 * Executions as people ask for them: a page of the history by filters, and one
 * execution with what it changed.
 *
 *     struct bk_history_filter filter = {.job = "activate-due", .limit = 50};
 *     struct bk_execution_list list = {NULL, 0, NULL};
 *     if ((rc = bk_view_history(db, conf, &filter, &list, err))) ...
 *     bk_execution_list_clear(&list);
 */
#ifndef BK_VIEW_EXECUTION_H
#define BK_VIEW_EXECUTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/db.h"
#include "view/cursor.h"
#include "view/moment.h"

/* Times are RFC 3339 UTC with milliseconds; NULL and BK_NULL_INT = absent. */
struct bk_execution_view {
	char *id;
	char *run_id;
	char *operation;
	char *description;
	char *executed_at;
	char *finished_at;
	char *status;
	int64_t processed_count; /* of a RUNNING one: so far */
	int64_t skipped_locked;
	int64_t quarantined;
	int64_t remaining;
	char *error_code;
	char *error_message;
	int64_t execution_time_ms;
	int64_t slowest_batch_ms;
	int64_t retry_count;
	char *triggered_by;
	char *invoked_by;
	char *server_instance;
	int64_t pid;
	char *version;
	int64_t slot;
	char *as_of;
	bool cancel_requested;
	struct bk_cursor position; /* in the history */
};

struct bk_execution_list {
	struct bk_execution_view *items;
	size_t count;
	char *next_cursor; /* where the next page begins; NULL = there is none */
};

struct bk_history_filter {
	const char *job; /* exact operation; NULL = any, here and below */
	const char *status;
	const char *trigger;
	struct bk_moment since; /* and at it */
	struct bk_moment until; /* not at it */
	bool has_after;
	struct bk_cursor after;
	int64_t limit; /* rows of a page, above 0 */
	bool archived; /* of the archive's table, not of what is kept */
};

void bk_execution_list_clear(struct bk_execution_list *list);

/* One execution from the texts of its columns, as an archive has them: times with
   microseconds, and without a position. BK_E_IO where one is not what it should be. */
enum bk_rc bk_execution_view_of(const char *const *names, const char *const *cells, size_t count,
				struct bk_execution_view *ret, struct bk_error *err) BK_NODISCARD;
void bk_execution_view_clear(struct bk_execution_view *view);

/* Newest first. The cost is that of the page, not of the history. */
enum bk_rc bk_view_history(struct bk_db *db, const struct bk_conf *conf,
			   const struct bk_history_filter *filter, struct bk_execution_list *ret,
			   struct bk_error *err) BK_NODISCARD;

/* BK_OK when the name is a job's, or anything of that name was ever registered
   or run; else BK_E_NOT_FOUND, with a near miss as hint. */
enum bk_rc bk_view_operation(struct bk_db *db, const struct bk_conf *conf, const char *name,
			     struct bk_error *err) BK_NODISCARD;

/* What an execution changed by one rule from one state. */
struct bk_transition_view {
	char *rule;
	char *from_state; /* as the company's table has it */
	char *to_state;
	int64_t bookings;
	int64_t batches;
	char *first_at;
	char *last_at;
};

struct bk_execution_detail {
	struct bk_execution_list execution; /* of one */
	struct bk_transition_view *transitions;
	size_t transition_count;
};

void bk_execution_detail_clear(struct bk_execution_detail *detail);

/* One execution and its transitions, of one snapshot. BK_E_NOT_FOUND. */
enum bk_rc bk_view_execution(struct bk_db *db, const struct bk_conf *conf, int64_t id,
			     struct bk_execution_detail *ret, struct bk_error *err) BK_NODISCARD;

#endif
