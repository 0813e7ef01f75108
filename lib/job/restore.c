/*
 * Bringing a backup back; see backup.h. pg_restore writes the SQL of the file, psql runs
 * it, and what passes between them is put into one transaction here, together with what
 * makes the schema safe: no tick can see it before that. COMMIT is sent only after
 * pg_restore has ended well; psql without it, whoever dies, is a rollback.
 */
#include "job/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/jobs.h"
#include "db/schema.h"
#include "db/sqltext.h"
#include "db/tx.h"
#include "job/dump.h"

enum { BLOCK = 65536 };

static const struct bk_tx_limits look_limits = {10000, 2000, false, NULL};

struct restore {
	const struct bk_control *control;
	const char *path;
	struct bk_dump_tools tools;
	struct bk_dump_place place;
	struct bk_dump dump;
	bool has_sum; /* beside the file, and it is the file's */
	int64_t started_ms;
};

static void clear_restore(struct restore *r)
{
	bk_dump_tools_clear(&r->tools);
	bk_dump_place_clear(&r->place);
	bk_dump_clear(&r->dump);
}

void bk_restored_clear(struct bk_restored *restored)
{
	free(restored->server_version);
	bk_free_str(&restored->recorded.execution_id);
}

/* A backup is code that runs with the owner's rights, as the configuration is. */
static enum bk_rc open_file(const char *path, int *ret, struct bk_error *err)
{
	BK_CLEAN(bk_close_fd) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	struct stat st;
	const char *why = NULL;

	bk_quote(&shown, path);
	if (fd < 0 || fstat(fd, &st))
		return bk_error_set(err, BK_E_IO, "cannot open %s: %s", bk_buf_cstr(&shown),
				    strerror(errno));
	if (!S_ISREG(st.st_mode))
		why = "is no plain file";
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		why = "may be written by others, and a backup is code";
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		why = "belongs to another user, and a backup is code";
	if (why)
		return bk_error_set(err, BK_E_IO, "%s %s", bk_buf_cstr(&shown), why);
	*ret = fd;
	fd = -1; /* handed over */
	return BK_OK;
}

static enum bk_rc check_place(const struct restore *r, struct bk_error *err)
{
	if (r->place.standby)
		return bk_error_set(err, BK_E_STANDBY, "the server is a read-only standby");
	if (!r->place.relations)
		return BK_OK;
	bk_error_set(err, BK_E_REFUSED, "schema %s is not empty, nothing was changed",
		     r->tools.schema);
	return bk_error_hint(err, "a backup goes into a database without it; ALTER SCHEMA ... "
				  "RENAME TO sets the one that is there aside");
}

static enum bk_rc check_dump(const struct restore *r, struct bk_error *err)
{
	const struct bk_schema_state state = {
		.schema = r->tools.schema,
		.version = r->dump.version,
		.min_program = r->dump.min_program,
		.program = BK_VERSION,
	};
	const char *from = r->dump.server_shown ? r->dump.server_shown : "0";
	enum bk_rc rc;

	if (strtol(from, NULL, 10) > r->place.server_version / 10000)
		return bk_error_set(err, BK_E_REFUSED,
				    "the backup is of PostgreSQL %s, and this server is older (%s)",
				    from, r->place.server_shown);
	rc = bk_schema_check(&state, err);
	return rc ? rc : bk_dump_check_whole(&r->tools, &r->dump, err);
}

static void add_literal(struct bk_buf *out, const char *text)
{
	bk_buf_str(out, out->len && out->data[out->len - 1] != '(' ? ", " : "");
	bk_sql_literal(out, text);
}

