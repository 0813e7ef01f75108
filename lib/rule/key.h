/*
 * One booking named by the texts that somebody typed for the columns of its key:
 * the SQL that finds it, and the form in which bk's own tables keep its key.
 */
#ifndef BK_RULE_KEY_H
#define BK_RULE_KEY_H

#include "base/buf.h"
#include "conf/mapping.h"
#include "rule/table.h"

struct bk_key_sql {
	struct bk_buf match;     /* condition: the row b has that key */
	struct bk_buf row_key;   /* key of the row b as text[] */
	struct bk_buf typed_key; /* the parameters in the same form, where their type has one
				    form for a value: 1.0 and 1.00 are one numeric */
	struct bk_buf shown;     /* "4711", or "t1" "2026-03-29" "5"; for messages */
};

/* Fills *ret, which must be empty, for texts that are parameters from $first on. */
void bk_key_sql_write(struct bk_key_sql *ret, const struct bk_mapping *mapping,
		      const struct bk_table *table, const char *const *keys, int first);
void bk_key_sql_clear(struct bk_key_sql *sql);

/* After a statement with such parameters failed: BK_E_USAGE where it was because
   a text is no value of its column. */
enum bk_rc bk_key_explain(const struct bk_mapping *mapping, const struct bk_table *table,
			  struct bk_error *err);

#endif
