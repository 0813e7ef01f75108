/*
 * The rows of an answer, read by column name into structs:
 *
 *     static const struct bk_field fields[] = {
 *             {"id", BK_FIELD_TEXT, offsetof(struct job, id)},
 *             {"delay_ms", BK_FIELD_INT, offsetof(struct job, delay_ms)},
 *     };
 *     bk_rows_read(rows, 0, fields, BK_COUNT(fields), &job, err)
 *     ...
 *     bk_fields_clear(fields, BK_COUNT(fields), &job);
 */
#ifndef BK_DB_ROWS_H
#define BK_DB_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct bk_rows; /* libpq's result under another name */

/* NULL read into a number. */
#define BK_NULL_INT INT64_MIN

enum bk_field_kind {
	BK_FIELD_TEXT,  /* char *, a copy; NULL for NULL */
	BK_FIELD_INT,   /* int64_t; BK_NULL_INT for NULL */
	BK_FIELD_BOOL,  /* bool; false for NULL */
	BK_FIELD_ARRAY, /* struct bk_array of array.h, from a text[]; empty for NULL */
};

struct bk_field {
	const char *column;
	enum bk_field_kind kind;
	size_t offset;
};

int bk_rows_count(const struct bk_rows *rows);
/* Number of rows that a command changed (its tag). */
int64_t bk_rows_affected(const struct bk_rows *rows);
int bk_rows_width(const struct bk_rows *rows);
const char *bk_rows_column(const struct bk_rows *rows, int column);
/* The text of a cell; NULL for NULL or where there is no such column. */
const char *bk_rows_text(const struct bk_rows *rows, int row, const char *column);
const char *bk_rows_cell(const struct bk_rows *rows, int row, int column);

/* Fills dst, which must be zeroed or cleared, from one row. A column that the
   answer lacks, or that is no number or list: BK_E_INTERNAL. */
enum bk_rc bk_rows_read(const struct bk_rows *rows, int row, const struct bk_field *fields,
			size_t count, void *dst, struct bk_error *err) BK_NODISCARD;

/* Frees the texts and lists and sets them to NULL. */
void bk_fields_clear(const struct bk_field *fields, size_t count, void *dst);

void bk_rows_free(struct bk_rows *rows);
/* For BK_CLEAN. */
void bk_rows_clean(struct bk_rows **rows);

#endif
