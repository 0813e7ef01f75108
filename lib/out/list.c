/*
 * The machine formats of lists; see list.h. Tables are in table.c.
 */
#include "out/list.h"

#include <inttypes.h>

#include "base/text.h"
#include "db/rows.h"
#include "out/cell.h"

/* What is not for people only. */
static bool is_data(const struct bk_column *column)
{
	return !(column->flags & BK_COL_SHOW);
}

static void set_int(struct bk_json *object, const char *key, int64_t n)
{
	if (n == BK_NULL_INT)
		bk_json_set_null(object, key);
	else
		bk_json_set_int(object, key, n);
}

static void set_share(struct bk_json *object, const char *key, int64_t n)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	if (n == BK_NULL_INT) {
		bk_json_set_null(object, key);
		return;
	}
	bk_cell_put_share(&text, n);
	bk_json_set_decimal(object, key, bk_buf_cstr(&text));
}

/* NULL for a key that is not there. */
static struct bk_json *key_json(const struct bk_array *key)
{
	struct bk_json *array = key->count ? bk_json_array() : NULL;

	for (size_t i = 0; i < key->count; i++)
		bk_json_push_str(array, key->items[i]);
	return array;
}

static void set_cell(struct bk_json *object, const struct bk_list *list,
		     const struct bk_column *column, size_t row)
{
	switch (column->kind) {
	case BK_CELL_TEXT:
	case BK_CELL_STATE:
	case BK_CELL_ID:
	case BK_CELL_TIME:
		bk_json_set_str(object, column->key, bk_cell_text(list, column, row));
		break;
	case BK_CELL_INT:
	case BK_CELL_DURATION:
	case BK_CELL_PERIOD:
	case BK_CELL_BAR:
		set_int(object, column->key, bk_cell_int(list, column, row));
		break;
	case BK_CELL_SHARE:
		set_share(object, column->key, bk_cell_int(list, column, row));
		break;
	case BK_CELL_SPARK:
		break;
	case BK_CELL_BOOL:
		bk_json_set_bool(object, column->key, bk_cell_bool(list, column, row));
		break;
	case BK_CELL_KEY:
		bk_json_set(object, column->key, key_json(bk_cell_key(list, column, row)));
		break;
	}
}

static void set_row(struct bk_json *object, const struct bk_list *list, size_t row)
{
	for (size_t i = 0; i < list->column_count; i++)
		if (is_data(&list->columns[i]))
			set_cell(object, list, &list->columns[i], row);
}

struct bk_json *bk_list_row_json(const struct bk_list *list, size_t row)
{
	struct bk_json *object = bk_json_object();

	set_row(object, list, row);
	return object;
}

struct bk_json *bk_list_json(const struct bk_list *list)
{
	struct bk_json *array = bk_json_array();

	for (size_t row = 0; row < list->row_count; row++)
		bk_json_push(array, bk_list_row_json(list, row));
	return array;
}

void bk_list_jsonl(const struct bk_list *list, struct bk_buf *out)
{
	for (size_t row = 0; row < list->row_count; row++) {
		BK_CLEAN(bk_json_clean) struct bk_json *object = bk_json_object();

		bk_json_set_str(object, "type", list->type);
		set_row(object, list, row);
		bk_json_render(object, out);
		bk_buf_char(out, '\n');
	}
}

static void csv_key(const struct bk_array *key, struct bk_buf *out)
{
	BK_CLEAN(bk_json_clean) struct bk_json *array = NULL;
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	if (key->count < 2) {
		if (key->count && key->items[0])
			bk_escape_csv(out, key->items[0], false);
		return;
	}
	array = key_json(key);
	bk_json_render(array, &text);
	bk_escape_csv(out, bk_buf_cstr(&text), false);
}

static void csv_cell(const struct bk_list *list, const struct bk_column *column, size_t row,
		     struct bk_buf *out)
{
	const char *text = bk_cell_text(list, column, row);
	int64_t n;

	switch (column->kind) {
	case BK_CELL_TEXT:
	case BK_CELL_STATE:
	case BK_CELL_ID:
	case BK_CELL_TIME:
		if (text)
			bk_escape_csv(out, text, column->kind == BK_CELL_ID);
		break;
	case BK_CELL_INT:
	case BK_CELL_DURATION:
	case BK_CELL_PERIOD:
	case BK_CELL_BAR:
		n = bk_cell_int(list, column, row);
		if (n != BK_NULL_INT)
			bk_buf_fmt(out, "%" PRId64, n);
		break;
	case BK_CELL_SHARE:
		if (bk_cell_int(list, column, row) != BK_NULL_INT)
			bk_cell_put_share(out, bk_cell_int(list, column, row));
		break;
	case BK_CELL_SPARK:
		break;
	case BK_CELL_BOOL:
		bk_buf_str(out, bk_cell_bool(list, column, row) ? "true" : "false");
		break;
	case BK_CELL_KEY:
		csv_key(bk_cell_key(list, column, row), out);
		break;
	}
}

static void csv_head(const struct bk_list *list, struct bk_buf *out)
{
	const char *between = "";

	for (size_t i = 0; i < list->column_count; i++) {
		if (!is_data(&list->columns[i]))
			continue;
		bk_buf_fmt(out, "%s%s", between, list->columns[i].key);
		between = ",";
	}
	bk_buf_char(out, '\n');
}

void bk_list_csv(const struct bk_list *list, struct bk_buf *out)
{
	csv_head(list, out);
	for (size_t row = 0; row < list->row_count; row++) {
		const char *between = "";

		for (size_t i = 0; i < list->column_count; i++) {
			if (!is_data(&list->columns[i]))
				continue;
			bk_buf_str(out, between);
			csv_cell(list, &list->columns[i], row, out);
			between = ",";
		}
		bk_buf_char(out, '\n');
	}
}
