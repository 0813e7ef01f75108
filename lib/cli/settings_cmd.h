/*
 * The commands `bkmaint set`, `unset`, `rollback` and `settings`.
 */
#ifndef BK_CLI_SETTINGS_CMD_H
#define BK_CLI_SETTINGS_CMD_H

#include "cli/app.h"

enum bk_rc bk_set_command(struct bk_app *app);
enum bk_rc bk_unset_command(struct bk_app *app);
enum bk_rc bk_rollback_command(struct bk_app *app);
enum bk_rc bk_settings_command(struct bk_app *app);

#endif
