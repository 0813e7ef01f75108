/*
 * Printing of lists; see status_print.h.
 */
#include "cli/status_print.h"

#include <string.h>

#include "base/text.h"

#define DEFAULT_LIMIT 50

void bk_status_page_clear(struct bk_status_page *page)
{
	bk_json_clean(&page->data);
	bk_json_clean(&page->summary);
	for (size_t i = 0; i < BK_STATUS_LISTS; i++)
		bk_buf_clear(&page->notes[i]);
}

struct bk_status_page bk_status_page_of(struct bk_list list)
{
	struct bk_status_page page = {.lists = {list}, .list_count = 1};

	page.summary = bk_json_object();
	bk_json_set_str(page.summary, "type", "summary");
	bk_json_set_int(page.summary, "count", (int64_t)list.row_count);
	return page;
}

bool bk_status_to_stdout(const struct bk_app *app)
{
	const char *out = app->line.options.out;

	return !out || strcmp(out, "-") == 0;
}

bool bk_status_is_table(const struct bk_app *app)
{
	return app->format == BK_OUT_DEFAULT || app->format == BK_OUT_TABLE;
}

static void put_tables(const struct bk_app *app, const struct bk_status_page *page,
		       struct bk_buf *out)
{
	const struct bk_style style = {
		.color = app->out_color,
		.wide = app->line.options.verbose > 0,
		.width = app->out_width,
	};

	for (size_t i = 0; i < page->list_count; i++) {
		bk_buf_str(out, i ? "\n" : "");
		bk_list_table(&page->lists[i], &style, out);
		bk_buf_str(out, bk_buf_cstr(&page->notes[i]));
	}
}

static void put_lines(const struct bk_status_page *page, struct bk_buf *out)
{
	for (size_t i = 0; i < page->list_count; i++)
		bk_list_jsonl(&page->lists[i], out);
	if (!page->summary)
		return;
	bk_json_render(page->summary, out);
	bk_buf_char(out, '\n');
}

enum bk_rc bk_status_print(struct bk_app *app, struct bk_status_page *page)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	switch (app->format) {
	case BK_OUT_JSON:
		app->data = BK_TAKE(page->data);
		return BK_OK;
	case BK_OUT_JSONL:
		put_lines(page, &out);
		break;
	case BK_OUT_CSV:
		bk_list_csv(&page->lists[0], &out);
		break;
	case BK_OUT_PROMETHEUS: /* no other command has it */
	case BK_OUT_DEFAULT:
	case BK_OUT_TABLE:
		put_tables(app, page, &out);
		break;
	}
	return bk_app_write(app, &out);
}

static int64_t page_limit(const struct bk_app *app)
{
	return app->line.options.limit > 0 ? app->line.options.limit : DEFAULT_LIMIT;
}

enum bk_rc bk_status_print_items(struct bk_app *app, struct bk_list list, const char *next_cursor)
{
	BK_CLEAN(bk_status_page_clear) struct bk_status_page page = bk_status_page_of(list);
	BK_CLEAN(bk_buf_clear) struct bk_buf more = BK_BUF_INIT;
	enum bk_rc rc;

	page.data = bk_json_object();
	bk_json_set(page.data, "items", bk_list_json(&page.lists[0]));
	bk_json_set_int(page.data, "limit", page_limit(app));
	bk_json_set_str(page.data, "nextCursor", next_cursor);
	bk_json_set_int(page.summary, "limit", page_limit(app));
	bk_json_set_str(page.summary, "nextCursor", next_cursor);
	rc = bk_status_print(app, &page);
	if (rc || !next_cursor || !app->out_is_terminal || !bk_status_is_table(app))
		return rc;
	bk_buf_fmt(&more, "\nolder ones: --after=%s\n", next_cursor);
	return bk_app_write(app, &more);
}

enum bk_rc bk_status_paging(struct bk_app *app, bool *ret_has, struct bk_cursor *ret_after,
			    int64_t *ret_limit)
{
	const char *text = app->line.options.after;
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	*ret_limit = page_limit(app);
	*ret_has = text && bk_cursor_parse(text, ret_after);
	if (!text || *ret_has)
		return BK_OK;
	bk_quote(&shown, text);
	(void)bk_error_set(&app->err, BK_E_USAGE, "option --after: %s is no cursor",
			   bk_buf_cstr(&shown));
	return bk_error_hint(&app->err, "take nextCursor of the page before as it is");
}

enum bk_rc bk_status_moment(struct bk_app *app, const char *option, const char *text,
			    struct bk_moment *ret)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	if (!text || bk_moment_parse(text, ret))
		return BK_OK;
	bk_quote(&shown, text);
	(void)bk_error_set(&app->err, BK_E_USAGE, "option --%s: %s is no time", option,
			   bk_buf_cstr(&shown));
	return bk_error_hint(
		&app->err, "write 2026-11-23T06:30:00Z, 2026-11-23, or how long ago: 30m, 2h, 30d");
}
