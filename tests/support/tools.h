/*
 * Two tools for the tests of lib/cli: one with commands, one without.
 */
#ifndef TESTS_TOOLS_H
#define TESTS_TOOLS_H

#include "cli/options.h"

/* "bkmany": jobs (the default), job NAME, pair A B, history (--limit --after
   --now -n --for), maybe [NAME], some KEY... (--limit, needs --after), any [KEY...].
   "bkone": --now --limit. */
extern const struct bk_tool tool_many;
extern const struct bk_tool tool_one;

#endif