/* The statement that records any command, by the text protocol of psql. */
static enum bk_rc add_record(const struct restore *r, struct bk_buf *out, struct bk_error *err)
{
	const struct bk_control *c = r->control;
	const struct bk_sql_var var = {"bk", r->tools.schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *description = NULL;
	int64_t elapsed = c->clock.mono_ms(c->clock.self) - r->started_ms;
	enum bk_rc rc;

	bk_quote(&shown, r->path);
	description = bk_asprintf("restore from %s", bk_buf_cstr(&shown));
	bk_buf_str(out, "\nPREPARE bk_record AS\n");
	if ((rc = bk_sql_fill_file(out, "command_record", &var, 1, err)))
		return rc;
	bk_buf_str(out, ";\nEXECUTE bk_record (");
	add_literal(out, c->run_id);
	add_literal(out, "restore");
	add_literal(out, description);
	bk_buf_fmt(out, ", 1, %" PRId64, elapsed);
	add_literal(out, c->os_user);
	add_literal(out, c->instance);
	bk_buf_fmt(out, ", %ld", (long)getpid());
	add_literal(out, BK_VERSION);
	bk_buf_str(out, ");\n");
	return BK_OK;
}

static void add_jobs(const struct bk_conf *conf, struct bk_buf *out)
{
	size_t count = bk_conf_job_count(conf);
	const char **names = bk_calloc(count + 1, sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] = bk_conf_job_at(conf, i)->name;
	bk_db_text_array(out, names, count);
	free(names);
}

/* What follows the restored rows, up to the COMMIT. */
static enum bk_rc write_end(const struct restore *r, struct bk_buf *out, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf jobs = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *reason = NULL;
	BK_CLEAN(bk_free_str) char *closer = NULL;
	enum bk_rc rc;

	bk_quote(&shown, r->path);
	add_jobs(r->control->conf, &jobs);
	reason = bk_asprintf("restored from %s", bk_buf_cstr(&shown));
	closer = bk_asprintf("%s pid %ld", r->control->instance, (long)getpid());
	const struct bk_sql_var vars[] = {{"bk", r->tools.schema},
					  {"reason", reason},
					  {"closer", closer},
					  {"jobs", bk_buf_cstr(&jobs)},
					  {"os_user", r->control->os_user},
					  {"instance", r->control->instance}};

	bk_buf_char(out, '\n');
	if ((rc = bk_sql_fill_file(out, "restore_safe", vars, BK_COUNT(vars), err)))
		return rc;
	if (r->dump.has_readers &&
	    (rc = bk_sql_fill_file(out, "restore_readers", vars, BK_COUNT(vars), err)))
		return rc;
	if ((rc = bk_sql_fill_file(out, "restore_events", vars, 1, err)) ||
	    (rc = add_record(r, out, err)))
		return rc;
	bk_buf_str(out, "COMMIT;\n");
	return BK_OK;
}

static void blank(char *block, size_t len, const char *line)
{
	const size_t n = strlen(line);

	for (size_t i = 0; i + n <= len; i++)
		if (memcmp(block + i, line, n) == 0) {
			memset(block + i + 1, ' ', n - 1);
			return;
		}
}

/* Of the settings in the head of the script: PostgreSQL 17's programs set what older
   servers do not know, and a warning would stand in front of the error that is told. */
static void blank_settings(const struct restore *r, char *block, size_t len)
{
	if (r->place.server_version < 170000)
		blank(block, len, "\nSET transaction_timeout = 0;");
	blank(block, len, "\nSET client_min_messages = warning;");
}

struct pipes {
	int from; /* what pg_restore writes */
	int to;   /* what psql reads */
};

static void close_pipes(struct pipes *p)
{
	bk_close_fd(&p->from);
	bk_close_fd(&p->to);
}

static enum bk_rc start_source(const struct restore *r, int fd, struct bk_child *ret, int *ret_from,
			       struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *only = bk_asprintf("--schema=%s", r->tools.schema);
	const char *const argv[] = {"pg_restore",
				    "--file=-",
				    only,
				    "--no-owner",
				    "--no-privileges",
				    "--no-tablespaces",
				    "--no-publications",
				    "--no-subscriptions",
				    "--no-security-labels",
				    NULL};
	int ends[2];
	enum bk_rc rc;

	if ((rc = bk_dump_rewind(fd, err)) || (rc = bk_pipe(ends, err)))
		return rc;
	*ret_from = ends[0];
	rc = bk_child_start(&(const struct bk_child_spec){argv,
							  (const char *const *)r->tools.env.items,
							  fd, ends[1]},
			    ret, err);
	(void)close(ends[1]);
	return rc;
}

static enum bk_rc start_sink(const struct restore *r, struct bk_child *ret, int *ret_to,
			     struct bk_error *err)
{
	/* The file "-" makes psql say where in it an error is, and with its code. */
	static const char *const argv[] = {
		"psql", "--no-psqlrc", "--quiet", "-w", "-vON_ERROR_STOP=1", "-vVERBOSITY=verbose",
		"-f",   "-",           NULL};
	int ends[2];
	enum bk_rc rc;

