/*
 * `bkmaint migrate`: brings bk's schema up to date, or says what is missing.
 */
#ifndef BK_CLI_MIGRATE_CMD_H
#define BK_CLI_MIGRATE_CMD_H

#include "cli/app.h"
#include "job/migrate.h"

enum bk_rc bk_migrate_command(struct bk_app *app);

/* Migrates on the connection that is open, and says what the role may not do. */
enum bk_rc bk_migrate_now(struct bk_app *app, struct bk_migrate_report *ret) BK_NODISCARD;

#endif
