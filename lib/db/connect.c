/*
 * Making a connection: who says which parameter, waiting for the server with
 * our own deadline (libpq's connect_timeout runs on the wall clock), and what a
 * failure means. libpq 15 gives no SQLSTATE for a failed connection, so the
 * attempt is made with verbose messages, which carry it in their text.
 */
#include "db/internal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"

enum { MAX_KEYWORDS = 64 };

struct keywords {
	const char *names[MAX_KEYWORDS + 1];
	char *values[MAX_KEYWORDS + 1];
	size_t count;
};

static void clear_keywords(struct keywords *k)
{
	for (size_t i = 0; i < k->count; i++)
		free(k->values[i]);
	k->count = 0;
}

static void put(struct keywords *k, const char *name, const char *value)
{
	for (size_t i = 0; i < k->count; i++) {
		if (strcmp(k->names[i], name) != 0)
			continue;
		free(k->values[i]);
		k->values[i] = bk_strdup(value);
		return;
	}
	BK_ASSERT(k->count < MAX_KEYWORDS);
	k->names[k->count] = name;
	k->values[k->count++] = bk_strdup(value);
	k->names[k->count] = NULL;
	k->values[k->count] = NULL;
}

static const char *get(const struct keywords *k, const char *name)
{
	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->names[i], name) == 0)
			return k->values[i];
	return NULL;
}

/* The static name of a libpq keyword, so that `names` needs no copies, and its
   environment variable. */
static const PQconninfoOption *keyword(const PQconninfoOption *defaults, const char *name)
{
	for (; defaults->keyword; defaults++)
		if (strcmp(defaults->keyword, name) == 0)
			return defaults;
	return NULL;
}

static bool is_conninfo(const char *text)
{
	return strchr(text, '=') || strncmp(text, "postgresql://", 13) == 0 ||
	       strncmp(text, "postgres://", 11) == 0;
}

struct source {
	const char *text;
	const char *origin;
	enum bk_rc malformed;
	bool from_file; /* PG* variables beat it, and it may hold a password */
};

/* Adds what a conninfo string or URI sets. The parser's own message may quote
   pieces of a password, so it is not shown. */
static enum bk_rc add_conninfo(struct keywords *k, const PQconninfoOption *defaults,
			       const struct source *source, struct bk_error *err)
{
	PQconninfoOption *options = PQconninfoParse(source->text, NULL);
	enum bk_rc rc = BK_OK;

	if (!options)
		return bk_error_set(err, source->malformed, "%s is no valid connection string",
				    source->origin);
	for (PQconninfoOption *o = options; o->keyword && !rc; o++) {
		const PQconninfoOption *known = keyword(defaults, o->keyword);
		const char *env = known && known->envvar ? getenv(known->envvar) : NULL;

		if (!o->val || !known)
			continue;
		if (!source->from_file && strcmp(o->keyword, "password") == 0) {
			rc = bk_error_set(
				err, BK_E_USAGE,
				"%s holds a password, which every user of this machine could read",
				source->origin);
			bk_error_hint(err, "keep it in ~/.pgpass or in a service file");
		} else if (!source->from_file || !env) {
			put(k, known->keyword, o->val);
		}
	}
	PQconninfoFree(options);
	return rc;
}

static void drop(struct keywords *k, const char *name)
{
	if (get(k, name))
		put(k, name, "");
}

/* A service names the server: then the file's own server must not mix in. */
static void drop_server(struct keywords *k)
{
	drop(k, "host");
	drop(k, "hostaddr");
	drop(k, "port");
	drop(k, "dbname");
	drop(k, "user");
}

static void add_ours(struct keywords *k, const struct bk_db_params *p)
{
	const char *host = get(k, "host");

	if (!host)
		host = getenv("PGHOST");
	put(k, "client_encoding", "UTF8");
	put(k, "application_name", p->application);
	if (!get(k, "gssencmode") && !getenv("PGGSSENCMODE"))
		put(k, "gssencmode", "disable");
	if (!get(k, "keepalives_idle"))
		put(k, "keepalives_idle", "5");
	if (!get(k, "keepalives_interval"))
		put(k, "keepalives_interval", "2");
	if (!get(k, "keepalives_count"))
		put(k, "keepalives_count", "3");
	if (!get(k, "tcp_user_timeout"))
		put(k, "tcp_user_timeout", "10000");
	/* With one host the transaction itself notices a standby and can say so. */
	if (!p->read_only && host && strchr(host, ',') && !get(k, "target_session_attrs") &&
	    !getenv("PGTARGETSESSIONATTRS"))
		put(k, "target_session_attrs", "read-write");
}

