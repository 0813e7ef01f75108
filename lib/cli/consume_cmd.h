/*
 * `bkmaint events --consumer=NAME`.
 */
#ifndef BK_CLI_CONSUME_CMD_H
#define BK_CLI_CONSUME_CMD_H

#include "cli/app.h"

enum bk_rc bk_events_command(struct bk_app *app);

#endif
