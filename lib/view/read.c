/*
 * The read transaction of the views; see read.h.
 */
#include "view/read.h"

#include "base/mem.h"
#include "db/sqltext.h"
#include "db/tx.h"

#define STATEMENT_MS 10000
#define LOCK_MS 2000
/* What the client waits longer than the server was told to work. */
#define CLIENT_MARGIN_MS 2000

bool bk_view_is_fatal(const struct bk_db *db, enum bk_rc rc)
{
	return bk_db_lost(db) || rc == BK_E_INTERRUPTED || rc == BK_E_TERMINATED ||
	       rc == BK_E_INTERNAL;
}

enum bk_rc bk_view_sql(struct bk_buf *out, const struct bk_conf *conf, const char *file,
		       struct bk_error *err)
{
	const struct bk_sql_var vars[] = {{"bk", bk_conf_str(conf, "schema")}};

	return bk_sql_fill_file(out, file, vars, BK_COUNT(vars), err);
}

enum bk_rc bk_view_read(struct bk_db *db, const struct bk_stmt *stmts, size_t count,
			struct bk_rows **ret, struct bk_error *err)
{
	return bk_view_read_as(db, NULL, stmts, count, ret, err);
}

enum bk_rc bk_view_read_as(struct bk_db *db, const struct bk_tx_company *company,
			   const struct bk_stmt *stmts, size_t count, struct bk_rows **ret,
			   struct bk_error *err)
{
	const struct bk_tx_limits limits = {STATEMENT_MS, LOCK_MS, false, company};
	struct bk_tx tx;
	struct bk_stmt all[BK_TX_HEAD + BK_VIEW_STATEMENTS + 1];
	struct bk_rows *rows[BK_COUNT(all)];
	size_t head = bk_tx_begin(&tx, BK_TX_READ, &limits, all);
	size_t n = head;
	enum bk_rc rc;

	BK_ASSERT(count <= BK_VIEW_STATEMENTS);
	for (size_t i = 0; i < count; i++)
		all[n++] = stmts[i];
	all[n++] = (struct bk_stmt)BK_COMMIT;
	bk_db_deadline(db, (int64_t)count * STATEMENT_MS + CLIENT_MARGIN_MS);
	if ((rc = bk_db_run(db, all, n, rows, err)))
		return rc;
	for (size_t i = 0; i < n; i++) {
		if (i >= head && i < head + count)
			ret[i - head] = rows[i];
		else
			bk_rows_free(rows[i]);
	}
	return BK_OK;
}
