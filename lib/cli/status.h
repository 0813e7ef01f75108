/*
 * The exit statuses and what they mean: the one list that --help and the man
 * pages show.
 */
#ifndef BK_CLI_STATUS_H
#define BK_CLI_STATUS_H

#include <stddef.h>

#include "base/error.h"

struct bk_status {
	enum bk_exit status;
	const char *meaning; /* one line, lower case */
};

/* Ascending. */
extern const struct bk_status bk_statuses[];
extern const size_t bk_statuses_count;

#endif
