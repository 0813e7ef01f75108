/*
 * Failures of plugins; see plugin.h.
 */
#include "cli/plugin.h"

#include <string.h>

#include "out/plugin.h"
#include "view/health.h"

static const struct bk_option *find_option(const struct bk_tool *tool, const char *arg)
{
	size_t count = bk_common_option_count + tool->option_count;
	bool is_long = strncmp(arg, "--", 2) == 0;

	for (size_t i = 0; i < count; i++) {
		const struct bk_option *o = i < bk_common_option_count
						    ? &bk_common_options[i]
						    : &tool->options[i - bk_common_option_count];

		if (is_long ? strcmp(o->name, arg + 2) == 0 : o->letter == arg[1] && !arg[2])
			return o;
	}
	return NULL;
}

/* Whether the next argument is the value of this one. */
static bool has_value_behind(const struct bk_tool *tool, const char *arg)
{
	const struct bk_option *o = find_option(tool, arg);

	return o && (o->kind == BK_OPT_TEXT || o->kind == BK_OPT_TEXTS || o->kind == BK_OPT_NUMBER);
}

bool bk_plugin_asked(const struct bk_tool *tool, int argc, char **argv)
{
	int i = 1;

	if (!tool->plugin_command)
		return false;
	while (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0)
		i += has_value_behind(tool, argv[i]) ? 2 : 1;
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	return i < argc && strcmp(tool->plugin_command, argv[i]) == 0;
}

enum bk_exit bk_plugin_status(const struct bk_app *app)
{
	return app->status ? app->status : (enum bk_exit)BK_HEALTH_UNKNOWN;
}

void bk_plugin_say(struct bk_app *app)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf line = BK_BUF_INIT;
	struct bk_error ignored = app->err;

	if (app->status || (app->format != BK_OUT_DEFAULT && app->format != BK_OUT_TABLE))
		return;
	bk_out_plugin_unknown(&line, app->err.message);
	(void)bk_app_write(app, &line); /* the end of the tool looks at the stream */
	app->err = ignored;
}
