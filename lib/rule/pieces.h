/*
 * The instants of a booking as SQL over the row b, from which the rules are put together: S, E,
 * C (check-in), H (hold), G (grace), D and K of row.h. For the files of this folder only.
 */
#ifndef BK_RULE_PIECES_H
#define BK_RULE_PIECES_H

#include "rule/row.h"

/* BK_TIME_LIMIT of row.h. */
#define BK_LIMIT_SQL "'294000-01-01 00:00:00+00'::pg_catalog.timestamptz"
#define BK_LOWEST_SQL "'-infinity'::pg_catalog.timestamptz"

/* NULL = not mapped. */
struct bk_pieces {
	char *s;
	char *e;
	char *c;
	char *hold;
	char *g;     /* the row's own grace, a number of its unit */
	char *valid; /* times and, where D counts, grace are a booking's */
	char *times_valid;
	char *d;         /* NULL = never, for any booking */
	bool d_may_lack; /* a booking may have none */
	char *k;         /* NULL = no evidence in this mode */
};

void bk_pieces_init(struct bk_pieces *p, const struct bk_policy *policy);
void bk_pieces_clear(struct bk_pieces *p);

#endif
