/*
 * Failures of plugins; see plugin.h.
 */
#include "cli/plugin.h"

#include <string.h>

#include "cli/command.h"
#include "out/plugin.h"
#include "view/health.h"

bool bk_plugin_asked(const struct bk_tool *tool, int argc, char **argv)
{
	const char *word = bk_command_word(tool, argc, argv);

	return tool->plugin_command && word && strcmp(tool->plugin_command, word) == 0;
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
