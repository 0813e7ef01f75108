/*
 * `bkstatus history` and `bkstatus execution ID`.
 */
#include "cli/status_commands.h"

#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "cli/archive_cmd.h"
#include "cli/status_print.h"
#include "out/lists.h"
#include "view/archive.h"
#include "view/execution.h"

static const char *const statuses[] = {"RUNNING",   "SUCCESS",   "PARTIAL", "ERROR", "TIMEOUT",
				       "CANCELLED", "ABANDONED", "REFUSED", NULL};
static const char *const triggers[] = {"SCHEDULER", "MANUAL", NULL};

/* True for the word in capitals or in small letters; not for a mix. */
static bool is_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	bool small = true;

	if (strcmp(text, word) == 0)
		return true;
	for (size_t i = 0; i < len && small; i++)
		small = text[i] == (char)(word[i] - 'A' + 'a');
	return small && !text[len];
}

/* NULL text: *ret is left NULL. */
static enum bk_rc take_word(struct bk_app *app, const char *option, const char *text,
			    const char *const *words, const char **ret)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf list = BK_BUF_INIT;

	if (!text)
		return BK_OK;
	for (size_t i = 0; words[i]; i++)
		if (is_word(text, words[i])) {
			*ret = words[i];
			return BK_OK;
		}
	bk_quote(&shown, text);
	bk_none_of(&list, words);
	return bk_error_set(&app->err, BK_E_USAGE, "option --%s: %s %s", option,
			    bk_buf_cstr(&shown), bk_buf_cstr(&list));
}

static enum bk_rc read_filter(struct bk_app *app, struct bk_history_filter *ret)
{
	const struct bk_options *o = &app->line.options;
	enum bk_rc rc;

	ret->job = o->job;
	if ((rc = take_word(app, "status", o->status, statuses, &ret->status)) ||
	    (rc = take_word(app, "trigger", o->trigger, triggers, &ret->trigger)) ||
	    (rc = bk_status_moment(app, "since", o->since, &ret->since)) ||
	    (rc = bk_status_moment(app, "until", o->until, &ret->until)))
		return rc;
	return bk_status_paging(app, &ret->has_after, &ret->after, &ret->limit);
}

/* --archive. Files come before the table: they need no database. */
static enum bk_rc print_files(struct bk_app *app, const char *dir,
			      const struct bk_history_filter *filter)
{
	BK_CLEAN(bk_execution_list_clear) struct bk_execution_list list = {NULL, 0, NULL};
	enum bk_rc rc = bk_view_archive(dir, filter, app->clock.wall_us(app->clock.self), &list,
					&app->err);

	return rc ? rc : bk_status_print_items(app, bk_out_executions(&list), list.next_cursor);
}

enum bk_rc bk_status_history(struct bk_app *app)
{
	const char *dir = bk_conf_str(app->conf, "archive.dir");
	struct bk_history_filter filter = {.archived = app->line.options.archive};
	BK_CLEAN(bk_execution_list_clear) struct bk_execution_list list = {NULL, 0, NULL};
	enum bk_rc rc;

	if ((rc = read_filter(app, &filter)))
		return rc;
	if (filter.archived && dir)
		return print_files(app, dir, &filter);
	if (filter.archived && (rc = bk_archive_wanted(app)))
		return rc;
	if ((rc = bk_app_connect(app, "history", true)))
		return rc;
	if (filter.job && (rc = bk_view_operation(app->db, app->conf, filter.job, &app->err)))
		return rc;
	if ((rc = bk_view_history(app->db, app->conf, &filter, &list, &app->err)))
		return rc;
	return bk_status_print_items(app, bk_out_executions(&list), list.next_cursor);
}

static enum bk_rc print_execution(struct bk_app *app, const struct bk_execution_detail *detail)
{
	BK_CLEAN(bk_status_page_clear)
	struct bk_status_page page = bk_status_page_of(bk_out_executions(&detail->execution));

	page.lists[0].record = true;
	page.lists[page.list_count++] = bk_out_transitions(detail);
	page.lists[1].title = "Transitions";
	page.data = bk_list_row_json(&page.lists[0], 0);
	bk_json_set(page.data, "transitions", bk_list_json(&page.lists[1]));
	return bk_status_print(app, &page);
}

enum bk_rc bk_status_execution(struct bk_app *app)
{
	const char *text = app->line.operands[0];
	BK_CLEAN(bk_execution_detail_clear)
	struct bk_execution_detail detail = {{NULL, 0, NULL}, NULL, 0};
	int64_t id;
	enum bk_rc rc;

	if (!bk_parse_u63(text, &id) || id == 0) {
		BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

		bk_quote(&shown, text);
		(void)bk_error_set(&app->err, BK_E_USAGE, "%s is no number of an execution",
				   bk_buf_cstr(&shown));
		return bk_error_hint(&app->err, "bkstatus history lists them");
	}
	if ((rc = bk_app_connect(app, "execution", true)) ||
	    (rc = bk_view_execution(app->db, app->conf, id, &detail, &app->err)))
		return rc;
	return print_execution(app, &detail);
}
