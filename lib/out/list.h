/*
 * A list as one column table over an array of structs, from which every format
 * comes: terminal table, key/value record, JSON, JSON lines, CSV. Pure: text
 * into a buffer; who calls says how wide and whether in colour.
 *
 *     static const struct bk_column columns[] = {
 *             {"JOB", "jobName", BK_CELL_TEXT, offsetof(struct job, name), 0},
 *     };
 *     struct bk_list list = {.columns = columns, .column_count = BK_COUNT(columns), ...};
 *     bk_list_table(&list, &style, &buf);
 *
 * Text that came from outside is made harmless in each format's own way. NULL
 * is "-" in tables, an empty cell in CSV, null in JSON.
 */
#ifndef BK_OUT_LIST_H
#define BK_OUT_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"
#include "db/array.h"

/* What a cell is, and the type of the struct's member. */
enum bk_cell_kind {
	BK_CELL_TEXT,     /* char * */
	BK_CELL_STATE,    /* char *, one of the words of states; coloured */
	BK_CELL_ID,       /* char *, decimal digits: a string in JSON, to the right in tables */
	BK_CELL_TIME,     /* char *, RFC 3339 UTC with milliseconds; tables show seconds */
	BK_CELL_INT,      /* int64_t, BK_NULL_INT = NULL */
	BK_CELL_DURATION, /* the same, milliseconds; tables show a measure: 1.5 s */
	BK_CELL_PERIOD,   /* the same, but a setting: 90s */
	BK_CELL_SHARE,    /* the same, ten thousandths of the whole: 0.9987; tables show percent */
	BK_CELL_BOOL,     /* bool */
	BK_CELL_KEY,      /* struct bk_array, a text for each column of a key: a list in JSON;
			     in CSV the text, or that list where there are several;
			     one without columns is NULL */
	BK_CELL_SPARK,    /* struct bk_points of view/metrics.h, drawn in a line against the
			     largest of them; for BK_COL_SHOW */
	BK_CELL_BAR,      /* int64_t, drawn against the longest of the column; for BK_COL_SHOW */
};

enum bk_column_flag {
	BK_COL_WIDE = 1, /* in tables only when the style is wide; always in a record */
	BK_COL_LAST = 2, /* free text: last in a table, where a narrow terminal cuts it */
	BK_COL_DATA = 4, /* in JSON, JSON lines and CSV only */
	BK_COL_SHOW = 8, /* in tables and records only; has no key */
};

struct bk_column {
	const char *header;
	const char *key; /* camelCase; a literal, JSON keeps the pointer */
	enum bk_cell_kind kind;
	size_t offset;
	unsigned flags;
};

struct bk_list {
	const struct bk_column *columns;
	size_t column_count;
	const void *rows;
	size_t row_size;
	size_t row_count;
	const char *type;  /* of a line in JSON lines: "job" */
	const char *title; /* above a second table; NULL = none */
	const char *none;  /* what a table says that has no rows: "no executions" */
	bool record;       /* one object: tables show it as a key/value list */
};

struct bk_style {
	bool color;
	bool wide;
	int width; /* columns of the terminal; 0 = no limit, as in a pipe */
};

/* The object of one row; free it. */
struct bk_json *bk_list_row_json(const struct bk_list *list, size_t row);
/* An array of them. */
struct bk_json *bk_list_json(const struct bk_list *list);

/* One line a row, with "type" first. The summary line is the caller's. */
void bk_list_jsonl(const struct bk_list *list, struct bk_buf *out);

/* RFC 4180, but lines end in a plain newline; the first holds the keys. */
void bk_list_csv(const struct bk_list *list, struct bk_buf *out);

/* The table, or with list->record the key/value list of its row. Needs LC_CTYPE
   set; in a locale that cannot show a text, its bytes are shown as \xNN. */
void bk_list_table(const struct bk_list *list, const struct bk_style *style, struct bk_buf *out);

/* The columns of a key side by side, as a dry run lists them; "-" for none. */
void bk_out_key(struct bk_buf *out, const struct bk_array *key);

/* A word of a state or status as tables show it, in its colour. */
void bk_out_state(struct bk_buf *out, const char *word, const struct bk_style *style);

#endif
