/*
 * Settings at run time; see settings.h.
 */
#include "job/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "job/manual.h"
#include "rule/unit.h"

/* As long as a claim or another command of its kind may hold a job's row. */
static const struct bk_tx_limits quick_limits = {10000, 5000, false, NULL};

struct stored {
	struct bk_stored *items;
	size_t count;
	int64_t version;
};

static void stored_clear(struct stored *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->items[i].name);
		free(s->items[i].value);
		free(s->items[i].origin);
	}
	free(s->items);
	*s = (struct stored){NULL, 0, 0};
}

static const struct bk_field version_fields[] = {
	{"version", BK_FIELD_INT, 0},
};

static char *origin_of(const struct bk_rows *rows, int row)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	bk_buf_fmt(&out, "database (change %s by ", bk_rows_text(rows, row, "change"));
	bk_escape_line(&out, bk_rows_text(rows, row, "author"));
	bk_buf_char(&out, ')');
	return bk_buf_take(&out);
}

/* The answer to settings_read. */
static enum bk_rc take_stored(const struct bk_rows *rows, struct stored *ret, struct bk_error *err)
{
	enum bk_rc rc = bk_rows_read(rows, 0, version_fields, BK_COUNT(version_fields),
				     &ret->version, err);
	int count = bk_rows_count(rows);

	if (rc || !bk_rows_text(rows, 0, "name"))
		return rc;
	ret->items = bk_calloc((size_t)count, sizeof(*ret->items));
	for (int i = 0; i < count; i++)
		ret->items[ret->count++] = (struct bk_stored){
			.name = bk_strdup(bk_rows_text(rows, i, "name")),
			.value = bk_strdup(bk_rows_text(rows, i, "value")),
			.origin = origin_of(rows, i),
		};
	return BK_OK;
}

static const struct bk_stored *find_stored(const struct stored *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->items[i].name, name) == 0)
			return &s->items[i];
	return NULL;
}

enum bk_rc bk_settings_check(const struct bk_conf *conf, struct bk_error *err)
{
	struct bk_policy policy = bk_policy_of(conf);
	enum bk_rc rc = bk_conf_check(conf, err);

	return rc ? rc : bk_rules_check(&policy, err);
}

enum bk_rc bk_settings_typed(const struct bk_conf *conf, const char *name, const char *value,
			     struct bk_error *err)
{
	if (!bk_stored_typed(conf, name, value, err))
		return BK_OK;
	err->rc = BK_E_USAGE;
	return err->rc;
}

enum bk_rc bk_settings_load(struct bk_db *db, struct bk_conf *conf, int64_t *version,
			    bk_stored_ignored_fn ignored, void *arg, struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", bk_conf_str(conf, "schema")};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(stored_clear) struct stored stored = {NULL, 0, 0};
	struct bk_stmt stmt = {"settings_read", NULL, NULL, 0, BK_ANY_ROWS};
	enum bk_rc rc;

	if ((rc = bk_sql_fill_file(&sql, "settings_read", &var, 1, err)))
		return rc;
	stmt.sql = bk_buf_cstr(&sql);
	if ((rc = bk_tx_one(db, BK_TX_READ, &quick_limits, &stmt, &rows, err)) ||
	    (rc = take_stored(rows, &stored, err)))
		return rc;
	if (stored.version != *version)
		bk_stored_apply(conf, stored.items, stored.count, bk_settings_check, ignored, arg);
	*version = stored.version;
	return BK_OK;
}

void bk_setting_change_clear(struct bk_setting_change *change)
{
	bk_free_str(&change->name);
	bk_free_str(&change->old_value);
	bk_free_str(&change->new_value);
	bk_free_str(&change->change);
	bk_free_str(&change->rolled_back);
	bk_free_str(&change->overridden_by);
	bk_free_str(&change->recorded.execution_id);
}

/* A command under way: what is wanted, and what there is. */
struct command {
	struct bk_manual m;
	struct bk_conf *conf;
	const char *word; /* set, unset or rollback */
	const char *reason;
	struct stored stored;
	struct bk_setting_change change;
};

static void command_end(struct command *c)
{
	bk_manual_end(&c->m);
	stored_clear(&c->stored);
	bk_setting_change_clear(&c->change);
}

