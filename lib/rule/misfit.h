/*
 * What of a mapping does not fit the database: the first fault ends the look at it, or each
 * is heard of and the look goes on.
 *
 *     struct bk_misfits all = {.hear = add, .arg = &list};
 *     if ((rc = bk_table_look(db, mapping, &all, &table, err))) ...
 *     if (all.count) ...
 */
#ifndef BK_RULE_MISFIT_H
#define BK_RULE_MISFIT_H

#include <stddef.h>

#include "base/error.h"

/* `origin` is FILE:LINE or NULL, `key` what of the file it is about: "bookings.start", "rule
   archive: due". The error is BK_E_MAPPING, or BK_E_PERMISSION of a table that an expression
   reads; its message names neither. */
typedef void (*bk_misfit_fn)(void *arg, const char *origin, const char *key,
			     const struct bk_error *err);

struct bk_misfits {
	bk_misfit_fn hear; /* NULL = the first one ends the look */
	void *arg;
	size_t count;
};

/*
 * What becomes of the rc of a check: BK_OK for a fault that is heard, else the same, with
 * origin and key in front of the message.
 */
enum bk_rc bk_misfit(struct bk_misfits *misfits, const char *origin, const char *key, enum bk_rc rc,
		     struct bk_error *err) BK_NODISCARD;

#endif