/* libpq would say so too, but as if the server were at fault. One port, or one
   for each host; an empty one is the default. */
static bool is_port_list(const char *text)
{
	enum { MOST = 65535, DIGITS = 5 };

	for (;; text++) {
		size_t len = strcspn(text, ",");
		char number[DIGITS + 1] = "";
		int64_t port = 1;

		if (len > DIGITS)
			return false;
		memcpy(number, text, len);
		if (len && (!bk_parse_u63(number, &port) || port < 1 || port > MOST))
			return false;
		text += len;
		if (!*text)
			return true;
	}
}

static enum bk_rc check_port(const struct keywords *k, const struct bk_db_params *p,
			     struct bk_error *err)
{
	const char *port = get(k, "port");
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	if (!port || is_port_list(port))
		return BK_OK;
	bk_quote(&shown, port);
	return bk_error_set(err, p->port || p->dbname ? BK_E_USAGE : BK_E_CONFIG,
			    "port: %s is no number from 1 to 65535", bk_buf_cstr(&shown));
}

static enum bk_rc build(struct keywords *k, const struct bk_db_params *p,
			const PQconninfoOption *defaults, struct bk_error *err)
{
	const struct source file = {p->conninfo, "setting database", BK_E_CONFIG, true};
	const struct source option = {p->dbname, "option --dbname", BK_E_USAGE, false};
	enum bk_rc rc;

	if (p->conninfo && (rc = add_conninfo(k, defaults, &file, err)))
		return rc;
	if (getenv("PGSERVICE"))
		drop_server(k);
	if (p->dbname && is_conninfo(p->dbname)) {
		if (strstr(p->dbname, "service="))
			drop_server(k);
		if ((rc = add_conninfo(k, defaults, &option, err)))
			return rc;
	} else if (p->dbname) {
		put(k, "dbname", p->dbname);
	}
	if (p->host)
		put(k, "host", p->host);
	if (p->port)
		put(k, "port", p->port);
	if (p->user)
		put(k, "user", p->user);
	add_ours(k, p);
	return check_port(k, p, err);
}

/* "FATAL:  28P01: ..." -> 28P01. Prefers a refused login over the rest, because
   with several hosts one may be down and another refuse. */
static void find_sqlstate(const char *message, char ret[6])
{
	ret[0] = '\0';
	for (const char *p = message; (p = strstr(p, ":  ")); p += 3) {
		if (strlen(p) < 9 || p[8] != ':' ||
		    strspn(p + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5)
			continue;
		if (!ret[0] || strncmp(p + 3, "28", 2) == 0) {
			memcpy(ret, p + 3, 5);
			ret[5] = '\0';
		}
	}
}

/* Takes the verbose decoration off: the SQLSTATE and the LOCATION line. */
static void plain_message(struct bk_buf *out, const char *message, const char *sqlstate)
{
	while (*message) {
		size_t len = strcspn(message, "\n");
		const char *code = sqlstate[0] ? strstr(message, sqlstate) : NULL;

		/* A line that begins with a tab is libpq's advice. */
		if (strncmp(message, "LOCATION:", 9) != 0 && len && *message != '\t') {
			if (out->len)
				bk_buf_str(out, "; ");
			if (code && code < message + len) {
				bk_buf_bytes(out, message, (size_t)(code - message));
				bk_buf_bytes(out, code + 7, len - (size_t)(code - message) - 7);
			} else {
				bk_buf_bytes(out, message, len);
			}
		}
		message += len + (message[len] == '\n');
	}
}

static enum bk_rc connect_error(PGconn *conn, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	const char *raw = PQerrorMessage(conn);
	char sqlstate[6];
	enum bk_rc rc = BK_E_UNAVAILABLE;

	find_sqlstate(raw, sqlstate);
	plain_message(&text, raw, sqlstate);
	if (strncmp(sqlstate, "28", 2) == 0 || PQconnectionNeedsPassword(conn))
		rc = BK_E_LOGIN;
	else if (strcmp(sqlstate, "42501") == 0)
		rc = BK_E_PERMISSION;
	else if (strstr(raw, "definition of service"))
		rc = BK_E_CONFIG;
	else if (!sqlstate[0] &&
		 (strstr(raw, "session is read-only") || strstr(raw, "hot standby")))
		rc = BK_E_STANDBY;
	bk_error_set(err, rc, "%s", text.len ? bk_buf_cstr(&text) : "connection failed");
	memcpy(err->sqlstate, sqlstate, sizeof(sqlstate));
	if (strstr(raw, "Is the server running"))
		bk_error_hint(err, "is the server running there, and accepting connections?");
	/* libpq names neither the reason nor the file. */
	if (strstr(raw, "certificate verify failed"))
		bk_error_hint(err, "is the server's certificate of the authority in sslrootcert, "
				   "and valid today?");
	if (rc == BK_E_LOGIN)
		bk_error_hint(err, "check user, pg_hba.conf, and the password in ~/.pgpass");
	return rc;
}

static enum bk_rc poll_connect(struct bk_db *db, struct bk_error *err)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	enum bk_rc rc;

	/* Until PQconnectPoll has made a socket there is nothing to wait for. */
	while (state != PGRES_POLLING_OK) {
		if (state == PGRES_POLLING_FAILED)
			return connect_error(db->conn, err);
		if ((rc = bk_db_wait(db, state == PGRES_POLLING_WRITING, err)))
			return rc;
		state = PQconnectPoll(db->conn);
	}
	return BK_OK;
}

