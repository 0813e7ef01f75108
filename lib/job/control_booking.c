/*
 * Steering of single bookings: hold, release, another try; see control.h.
 */
#include "job/control.h"

#include <stdlib.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "job/manual.h"
#include "rule/key.h"
#include "rule/unit.h"

#define AT(member) offsetof(struct bk_hold_change, member)

static const struct bk_field hold_fields[] = {
	{"key", BK_FIELD_ARRAY, AT(key)},
	{"held_until", BK_FIELD_TEXT, AT(held_until)},
	{"expired", BK_FIELD_BOOL, AT(expired)},
	{"reason", BK_FIELD_TEXT, AT(reason)},
	{"author", BK_FIELD_TEXT, AT(author)},
	{"created_at", BK_FIELD_TEXT, AT(created_at)},
	{"booking_status", BK_FIELD_TEXT, AT(booking_status)},
};

#undef AT

void bk_hold_change_clear(struct bk_hold_change *hold)
{
	bk_fields_clear(hold_fields, BK_COUNT(hold_fields), hold);
	bk_free_str(&hold->recorded.execution_id);
}

void bk_retried_clear(struct bk_retried *retried)
{
	bk_free_str(&retried->recorded.execution_id);
}

/* A booking that somebody typed, and the statement about it. */
struct target {
	const struct bk_conf *conf;
	struct bk_table table;
	struct bk_key_sql key;
	const char **params; /* `fixed` of the statement's own, then the key */
	int fixed;
	int count;
	struct bk_buf sql;
};

static void target_clear(struct target *t)
{
	bk_table_clear(&t->table);
	bk_key_sql_clear(&t->key);
	bk_buf_clear(&t->sql);
	free(t->params);
}

static enum bk_rc target_load(struct target *t, struct bk_db *db, const char *const *keys,
			      int fixed, struct bk_error *err)
{
	const struct bk_mapping *m = bk_conf_mapping(t->conf);
	enum bk_rc rc = bk_table_load(db, m, &t->table, err);

	if (rc)
		return rc;
	t->fixed = fixed;
	t->count = fixed + (int)m->key_count;
	t->params = bk_calloc((size_t)t->count, sizeof(*t->params));
	for (size_t i = 0; i < m->key_count; i++)
		t->params[fixed + (int)i] = keys[i];
	bk_key_sql_write(&t->key, m, &t->table, keys, fixed + 1);
	return BK_OK;
}

static enum bk_rc target_fill(struct target *t, const char *file, struct bk_error *err)
{
	const struct bk_mapping *m = bk_conf_mapping(t->conf);
	BK_CLEAN(bk_buf_clear) struct bk_buf table = BK_BUF_INIT;

	bk_table_sql(&table, m);
	const struct bk_sql_var vars[] = {
		{"bk", bk_conf_str(t->conf, "schema")},
		{"table", bk_buf_cstr(&table)},
		{"status", m->status},
		{"match", bk_buf_cstr(&t->key.match)},
		{"row_key", bk_buf_cstr(&t->key.row_key)},
		{"typed_key", bk_buf_cstr(&t->key.typed_key)},
	};
	return bk_sql_fill_file(&t->sql, file, vars, BK_COUNT(vars), err);
}

static enum bk_rc explain(const struct target *t, struct bk_error *err)
{
	return bk_key_explain(bk_conf_mapping(t->conf), &t->table, err);
}

/* The lock first, in a statement of its own, so that the next one's snapshot has
   what the batches did that it waited for. */
static enum bk_rc set_hold(struct bk_manual *m, struct target *t, struct bk_hold_change *ret,
			   struct bk_error *err)
{
	const char *schema = bk_conf_str(t->conf, "schema");
	const struct bk_stmt stmts[] = {
		{"hold_lock", bk_sql_text("hold_lock"), &schema, 1, BK_ONE_ROW},
		{"hold_set", bk_buf_cstr(&t->sql), t->params, t->count, BK_MAYBE_ROW},
	};
	BK_CLEAN(bk_rows_clean) struct bk_rows *locked = NULL;
	BK_CLEAN(bk_rows_clean) struct bk_rows *held = NULL;
	struct bk_rows *rows[BK_COUNT(stmts)];
	enum bk_rc rc;

