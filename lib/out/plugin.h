/*
 * The line of a monitoring plugin: one line "BK STATE - text | performance
 * data", as the Monitoring Plugins Development Guidelines have it. Pure.
 */
#ifndef BK_OUT_PLUGIN_H
#define BK_OUT_PLUGIN_H

#include "base/buf.h"
#include "view/health.h"

/* The line for a health that was judged, with its newline. What is not OK is
   named; with `all` a line for each check follows. */
void bk_out_plugin(struct bk_buf *out, const struct bk_health *health, bool all);

/* The line for a plugin that could not judge, with its newline. */
void bk_out_plugin_unknown(struct bk_buf *out, const char *why);

/* What is not OK, in one text: "activate-due: paused; schema: is missing"; ""
   when all is well. */
void bk_out_problems(struct bk_buf *out, const struct bk_health *health);

#endif
