/*
 * Applying migrations; see migrate.h. Every step can be repeated: a second
 * bkmaint migrate does what the first one could not.
 */
#include "job/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/schema.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "db/tx.h"
#include "job/setup.h"

static const struct bk_tx_limits look_limits = {10000, 2000, false, NULL};
/* A migration may have to rewrite a table; it waits for locks no longer than
   an application in front of it would like. */
static const struct bk_tx_limits migrate_limits = {0, 10000, false, NULL};

void bk_texts_add(struct bk_texts *texts, const char *text)
{
	texts->items = bk_realloc(texts->items, texts->count + 1, sizeof(*texts->items));
	texts->items[texts->count++] = bk_strdup(text);
}

void bk_texts_clear(struct bk_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->items[i]);
	free(texts->items);
	*texts = (struct bk_texts){NULL, 0};
}

void bk_migrate_report_clear(struct bk_migrate_report *report)
{
	bk_texts_clear(&report->pending);
	bk_texts_clear(&report->applied);
	bk_texts_clear(&report->todo);
	bk_free_str(&report->execution_id);
}

/* A migration of sql/schema. */
struct migration {
	int64_t version;
	const char *name; /* "001_core" */
	const char *text;
	char min_program[24];
	char *checksum;
};

struct migrations {
	struct migration *items;
	size_t count;
};

static void clear_migrations(struct migrations *all)
{
	for (size_t i = 0; i < all->count; i++)
		free(all->items[i].checksum);
	free(all->items);
}

static void read_min_program(struct migration *m)
{
	static const char mark[] = "-- min-program: ";
	size_t len = strncmp(m->text, mark, sizeof(mark) - 1) == 0
			     ? strcspn(m->text + sizeof(mark) - 1, "\n")
			     : 0;

	BK_ASSERT(len > 0 && len < sizeof(m->min_program));
	memcpy(m->min_program, m->text + sizeof(mark) - 1, len);
	m->min_program[len] = '\0';
}

/* The embedded migrations, with checksums by the server. */
static enum bk_rc load_migrations(struct bk_db *db, struct migrations *all, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf texts = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	const char **list = bk_calloc(bk_sql_files_count, sizeof(*list));
	const char *params[1];
	enum bk_rc rc;

	all->items = bk_calloc(bk_sql_files_count, sizeof(*all->items));
	for (size_t i = 0; i < bk_sql_files_count; i++) {
		struct migration *m = &all->items[all->count];

		m->version = bk_schema_number(bk_sql_files[i].name);
		if (!m->version)
			continue;
		m->name = strchr(bk_sql_files[i].name, '/') + 1;
		m->text = (const char *)bk_sql_files[i].text;
		read_min_program(m);
		list[all->count++] = m->text;
	}
	bk_db_text_array(&texts, list, all->count);
	free(list);
	params[0] = bk_buf_cstr(&texts);
	rc = bk_tx_one(
		db, BK_TX_READ, &look_limits,
		&(const struct bk_stmt){"sha256", bk_sql_text("sha256"), params, 1, BK_ANY_ROWS},
		&rows, err);
	for (size_t i = 0; i < all->count && !rc; i++)
		all->items[i].checksum = bk_strdup(bk_rows_cell(rows, (int)i, 0));
	return rc;
}

static const struct migration *find(const struct migrations *all, int64_t version)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].version == version)
			return &all->items[i];
	return NULL;
}

struct applied {
	int64_t version;
	char *name;
	char *checksum;
	char *min_program;
};

static const struct bk_field applied_fields[] = {
	{"version", BK_FIELD_INT, offsetof(struct applied, version)},
	{"name", BK_FIELD_TEXT, offsetof(struct applied, name)},
	{"checksum", BK_FIELD_TEXT, offsetof(struct applied, checksum)},
	{"min_program", BK_FIELD_TEXT, offsetof(struct applied, min_program)},
};

static void clear_applied(struct applied *a)
{
	bk_fields_clear(applied_fields, BK_COUNT(applied_fields), a);
}

