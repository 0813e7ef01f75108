/*
 * Writing and reading CSV; see csv.h.
 */
#include "base/csv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { START, BARE, QUOTED, QUOTE /* in a quoted cell: its end, or a doubled one */ };

static void write_cell(struct bk_buf *out, const char *text)
{
	if (*text && !text[strcspn(text, "\",\r\n")]) {
		bk_buf_str(out, text);
		return;
	}
	bk_buf_char(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			bk_buf_char(out, '"');
		bk_buf_char(out, *text);
	}
	bk_buf_char(out, '"');
}

void bk_csv_write(struct bk_buf *out, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			bk_buf_char(out, ',');
		if (cells[i])
			write_cell(out, cells[i]);
	}
	bk_buf_char(out, '\n');
}

void bk_csv_init(struct bk_csv *csv, bk_csv_fn fn, void *arg)
{
	*csv = (struct bk_csv){.fn = fn, .arg = arg, .text = BK_BUF_INIT, .state = START};
}

void bk_csv_clear(struct bk_csv *csv)
{
	bk_buf_clear(&csv->text);
	free(csv->starts);
	free(csv->quoted);
}

static void begin_cell(struct bk_csv *csv, bool quoted)
{
	if (csv->count == csv->room) {
		csv->room = csv->room ? 2 * csv->room : 32;
		csv->starts = bk_realloc(csv->starts, csv->room, sizeof(*csv->starts));
		csv->quoted = bk_realloc(csv->quoted, csv->room, sizeof(*csv->quoted));
	}
	csv->starts[csv->count] = csv->text.len;
	csv->quoted[csv->count++] = quoted;
}

static void end_cell(struct bk_csv *csv)
{
	bk_buf_char(&csv->text, '\0');
	csv->state = START;
}

static enum bk_rc end_record(struct bk_csv *csv, struct bk_error *err)
{
	const char **cells = bk_calloc(csv->count, sizeof(*cells));
	enum bk_rc rc;

	for (size_t i = 0; i < csv->count; i++) {
		const char *text = csv->text.data + csv->starts[i];

		cells[i] = *text || csv->quoted[i] ? text : NULL;
	}
	rc = csv->text.broken ? bk_error_set(err, BK_E_IO, "a record of more than 64 MiB")
			      : csv->fn(csv->arg, cells, csv->count, err);
	free(cells);
	bk_buf_reset(&csv->text);
	csv->count = 0;
	return rc;
}

static enum bk_rc wrong(struct bk_error *err)
{
	return bk_error_set(err, BK_E_IO, "is no valid CSV");
}

/* Behind a cell: a comma or the end of the record. */
static enum bk_rc separate(struct bk_csv *csv, char c, struct bk_error *err)
{
	end_cell(csv);
	if (c == '\n')
		return end_record(csv, err);
	/* The comma promises one more cell, which may be empty. */
	csv->state = BARE;
	begin_cell(csv, false);
	return BK_OK;
}

static enum bk_rc in_bare(struct bk_csv *csv, char c, struct bk_error *err)
{
	bool empty = csv->text.len == csv->starts[csv->count - 1];

	if (c == ',' || c == '\n')
		return separate(csv, c, err);
	if (c == '"' && empty) {
		csv->quoted[csv->count - 1] = true;
		csv->state = QUOTED;
		return BK_OK;
	}
	if (c == '"' || c == '\r')
		return wrong(err);
	bk_buf_char(&csv->text, c);
	return BK_OK;
}

static enum bk_rc take(struct bk_csv *csv, char c, struct bk_error *err)
{
	if (!c)
		return wrong(err);
	if (csv->state == START) {
		begin_cell(csv, false);
		csv->state = BARE;
	}
	if (csv->state == BARE)
		return in_bare(csv, c, err);
	if (csv->state == QUOTE) {
		if (c == ',' || c == '\n')
			return separate(csv, c, err);
		if (c != '"')
			return wrong(err);
		csv->state = QUOTED;
		bk_buf_char(&csv->text, c);
		return BK_OK;
	}
	if (c == '"')
		csv->state = QUOTE;
	else
		bk_buf_char(&csv->text, c);
	return BK_OK;
}

enum bk_rc bk_csv_feed(struct bk_csv *csv, const char *data, size_t len, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < len && !rc; i++)
		rc = take(csv, data[i], err);
	return rc;
}

enum bk_rc bk_csv_end(const struct bk_csv *csv, struct bk_error *err)
{
	if (csv->state == START && !csv->count)
		return BK_OK;
	return bk_error_set(err, BK_E_IO, "ends in the middle of a record");
}
