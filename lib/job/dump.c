/*
 * PostgreSQL's dump programs and their files; see dump.h. What a file holds is asked
 * of pg_restore, which knows every version of the format.
 */
#include "job/dump.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"
#include "db/schema.h"
#include "db/sqlfile.h"
#include "db/tx.h"

#define PER_MAJOR 10000 /* of server_version_num, since PostgreSQL 10 */

static const struct bk_tx_limits look_limits = {10000, 2000, false, NULL};

static const struct bk_field place_fields[] = {
	{"server_version", BK_FIELD_INT, offsetof(struct bk_dump_place, server_version)},
	{"server_shown", BK_FIELD_TEXT, offsetof(struct bk_dump_place, server_shown)},
	{"standby", BK_FIELD_BOOL, offsetof(struct bk_dump_place, standby)},
	{"present", BK_FIELD_BOOL, offsetof(struct bk_dump_place, present)},
	{"relations", BK_FIELD_INT, offsetof(struct bk_dump_place, relations)},
	{"tables", BK_FIELD_INT, offsetof(struct bk_dump_place, tables)},
};

void bk_dump_place_clear(struct bk_dump_place *place)
{
	bk_fields_clear(place_fields, BK_COUNT(place_fields), place);
}

enum bk_rc bk_dump_look(struct bk_db *db, const char *schema, struct bk_dump_place *ret,
			struct bk_error *err)
{
	const struct bk_stmt stmt = {"dump_look", bk_sql_text("dump_look"), &schema, 1, BK_ONE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	if ((rc = bk_tx_one(db, BK_TX_READ, &look_limits, &stmt, &rows, err)))
		return rc;
	return bk_rows_read(rows, 0, place_fields, BK_COUNT(place_fields), ret, err);
}

void bk_dump_tools_clear(struct bk_dump_tools *tools)
{
	bk_environment_clear(&tools->env);
}

enum bk_rc bk_dump_tools_init(struct bk_dump_tools *tools, struct bk_db *db, const char *schema,
			      bk_stop stop, struct bk_error *err)
{
	tools->schema = schema;
	tools->stop = stop;
	return bk_db_environment(db, &tools->env, err);
}

static enum bk_rc hint_install(struct bk_error *err)
{
	return bk_error_hint(err, "install PostgreSQL's client programs, of the server's version "
				  "or newer, and let PATH name them");
}

/* "pg_dump (PostgreSQL) 15.16 (Debian ...)" */
enum bk_rc bk_dump_check_program(const struct bk_dump_tools *tools, const char *name,
				 const struct bk_dump_place *place, struct bk_error *err)
{
	const char *const argv[] = {name, "--version", NULL};
	const struct bk_child_spec spec = {argv, (const char *const *)tools->env.items, -1, -1};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	const char *found;
	int64_t major;
	enum bk_rc rc = bk_child_run(&spec, &out, tools->stop, err);

	if (rc == BK_E_CONFIG)
		return hint_install(err);
	if (rc)
		return rc;
	found = strstr(bk_buf_cstr(&out), ") ");
	major = found ? strtol(found + 2, NULL, 10) : 0;
	if (major >= place->server_version / PER_MAJOR)
		return BK_OK;
	bk_error_set(err, BK_E_CONFIG,
		     "%s in PATH is of PostgreSQL %.*s, which is older than the server (%s)", name,
		     found ? (int)strcspn(found + 2, " \n") : 0, found ? found + 2 : "",
		     place->server_shown);
	return hint_install(err);
}

/* "psql: 42501: permission denied", as its verbose messages have it. */
static bool take_sqlstate(struct bk_error *err)
{
	static const char head[] = "psql: ";
	const size_t len = sizeof(err->sqlstate) - 1;
	const char *code = err->message + sizeof(head) - 1;

	if (strncmp(err->message, head, sizeof(head) - 1) != 0 || strlen(code) < len + 2 ||
	    strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != len || code[len] != ':')
		return false;
	memcpy(err->sqlstate, code, len);
	err->sqlstate[len] = '\0';
	memmove(err->message + sizeof(head) - 1, code + len + 2, strlen(code + len + 2) + 1);
	err->rc = bk_sqlstate_rc(err->sqlstate);
	return true;
}

enum bk_rc bk_dump_failed(struct bk_error *err)
{
	static const struct {
		const char *words;
		enum bk_rc rc;
	} kinds[] = {
		{"permission denied", BK_E_PERMISSION},
		{"server version mismatch", BK_E_CONFIG},
		{"No space left on device", BK_E_IO},
		{"could not write", BK_E_IO},
		{"File too large", BK_E_IO},
		{"connection to server", BK_E_UNAVAILABLE},
		{"server closed the connection", BK_E_UNAVAILABLE},
		{"terminating connection", BK_E_UNAVAILABLE},
		{"no password supplied", BK_E_LOGIN},
	};

