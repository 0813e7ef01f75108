/*
 * Transaction heads; see tx.h.
 */
#include "db/tx.h"

#include <inttypes.h>
#include <stdio.h>

#include "db/sqlfile.h"

/* Between two statements of one transaction bk does nothing but read an answer:
   a client that is silent for longer is frozen or gone, and must let go. */
#define IDLE_MARGIN_MS 5000
/* How much longer the client waits than the server was told to work. */
#define CLIENT_MARGIN_MS 2000
#define NO_LIMIT_MS 600000

static struct bk_stmt plain(const char *name, const char *sql)
{
	return (struct bk_stmt){.name = name, .sql = sql, .shape = BK_NO_ROWS};
}

size_t bk_tx_begin(struct bk_tx *tx, enum bk_tx_kind kind, const struct bk_tx_limits *limits,
		   struct bk_stmt *stmts)
{
	size_t n = 0;

	(void)snprintf(tx->statement, sizeof(tx->statement), "%" PRId64, limits->statement_ms);
	(void)snprintf(tx->lock, sizeof(tx->lock), "%" PRId64, limits->lock_ms);
	(void)snprintf(tx->idle, sizeof(tx->idle), "%" PRId64,
		       limits->statement_ms ? limits->statement_ms + IDLE_MARGIN_MS : 0);
	tx->params[0] = tx->statement;
	tx->params[1] = tx->lock;
	tx->params[2] = tx->idle;
	tx->params[3] = limits->pin ? "off" : "on";
	tx->params[4] = kind == BK_TX_COMPANY ? NULL : "pg_catalog, pg_temp";
	tx->params[5] = kind == BK_TX_COMPANY ? NULL : "UTC";
	tx->params[6] = kind == BK_TX_COMPANY ? NULL : "ISO, YMD";
	tx->params[7] = NULL;
	stmts[n++] = kind == BK_TX_READ ? (struct bk_stmt)BK_BEGIN_READ : (struct bk_stmt)BK_BEGIN;
	/* A pooled session may have been left with a stranger's settings. One of a
	   millisecond would end the long statement that sets the others. */
	(void)snprintf(tx->disarm, sizeof(tx->disarm), "SET LOCAL statement_timeout = %s",
		       tx->statement);
	stmts[n++] = plain("statement_timeout", tx->disarm);
	if (kind == BK_TX_COMPANY) {
		stmts[n++] = plain("search_path", "SET LOCAL search_path TO DEFAULT");
		stmts[n++] = plain("time zone", "SET LOCAL TimeZone TO DEFAULT");
		/* What is deferred must fail in the batch, where its row is found, and
		   not in the commit. */
		stmts[n++] = plain("constraints", "SET CONSTRAINTS ALL IMMEDIATE");
	}
	stmts[n++] = (struct bk_stmt){
		.name = "settings",
		.sql = bk_sql_text("tx_settings"),
		.params = tx->params,
		.param_count = 8,
		.shape = BK_ONE_ROW,
	};
	return n;
}

void bk_tx_name(struct bk_tx *tx, const char *application)
{
	tx->params[7] = application;
}

void bk_tx_deadline(struct bk_db *db, const struct bk_tx_limits *limits)
{
	bk_db_deadline(db, (limits->statement_ms ? limits->statement_ms : NO_LIMIT_MS) +
				   CLIENT_MARGIN_MS);
}

enum bk_rc bk_tx_one(struct bk_db *db, enum bk_tx_kind kind, const struct bk_tx_limits *limits,
		     const struct bk_stmt *stmt, struct bk_rows **ret, struct bk_error *err)
{
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 2];
	struct bk_rows *rows[BK_TX_HEAD + 2];
	size_t n = bk_tx_begin(&tx, kind, limits, stmts);
	size_t work = n;
	enum bk_rc rc;

	stmts[n++] = *stmt;
	stmts[n++] = kind == BK_TX_CHECK ? plain("rollback", "ROLLBACK")
					 : (struct bk_stmt)BK_COMMIT;
	bk_tx_deadline(db, limits);
	if ((rc = bk_db_run(db, stmts, n, rows, err)))
		return rc;
	for (size_t i = 0; i < n; i++)
		if (i != work || !ret)
			bk_rows_clean(&rows[i]);
	if (ret)
		*ret = rows[work];
	return BK_OK;
}