	if ((rc = bk_manual_run(m, stmts, BK_COUNT(stmts), rows, err)))
		return explain(t, err);
	locked = rows[0];
	held = rows[1];
	if (!bk_rows_count(held))
		return bk_error_set(err, BK_E_NOT_FOUND, "no booking %s",
				    bk_buf_cstr(&t->key.shown));
	ret->replaced = *bk_rows_text(held, 0, "replaced") == 't';
	ret->recorded.changed = *bk_rows_text(held, 0, "changed") == 't';
	return bk_rows_read(held, 0, hold_fields, BK_COUNT(hold_fields), ret, err);
}

/* "hold "4711" until 2026-11-23T06:30:00.097Z: in dispute", for the history. */
static char *describe_hold(const struct target *t, const char *until, const char *reason)
{
	return bk_asprintf("hold %s%s%s: %s", bk_buf_cstr(&t->key.shown), until ? " until " : "",
			   until ? until : "", reason);
}

static enum bk_rc hold(struct bk_manual *m, struct target *t, const struct bk_until *until,
		       const char *reason, struct bk_hold_change *ret, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *instant = NULL;
	BK_CLEAN(bk_free_str) char *description = NULL;
	enum bk_rc rc;

	if ((rc = bk_manual_begin(m, until, &instant, err)))
		return rc;
	t->params[0] = instant;
	t->params[1] = reason;
	t->params[2] = m->control->os_user;
	if ((rc = set_hold(m, t, ret, err)))
		return rc;
	description = describe_hold(t, instant, reason);
	return bk_manual_commit(m, "hold", description, ret->recorded.changed, &ret->recorded, err);
}

enum bk_rc bk_control_hold(struct bk_db *db, const struct bk_control *control,
			   const char *const *keys, const struct bk_until *until,
			   const char *reason, struct bk_hold_change *ret, struct bk_error *err)
{
	enum { FIXED = 3 };
	BK_CLEAN(bk_buf_clear) struct bk_buf session = BK_BUF_INIT;
	struct bk_tx_company company;
	const struct bk_tx_limits limits = bk_manual_patience(control->conf);
	BK_CLEAN(bk_manual_end) struct bk_manual m = bk_manual_of(db, control, &limits);
	BK_CLEAN(target_clear) struct target t = {.conf = control->conf};
	BK_CLEAN(bk_hold_change_clear) struct bk_hold_change held = {.held_until = NULL};
	enum bk_rc rc;

	/* It looks whether there is such a booking, under the policies that the runs heed. */
	bk_company_of(bk_conf_mapping(control->conf), &session, &company);
	m.limits.company = &company;
	if ((rc = target_load(&t, db, keys, FIXED, err)) ||
	    (rc = target_fill(&t, "hold_set", err)) ||
	    (rc = hold(&m, &t, until, reason, &held, err)))
		return rc;
	*ret = held;
	held = (struct bk_hold_change){.held_until = NULL};
	return BK_OK;
}

static enum bk_rc drop_hold(struct bk_manual *m, struct target *t, struct bk_hold_change *ret,
			    struct bk_error *err)
{
	const struct bk_stmt stmt = {"hold_release", bk_buf_cstr(&t->sql), t->params, t->count,
				     BK_ANY_ROWS};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	if ((rc = bk_manual_run(m, &stmt, 1, &rows, err)))
		return explain(t, err);
	ret->recorded.changed = bk_rows_count(rows);
	if (!ret->recorded.changed) {
		bk_error_set(err, BK_E_NOT_FOUND, "booking %s is not on hold",
			     bk_buf_cstr(&t->key.shown));
		return bk_error_hint(err, "bkstatus holds lists those that are");
	}
	return bk_rows_read(rows, 0, hold_fields, BK_COUNT(hold_fields), ret, err);
}

