/*
 * Transaction heads; see tx.h.
 */
#include "db/tx.h"

#include <inttypes.h>
#include <stdio.h>

#include "db/sqltext.h"

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

/* A statement each: that is a fraction of what one SELECT of set_config() costs
   on a connection of one transaction (measured: 0.1 ms against 0.9 ms). */
static size_t add_all(struct bk_stmt *stmts, size_t n, const char *const *texts)
{
	for (; *texts; texts++)
		stmts[n++] = plain(*texts, *texts);
	return n;
}

/* What every transaction sets, because a pooled session may have been left with
   a stranger's. */
static const char *const always[] = {
	"SET LOCAL ROLE NONE",
	"SET LOCAL jit = off",
	"SET LOCAL plan_cache_mode = force_custom_plan",
	"SET LOCAL max_parallel_workers_per_gather = 0",
	NULL,
};
static const char *const pinned[] = {
	"SET LOCAL enable_seqscan = off",
	"SET LOCAL enable_bitmapscan = off",
	"SET LOCAL enable_sort = off",
	NULL,
};
static const char *const unpinned[] = {
	"SET LOCAL enable_seqscan = on",
	"SET LOCAL enable_bitmapscan = on",
	"SET LOCAL enable_sort = on",
	NULL,
};
static const char *const own[] = {
	"SET LOCAL search_path = pg_catalog, pg_temp",
	"SET LOCAL TimeZone = 'UTC'",
	"SET LOCAL DateStyle = 'ISO, YMD'",
	NULL,
};
/* The company's triggers run under what the database gives this role. What is
   deferred must fail in the batch, where its row is found, not in the commit. */
static const char *const company[] = {
	"SET LOCAL search_path TO DEFAULT",
	"SET LOCAL TimeZone TO DEFAULT",
	"SET LOCAL DateStyle TO DEFAULT",
	"SET CONSTRAINTS ALL IMMEDIATE",
	NULL,
};
static const char *const writing[] = {"SET LOCAL synchronous_commit TO DEFAULT", NULL};

static bool is_read_only(enum bk_tx_kind kind)
{
	return kind == BK_TX_READ || kind == BK_TX_LOOK;
}

static bool is_company(enum bk_tx_kind kind)
{
	return kind == BK_TX_COMPANY || kind == BK_TX_LOOK;
}

size_t bk_tx_begin(struct bk_tx *tx, enum bk_tx_kind kind, const struct bk_tx_limits *limits,
		   struct bk_stmt *stmts)
{
	int64_t idle_ms = limits->statement_ms ? limits->statement_ms + IDLE_MARGIN_MS : 0;
	size_t n = 0;

	(void)snprintf(tx->statement, sizeof(tx->statement),
		       "SET LOCAL statement_timeout = %" PRId64, limits->statement_ms);
	(void)snprintf(tx->lock, sizeof(tx->lock), "SET LOCAL lock_timeout = %" PRId64,
		       limits->lock_ms);
	(void)snprintf(tx->idle, sizeof(tx->idle),
		       "SET LOCAL idle_in_transaction_session_timeout = %" PRId64, idle_ms);
	stmts[n++] = is_read_only(kind) ? (struct bk_stmt)BK_BEGIN_READ : (struct bk_stmt)BK_BEGIN;
	/* First: a stranger's timeout of a millisecond would end anything longer. */
	stmts[n++] = plain("statement_timeout", tx->statement);
	stmts[n++] = plain("lock_timeout", tx->lock);
	stmts[n++] = plain("idle_in_transaction_session_timeout", tx->idle);
	n = add_all(stmts, n, always);
	n = add_all(stmts, n, limits->pin ? pinned : unpinned);
	n = add_all(stmts, n, is_company(kind) ? company : own);
	/* Rows that a policy would hide are an error, not silence. */
	stmts[n++] = limits->company && limits->company->rls_accepted
			     ? plain("row_security", "SET LOCAL row_security = on")
			     : plain("row_security", "SET LOCAL row_security = off");
	if (limits->company && limits->company->settings)
		stmts[n++] = (struct bk_stmt){
			.name = "session", .sql = limits->company->settings, .shape = BK_ONE_ROW};
	return is_read_only(kind) ? n : add_all(stmts, n, writing);
}

void bk_tx_name(struct bk_tx *tx, const char *application, struct bk_stmt *stmt)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf literal = BK_BUF_INIT;

	bk_sql_literal(&literal, application);
	(void)snprintf(tx->name, sizeof(tx->name), "SET LOCAL application_name = %s",
		       bk_buf_cstr(&literal));
	*stmt = plain("application_name", tx->name);
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
