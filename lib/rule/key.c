/*
 * Keys of bookings; see key.h.
 */
#include "rule/key.h"

#include <string.h>

#include "base/attr.h"
#include "base/text.h"
#include "db/sqltext.h"
#include "rule/unit.h"

/* The columns may have collations of their own; two lists are the same when
   their bytes are. */
#define END_OF_ARRAY "] COLLATE pg_catalog.\"default\")"

void bk_key_sql_clear(struct bk_key_sql *sql)
{
	bk_buf_clear(&sql->match);
	bk_buf_clear(&sql->row_key);
	bk_buf_clear(&sql->typed_key);
	bk_buf_clear(&sql->shown);
}

void bk_key_sql_write(struct bk_key_sql *ret, const struct bk_mapping *mapping,
		      const struct bk_table *table, const char *const *keys, int first)
{
	bk_buf_str(&ret->row_key, "(ARRAY[");
	bk_buf_str(&ret->typed_key, "(ARRAY[");
	for (size_t i = 0; i < mapping->key_count; i++) {
		const char *type = bk_table_column(table, mapping->keys[i])->type;
		BK_CLEAN(bk_buf_clear) struct bk_buf column = BK_BUF_INIT;
		BK_CLEAN(bk_buf_clear) struct bk_buf typed = BK_BUF_INIT;

		bk_buf_str(&column, "b.");
		bk_sql_ident(&column, mapping->keys[i]);
		bk_buf_fmt(&typed, "$%d::pg_catalog.text::%s", first + (int)i, type);
		bk_buf_fmt(&ret->match, "%s%s OPERATOR(pg_catalog.=) %s", i ? " AND " : "",
			   bk_buf_cstr(&column), bk_buf_cstr(&typed));
		bk_buf_str(&ret->row_key, i ? ", " : "");
		bk_value_text(&ret->row_key, bk_buf_cstr(&column), type);
		bk_buf_str(&ret->typed_key, i ? ", " : "");
		bk_value_text(&ret->typed_key, bk_buf_cstr(&typed), type);
		bk_buf_str(&ret->shown, i ? " " : "");
		bk_quote(&ret->shown, keys[i]);
	}
	bk_buf_str(&ret->row_key, END_OF_ARRAY);
	bk_buf_str(&ret->typed_key, END_OF_ARRAY);
}

/* Class 22 has the refusals of types, 23514 is that of a domain. */
static bool is_refusal(const struct bk_error *err)
{
	return strncmp(err->sqlstate, "22", 2) == 0 || strcmp(err->sqlstate, "23514") == 0;
}

enum bk_rc bk_key_explain(const struct bk_mapping *mapping, const struct bk_table *table,
			  struct bk_error *err)
{
	const struct bk_error theirs = *err;
	BK_CLEAN(bk_buf_clear) struct bk_buf columns = BK_BUF_INIT;
	const char *reason;

	if (!is_refusal(err))
		return err->rc;
	for (size_t i = 0; i < mapping->key_count; i++)
		bk_buf_fmt(&columns, "%s%s (%s)", i ? ", " : "", mapping->keys[i],
			   bk_table_column(table, mapping->keys[i])->shown);
	/* Behind the name of the statement. */
	reason = strstr(theirs.message, ": ");
	bk_error_set(err, BK_E_USAGE, "KEY: %s", reason ? reason + 2 : theirs.message);
	memcpy(err->sqlstate, theirs.sqlstate, sizeof(err->sqlstate));
	return bk_error_hint(err, "the key of a booking is %s", bk_buf_cstr(&columns));
}