static void on_notice(void *arg, const char *message)
{
	struct bk_db *db = arg;

	bk_db_first_line(db->notice, sizeof(db->notice), message);
}

const char *bk_db_user(const struct bk_db *db)
{
	const char *user = PQuser(db->conn); /* NULL for no connection */

	return user ? user : "";
}

static void set_target(struct bk_db *db)
{
	const char *host = PQhost(db->conn);

	(void)snprintf(db->target, sizeof(db->target), "host=%s port=%s dbname=%s user=%s",
		       host ? host : "", PQport(db->conn) ? PQport(db->conn) : "",
		       PQdb(db->conn) ? PQdb(db->conn) : "",
		       PQuser(db->conn) ? PQuser(db->conn) : "");
}

static enum bk_rc start(struct bk_db *db, const struct keywords *k, struct bk_error *err)
{
	enum bk_rc rc;

	db->conn = PQconnectStartParams(k->names, (const char *const *)k->values, 0);
	BK_ASSERT(db->conn);
	(void)PQsetErrorVerbosity(db->conn, PQERRORS_VERBOSE);
	(void)PQsetNoticeProcessor(db->conn, on_notice, db);
	if (PQstatus(db->conn) == CONNECTION_BAD)
		return connect_error(db->conn, err);
	if ((rc = poll_connect(db, err)))
		return rc;
	(void)PQsetErrorVerbosity(db->conn, PQERRORS_DEFAULT);
	set_target(db);
	if (PQsetnonblocking(db->conn, 1) || !PQenterPipelineMode(db->conn))
		return bk_error_set(err, BK_E_INTERNAL, "libpq refused pipeline mode");
	return BK_OK;
}

/* A database without an encoding refuses to send what is no UTF-8: one such text
   would end every answer that it is a part of. Its bytes come as they are, then, and
   what shows them spells them out. */
static enum bk_rc take_any_bytes(struct bk_db *db, struct bk_error *err)
{
	static const struct bk_stmt raw = {.name = "client_encoding",
					   .sql = "SET client_encoding = SQL_ASCII",
					   .shape = BK_NO_ROWS};
	const char *encoding = PQparameterStatus(db->conn, "server_encoding");

	return encoding && strcmp(encoding, "SQL_ASCII") == 0 ? bk_db_run(db, &raw, 1, NULL, err)
							      : BK_OK;
}

enum bk_rc bk_db_connect(const struct bk_db_params *params, struct bk_db **ret,
			 struct bk_error *err)
{
	PQconninfoOption *defaults = PQconndefaults();
	BK_CLEAN(bk_db_clean) struct bk_db *db = bk_calloc(1, sizeof(*db));
	BK_CLEAN(clear_keywords) struct keywords k = {.count = 0};
	enum bk_rc rc;

	db->clock = params->clock;
	db->interrupted = params->interrupted;
	db->held = params->hold_interrupts;
	bk_db_deadline(db, params->connect_timeout_ms);
	if (!defaults)
		return bk_error_set(err, BK_E_CONFIG,
				    "the connection service of PGSERVICE is not defined");
	rc = build(&k, params, defaults, err);
	if (!rc)
		rc = start(db, &k, err);
	PQconninfoFree(defaults);
	if (rc || (rc = take_any_bytes(db, err)))
		return rc;
	*ret = BK_TAKE(db);
	return BK_OK;
}

void bk_db_close(struct bk_db *db)
{
	if (!db)
		return;
	if (db->conn)
		PQfinish(db->conn);
	free(db);
}

void bk_db_clean(struct bk_db **db)
{
	bk_db_close(*db);
	*db = NULL;
}
