/*
 * The commands of bkmaint that steer jobs and bookings: pause, resume, enable,
 * disable, cancel, hold, release, quarantine, set, unset, rollback, settings.
 */
#ifndef BK_CLI_CONTROL_CMD_H
#define BK_CLI_CONTROL_CMD_H

#include "cli/app.h"

/* What runs the command of that name; NULL when it is none of these. */
bk_app_fn bk_control_command(const char *name);

#endif