/* Opens the transaction, keeps others from changing what is read in it, and reads. */
static enum bk_rc begin(struct command *c, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf lock = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf read = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *locked = NULL;
	BK_CLEAN(bk_rows_clean) struct bk_rows *found = NULL;
	struct bk_rows *rows[2];
	enum bk_rc rc;

	if ((rc = bk_manual_sql(&c->m, "settings_lock", &lock, err)) ||
	    (rc = bk_manual_sql(&c->m, "settings_read", &read, err)) ||
	    (rc = bk_manual_begin(&c->m, NULL, NULL, err)))
		return rc;
	const struct bk_stmt stmts[] = {
		{"settings_lock", bk_buf_cstr(&lock), NULL, 0, BK_NO_ROWS},
		{"settings_read", bk_buf_cstr(&read), NULL, 0, BK_ANY_ROWS},
	};
	if ((rc = bk_manual_run(&c->m, stmts, BK_COUNT(stmts), rows, err)))
		return rc;
	locked = rows[0];
	found = rows[1];
	return take_stored(found, &c->stored, err);
}

/* Whether the configuration would still be one. What the environment of this process
   says is left out: it may hide what no other host could live with. */
static enum bk_rc try_change(struct command *c, struct bk_error *err)
{
	const char *name = c->change.name;

	c->change.overridden_by = bk_strdup(bk_stored_overridden(c->conf, name));
	bk_stored_without_environment(c->conf);
	bk_stored_apply(c->conf, c->stored.items, c->stored.count, bk_settings_check, NULL, NULL);
	bk_stored_try(c->conf, name, c->change.new_value);
	if (!bk_settings_check(c->conf, err))
		return BK_OK;
	if (!c->change.new_value)
		bk_error_prefix(err, "without %s", name);
	return bk_error_hint(err, "nothing was changed; the other setting may go first");
}

/* "set grace = 5m: long queues", for the history of the executions. */
static void describe(struct bk_buf *out, const struct command *c)
{
	bk_buf_str(out, c->word);
	if (c->change.rolled_back)
		bk_buf_fmt(out, " %s:", c->change.rolled_back);
	bk_buf_fmt(out, " %s", c->change.name);
	if (c->change.new_value)
		bk_buf_fmt(out, " = %s", c->change.new_value);
	else if (c->change.rolled_back)
		bk_buf_str(out, " unset");
	bk_buf_fmt(out, ": %s", c->reason);
}

static enum bk_rc write_change(struct command *c, struct bk_error *err)
{
	const struct bk_control *control = c->m.control;
	const char *params[] = {
		c->change.name,    c->change.new_value,  c->word, c->reason, control->os_user,
		control->instance, c->change.rolled_back};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf description = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	if ((rc = bk_manual_sql(&c->m, "settings_change", &sql, err)))
		return rc;
	const struct bk_stmt stmt = {"settings_change", bk_buf_cstr(&sql), params, BK_COUNT(params),
				     BK_ONE_ROW};
	if ((rc = bk_manual_run(&c->m, &stmt, 1, &rows, err)))
		return rc;
	c->change.change = bk_strdup(bk_rows_text(rows, 0, "change"));
	describe(&description, c);
	return bk_manual_commit(&c->m, c->word, bk_buf_cstr(&description), 1, &c->change.recorded,
				err);
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* From the name and the new value on; the transaction is open. */
static enum bk_rc finish(struct command *c, struct bk_setting_change *ret, struct bk_error *err)
{
	const struct bk_stored *was = find_stored(&c->stored, c->change.name);
	bool is_known = !bk_stored_typed(c->conf, c->change.name, NULL, err);
	enum bk_rc rc;

