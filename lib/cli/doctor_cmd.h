/*
 * `bkmaint doctor`: what is wrong with mapping, database and bookings, before
 * a job finds out.
 */
#ifndef BK_CLI_DOCTOR_CMD_H
#define BK_CLI_DOCTOR_CMD_H

#include "cli/app.h"

enum bk_rc bk_doctor_command(struct bk_app *app);

#endif
