/*
 * The connection of a child process of PostgreSQL's own (pg_dump, psql): the same
 * server, database, user and password as this one's.
 */
#ifndef BK_DB_HANDOVER_H
#define BK_DB_HANDOVER_H

#include <stddef.h>

#include "db/db.h"

/* "NAME=value", NULL behind the last; clear it. */
struct bk_environment {
	char **items;
	size_t count;
};

void bk_environment_clear(struct bk_environment *env);

/* The environment of this process with PGHOST, PGPASSWORD and so on as the connection has
   them, and messages in English. What has no variable (the password of a client
   certificate's key, TCP settings) does not go along. */
enum bk_rc bk_db_environment(const struct bk_db *db, struct bk_environment *ret,
			     struct bk_error *err) BK_NODISCARD;

#endif