	if (err->rc == BK_E_RUN && take_sqlstate(err))
		return err->rc;
	for (size_t i = 0; err->rc == BK_E_RUN && i < BK_COUNT(kinds); i++)
		if (strstr(err->message, kinds[i].words))
			err->rc = kinds[i].rc;
	return err->rc;
}

enum bk_rc bk_dump_rewind(int fd, struct bk_error *err)
{
	if (lseek(fd, 0, SEEK_SET) == 0)
		return BK_OK;
	return bk_error_set(err, BK_E_IO, "the backup is no plain file: %s", strerror(errno));
}

void bk_dump_clear(struct bk_dump *dump)
{
	free(dump->server_shown);
	free(dump->min_program);
	free(dump->list);
	*dump = (struct bk_dump){.version = 0};
}

/* pg_restore with these further arguments, from the beginning of the file. */
static enum bk_rc ask(const struct bk_dump_tools *tools, int fd, const char *const *more,
		      struct bk_buf *out, struct bk_error *err)
{
	enum { MOST = 4 };
	const char *argv[MOST + 2] = {"pg_restore"};
	const struct bk_child_spec spec = {argv, (const char *const *)tools->env.items, fd, -1};
	enum bk_rc rc;

	for (size_t i = 0; i < MOST && more[i]; i++)
		argv[i + 1] = more[i];
	if ((rc = bk_dump_rewind(fd, err)))
		return rc;
	rc = bk_child_run(&spec, out, tools->stop, err);
	if (rc == BK_E_CONFIG)
		return hint_install(err);
	if (rc == BK_E_RUN)
		return err->rc = BK_E_IO;
	return rc;
}

/* The text behind `label` to the end of its line; NULL = there is none. */
static char *value_behind(const char *text, const char *label)
{
	const char *found = strstr(text, label);

	if (!found)
		return NULL;
	found += strlen(label);
	return bk_strndup(found, strcspn(found, " \n"));
}

static int64_t count_lines(const char *text, const char *words)
{
	int64_t n = 0;

	for (const char *p = text; (p = strstr(p, words)); p += strlen(words))
		n++;
	return n;
}

/* Which one it is, by the comments of the script, where the owner has a label of his own:
   "-- Name: other; Type: SCHEMA; Schema: -; Owner: postgres". */
static enum bk_rc other_schema(const struct bk_dump_tools *tools, int fd, struct bk_error *err)
{
	static const char head[] = "\n-- Name: ";
	static const char mark[] = "; Type: SCHEMA; Schema: -; Owner: ";
	const char *const args[] = {"--section=pre-data", "--file=-", NULL};
	BK_CLEAN(bk_buf_clear) struct bk_buf script = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf name = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf owner = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *text = NULL;
	const char *found;
	const char *begin;
	enum bk_rc rc;

