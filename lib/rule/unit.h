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
#include "db/tx.h"
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

/*
 * What a mapping says of the sessions that touch its table; *text holds the statement and must
 * outlive *ret.
 */
void bk_company_of(const struct bk_mapping *mapping, struct bk_buf *text,
		   struct bk_tx_company *ret);

/*
 * What a scan is made for. With a schema it leaves out bookings that are on
 * hold or set aside by the rule; key columns are compared as texts, in the form
 * of bk_value_text where the table is known, else by a plain cast, which is the
 * same form under pinned settings for all types but times.
 */
struct bk_scope {
	const struct bk_mapping *mapping;
	const struct bk_table *table; /* NULL = not read yet */
	const char *schema;           /* bk's own; NULL = leave nothing out */
	const char *as_of;            /* SQL expressions of type timestamptz */
	const char *lower;
	const char *hands_off_at; /* what is on hold or set aside then; NULL = as_of */
	bool stale;               /* what max-age leaves alone, instead of the rest */
	bool only;                /* no rows of the table's heirs */
};

/* as_of "$1::pg_catalog.timestamptz", lower "$2::pg_catalog.timestamptz". */
struct bk_scope bk_scope_of_params(const struct bk_mapping *mapping, const struct bk_table *table,
				   const char *schema);

/*
 * Appends booking_scan for a unit. `columns` and `limit` are SQL; `after` is
 * one or several keyset conditions or "".
 */
enum bk_rc bk_unit_scan(struct bk_buf *out, const struct bk_unit *unit,
			const struct bk_scope *scope, const char *columns, const char *after,
			const char *limit, struct bk_error *err) BK_NODISCARD;

/* The SQL type of a scan's column. */
const char *bk_scan_type(const struct bk_scan *scan, const struct bk_table *table);

/* Appends "(scan, keys) > ($n::type, ...)" with the comparison `op` (">", "<=")
   and parameters from $first on, with AND in front. */
void bk_unit_keyset(struct bk_buf *out, const struct bk_unit *unit,
		    const struct bk_mapping *mapping, const struct bk_table *table, const char *op,
		    int first);

/* Appends an expression that is true when some unit has work in the scope. */
enum bk_rc bk_units_probe(struct bk_buf *out, const struct bk_units *units,
			  const struct bk_scope *scope, struct bk_error *err) BK_NODISCARD;

/* Appends booking_count for a unit; the scope is one of parameters: $1 as-of,
   $2 lower, $3 limit; `after` as in bk_unit_scan. */
enum bk_rc bk_unit_count(struct bk_buf *out, const struct bk_unit *unit,
			 const struct bk_scope *scope, const char *after,
			 struct bk_error *err) BK_NODISCARD;

/* Appends booking_forecast for a unit: $1 now, $2 lower bound of now, $3 end of the
   forecast, $4 max-age in ms. Of the scope only mapping, table and schema count. */
enum bk_rc bk_unit_forecast(struct bk_buf *out, const struct bk_unit *unit,
			    const struct bk_scope *scope, struct bk_error *err) BK_NODISCARD;

/* Appends the condition by which the unit's scan takes the row b, without its
   from-state. */
enum bk_rc bk_unit_condition(struct bk_buf *out, const struct bk_unit *unit,
			     const struct bk_scope *scope, struct bk_error *err) BK_NODISCARD;

/* Appends the key columns of the row b as texts, separated by commas. */
void bk_key_texts(struct bk_buf *out, const struct bk_mapping *mapping,
		  const struct bk_table *table);

/* A value of the row b (or of alias.column) as text that reads back the same
   under any DateStyle: times as UTC, the rest by a cast. */
void bk_value_text(struct bk_buf *out, const char *expression, const char *type);

/* "schema"."table", quoted. */
void bk_table_sql(struct bk_buf *out, const struct bk_mapping *mapping);

#endif