/* Judges one applied migration against the embedded ones. */
static enum bk_rc check_applied(const struct migrations *all, const struct applied *a,
				struct bk_error *err)
{
	const struct migration *m = find(all, a->version);

	if (bk_version_compare(a->min_program, BK_VERSION) > 0) {
		bk_error_set(err, BK_E_SCHEMA, "the schema needs bk %s or newer, this is %s",
			     a->min_program, BK_VERSION);
		return bk_error_hint(err, "install the newer version on this host");
	}
	if (m && strcmp(m->checksum, a->checksum) != 0) {
		bk_error_set(err, BK_E_SCHEMA, "migration %s was changed after it was applied",
			     m->name);
		return bk_error_hint(
			err, "install the version of bk that applied it, or restore the file");
	}
	return BK_OK;
}

/* Reads what is applied and what is missing; the table must exist. */
static enum bk_rc compare(struct bk_db *db, const char *schema, const struct migrations *all,
			  struct bk_migrate_report *ret, struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	bool *present = bk_calloc(all->count, sizeof(*present));
	enum bk_rc rc = bk_sql_fill_file(&sql, "migration_list", &var, 1, err);

	if (!rc)
		rc = bk_tx_one(db, BK_TX_READ, &look_limits,
			       &(const struct bk_stmt){"migration_list", bk_buf_cstr(&sql), NULL, 0,
						       BK_ANY_ROWS},
			       &rows, err);
	for (int i = 0; !rc && i < bk_rows_count(rows); i++) {
		BK_CLEAN(clear_applied) struct applied a = {.name = NULL};
		const struct migration *m;

		rc = bk_rows_read(rows, i, applied_fields, BK_COUNT(applied_fields), &a, err);
		if (!rc)
			rc = check_applied(all, &a, err);
		m = rc ? NULL : find(all, a.version);
		if (m)
			present[m - all->items] = true;
		if (!rc && a.version > ret->version)
			ret->version = (int)a.version;
	}
	for (size_t i = 0; i < all->count && !rc; i++)
		if (!present[i])
			bk_texts_add(&ret->pending, all->items[i].name);
	free(present);
	return rc;
}

/* Fills version and pending. */
static enum bk_rc look(struct bk_db *db, const char *schema, const struct migrations *all,
		       struct bk_migrate_report *ret, struct bk_error *err)
{
	const char *params[] = {schema};
	const struct bk_stmt stmt = {"migration_exists", bk_sql_text("migration_exists"), params, 1,
				     BK_ONE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	const char *present;
	enum bk_rc rc;

	bk_texts_clear(&ret->pending);
	if ((rc = bk_tx_one(db, BK_TX_READ, &look_limits, &stmt, &rows, err)))
		return rc;
	present = bk_rows_text(rows, 0, "present");
	if (present && *present == 't')
		return compare(db, schema, all, ret, err);
	for (size_t i = 0; i < all->count; i++)
		bk_texts_add(&ret->pending, all->items[i].name);
	return BK_OK;
}

enum bk_rc bk_migrate_check(struct bk_db *db, const char *schema, struct bk_migrate_report *ret,
			    struct bk_error *err)
{
	BK_CLEAN(clear_migrations) struct migrations all = {NULL, 0};
	enum bk_rc rc = load_migrations(db, &all, err);

	return rc ? rc : look(db, schema, &all, ret, err);
}

/* Opens a transaction and takes the lock of migrations. */
static enum bk_rc begin_locked(struct bk_db *db, const char *schema, struct bk_error *err)
{
	const char *params[] = {schema};
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 1];
	size_t n = bk_tx_begin(&tx, BK_TX_OWN, &migrate_limits, stmts);

	stmts[n] = (struct bk_stmt){"migration_lock", bk_sql_text("migration_lock"), params, 1,
				    BK_ONE_ROW};
	bk_tx_deadline(db, &migrate_limits);
	return bk_db_run(db, stmts, n + 1, NULL, err);
}

