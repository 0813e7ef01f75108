/*
 * The SQL files of sql/, embedded at build time (see the Makefile).
 */
#ifndef BK_DB_SQLFILE_H
#define BK_DB_SQLFILE_H

#include <stddef.h>

struct bk_sql_file {
	const char *name;          /* path below sql/ without ".sql" */
	const unsigned char *text; /* NUL-terminated at text[len] */
	size_t len;
};

/* Sorted by name. */
extern const struct bk_sql_file bk_sql_files[];
extern const size_t bk_sql_files_count;

/* The text from behind the comments at its head, which are for people. */
const char *bk_sql_skip_head(const char *text);

/* The text of the file of that name without its head. A name that does not
   exist is a bug and aborts; a test walks over all names in use. */
const char *bk_sql_text(const char *name);

#endif
