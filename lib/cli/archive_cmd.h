/*
 * The command bkmaint archive: what the job cleanup would prune goes into the archive now.
 */
#ifndef BK_CLI_ARCHIVE_CMD_H
#define BK_CLI_ARCHIVE_CMD_H

#include "cli/app.h"

/* A run of cleanup by hand that prunes and archives executions and does nothing else; for
   the owner of bk's schema. */
enum bk_rc bk_archive_command(struct bk_app *app);

/* BK_E_CONFIG where the configuration names no archive. */
enum bk_rc bk_archive_wanted(struct bk_app *app) BK_NODISCARD;

#endif