static enum bk_rc script(struct bk_db *db, const char *schema, const char *file,
			 struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_sql_fill_file(&sql, file, &var, 1, err);

	return rc ? rc : bk_db_script(db, file, bk_buf_cstr(&sql), err);
}

static enum bk_rc record(struct bk_db *db, const char *schema, const struct migration *m,
			 struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", schema};
	char version[24];
	const char *params[] = {version, m->name, m->checksum, m->min_program};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_sql_fill_file(&sql, "migration_record", &var, 1, err);
	struct bk_stmt stmts[] = {{"migration_record", bk_buf_cstr(&sql), params, 4, BK_NO_ROWS},
				  BK_COMMIT};

	(void)snprintf(version, sizeof(version), "%" PRId64, m->version);
	return rc ? rc : bk_db_run(db, stmts, 2, NULL, err);
}

static enum bk_rc apply_one(struct bk_db *db, const char *schema, const struct migration *m,
			    struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf file = BK_BUF_INIT;
	enum bk_rc rc;

	bk_buf_fmt(&file, "schema/%s", m->name);
	rc = begin_locked(db, schema, err);
	if (!rc)
		rc = script(db, schema, "schema_bootstrap", err);
	if (!rc)
		rc = script(db, schema, bk_buf_cstr(&file), err);
	if (!rc)
		rc = record(db, schema, m, err);
	return rc ? bk_error_prefix(err, "migration %s", m->name) : BK_OK;
}

/* Two hosts may migrate at once: who waited for the lock finds the first
   one's table (42P07), column (42701) or row (23505) there, and looks again. */
static bool somebody_else_did(const struct bk_error *err)
{
	return strcmp(err->sqlstate, "42P07") == 0 || strcmp(err->sqlstate, "42701") == 0 ||
	       strcmp(err->sqlstate, "23505") == 0;
}

static enum bk_rc apply_pending(struct bk_db *db, const char *schema, const struct migrations *all,
				struct bk_migrate_report *ret, struct bk_error *err)
{
	enum bk_rc rc;

	if ((rc = look(db, schema, all, ret, err)))
		return rc;
	while (ret->pending.count) {
		BK_CLEAN(bk_free_str) char *name = bk_strdup(ret->pending.items[0]);
		struct bk_error why;
		enum bk_rc failed = apply_one(db, schema, find(all, strtol(name, NULL, 10)), &why);

		if (!failed)
			bk_texts_add(&ret->applied, name);
		if (failed && (!somebody_else_did(&why) || bk_db_lost(db))) {
			*err = why;
			return failed;
		}
		if ((rc = look(db, schema, all, ret, err)))
			return rc;
		/* Its objects are there and yet it is not noted: somebody broke the notes. */
		if (ret->pending.count && strcmp(ret->pending.items[0], name) == 0) {
			*err = why;
			err->rc = BK_E_SCHEMA;
			return err->rc;
		}
	}
	return BK_OK;
}

enum bk_rc bk_migrate_apply(struct bk_db *db, const struct bk_conf *conf,
			    const struct bk_migrate_options *options, struct bk_migrate_report *ret,
			    struct bk_error *err)
{
	const char *schema = bk_conf_str(conf, "schema");
	BK_CLEAN(clear_migrations) struct migrations all = {NULL, 0};
	enum bk_rc rc;

	if ((rc = load_migrations(db, &all, err)))
		return rc;
	if (options->reference_bookings && (rc = bk_setup_check_reference(db, err)))
		return rc;
	if ((rc = apply_pending(db, schema, &all, ret, err)))
		return rc;
	if ((rc = bk_setup_jobs(db, conf, err)))
		return rc;
	if (options->reference_bookings && (rc = bk_setup_reference(db, options->sample, ret, err)))
		return rc;
	if ((rc = bk_setup_roles(db, conf, ret, err)))
		return rc;
	if (!ret->applied.count && !ret->bookings_created)
		return BK_OK;
	return bk_setup_record(db, schema, options, ret, err);
}
