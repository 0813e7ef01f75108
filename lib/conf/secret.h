/*
 * Passwords inside a connection string, found by its text alone, without
 * libpq: to mask them for people, and to tell a file that holds one.
 */
#ifndef BK_CONF_SECRET_H
#define BK_CONF_SECRET_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends `conninfo` (keywords or URI) with each password replaced by "***".
   Text that cannot be taken apart but speaks of a password becomes "***" as a
   whole. Returns true when something was replaced. */
bool bk_secret_mask(struct bk_buf *out, const char *conninfo);

#endif
