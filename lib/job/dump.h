/*
 * What backup and restore share: PostgreSQL's own programs as children on this
 * connection, and what a file of pg_dump's holds. For the files of this folder only.
 */
#ifndef BK_JOB_DUMP_H
#define BK_JOB_DUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/child.h"
#include "base/newfile.h"
#include "db/db.h"
#include "db/handover.h"

/* The server and the schema as they are. */
struct bk_dump_place {
	int64_t server_version; /* 150016 */
	char *server_shown;     /* "15.16" */
	bool standby;
	bool present;
	int64_t relations;
	int64_t tables;
};

void bk_dump_place_clear(struct bk_dump_place *place);

enum bk_rc bk_dump_look(struct bk_db *db, const char *schema, struct bk_dump_place *ret,
			struct bk_error *err) BK_NODISCARD;

/* What the programs need. */
struct bk_dump_tools {
	const char *schema;
	struct bk_environment env;
	bk_stop stop;
};

void bk_dump_tools_clear(struct bk_dump_tools *tools);

enum bk_rc bk_dump_tools_init(struct bk_dump_tools *tools, struct bk_db *db, const char *schema,
			      bk_stop stop, struct bk_error *err) BK_NODISCARD;

/* BK_E_CONFIG: the program is not there, or older than the server. */
enum bk_rc bk_dump_check_program(const struct bk_dump_tools *tools, const char *name,
				 const struct bk_dump_place *place,
				 struct bk_error *err) BK_NODISCARD;

/* Sets the rc of a failed program's error by what it said, and names what helps. */
enum bk_rc bk_dump_failed(struct bk_error *err);

/* What the file holds. */
struct bk_dump {
	char *server_shown; /* that it was made from */
	int64_t version;    /* of bk's schema in it */
	char *min_program;  /* the oldest that may run on it */
	int64_t tables;     /* whose rows are in it */
	bool has_readers;   /* event_consumers is one of them */
	char *list;         /* pg_restore's of what is in the schema */
};

void bk_dump_clear(struct bk_dump *dump);

/* Reads all of the file: BK_E_IO where it is damaged or no such file at all,
   BK_E_REFUSED when it holds another schema. */
enum bk_rc bk_dump_read(const struct bk_dump_tools *tools, int fd, struct bk_dump *ret,
			struct bk_error *err) BK_NODISCARD;

/* BK_E_IO unless each table and view that the migrations up to its version make is in it, and
   the rows of each table. */
enum bk_rc bk_dump_check_whole(const struct bk_dump_tools *tools, const struct bk_dump *dump,
			       struct bk_error *err) BK_NODISCARD;

/* The checksum beside the file: begun with it, so that both names are free, and committed
   after it. */
enum bk_rc bk_dump_begin_sum(struct bk_newfile *file, const char *path,
			     struct bk_error *err) BK_NODISCARD;
enum bk_rc bk_dump_commit_sum(struct bk_newfile *file, const char *path, const char *hex,
			      struct bk_error *err) BK_NODISCARD;

/* BK_E_IO when there is one and the file does not have it; *ret_there stays false where
   there is none. */
enum bk_rc bk_dump_check_sum(const char *path, int fd, bool *ret_there,
			     struct bk_error *err) BK_NODISCARD;

/* Starts a program at the beginning of the file. */
enum bk_rc bk_dump_rewind(int fd, struct bk_error *err) BK_NODISCARD;

#endif
