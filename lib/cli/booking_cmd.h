/*
 * The commands `bkmaint hold`, `release` and `quarantine retry`.
 */
#ifndef BK_CLI_BOOKING_CMD_H
#define BK_CLI_BOOKING_CMD_H

#include "cli/app.h"

/* A booking is named by as many operands as its key has columns. BK_E_USAGE. */
enum bk_rc bk_booking_check_keys(struct bk_app *app, int count);

enum bk_rc bk_hold_command(struct bk_app *app);
enum bk_rc bk_release_command(struct bk_app *app);
enum bk_rc bk_quarantine_command(struct bk_app *app);

#endif
