/*
 * The options of the tools that run jobs.
 */
#ifndef BK_CLI_TICK_H
#define BK_CLI_TICK_H

#include "cli/app.h"

/* A program that ticks one job: bkactivate, bknoshow. */
struct bk_tick {
	const char *name;
	const char *job;
	const char *summary;
	const char *help; /* of its one command */
	const char *const *examples;
};

/* The whole of such a program; returns the exit status. */
int bk_tick_main(const struct bk_tick *tick, int argc, char **argv);

/* bkmaint. */
extern const struct bk_option bk_maint_options[];
extern const size_t bk_maint_option_count;

#endif
