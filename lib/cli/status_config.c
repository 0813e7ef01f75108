/*
 * `bkstatus config`: every setting with its value and where it comes from. It
 * needs no database, so it also helps where none can be reached.
 */
#include "cli/status_commands.h"

#include "cli/status_print.h"
#include "out/lists.h"

static void set_sources(const struct bk_app *app, struct bk_json *to)
{
	bk_json_set_str(to, "file", bk_conf_file(app->conf));
	bk_json_set_str(to, "profile", bk_conf_profile(app->conf));
}

enum bk_rc bk_status_config(struct bk_app *app)
{
	size_t count = 0;
	struct bk_conf_entry *entries = bk_conf_entries(app->conf, &count);
	BK_CLEAN(bk_status_page_clear)
	struct bk_status_page page = bk_status_page_of(bk_out_settings(entries, count));
	enum bk_rc rc;

	page.data = bk_json_object();
	bk_json_set(page.data, "items", bk_list_json(&page.lists[0]));
	set_sources(app, page.data);
	set_sources(app, page.summary);
	rc = bk_status_print(app, &page);
	bk_conf_entries_free(entries, count);
	return rc;
}