	if ((rc = bk_pipe(ends, err)))
		return rc;
	*ret_to = ends[1];
	rc = bk_child_start(&(const struct bk_child_spec){argv,
							  (const char *const *)r->tools.env.items,
							  ends[0], -1},
			    ret, err);
	(void)close(ends[0]);
	return rc;
}

/* The rows of the file, once pg_restore has ended well. */
static enum bk_rc copy(const struct restore *r, struct bk_child *source, struct bk_child *sink,
		       const struct pipes *p, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *block = bk_calloc(BLOCK, 1);
	bool at_head = true;
	size_t n = 1;
	enum bk_rc rc = BK_OK;

	while (!rc && n) {
		rc = bk_child_read(source, p->from, block, BLOCK, &n, r->tools.stop, err);
		if (!rc && at_head)
			blank_settings(r, block, n);
		at_head = false;
		if (!rc)
			rc = bk_child_feed(sink, p->to, block, n, r->tools.stop, err);
	}
	return rc ? rc : bk_child_wait(source, r->tools.stop, err);
}

static enum bk_rc feed(const struct restore *r, struct bk_child *sink, int to,
		       const struct bk_buf *text, struct bk_error *err)
{
	if (text->broken)
		return bk_error_set(err, BK_E_INTERNAL, "the end of the restore is too large");
	return bk_child_feed(sink, to, bk_buf_cstr(text), text->len, r->tools.stop, err);
}

/* What precedes the rows: with the lock of migrations, for two that are at it at once. */
static enum bk_rc write_head(const struct restore *r, struct bk_buf *out, struct bk_error *err)
{
	enum bk_rc rc;

	bk_buf_str(out, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;\n"
			"SET LOCAL client_min_messages = error;\n"
			"SET LOCAL lock_timeout = '10s';\n"
			"PREPARE bk_lock AS\n");
	if ((rc = bk_sql_fill_file(out, "migration_lock", NULL, 0, err)))
		return rc;
	bk_buf_str(out, ";\nEXECUTE bk_lock (");
	add_literal(out, r->tools.schema);
	bk_buf_str(out, ");\nCREATE SCHEMA IF NOT EXISTS ");
	bk_sql_ident(out, r->tools.schema);
	bk_buf_str(out, ";\n");
	return BK_OK;
}

static enum bk_rc run(const struct restore *r, int fd, bool *ret_sent, struct bk_error *err)
{
	BK_CLEAN(bk_child_end) struct bk_child source = {.pid = 0};
	BK_CLEAN(bk_child_end) struct bk_child sink = {.pid = 0};
	BK_CLEAN(close_pipes) struct pipes p = {-1, -1};
	BK_CLEAN(bk_buf_clear) struct bk_buf head = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf end = BK_BUF_INIT;
	enum bk_rc rc;

	if ((rc = write_head(r, &head, err)) || (rc = start_source(r, fd, &source, &p.from, err)) ||
	    (rc = start_sink(r, &sink, &p.to, err)) || (rc = feed(r, &sink, p.to, &head, err)) ||
	    (rc = copy(r, &source, &sink, &p, err)) || (rc = write_end(r, &end, err)))
		return rc;
	*ret_sent = true;
	if ((rc = feed(r, &sink, p.to, &end, err)))
		return rc;
	bk_close_fd(&p.to);
	return bk_child_wait(&sink, r->tools.stop, err);
}

struct result {
	char *id;
	int64_t closed, paused;
};

static const struct bk_field result_fields[] = {
	{"id", BK_FIELD_TEXT, offsetof(struct result, id)},
	{"closed", BK_FIELD_INT, offsetof(struct result, closed)},
	{"paused", BK_FIELD_INT, offsetof(struct result, paused)},
};

/* Whether the transaction is there, and what it did; *ret->id NULL = it is not. */
static enum bk_rc look_for(struct bk_db *db, const struct restore *r, struct result *ret,
			   struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", r->tools.schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = bk_sql_fill_file(&sql, "restore_result", &var, 1, err);
	const struct bk_stmt stmt = {"restore_result", bk_buf_cstr(&sql), &r->control->run_id, 1,
				     BK_MAYBE_ROW};

	if (!rc)
		rc = bk_tx_one(db, BK_TX_READ, &look_limits, &stmt, &rows, err);
	if (rc || !bk_rows_count(rows))
		return rc;
	return bk_rows_read(rows, 0, result_fields, BK_COUNT(result_fields), ret, err);
}

/* Somebody else made the schema while this one waited for the lock. */
static bool was_overtaken(struct bk_db *db, struct restore *r, const struct bk_error *err)
{
	static const char *const present[] = {"42P07", "42710", "42723"};
	struct bk_error ignored;
	size_t i = 0;

	while (i < BK_COUNT(present) && strcmp(err->sqlstate, present[i]) != 0)
		i++;
	if (i == BK_COUNT(present) || bk_db_lost(db))
		return false;
	bk_dump_place_clear(&r->place);
	return !bk_dump_look(db, r->tools.schema, &r->place, &ignored) && r->place.relations;
}

/* The classes of what a text or a row is itself the cause of. A file that has its checksum
   is as it was made, so it is something else then. */
static bool may_be_damage(const struct restore *r, const struct bk_error *err)
{
	static const char *const classes[] = {"22", "23", "42"};

	for (size_t i = 0; !r->has_sum && i < BK_COUNT(classes); i++)
		if (strncmp(err->sqlstate, classes[i], 2) == 0)
			return err->rc != BK_E_PERMISSION;
	return false;
}

static enum bk_rc failed(struct bk_db *db, struct restore *r, struct bk_error *err)
{
	enum bk_rc rc = bk_dump_failed(err);

