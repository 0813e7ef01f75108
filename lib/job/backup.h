/*
 * bk's own schema as a file of pg_dump's, and back. Both are recorded as MANUAL
 * executions. Nothing of the company's goes along.
 */
#ifndef BK_JOB_BACKUP_H
#define BK_JOB_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/child.h"
#include "job/control.h"

/* What a backup holds; the texts are for JSON and for people. */
struct bk_backup {
	const char *file; /* the caller's */
	int64_t bytes;
	char *sha256; /* hexadecimal, as sha256sum(1) prints it */
	int64_t schema_version;
	char *server_version; /* of the server that it was made from */
	int64_t tables;
	struct bk_recorded recorded;
};

void bk_backup_clear(struct bk_backup *backup);

/*
 * Makes the file and FILE.sha256, by pg_dump and with one snapshot, so that runs may go on;
 * reads it back as a whole before it gets its name. BK_E_PERMISSION: the role does not own
 * the schema; BK_E_REFUSED: there is a file of that name; BK_E_IO; BK_E_CONFIG: no pg_dump,
 * or an older one than the server; BK_E_STANDBY; BK_E_SCHEMA. `stop` ends it and leaves no
 * file.
 */
enum bk_rc bk_backup_make(struct bk_db *db, const struct bk_control *control, const char *path,
			  bk_stop stop, struct bk_backup *ret, struct bk_error *err) BK_NODISCARD;

struct bk_restored {
	const char *file;       /* the caller's */
	bool checksum_verified; /* false: there is none beside it */
	int64_t from_version;   /* of the schema in the file */
	int64_t version;        /* the same, until it is migrated */
	char *server_version;
	int64_t closed_count; /* executions that were at work, now ABANDONED */
	int64_t paused_count; /* jobs */
	struct bk_recorded recorded;
};

void bk_restored_clear(struct bk_restored *restored);

/*
 * Brings the schema back where there is none, or an empty one, and makes it safe, in one
 * transaction: tokens raised, executions that were at work closed, every job paused, the
 * places of the readers of events kept. To be migrated afterwards. BK_E_REFUSED: the schema
 * is not empty, the file holds another one, or the server is older; BK_E_SCHEMA: this program
 * is older than the schema; BK_E_IO: no such file, a damaged one, or one that others may
 * write. Whatever fails, and whoever ends it, nothing is left behind.
 */
enum bk_rc bk_backup_restore(struct bk_db *db, const struct bk_control *control, const char *path,
			     bk_stop stop, struct bk_restored *ret,
			     struct bk_error *err) BK_NODISCARD;

#endif
