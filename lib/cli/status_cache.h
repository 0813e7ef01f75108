/*
 * The answers of bkstatus, kept for those who ask again; see view/cache.h.
 */
#ifndef BK_CLI_STATUS_CACHE_H
#define BK_CLI_STATUS_CACHE_H

#include "cli/app.h"

/*
 * Runs the command, keeps its answer, and with --max-age gives one that is young
 * enough instead. Where no database is to be had it gives the last one, marked as stale,
 * and fails all the same.
 */
enum bk_rc bk_status_cached(struct bk_app *app, bk_app_fn run);

#endif
