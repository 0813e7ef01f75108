/*
 * The commands `bkmaint hold`, `release` and `quarantine retry`.
 */
#ifndef BK_CLI_BOOKING_CMD_H
#define BK_CLI_BOOKING_CMD_H

#include "cli/app.h"

enum bk_rc bk_hold_command(struct bk_app *app);
enum bk_rc bk_release_command(struct bk_app *app);
enum bk_rc bk_quarantine_command(struct bk_app *app);

#endif
