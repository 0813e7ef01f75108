/*
 * A command that monitoring calls (struct bk_tool's plugin_command): whatever
 * keeps it from an answer, a bad command line included, is UNKNOWN, exit status
 * 3, with a line on standard output. For the files of this folder only.
 */
#ifndef BK_CLI_PLUGIN_H
#define BK_CLI_PLUGIN_H

#include <stdbool.h>

#include "cli/app.h"

/* Whether argv, as it came, asks for such a command; also when it cannot be
   parsed. */
bool bk_plugin_asked(const struct bk_tool *tool, int argc, char **argv);

/* Exit status of a plugin that failed with app->err: the handler's own
   (app->status) where it could judge, else UNKNOWN. */
enum bk_exit bk_plugin_status(const struct bk_app *app);

/* Prints the line of a failure that no handler has answered for. */
void bk_plugin_say(struct bk_app *app);

#endif
