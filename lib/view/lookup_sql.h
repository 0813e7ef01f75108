/*
 * The statements of a look at one booking, made from the mapping and the rules; the texts of its
 * key are parameters of each. For lookup.c only.
 *
 *     struct bk_lookup_sql l = {.conf = conf};
 *     if ((rc = bk_lookup_sql_write(&l, db, keys, err))) ...
 *     bk_lookup_sql_clear(&l);
 */
#ifndef BK_VIEW_LOOKUP_SQL_H
#define BK_VIEW_LOOKUP_SQL_H

#include "conf/conf.h"
#include "db/tx.h"
#include "rule/key.h"
#include "rule/rule.h"
#include "rule/unit.h"
#include "view/mapped.h"

/* One rule from one label, or one of a job that the configuration disables. */
struct bk_lookup_rule {
	const struct bk_rule *rule;
	const char *from; /* labels */
	const char *to;
	bool is_off;
	struct bk_buf sql;
};

struct bk_lookup_sql {
	const struct bk_conf *conf;
	const struct bk_mapping *mapping;
	struct bk_policy policy;
	struct bk_table table;
	struct bk_rules rules;
	struct bk_rules *off; /* those that a job would have, a set for each that is disabled */
	size_t off_count;
	struct bk_buf session;
	struct bk_tx_company company;
	struct bk_mapped_list mapped;
	struct bk_buf table_sql;
	struct bk_key_sql key;      /* parameters from $1 on */
	struct bk_key_sql page_key; /* from $4 on */
	const char **params;        /* those of a page, then the key */

	struct bk_buf booking;
	struct bk_buf plain; /* the same without anything that may fail */
	struct bk_buf hold;  /* a page of three parameters and the key, here and below */
	struct bk_buf quarantine;
	struct bk_buf changes;
	struct bk_lookup_rule *items;
	size_t count;
	struct bk_buf all; /* a UNION of them; empty where there is none */
};

/* Parameters of a page that stand before the key. */
enum { BK_LOOKUP_PAGE = 3 };
/* Of a booking's rows in quarantine, of which there is one per rule. */
#define BK_LOOKUP_ASIDE 1000

/* Fills what stands beside conf. Reads the table: BK_E_MAPPING. */
enum bk_rc bk_lookup_sql_write(struct bk_lookup_sql *l, struct bk_db *db, const char *const *keys,
			       struct bk_error *err) BK_NODISCARD;
void bk_lookup_sql_clear(struct bk_lookup_sql *l);

/* Appends the statement for one value of the mapping. */
enum bk_rc bk_lookup_value_sql(const struct bk_lookup_sql *l, const char *text, const char *instant,
			       struct bk_buf *out, struct bk_error *err) BK_NODISCARD;

#endif