	/* What another version of bk has stored can only be taken away. */
	if (!is_known && (c->change.new_value || !was))
		return err->rc;
	c->change.old_value = bk_strdup(was ? was->value : NULL);
	if (is_known && (rc = try_change(c, err)))
		return rc;
	if (!is_same(c->change.old_value, c->change.new_value) && (rc = write_change(c, err)))
		return rc;
	*ret = c->change;
	c->change = (struct bk_setting_change){.name = NULL};
	return BK_OK;
}

static struct command command_of(struct bk_db *db, const struct bk_control *control,
				 struct bk_conf *conf, const char *word, const char *reason)
{
	return (struct command){
		.m = bk_manual_of(db, control, &quick_limits),
		.conf = conf,
		.word = word,
		.reason = reason,
	};
}

enum bk_rc bk_settings_set(struct bk_db *db, const struct bk_control *control, struct bk_conf *conf,
			   const char *name, const char *value, const char *reason,
			   struct bk_setting_change *ret, struct bk_error *err)
{
	BK_CLEAN(command_end) struct command c = command_of(db, control, conf, "set", reason);
	enum bk_rc rc;

	if ((rc = bk_settings_typed(conf, name, value, err)) || (rc = begin(&c, err)))
		return rc;
	c.change.name = bk_strdup(name);
	c.change.new_value = bk_strdup(value);
	return finish(&c, ret, err);
}

enum bk_rc bk_settings_unset(struct bk_db *db, const struct bk_control *control,
			     struct bk_conf *conf, const char *name, const char *reason,
			     struct bk_setting_change *ret, struct bk_error *err)
{
	BK_CLEAN(command_end) struct command c = command_of(db, control, conf, "unset", reason);
	enum bk_rc rc;

	if ((rc = begin(&c, err)))
		return rc;
	if (!find_stored(&c.stored, name) && (rc = bk_settings_typed(conf, name, NULL, err)))
		return rc;
	c.change.name = bk_strdup(name);
	return finish(&c, ret, err);
}

static enum bk_rc check_found(const struct bk_rows *rows, const char *change, struct bk_error *err)
{
	const char *later;
	const char *name;
	const char *command;

	if (!bk_rows_count(rows)) {
		bk_error_set(err, BK_E_NOT_FOUND, "no change %s", change);
		return bk_error_hint(err, "bkmaint settings --history lists them");
	}
	name = bk_rows_text(rows, 0, "name");
	command = bk_rows_text(rows, 0, "command");
	later = bk_rows_text(rows, 0, "later");
	if (strcmp(command, "set") != 0 && strcmp(command, "unset") != 0 &&
	    strcmp(command, "rollback") != 0) {
		bk_error_set(err, BK_E_REFUSED, "change %s is none of a setting: %s %s", change,
			     command, name);
		return bk_error_hint(err, "bkmaint pause, resume, enable and disable change a job");
	}
	if (!later)
		return BK_OK;
	bk_error_set(err, BK_E_REFUSED, "%s was changed again after change %s, last by change %s",
		     name, change, later);
	return bk_error_hint(err, "take back %s first, or set the value that is to be", later);
}

/* Which setting it was, and what it was before. */
static enum bk_rc find_change(struct command *c, const char *change, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = bk_manual_sql(&c->m, "settings_find", &sql, err);

	if (rc)
		return rc;
	const struct bk_stmt stmt = {"settings_find", bk_buf_cstr(&sql), &change, 1, BK_MAYBE_ROW};
	if ((rc = bk_manual_run(&c->m, &stmt, 1, &rows, err)) ||
	    (rc = check_found(rows, change, err)))
		return rc;
	c->change.rolled_back = bk_strdup(change);
	c->change.name = bk_strdup(bk_rows_text(rows, 0, "name"));
	c->change.new_value = bk_strdup(bk_rows_text(rows, 0, "old_value"));
	return BK_OK;
}

enum bk_rc bk_settings_rollback(struct bk_db *db, const struct bk_control *control,
				struct bk_conf *conf, int64_t change, const char *reason,
				struct bk_setting_change *ret, struct bk_error *err)
{
	BK_CLEAN(command_end) struct command c = command_of(db, control, conf, "rollback", reason);
	char text[24];
	enum bk_rc rc;

	(void)snprintf(text, sizeof(text), "%" PRId64, change);
	if ((rc = begin(&c, err)) || (rc = find_change(&c, text, err)))
		return rc;
	/* What it was may be none for the program of today. */
	if (c.change.new_value &&
	    (rc = bk_stored_typed(conf, c.change.name, c.change.new_value, err)))
		return bk_error_prefix(err, "the value before change %s", text);
	return finish(&c, ret, err);
}
