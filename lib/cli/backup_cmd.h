/*
 * `bkmaint backup` and `bkmaint restore`: bk's own schema as a file, and back.
 */
#ifndef BK_CLI_BACKUP_CMD_H
#define BK_CLI_BACKUP_CMD_H

#include "cli/app.h"

enum bk_rc bk_backup_command(struct bk_app *app);
enum bk_rc bk_restore_command(struct bk_app *app);

#endif
