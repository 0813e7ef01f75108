/*
 * Cells; see cell.h.
 */
#include "out/cell.h"

#include <inttypes.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "base/number.h"
#include "base/text.h"
#include "db/rows.h"
#include "view/metrics.h"

#define BAR_COLUMNS 24
#define FULL_BLOCK "\xE2\x96\x88"

static const void *member(const struct bk_list *list, const struct bk_column *column, size_t row)
{
	return (const char *)list->rows + row * list->row_size + column->offset;
}

const char *bk_cell_text(const struct bk_list *list, const struct bk_column *column, size_t row)
{
	switch (column->kind) {
	case BK_CELL_TEXT:
	case BK_CELL_STATE:
	case BK_CELL_ID:
	case BK_CELL_TIME:
		return *(const char *const *)member(list, column, row);
	case BK_CELL_INT:
	case BK_CELL_DURATION:
	case BK_CELL_PERIOD:
	case BK_CELL_SHARE:
	case BK_CELL_BOOL:
	case BK_CELL_KEY:
	case BK_CELL_SPARK:
	case BK_CELL_BAR:
		break;
	}
	return NULL;
}

int64_t bk_cell_int(const struct bk_list *list, const struct bk_column *column, size_t row)
{
	return *(const int64_t *)member(list, column, row);
}

bool bk_cell_bool(const struct bk_list *list, const struct bk_column *column, size_t row)
{
	return *(const bool *)member(list, column, row);
}

const struct bk_array *bk_cell_key(const struct bk_list *list, const struct bk_column *column,
				   size_t row)
{
	return member(list, column, row);
}

void bk_out_key(struct bk_buf *out, const struct bk_array *key)
{
	bk_buf_str(out, key->count ? "" : "-");
	for (size_t i = 0; i < key->count; i++) {
		const char *text = key->items[i];

		bk_buf_str(out, i ? " " : "");
		if (!text || !*text)
			bk_buf_str(out, text ? "\"\"" : "-");
		else
			bk_escape_line(out, text);
	}
}

/* "2026-11-23T06:30:00.097Z" without its fraction. */
static void show_time(struct bk_buf *out, const char *text)
{
	size_t len = strcspn(text, ".");

	if (!text[len]) {
		bk_escape_line(out, text);
		return;
	}
	bk_buf_bytes(out, text, len);
	bk_buf_char(out, 'Z');
}

static void show_number(struct bk_buf *out, const struct bk_column *column, int64_t n)
{
	if (n == BK_NULL_INT)
		bk_buf_char(out, '-');
	else if (column->kind == BK_CELL_DURATION)
		bk_human_duration(out, n);
	else if (column->kind == BK_CELL_PERIOD)
		bk_format_duration(out, n);
	else if (column->kind == BK_CELL_SHARE)
		bk_buf_fmt(out, "%" PRId64 ".%02" PRId64 " %%", n / 100, n % 100);
	else
		bk_buf_fmt(out, "%" PRId64, n);
}

bool bk_cell_printable(const char *text)
{
	mbstate_t state;
	size_t left = strlen(text);

	memset(&state, 0, sizeof(state));
	while (left) {
		wchar_t c;
		size_t n = mbrtowc(&c, text, left, &state);

		if (n == 0 || n > left || !iswprint((wint_t)c))
			return false;
		text += n;
		left -= n;
	}
	return true;
}

/* The longest has BAR_COLUMNS; what is not 0 is never nothing. Blocks come in eighths. */
static void put_bar(struct bk_buf *out, int64_t n, int64_t most)
{
	bool blocks = bk_cell_printable(FULL_BLOCK);
	int64_t steps = blocks ? 8 : 1;
	int64_t length = (int64_t)((double)n / (double)most * (double)(BAR_COLUMNS * steps) + 0.5);

	length = length > 0 ? length : 1;
	for (int64_t i = 0; i < length / steps; i++)
		bk_buf_str(out, blocks ? FULL_BLOCK : "#");
	/* U+2588 is the full block, U+2589 one of seven eighths, and so on to U+258F. */
	if (length % steps)
		bk_buf_fmt(out, "\xE2\x96%c", (int)(0x90 - length % steps));
}

