/*
 * Tables for people, by libsmartcols, whose only home this is; and the
 * key/value list of one object.
 *
 * libsmartcols escapes what the locale cannot print, and with that the
 * backslashes which bk_escape_line wrote; without its encoding it would loop
 * for ever over a bad sequence. So it is told to leave cells alone exactly when
 * every one of them is known to be printable. Nor is it told the width of the
 * terminal: it cuts the columns that it was allowed to cut and leaves the line
 * too long, so lines are cut here.
 */
#define _XOPEN_SOURCE 700 /* wcwidth */
#include "out/list.h"

#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/mem.h"
#include "out/cell.h"

#define SEPARATOR "  "

static bool is_shown(const struct bk_list *list, const struct bk_column *column,
		     const struct bk_style *style)
{
	if (column->flags & BK_COL_DATA)
		return false;
	return list->record || style->wide || !(column->flags & BK_COL_WIDE);
}

/* The columns of a table in their order on paper. Returns their number. */
static size_t shown_columns(const struct bk_list *list, const struct bk_style *style,
			    const struct bk_column **ret)
{
	size_t n = 0;

	for (unsigned last = 0; last <= BK_COL_LAST; last += BK_COL_LAST)
		for (size_t i = 0; i < list->column_count; i++)
			if (is_shown(list, &list->columns[i], style) &&
			    (list->columns[i].flags & BK_COL_LAST) == last)
				ret[n++] = &list->columns[i];
	return n;
}

static bool is_right(enum bk_cell_kind kind)
{
	return kind == BK_CELL_ID || kind == BK_CELL_INT || kind == BK_CELL_DURATION ||
	       kind == BK_CELL_PERIOD || kind == BK_CELL_SHARE;
}

static void free_table(struct libscols_table **table)
{
	scols_unref_table(*table);
}

/* Only memory can be lacking: every argument here is valid. */
static void must(int rc)
{
	BK_ASSERT(rc == 0);
}

static struct libscols_table *new_table(const struct bk_style *style)
{
	struct libscols_table *table = scols_new_table();

	BK_ASSERT(table);
	must(scols_table_enable_colors(table, style->color));
	must(scols_table_set_column_separator(table, SEPARATOR));
	must(scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER));
	return table;
}

static void add_column(struct libscols_table *table, const struct bk_column *column)
{
	struct libscols_column *added = scols_table_new_column(
		table, column->header, 0, is_right(column->kind) ? SCOLS_FL_RIGHT : 0);

	BK_ASSERT(added);
	must(scols_cell_set_color(scols_column_get_header(added), BK_COLOR_BOLD));
}

/* Fills one cell; false when it is not printable in this locale. */
static bool set_cell(struct libscols_line *line, size_t n, const struct bk_list *list,
		     const struct bk_column *column, size_t row)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	const char *color;

	bk_cell_show(&text, list, column, row);
	must(scols_line_set_data(line, n, bk_buf_cstr(&text)));
	color = column->kind == BK_CELL_STATE ? bk_cell_color(bk_buf_cstr(&text)) : NULL;
	if (color)
		must(scols_cell_set_color(scols_line_get_cell(line, n), color));
	return bk_cell_printable(bk_buf_cstr(&text));
}

/* Bytes of the character or the escape sequence at p, of `len` that are left of its
   line, and its columns. The text is what was checked to be printable, or what
   libsmartcols made so. */
static size_t step(const char *p, size_t len, mbstate_t *state, int *ret_columns)
{
	wchar_t c;
	size_t n;

	*ret_columns = 0;
	if (*p == '\033')
		return strcspn(p, "m") + 1;
	n = mbrtowc(&c, p, len, state);
	if (n == 0 || n > len) {
		memset(state, 0, sizeof(*state));
		n = 1;
		c = L'?';
	}
	*ret_columns = wcwidth(c) < 0 ? 1 : wcwidth(c);
	return n;
}

/* One line up to the width. A colour may have begun before the cut. */
static void put_line(struct bk_buf *out, const char *line, size_t len, const struct bk_style *style)
{
	mbstate_t state;
	int used = 0;

	memset(&state, 0, sizeof(state));
	for (size_t i = 0, n; i < len; i += n) {
		int columns;

		n = step(line + i, len - i, &state, &columns);
		used += columns;
		if (style->width && used > style->width) {
			bk_buf_str(out, style->color ? BK_COLOR_END : "");
			break;
		}
		bk_buf_bytes(out, line + i, n);
	}
	bk_buf_char(out, '\n');
}

static void put_lines(struct bk_buf *out, const char *text, const struct bk_style *style)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		put_line(out, text, len, style);
		text += len + (text[len] == '\n');
	}
}

static void show_table(const struct bk_list *list, const struct bk_style *style, struct bk_buf *out)
{
	BK_CLEAN(free_table) struct libscols_table *table = new_table(style);
	const struct bk_column **columns = bk_calloc(list->column_count, sizeof(*columns));
	size_t count = shown_columns(list, style, columns);
	bool printable = true;
	char *text = NULL;

	for (size_t i = 0; i < count; i++)
		add_column(table, columns[i]);
	for (size_t row = 0; row < list->row_count; row++) {
		struct libscols_line *line = scols_table_new_line(table, NULL);

		BK_ASSERT(line);
		for (size_t i = 0; i < count; i++)
			printable = set_cell(line, i, list, columns[i], row) && printable;
	}
	free(columns);
	if (printable)
		must(scols_table_enable_noencoding(table, 1));
	must(scols_print_table_to_string(table, &text));
	BK_ASSERT(text);
	put_lines(out, text, style);
	free(text);
}

static size_t label_width(const struct bk_list *list, const struct bk_style *style)
{
	size_t widest = 0;

	for (size_t i = 0; i < list->column_count; i++) {
		size_t len = strlen(list->columns[i].header);

		if (is_shown(list, &list->columns[i], style) && len > widest)
			widest = len;
	}
	return widest;
}

/* Values are not cut: one object is looked at to read its error message. */
static void show_record(const struct bk_list *list, const struct bk_style *style,
			struct bk_buf *out)
{
	int width = (int)label_width(list, style);

	for (size_t i = 0; i < list->column_count; i++) {
		const struct bk_column *column = &list->columns[i];
		const char *word;

		if (!is_shown(list, column, style))
			continue;
		bk_buf_fmt(out, "%s%-*s%s" SEPARATOR, style->color ? BK_COLOR_BOLD : "", width,
			   column->header, style->color ? BK_COLOR_END : "");
		word = bk_cell_text(list, column, 0);
		if (column->kind == BK_CELL_STATE && word)
			bk_out_state(out, word, style);
		else
			bk_cell_show(out, list, column, 0);
		bk_buf_char(out, '\n');
	}
}

void bk_list_table(const struct bk_list *list, const struct bk_style *style, struct bk_buf *out)
{
	if (list->title)
		bk_buf_fmt(out, "%s%s%s\n", style->color ? BK_COLOR_BOLD : "", list->title,
			   style->color ? BK_COLOR_END : "");
	if (list->row_count == 0)
		bk_buf_fmt(out, "%s\n", list->none);
	else if (list->record)
		show_record(list, style, out);
	else
		show_table(list, style, out);
}
