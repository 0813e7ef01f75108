/*
 * Privileges on what a mapping names; see privilege.h.
 */
#include "rule/privilege.h"

#include <stdlib.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/tx.h"
#include "rule/columns.h"
#include "rule/relations.h"

/* Catalog look-ups are quick; what waits longer is stuck. */
static const struct bk_tx_limits catalog_limits = {10000, 2000, false, NULL};

void bk_mapped_columns(const struct bk_mapping *m, bool wants_update, struct bk_buf *reads,
		       struct bk_buf *writes)
{
	BK_CLEAN(bk_columns_clear) struct bk_columns c = {{NULL, 0}, {NULL, 0}};

	bk_columns_of(m, &c);
	if (wants_update)
		bk_columns_add(&c.reads, "ctid"); /* a batch finds its rows by their place */
	else if (m->updated.column)
		bk_columns_add(&c.reads, m->updated.column); /* bkstatus booking shows it */
	bk_db_text_array(reads, (const char *const *)c.reads.items, c.reads.count);
	bk_db_text_array(writes, (const char *const *)c.writes.items, c.writes.count);
}

static void put_labels(struct bk_buf *out, const struct bk_labels *labels)
{
	bk_db_text_array(out, (const char *const *)labels->items, labels->count);
}

enum bk_rc bk_missing_privileges(struct bk_db *db, const char *schema, const struct bk_mapping *m,
				 bool wants_update, struct bk_rows **ret, struct bk_error *err)
{
	BK_CLEAN(bk_relations_clear) struct bk_relations others;
	BK_CLEAN(bk_buf_clear) struct bk_buf reads = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf writes = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf schemas = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf names = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf privileges = BK_BUF_INIT;

	bk_mapped_columns(m, wants_update, &reads, &writes);
	bk_relations_of(m, wants_update, &others);
	put_labels(&schemas, &others.schemas);
	put_labels(&names, &others.names);
	put_labels(&privileges, &others.privileges);
	const char *params[] = {schema,
				wants_update ? "true" : "false",
				m->table_schema,
				m->table_name,
				bk_buf_cstr(&reads),
				bk_buf_cstr(&writes),
				bk_buf_cstr(&schemas),
				bk_buf_cstr(&names),
				bk_buf_cstr(&privileges)};
	const struct bk_stmt stmt = {"privilege_missing", bk_sql_text("privilege_missing"), params,
				     (int)BK_COUNT(params), BK_ANY_ROWS};

	return bk_tx_one(db, BK_TX_READ, &catalog_limits, &stmt, ret, err);
}

/* Ranks of privilege_missing.sql. */
enum { RANK_COLUMNS = 2, RANK_POLICY = 5 };

static int64_t rank_of(const struct bk_rows *rows, int row)
{
	const char *text = bk_rows_text(rows, row, "rank");

	return text ? strtoll(text, NULL, 10) : -1;
}

static bool has_policy(const struct bk_rows *rows)
{
	int count = bk_rows_count(rows);

	return count && rank_of(rows, count - 1) == RANK_POLICY;
}

enum bk_rc bk_policies_hide(struct bk_db *db, const char *schema, const struct bk_mapping *m,
			    bool *ret, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = bk_missing_privileges(db, schema, m, false, &rows, err);

	if (!rc)
		*ret = has_policy(rows);
	return rc;
}

/* The row of what the server stumbled over: it asks for policies before it asks for columns,
   and for both behind everything else. -1 = none. */
static int first_missing(const struct bk_rows *rows, bool rls_accepted)
{
	int count = bk_rows_count(rows);

	if (has_policy(rows) && rls_accepted)
		return count > 1 ? 0 : -1;
	if (has_policy(rows) && rank_of(rows, 0) == RANK_COLUMNS)
		return count - 1;
	return count ? 0 : -1;
}

void bk_explain_permission(struct bk_db *db, const char *schema, const struct bk_mapping *m,
			   bool wants_update, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	struct bk_error ignored;
	const char *statement;
	int row;

	if (bk_missing_privileges(db, schema, m, wants_update, &rows, &ignored))
		return;
	if ((row = first_missing(rows, m->rls_accepted)) < 0) {
		bk_error_hint(err, "the role has what bk itself needs; let the owner grant it what "
				   "the message names");
		return;
	}
	statement = bk_rows_text(rows, row, "statement");
	if (rank_of(rows, row) == RANK_POLICY)
		bk_error_hint(err,
			      "let the owner type: %s; or write rls = accepted inside bookings "
			      "{ }, where the role is not to see every row",
			      statement);
	else
		bk_error_hint(err, "let the owner type: %s", statement);
}
