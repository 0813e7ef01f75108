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
	bool in_part;
	bool skips_locked; /* the batch at hand waited in vain for a booking that is locked */
	struct bk_array *page_keys;
	size_t page_key_count;
	struct bk_undo_left *left;
	size_t left_count;
	int64_t left_total;
	struct bk_undo_left *next_left; /* of that batch */
	size_t next_left_count;
};

/* Limits of what is asked beside the batches. */
extern const struct bk_tx_limits bk_undo_patience;

void bk_undo_left_clear(struct bk_undo_left *left, size_t count);
void bk_undo_page_clear(struct bk_undo *undo);

/* One statement of bk's own in a transaction. */
enum bk_rc bk_undo_ask(struct bk_db *db, const char *schema, const char *file, enum bk_tx_kind kind,
		       const char *const *params, int count, enum bk_shape shape,
		       struct bk_rows **ret, struct bk_error *err) BK_NODISCARD;

/* The company's statements behind a step by that rule, i from 0; NULL behind the last. None
   where an undo is taken back, for what they revert was not done again. */
const char *bk_undo_statement(const struct bk_undo *undo, const char *rule, size_t i);

/* The parameters of undo_items, and places for those behind them. */
struct bk_undo_params {
	char id[24], first[24], count[24], execution[24];
	const char *values[13];
};
void bk_undo_params_fill(struct bk_undo_params *params, const struct bk_undo *undo, int64_t done,
			 int64_t count);

/* key, reason and detail of a row, into struct bk_undo_left. */
enum { BK_UNDO_LEFT_FIELDS = 3 };
extern const struct bk_field bk_undo_left_fields[BK_UNDO_LEFT_FIELDS];

/* A snapshot, and a part of the current step in it. */
enum bk_rc bk_undo_open_look(const struct bk_undo *undo, struct bk_db *db,
			     struct bk_error *err) BK_NODISCARD;
enum bk_rc bk_undo_look_at(struct bk_undo *undo, struct bk_db *db, int64_t done, int64_t count,
			   bk_undo_fn fn, void *arg, struct bk_error *err) BK_NODISCARD;

/* Appends the SQL of a step's batch, or of the look at it. */
enum bk_rc bk_undo_batch_sql(const struct bk_undo *undo, const struct bk_undo_step *step,
			     struct bk_buf *out, struct bk_error *err) BK_NODISCARD;
enum bk_rc bk_undo_list_sql(const struct bk_undo *undo, const struct bk_undo_step *step,
			    struct bk_buf *out, struct bk_error *err) BK_NODISCARD;

#endif
