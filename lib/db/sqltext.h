/*
 * SQL text from a template: the psql variables of the files in sql/ are filled
 * with names and fragments. `:name` is put in as it is, `:"name"` as a quoted
 * identifier, `:'name'` as a quoted literal; `::`, strings, quoted identifiers,
 * comments and dollar quotes are skipped. What is put in is not scanned again.
 * Comments at the head of a file are left out: they are for people.
 *
 * Quoting is done here and not by PQescapeIdentifier, which wants a
 * connection: rules are built and tested without one. It is exact because
 * client_encoding is pinned to UTF8 (SQL_ASCII for a database of that encoding)
 * and every text is checked to be valid UTF-8 before; a test compares it with
 * libpq's.
 */
#ifndef BK_DB_SQLTEXT_H
#define BK_DB_SQLTEXT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct bk_sql_var {
	const char *name;
	const char *value;
};

/* "My ""Table""". */
void bk_sql_ident(struct bk_buf *out, const char *name);
/* 'it''s', or E'..' where there is a backslash. */
void bk_sql_literal(struct bk_buf *out, const char *text);

/* Appends the filled template. A variable that is not in `vars`, an
   unterminated string or comment: BK_E_INTERNAL naming it. */
enum bk_rc bk_sql_fill(struct bk_buf *out, const char *text, const struct bk_sql_var *vars,
		       size_t count, struct bk_error *err) BK_NODISCARD;

/* The same for the embedded file of that name. */
enum bk_rc bk_sql_fill_file(struct bk_buf *out, const char *file, const struct bk_sql_var *vars,
			    size_t count, struct bk_error *err) BK_NODISCARD;

#endif
