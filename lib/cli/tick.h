/*
 * The options of the tools that run jobs.
 */
#ifndef BK_CLI_TICK_H
#define BK_CLI_TICK_H

#include "cli/options.h"

/* bkactivate and bknoshow. */
#define BK_TICK_OPTION_NAMES "now limit allow dry-run"
extern const struct bk_option bk_tick_options[];
extern const size_t bk_tick_option_count;

/* bkmaint. */
extern const struct bk_option bk_maint_options[];
extern const size_t bk_maint_option_count;

#endif
