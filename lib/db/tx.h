/*
 * The head of a transaction: BEGIN and its settings, all transaction-local, to
 * be sent in one pipeline with the work.
 *
 *     struct bk_tx tx;
 *     struct bk_stmt stmts[BK_TX_HEAD + 2];
 *     size_t n = bk_tx_begin(&tx, BK_TX_OWN, &limits, stmts);
 *     stmts[n++] = (struct bk_stmt){.name = "run_end", ...};
 *     stmts[n++] = (struct bk_stmt)BK_COMMIT;
 *     bk_db_run(db, stmts, n, rows, err)
 */
#ifndef BK_DB_TX_H
#define BK_DB_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"

enum bk_tx_kind {
	BK_TX_OWN,     /* read write, search_path pinned: bk's own tables */
	BK_TX_CHECK,   /* the same, and bk_tx_one rolls it back: nothing can stay unknown */
	BK_TX_COMPANY, /* read write, the company's own search_path and time zone */
	BK_TX_READ,    /* repeatable read, read only, search_path pinned: views */
	BK_TX_LOOK,    /* the same, but the company's own: what a batch would do */
};

struct bk_tx_limits {
	int64_t statement_ms; /* 0 = none */
	int64_t lock_ms;
	bool pin; /* force the ordered index scan */
	/* Where the company's rows are read or written; NULL = bk's own tables only. */
	const struct bk_tx_company *company;
};

/* What the mapping says of sessions that touch the company's tables. */
struct bk_tx_company {
	const char *settings; /* SELECT of set_config() calls; NULL = none */
	bool rls_accepted;    /* row-level security may hide rows */
};

#define BK_TX_HEAD 21

struct bk_tx {
	char statement[64];
	char lock[64];
	char idle[80];
	char name[160];
};

/* Fills stmts[0..] with BEGIN and the settings; returns their number, less than
   BK_TX_HEAD. `tx` holds texts of them and must outlive the call that sends. */
size_t bk_tx_begin(struct bk_tx *tx, enum bk_tx_kind kind, const struct bk_tx_limits *limits,
		   struct bk_stmt *stmts);

/* Fills one more statement, which gives the transaction this application_name. */
void bk_tx_name(struct bk_tx *tx, const char *application, struct bk_stmt *stmt);

/* Sets the client's deadline for one trip under these limits: two seconds longer
   than the server was told to work. */
void bk_tx_deadline(struct bk_db *db, const struct bk_tx_limits *limits);

/*
 * One statement in a transaction of its own: BEGIN, settings, statement,
 * COMMIT in one trip. *ret (may be NULL) is the statement's answer.
 */
enum bk_rc bk_tx_one(struct bk_db *db, enum bk_tx_kind kind, const struct bk_tx_limits *limits,
		     const struct bk_stmt *stmt, struct bk_rows **ret,
		     struct bk_error *err) BK_NODISCARD;

#endif
