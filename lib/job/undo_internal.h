/*
 * What the files of an undo share; nobody else includes it.
 */
#ifndef BK_JOB_UNDO_INTERNAL_H
#define BK_JOB_UNDO_INTERNAL_H

#include "job/internal.h"
#include "job/undo.h"

/* A row of booking_transitions that is to be taken back. */
struct bk_undo_step {
	int64_t id;
	int64_t row_count;
	char *rule;
	struct bk_array set_columns;
};

struct bk_undo {
	struct bk_job *job; /* of the execution; its mapping, table and session */
	const struct bk_conf *conf;
	int64_t execution;
	char *rule;        /* NULL = all */
	struct bk_buf key; /* text[] literal of the one booking, empty = all */
	int64_t hold_ms;
	char *description;
	char *number;
	/* of the execution */
	char *operation;
	char *executed_at;
	char *undo_of;
	int64_t bookings;
	struct bk_undo_step *steps;
	size_t step_count;
	/* where the run is */
	size_t current;
	int64_t done; /* places of the current step */
	int64_t next; /* of the batch that is not yet known to be committed */
	int64_t page; /* length of the page at hand, 0 = none */
	int64_t part_first;
	bool in_part;
	struct bk_array *page_keys;
	size_t page_key_count;
	struct bk_undo_left *left;
	size_t left_count;
	int64_t left_total;
	struct bk_undo_left *next_left; /* of that batch */
	size_t next_left_count;
};

/* Appends the SQL of a step's batch, or of the look at it. */
enum bk_rc bk_undo_batch_sql(const struct bk_undo *undo, const struct bk_undo_step *step,
			     struct bk_buf *out, struct bk_error *err) BK_NODISCARD;
enum bk_rc bk_undo_list_sql(const struct bk_undo *undo, const struct bk_undo_step *step,
			    struct bk_buf *out, struct bk_error *err) BK_NODISCARD;

#endif
