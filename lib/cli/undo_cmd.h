/*
 * The command undo of bkmaint.
 */
#ifndef BK_CLI_UNDO_CMD_H
#define BK_CLI_UNDO_CMD_H

#include "cli/app.h"

/* `bkmaint undo EXECUTION`. */
enum bk_rc bk_undo_command(struct bk_app *app);

#endif
