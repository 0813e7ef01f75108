/*
 * How the database would read the scan of a unit, and the index that would let
 * it read in order: only what is due, and from where the last batch ended.
 */
#ifndef BK_RULE_PLAN_H
#define BK_RULE_PLAN_H

#include "db/tx.h"
#include "rule/unit.h"

/*
 * *ret is true when the plan of the unit's scan under the planner pins reads it
 * in order: no sort, no whole table. Nothing is run. The scope is one of
 * parameters; as_of and lower are the texts for them.
 */
enum bk_rc bk_unit_is_ordered(struct bk_db *db, const struct bk_unit *unit,
			      const struct bk_scope *scope, const char *as_of, const char *lower,
			      const struct bk_tx_limits *limits, bool *ret,
			      struct bk_error *err) BK_NODISCARD;

/* The relation that an index is made on; where the mapping's is a view, with its own names for the
   columns. */
struct bk_index_place {
	const char *schema;
	const char *table;
	const char *(*name_of)(const void *arg, const char *column); /* NULL = the same names */
	const void *arg;
	bool concurrently;
	bool status_as_text; /* as the scan compares it, where the type has operators of its own */
};

/* Appends the statement, with a semicolon, that makes the index for the unit's scan there. */
void bk_unit_index_sql(struct bk_buf *out, const struct bk_unit *unit,
		       const struct bk_mapping *mapping, const struct bk_index_place *place);

/* The plain column that the unit is scanned by, be it for a bound of a range in it. free() it. */
char *bk_unit_scan_column(const struct bk_unit *unit);

#endif