static void show_bar(struct bk_buf *out, const struct bk_list *list, const struct bk_column *column,
		     size_t row)
{
	int64_t n = bk_cell_int(list, column, row);
	int64_t most = 0;

	for (size_t i = 0; i < list->row_count; i++)
		if (bk_cell_int(list, column, i) > most)
			most = bk_cell_int(list, column, i);
	if (n > 0)
		put_bar(out, n, most);
}

/* What is not 0 is never the ground line. */
static void put_spark(struct bk_buf *out, const struct bk_points *points)
{
	static const char plain[] = "_.:-=+*%#";
	enum { LEVELS = 8 };
	bool blocks = bk_cell_printable(FULL_BLOCK);
	int64_t most = 0;

	for (size_t i = 0; i < points->count; i++)
		if (points->values[i] > most)
			most = points->values[i];
	for (size_t i = 0; i < points->count; i++) {
		int64_t n = points->values[i];
		int level = n <= 0 ? 0 : (int)((double)n / (double)most * (LEVELS - 1)) + 1;

		if (!blocks)
			bk_buf_char(out, plain[level]);
		else if (!level)
			bk_buf_char(out, '_');
		else /* U+2581 is one eighth, U+2588 the full block */
			bk_buf_fmt(out, "\xE2\x96%c", 0x80 + level);
	}
}

void bk_cell_put_share(struct bk_buf *out, int64_t n)
{
	bk_buf_fmt(out, "%" PRId64 ".%04" PRId64, n / 10000, n % 10000);
}

void bk_cell_show(struct bk_buf *out, const struct bk_list *list, const struct bk_column *column,
		  size_t row)
{
	const char *text = bk_cell_text(list, column, row);

	switch (column->kind) {
	case BK_CELL_INT:
	case BK_CELL_DURATION:
	case BK_CELL_PERIOD:
	case BK_CELL_SHARE:
		show_number(out, column, bk_cell_int(list, column, row));
		return;
	case BK_CELL_BOOL:
		bk_buf_str(out, bk_cell_bool(list, column, row) ? "yes" : "no");
		return;
	case BK_CELL_KEY:
		bk_out_key(out, bk_cell_key(list, column, row));
		return;
	case BK_CELL_SPARK:
		put_spark(out, member(list, column, row));
		return;
	case BK_CELL_BAR:
		show_bar(out, list, column, row);
		return;
	case BK_CELL_TEXT:
	case BK_CELL_STATE:
	case BK_CELL_ID:
	case BK_CELL_TIME:
		break;
	}
	/* An empty text would leave a hole that reads as the next column. */
	if (!text || !*text)
		bk_buf_str(out, text ? "\"\"" : "-");
	else if (column->kind == BK_CELL_TIME)
		show_time(out, text);
	else
		bk_escape_line(out, text);
}

const char *bk_cell_color(const char *word)
{
	static const struct {
		const char *word;
		const char *color;
	} colors[] = {
		{"SUCCESS", "\033[32m"},   {"OK", "\033[32m"},       {"PARTIAL", "\033[33m"},
		{"TIMEOUT", "\033[33m"},   {"REFUSED", "\033[33m"},  {"CANCELLED", "\033[33m"},
		{"PAUSED", "\033[33m"},    {"WARNING", "\033[33m"},  {"ERROR", "\033[31m"},
		{"ABANDONED", "\033[31m"}, {"CRITICAL", "\033[31m"}, {"UNKNOWN", "\033[31m"},
		{"RUNNING", "\033[36m"},   {"DISABLED", "\033[2m"},
	};
	size_t len = word ? strcspn(word, " ") : 0;
	for (size_t i = 0; word && i < BK_COUNT(colors); i++)
		if (strlen(colors[i].word) == len && memcmp(colors[i].word, word, len) == 0)
			return colors[i].color;
	return NULL;
}

void bk_out_state(struct bk_buf *out, const char *word, const struct bk_style *style)
{
	const char *color = style->color ? bk_cell_color(word) : NULL;

	bk_buf_str(out, color ? color : "");
	bk_escape_line(out, word);
	bk_buf_str(out, color ? BK_COLOR_END : "");
}
