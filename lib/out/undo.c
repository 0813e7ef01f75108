/*
 * The column tables; see undo.h.
 */
#include "out/undo.h"

#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "base/text.h"

static const struct bk_column left_columns[] = {
	{"KEY", "key", BK_CELL_KEY, offsetof(struct bk_undo_left, key), 0},
	{"REASON", "reason", BK_CELL_TEXT, offsetof(struct bk_undo_left, reason), 0},
	{"DETAIL", "detail", BK_CELL_TEXT, offsetof(struct bk_undo_left, detail), BK_COL_LAST},
};

static const struct bk_column row_columns[] = {
	{"KEY", "key", BK_CELL_KEY, offsetof(struct bk_out_undo_row, left.key), 0},
	{"FROM", "from", BK_CELL_TEXT, offsetof(struct bk_out_undo_row, from), 0},
	{"TO", "to", BK_CELL_TEXT, offsetof(struct bk_out_undo_row, to), 0},
	{"RULE", "rule", BK_CELL_TEXT, offsetof(struct bk_out_undo_row, rule), 0},
	{"REASON", "reason", BK_CELL_TEXT, offsetof(struct bk_out_undo_row, left.reason), 0},
	{"DETAIL", "detail", BK_CELL_TEXT, offsetof(struct bk_out_undo_row, left.detail),
	 BK_COL_LAST},
};

struct bk_list bk_out_undo_left(const struct bk_undo_left *rows, size_t count)
{
	return (struct bk_list){
		.columns = left_columns,
		.column_count = BK_COUNT(left_columns),
		.rows = rows,
		.row_size = sizeof(*rows),
		.row_count = count,
		.type = "left",
	};
}

struct bk_list bk_out_undo_rows(const struct bk_out_undo_row *rows, size_t count)
{
	return (struct bk_list){
		.columns = row_columns,
		.column_count = BK_COUNT(row_columns),
		.rows = rows,
		.row_size = sizeof(*rows),
		.row_count = count,
		.type = "booking",
	};
}

void bk_out_undo_reason(struct bk_buf *out, const char *reason, const char *detail)
{
	static const struct {
		const char *reason;
		const char *words;
	} all[] = {
		{"gone", "it is gone"},
		{"later", "changed since by execution "},
		{"state", "it is "},
		{"column", "somebody else changed its column "},
		{"locked", "another session holds it"},
		{"vetoed", "a trigger or a policy kept it"},
		{"refused", "the database refused it: "},
	};
	const char *words = reason;

	for (size_t i = 0; i < BK_COUNT(all); i++)
		if (strcmp(all[i].reason, reason) == 0)
			words = all[i].words;
	bk_buf_str(out, words);
	if (detail)
		bk_escape_line(out, detail);
}
