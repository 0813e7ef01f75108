/*
 * The connection for a child process: an environment in which libpq's own programs
 * find the very server, database and user of this connection, password included,
 * which a command line would show to every user of the host.
 */
#include "db/handover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/internal.h"

extern char **environ;

static void add(struct bk_environment *env, char *item)
{
	env->items = bk_realloc(env->items, env->count + 2, sizeof(*env->items));
	env->items[env->count++] = item;
	env->items[env->count] = NULL;
}

void bk_environment_clear(struct bk_environment *env)
{
	for (size_t i = 0; i < env->count; i++)
		free(env->items[i]);
	free(env->items);
	*env = (struct bk_environment){NULL, 0};
}

static bool sets(const char *item, const char *name)
{
	size_t len = strlen(name);

	return strncmp(item, name, len) == 0 && item[len] == '=';
}

/* What says where and how to connect is replaced as a whole: a service would beat the
   variables. Messages are read by their words, so they are to be in English. */
static bool replaced(const char *item, const PQconninfoOption *options)
{
	static const char *const names[] = {"PGSERVICE", "PGSERVICEFILE", "LC_ALL", "LANGUAGE"};

	for (size_t i = 0; i < BK_COUNT(names); i++)
		if (sets(item, names[i]))
			return true;
	for (; options->keyword; options++)
		if (options->envvar && sets(item, options->envvar))
			return true;
	return false;
}

/* Of several hosts the one that this connection has. The server's own encoding is to
   stay in a dump. */
static const char *value_of(const struct bk_db *db, const PQconninfoOption *o)
{
	const char *word = o->keyword;

	if (strcmp(word, "host") == 0)
		return PQhost(db->conn);
	if (strcmp(word, "hostaddr") == 0)
		return o->val && *o->val ? PQhostaddr(db->conn) : NULL;
	if (strcmp(word, "port") == 0)
		return PQport(db->conn);
	if (strcmp(word, "dbname") == 0)
		return PQdb(db->conn);
	if (strcmp(word, "user") == 0)
		return PQuser(db->conn);
	if (strcmp(word, "client_encoding") == 0)
		return NULL;
	return o->val;
}

enum bk_rc bk_db_environment(const struct bk_db *db, struct bk_environment *ret,
			     struct bk_error *err)
{
	PQconninfoOption *options = PQconninfo(db->conn);

	if (!options)
		return bk_error_set(err, BK_E_UNAVAILABLE, "the connection is lost");
	for (char **item = environ; *item; item++)
		if (!replaced(*item, options))
			add(ret, bk_strdup(*item));
	add(ret, bk_strdup("LC_ALL=C"));
	for (const PQconninfoOption *o = options; o->keyword; o++) {
		const char *value = o->envvar ? value_of(db, o) : NULL;

		if (value && *value)
			add(ret, bk_asprintf("%s=%s", o->envvar, value));
	}
	PQconninfoFree(options);
	return BK_OK;
}
