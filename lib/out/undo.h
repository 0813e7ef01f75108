/*
 * The column tables of an undo: bookings that were left as they are, and those that one
 * would set back. The keys are the contract of bk/1.
 */
#ifndef BK_OUT_UNDO_H
#define BK_OUT_UNDO_H

#include "job/undo.h"
#include "out/list.h"

/* A booking of a dry run; `left` has the key, and reason and detail where it stays. */
struct bk_out_undo_row {
	char *rule;
	char *from;
	char *to;
	struct bk_undo_left left;
};

struct bk_list bk_out_undo_left(const struct bk_undo_left *rows, size_t count);
struct bk_list bk_out_undo_rows(const struct bk_out_undo_row *rows, size_t count);

/* Appends why, as words behind "left as it is: ". */
void bk_out_undo_reason(struct bk_buf *out, const char *reason, const char *detail);

#endif
