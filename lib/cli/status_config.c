/*
 * `bkstatus config`: every setting with its value and where it comes from. It can
 * do without the database, so it also helps where none can be reached: then it
 * says that what is set there is not shown.
 */
#include "cli/status_commands.h"

#include <inttypes.h>

#include "base/mem.h"
#include "cli/status_print.h"
#include "out/lists.h"

static void set_sources(const struct bk_app *app, const char *version, struct bk_json *to)
{
	bk_json_set_str(to, "file", bk_conf_file(app->conf));
	bk_json_set_str(to, "profile", bk_conf_profile(app->conf));
	bk_json_set_str(to, "settingsVersion", version);
}

/* The number of the settings of the database; NULL where they are not known. A
   database that bk has not been set up in has none. */
static enum bk_rc read_version(struct bk_app *app, char **ret)
{
	enum bk_rc rc = bk_app_connect(app, "config", true);

	if (!rc)
		*ret = bk_asprintf("%" PRId64, app->settings_version);
	else if (rc == BK_E_USAGE || rc == BK_E_INTERRUPTED || rc == BK_E_TERMINATED)
		return rc;
	else if (rc != BK_E_SCHEMA)
		bk_app_warn(app, "what is set in the database is not shown: %s", app->err.message);
	return BK_OK;
}

enum bk_rc bk_status_config(struct bk_app *app)
{
	BK_CLEAN(bk_free_str) char *version = NULL;
	size_t count = 0;
	enum bk_rc rc = read_version(app, &version);

	if (rc)
		return rc;
	struct bk_conf_entry *entries = bk_conf_entries(app->conf, &count);
	BK_CLEAN(bk_status_page_clear)
	struct bk_status_page page = bk_status_page_of(bk_out_settings(entries, count));

	page.data = bk_json_object();
	bk_json_set(page.data, "items", bk_list_json(&page.lists[0]));
	set_sources(app, version, page.data);
	set_sources(app, version, page.summary);
	rc = bk_status_print(app, &page);
	bk_conf_entries_free(entries, count);
	return rc;
}
