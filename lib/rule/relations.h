/*
 * The tables beside the bookings that the SQL of a mapping names, with their schema, and what is
 * to be granted on each: read off the text, so that a table that may not be read is known
 * before the server trips over it.
 */
#ifndef BK_RULE_RELATIONS_H
#define BK_RULE_RELATIONS_H

#include "conf/mapping.h"

/* Three lists of one length, no line twice. An alias and its column look the same as a schema and
   its table: whether there is such a table the database knows. */
struct bk_relations {
	struct bk_labels schemas;
	struct bk_labels names;
	struct bk_labels privileges; /* SELECT, INSERT, UPDATE, DELETE */
};

/* What looking takes; with `wants_update` also what only a change does: the expressions of a set,
   and after-batch. */
void bk_relations_of(const struct bk_mapping *m, bool wants_update, struct bk_relations *ret);
void bk_relations_clear(struct bk_relations *relations);

#endif