	if (was_overtaken(db, r, err))
		return check_place(r, err);
	if (!may_be_damage(r, err))
		return rc;
	bk_error_prefix(err, "the file is damaged");
	return err->rc = BK_E_IO;
}

/* psql may have died, or have been ended, with the COMMIT on its way. */
static enum bk_rc resolve(struct bk_db *db, struct restore *r, bool sent, enum bk_rc rc,
			  struct bk_restored *ret, struct bk_error *err)
{
	struct result found = {.id = NULL};
	struct bk_error why;
	enum bk_rc looked;

	if (rc && !sent)
		return failed(db, r, err);
	bk_db_hold_interrupts(db, true); /* what became of it has to be known */
	looked = look_for(db, r, &found, rc ? &why : err);
	bk_db_hold_interrupts(db, false);
	/* Who may not look into the schema has put nothing into it. */
	if (rc && !found.id && (!looked || looked == BK_E_SCHEMA || looked == BK_E_PERMISSION))
		return failed(db, r, err);
	if (looked)
		return rc ? bk_error_set(err, BK_E_UNKNOWN, "%s", why.message) : looked;
	if (!found.id)
		return bk_error_set(err, BK_E_INTERNAL, "psql ended well and restored nothing");
	ret->closed_count = found.closed;
	ret->paused_count = found.paused;
	ret->recorded = (struct bk_recorded){found.id, 1};
	return BK_OK;
}

static enum bk_rc prepare(struct bk_db *db, struct restore *r, int fd, bk_stop stop,
			  struct bk_error *err)
{
	const char *schema = bk_conf_str(r->control->conf, "schema");
	enum bk_rc rc;

	if ((rc = bk_dump_tools_init(&r->tools, db, schema, stop, err)) ||
	    (rc = bk_dump_look(db, schema, &r->place, err)) || (rc = check_place(r, err)) ||
	    (rc = bk_dump_check_program(&r->tools, "pg_restore", &r->place, err)) ||
	    (rc = bk_dump_check_program(&r->tools, "psql", &r->place, err)) ||
	    (rc = bk_dump_read(&r->tools, fd, &r->dump, err)))
		return rc;
	return check_dump(r, err);
}

enum bk_rc bk_backup_restore(struct bk_db *db, const struct bk_control *control, const char *path,
			     bk_stop stop, struct bk_restored *ret, struct bk_error *err)
{
	BK_CLEAN(clear_restore)
	struct restore r = {.control = control,
			    .path = path,
			    .started_ms = control->clock.mono_ms(control->clock.self)};
	BK_CLEAN(bk_close_fd) int fd = -1;
	bool sent = false;
	enum bk_rc rc;

	if ((rc = open_file(path, &fd, err)) ||
	    (rc = bk_dump_check_sum(path, fd, &r.has_sum, err)) ||
	    (rc = prepare(db, &r, fd, stop, err)))
		return rc;
	rc = run(&r, fd, &sent, err);
	if ((rc = resolve(db, &r, sent, rc, ret, err)))
		return rc;
	ret->file = path;
	ret->checksum_verified = r.has_sum;
	ret->from_version = ret->version = r.dump.version;
	ret->server_version = BK_TAKE(r.dump.server_shown);
	return BK_OK;
}
