/*
 * CSV as PostgreSQL's COPY writes and reads it: NULL is an empty cell, an empty text is
 * "", and what has a quote, a comma or a line break stands in quotes. Any other byte is
 * itself, so a text comes back as it went.
 *
 *     struct bk_csv csv;
 *     bk_csv_init(&csv, on_record, arg);
 *     while (more) if ((rc = bk_csv_feed(&csv, data, len, err))) ...
 *     rc = bk_csv_end(&csv, err);
 *     bk_csv_clear(&csv);
 */
#ifndef BK_BASE_CSV_H
#define BK_BASE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* Appends one record and its newline. */
void bk_csv_write(struct bk_buf *out, const char *const *cells, size_t count);

/* Called for each record; the cells are valid during the call only. A return other than
   BK_OK ends the reading with it. */
typedef enum bk_rc (*bk_csv_fn)(void *arg, const char *const *cells, size_t count,
				struct bk_error *err);

struct bk_csv {
	bk_csv_fn fn;
	void *arg;
	struct bk_buf text; /* of the record's cells, each with its NUL */
	size_t *starts;     /* of each cell in it */
	bool *quoted;       /* the cell stood in quotes */
	size_t count;       /* cells begun */
	size_t room;
	int state;
};

void bk_csv_init(struct bk_csv *csv, bk_csv_fn fn, void *arg);
void bk_csv_clear(struct bk_csv *csv);

/* BK_E_IO for what is no CSV, such as a quote in the middle of a bare cell or a NUL. */
enum bk_rc bk_csv_feed(struct bk_csv *csv, const char *data, size_t len,
		       struct bk_error *err) BK_NODISCARD;

/* BK_E_IO where a record is not complete. */
enum bk_rc bk_csv_end(const struct bk_csv *csv, struct bk_error *err) BK_NODISCARD;

#endif
