/*
 * One cell of a list, for the files of this folder only.
 */
#ifndef BK_OUT_CELL_H
#define BK_OUT_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "db/array.h"
#include "out/list.h"

/* The member of the row; NULL also for a column that is no text. */
const char *bk_cell_text(const struct bk_list *list, const struct bk_column *column, size_t row);
/* The member of the row, which must be a number. */
int64_t bk_cell_int(const struct bk_list *list, const struct bk_column *column, size_t row);
bool bk_cell_bool(const struct bk_list *list, const struct bk_column *column, size_t row);
/* The member of the row, which must be a key. */
const struct bk_array *bk_cell_key(const struct bk_list *list, const struct bk_column *column,
				   size_t row);

/* Appends "0.9987" for 9987. */
void bk_cell_put_share(struct bk_buf *out, int64_t n);

/* Appends the cell for a table: harmless for a terminal, "-" for NULL. */
void bk_cell_show(struct bk_buf *out, const struct bk_list *list, const struct bk_column *column,
		  size_t row);

/* Whether the locale (LC_CTYPE) can show the text. */
bool bk_cell_printable(const char *text);

/* The escape sequence that starts the colour of a state's word, which may go
   on behind a blank ("RUNNING 40 %"); NULL = none. */
const char *bk_cell_color(const char *word);
#define BK_COLOR_END "\033[0m"
#define BK_COLOR_BOLD "\033[1m"

#endif
