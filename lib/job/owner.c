/*
 * Who owns bk's schema; see owner.h.
 */
#include "job/owner.h"

#include "db/rows.h"
#include "db/sqlfile.h"
#include "db/tx.h"

static const struct bk_tx_limits owner_limits = {10000, 10000, false, NULL};

struct ownership {
	bool owns;
	char *owner;
	char *statement;
};

static const struct bk_field fields[] = {
	{"owns", BK_FIELD_BOOL, offsetof(struct ownership, owns)},
	{"owner", BK_FIELD_TEXT, offsetof(struct ownership, owner)},
	{"statement", BK_FIELD_TEXT, offsetof(struct ownership, statement)},
};

static void clear_ownership(struct ownership *o)
{
	bk_fields_clear(fields, BK_COUNT(fields), o);
}

/* Of the schema, or of that table in it. */
static enum bk_rc ask(struct bk_db *db, const char *schema, const char *table,
		      struct ownership *ret, struct bk_error *err)
{
	const char *params[] = {schema, table};
	const struct bk_stmt stmt = {"schema_owner", bk_sql_text("schema_owner"), params, 2,
				     BK_ONE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = bk_tx_one(db, BK_TX_READ, &owner_limits, &stmt, &rows, err);

	return rc ? rc : bk_rows_read(rows, 0, fields, BK_COUNT(fields), ret, err);
}

static void hint(const struct ownership *o, const char *what, struct bk_error *err)
{
	if (o->statement)
		bk_error_hint(err, "%sconnect as %s, or let it type: %s", what, o->owner,
			      o->statement);
	else
		bk_error_hint(err, "%sconnect as %s", what, o->owner);
}

enum bk_rc bk_owner_check(struct bk_db *db, const char *schema, const char *verb,
			  struct bk_error *err)
{
	BK_CLEAN(clear_ownership) struct ownership o = {.owns = false};
	enum bk_rc rc = ask(db, schema, NULL, &o, err);

	if (rc || o.owns)
		return rc;
	bk_error_set(err, BK_E_PERMISSION, "only the owner of schema %s may %s", schema, verb);
	hint(&o, "", err);
	return err->rc;
}

static void explain(struct bk_db *db, const char *schema, const char *table, const char *what,
		    struct bk_error *err)
{
	BK_CLEAN(clear_ownership) struct ownership o = {.owns = false};
	struct bk_error ignored;

	/* The first failure is what is told. */
	if (!bk_db_lost(db) && !ask(db, schema, table, &o, &ignored))
		hint(&o, what, err);
}

void bk_owner_explain(struct bk_db *db, const char *schema, struct bk_error *err)
{
	explain(db, schema, NULL, "", err);
}

void bk_owner_explain_settings(struct bk_db *db, const char *schema, struct bk_error *err)
{
	explain(db, schema, "settings", "only the owner changes settings: ", err);
}