	if ((rc = ask(tools, fd, args, &script, err)))
		return rc;
	bk_error_set(err, BK_E_REFUSED, "the file is no backup of a schema %s of bk's",
		     tools->schema);
	begin = found = strstr(bk_buf_cstr(&script), mark);
	while (begin && begin > script.data && strncmp(begin, head, sizeof(head) - 1) != 0)
		begin--;
	if (!begin || begin == script.data)
		return err->rc;
	begin += sizeof(head) - 1;
	text = bk_strndup(begin, (size_t)(found - begin));
	bk_quote(&name, text);
	free(text);
	found += sizeof(mark) - 1;
	text = bk_strndup(found, strcspn(found, "\n"));
	bk_quote(&owner, text);
	return bk_error_hint(err,
			     "it holds the schema %s, owned by %s; a backup goes back into a "
			     "schema of its own name: see the setting schema",
			     bk_buf_cstr(&name), bk_buf_cstr(&owner));
}

static enum bk_rc read_list(const struct bk_dump_tools *tools, int fd, struct bk_dump *ret,
			    struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *only = bk_asprintf("--schema=%s", tools->schema);
	const char *const args[] = {"--list", only, NULL};
	BK_CLEAN(bk_buf_clear) struct bk_buf list = BK_BUF_INIT;
	const char *text;
	enum bk_rc rc;

	if ((rc = ask(tools, fd, args, &list, err)))
		return rc;
	text = bk_buf_cstr(&list);
	if (!strstr(text, " schema_migrations "))
		return other_schema(tools, fd, err);
	ret->server_shown = value_behind(text, "Dumped from database version: ");
	ret->tables = count_lines(text, " TABLE DATA ");
	ret->has_readers = strstr(text, " event_consumers ") != NULL;
	ret->list = bk_buf_take(&list);
	return BK_OK;
}

/* A line of COPY: version, name, checksum, min_program, ... with tabs between. */
static void read_migration(const char *line, struct bk_dump *ret)
{
	enum { COLUMN = 3 };
	char *end = NULL;
	int64_t version = strtol(line, &end, 10);
	const char *p = line;
	BK_CLEAN(bk_free_str) char *min_program = NULL;

	for (int i = 0; p && i < COLUMN; i++) {
		p = strchr(p, '\t');
		p = p ? p + 1 : NULL;
	}
	if (!p || end == line || *end != '\t')
		return;
	min_program = bk_strndup(p, strcspn(p, "\t\n"));
	if (version > ret->version)
		ret->version = version;
	if (!ret->min_program || bk_version_compare(min_program, ret->min_program) > 0) {
		free(ret->min_program);
		ret->min_program = BK_TAKE(min_program);
	}
}

static enum bk_rc read_migrations(const struct bk_dump_tools *tools, int fd, struct bk_dump *ret,
				  struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *only = bk_asprintf("--schema=%s", tools->schema);
	const char *const args[] = {"--data-only", only, "--table=schema_migrations", "--file=-",
				    NULL};
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	const char *p;
	enum bk_rc rc;

	if ((rc = ask(tools, fd, args, &text, err)))
		return rc;
	p = strstr(bk_buf_cstr(&text), "\nCOPY ");
	p = p ? strchr(p + 1, '\n') : NULL;
	for (; p && strncmp(p, "\n\\.", 3) != 0; p = strchr(p + 1, '\n'))
		read_migration(p + 1, ret);
	if (ret->version)
		return BK_OK;
	return bk_error_set(err, BK_E_IO, "the file has no migrations of the schema %s",
			    tools->schema);
}

enum bk_rc bk_dump_read(const struct bk_dump_tools *tools, int fd, struct bk_dump *ret,
			struct bk_error *err)
{
	const char *const everything[] = {"--file=-", NULL};
	enum bk_rc rc;

	if ((rc = read_list(tools, fd, ret, err)) || (rc = read_migrations(tools, fd, ret, err)))
		return rc;
	return ask(tools, fd, everything, NULL, err);
}

/* "215; 1259 16385 TABLE bk settings postgres" */
static bool lists(const struct bk_dump_tools *tools, const struct bk_dump *dump, const char *kind,
		  const char *name)
{
	BK_CLEAN(bk_free_str)
	char *entry = bk_asprintf(" %s %s %s ", kind, tools->schema, name);

	return strstr(dump->list, entry) != NULL;
}

/* What the statements of that kind in a migration make. */
static enum bk_rc check_made(const struct bk_dump_tools *tools, const struct bk_dump *dump,
			     const char *migration, const char *kind, const char *rows,
			     struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *statement = bk_asprintf("\nCREATE %s :\"bk\".", kind);

	for (const char *p = migration; (p = strstr(p, statement));) {
		BK_CLEAN(bk_free_str) char *name = NULL;

		p += strlen(statement);
		name = bk_strndup(p, strcspn(p, " (\n"));
		if (!lists(tools, dump, kind, name) || (rows && !lists(tools, dump, rows, name))) {
			bk_error_set(err, BK_E_IO, "the file is no whole backup: %s is not in it",
				     name);
			return bk_error_hint(err,
					     "bkmaint backup makes one, or pg_dump -Fc -n %s "
					     "without further choice",
					     tools->schema);
		}
	}
	return BK_OK;
}

/* The migrations are the list of what there has to be: none takes a table away again, and
   a view that one drops it makes anew. */
enum bk_rc bk_dump_check_whole(const struct bk_dump_tools *tools, const struct bk_dump *dump,
			       struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < bk_sql_files_count && !rc; i++) {
		const struct bk_sql_file *file = &bk_sql_files[i];
		int64_t version = bk_schema_number(file->name);

		if (!version || version > dump->version)
			continue;
		rc = check_made(tools, dump, (const char *)file->text, "TABLE", "TABLE DATA", err);
		if (!rc)
			rc = check_made(tools, dump, (const char *)file->text, "VIEW", NULL, err);
	}
	return rc;
}
