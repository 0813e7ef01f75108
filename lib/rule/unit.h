/*
 * Units of a drain: one scan of one rule over one from-label each, in the order
 * in which a run takes them, and the SQL texts made from sql/booking_*.sql.
 */
#ifndef BK_RULE_UNIT_H
#define BK_RULE_UNIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "rule/rule.h"
#include "rule/table.h"

struct bk_unit {
	const struct bk_rule *rule;
	const struct bk_scan *scan;
	const char *from; /* label */
	const char *to;
};

struct bk_units {
	struct bk_unit *items;
	size_t count;
};

/* What of the configuration decides about rules. The mapping stays conf's. */
struct bk_policy bk_policy_of(const struct bk_conf *conf);

/* The units of one job. Points into rules and mapping. */
void bk_units_build(const struct bk_rules *rules, const struct bk_mapping *mapping, const char *job,
		    struct bk_units *ret);
void bk_units_clear(struct bk_units *units);

/* The SQL expressions that stand for as-of and the lower bound. */
struct bk_bounds {
	const char *as_of;
	const char *lower;
};
/* "$1::pg_catalog.timestamptz", "$2::pg_catalog.timestamptz". */
extern const struct bk_bounds bk_param_bounds;

/*
 * Appends booking_scan for a unit. `columns` and `limit` are SQL; `after` is
 * the keyset condition or "".
 */
enum bk_rc bk_unit_scan(struct bk_buf *out, const struct bk_unit *unit,
			const struct bk_mapping *mapping, const struct bk_bounds *bounds,
			const char *columns, const char *after, const char *limit,
			struct bk_error *err) BK_NODISCARD;

/* Appends "(scan, keys) > ($n::type, ...)" with the comparison `op` (">", "<=")
   and parameters from $first on, with AND in front. */
void bk_unit_keyset(struct bk_buf *out, const struct bk_unit *unit,
		    const struct bk_mapping *mapping, const struct bk_table *table, const char *op,
		    int first);

/* Appends an expression that is true when some unit has work within bounds. */
enum bk_rc bk_units_probe(struct bk_buf *out, const struct bk_units *units,
			  const struct bk_mapping *mapping, const struct bk_bounds *bounds,
			  struct bk_error *err) BK_NODISCARD;

/* Appends booking_count for a unit: parameters $1 as-of, $2 lower, $3 limit;
   `after` as in bk_unit_scan. */
enum bk_rc bk_unit_count(struct bk_buf *out, const struct bk_unit *unit,
			 const struct bk_mapping *mapping, const char *after,
			 struct bk_error *err) BK_NODISCARD;

/* A value of the row b (or of alias.column) as text that reads back the same
   under any DateStyle: times as UTC, the rest by a cast. */
void bk_value_text(struct bk_buf *out, const char *expression, const char *type);

/* "schema"."table", quoted. */
void bk_table_sql(struct bk_buf *out, const struct bk_mapping *mapping);

#endif
