/*
 * `bkmaint migrate`: brings bk's schema up to date, or says what is missing.
 */
#ifndef BK_CLI_MIGRATE_CMD_H
#define BK_CLI_MIGRATE_CMD_H

#include "cli/app.h"

enum bk_rc bk_migrate_command(struct bk_app *app);

#endif
