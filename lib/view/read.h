/*
 * How every view reads: its statements in one read-only transaction of one
 * snapshot, sent in one trip.
 */
#ifndef BK_VIEW_READ_H
#define BK_VIEW_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "db/db.h"
#include "db/tx.h"

/* Statements of one call at most. */
#define BK_VIEW_STATEMENTS 5

/* Appends the text of the SQL file, the schema's name filled in. */
enum bk_rc bk_view_sql(struct bk_buf *out, const struct bk_conf *conf, const char *file,
		       struct bk_error *err) BK_NODISCARD;

/* ret[i] is the answer to stmts[i]; free each. On failure there is none. Ten
   seconds for each statement. */
enum bk_rc bk_view_read(struct bk_db *db, const struct bk_stmt *stmts, size_t count,
			struct bk_rows **ret, struct bk_error *err) BK_NODISCARD;

/* The same where the company's tables are read, too. */
enum bk_rc bk_view_read_as(struct bk_db *db, const struct bk_tx_company *company,
			   const struct bk_stmt *stmts, size_t count, struct bk_rows **ret,
			   struct bk_error *err) BK_NODISCARD;

/* Whether nothing more can be read. What is the matter with one job's rules or one table
   does not hide the rest. */
bool bk_view_is_fatal(const struct bk_db *db, enum bk_rc rc);

#endif