enum bk_rc bk_control_release(struct bk_db *db, const struct bk_control *control,
			      const char *const *keys, struct bk_hold_change *ret,
			      struct bk_error *err)
{
	const struct bk_tx_limits limits = bk_manual_patience(control->conf);
	BK_CLEAN(bk_manual_end) struct bk_manual m = bk_manual_of(db, control, &limits);
	BK_CLEAN(target_clear) struct target t = {.conf = control->conf};
	BK_CLEAN(bk_hold_change_clear) struct bk_hold_change held = {.held_until = NULL};
	BK_CLEAN(bk_free_str) char *description = NULL;
	enum bk_rc rc;

	if ((rc = target_load(&t, db, keys, 0, err)) ||
	    (rc = target_fill(&t, "hold_release", err)) ||
	    (rc = bk_manual_begin(&m, NULL, NULL, err)) || (rc = drop_hold(&m, &t, &held, err)))
		return rc;
	description = bk_asprintf("release %s", bk_buf_cstr(&t.key.shown));
	if ((rc = bk_manual_commit(&m, "release", description, held.recorded.changed,
				   &held.recorded, err)))
		return rc;
	*ret = held;
	held = (struct bk_hold_change){.held_until = NULL};
	return BK_OK;
}

/* For every booking, or for that of the key. */
static enum bk_rc fill_retry(struct target *t, bool all, struct bk_buf *out, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf which = BK_BUF_INIT;
	enum bk_rc rc = all ? BK_OK : target_fill(t, "quarantine_key", err);

	if (rc)
		return rc;
	if (all)
		bk_buf_str(&which, "true");
	else
		bk_buf_fmt(&which, "q.booking_key IN (%s)", bk_buf_cstr(&t->sql));
	const struct bk_sql_var vars[] = {{"bk", bk_conf_str(t->conf, "schema")},
					  {"which", bk_buf_cstr(&which)}};
	return bk_sql_fill_file(out, "quarantine_retry", vars, BK_COUNT(vars), err);
}

static enum bk_rc retry(struct bk_manual *m, struct target *t, bool all, struct bk_retried *ret,
			struct bk_error *err)
{
	static const struct bk_field fields[] = {
		{"found", BK_FIELD_INT, offsetof(struct bk_retried, found)},
		{"changed", BK_FIELD_INT, offsetof(struct bk_retried, recorded.changed)},
	};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	struct bk_stmt stmt = {"quarantine_retry", NULL, t->params, t->count, BK_ONE_ROW};
	enum bk_rc rc;

	if ((rc = fill_retry(t, all, &sql, err)))
		return rc;
	stmt.sql = bk_buf_cstr(&sql);
	if ((rc = bk_manual_run(m, &stmt, 1, &rows, err)))
		return all ? rc : explain(t, err);
	if ((rc = bk_rows_read(rows, 0, fields, BK_COUNT(fields), ret, err)))
		return rc;
	if (all || ret->found)
		return BK_OK;
	bk_error_set(err, BK_E_NOT_FOUND, "booking %s is not in quarantine",
		     bk_buf_cstr(&t->key.shown));
	return bk_error_hint(err, "bkstatus quarantine lists those that are");
}

enum bk_rc bk_control_retry(struct bk_db *db, const struct bk_control *control,
			    const char *const *keys, struct bk_retried *ret, struct bk_error *err)
{
	const struct bk_tx_limits limits = bk_manual_patience(control->conf);
	BK_CLEAN(bk_manual_end) struct bk_manual m = bk_manual_of(db, control, &limits);
	BK_CLEAN(target_clear) struct target t = {.conf = control->conf};
	BK_CLEAN(bk_free_str) char *description = NULL;
	struct bk_retried retried = {.found = 0};
	enum bk_rc rc;

	if (keys && (rc = target_load(&t, db, keys, 0, err)))
		return rc;
	if ((rc = bk_manual_begin(&m, NULL, NULL, err)) ||
	    (rc = retry(&m, &t, !keys, &retried, err)))
		return rc;
	description = bk_asprintf("try %s again",
				  keys ? bk_buf_cstr(&t.key.shown) : "every booking in quarantine");
	if ((rc = bk_manual_commit(&m, "quarantine-retry", description, retried.recorded.changed,
				   &retried.recorded, err)))
		return rc;
	*ret = retried;
	return BK_OK;
}
