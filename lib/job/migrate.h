/*
 * bk's own schema: which migrations are applied, which are missing, applying
 * them, and what goes with it: job rows, roles and grants, the reference table.
 */
#ifndef BK_JOB_MIGRATE_H
#define BK_JOB_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/db.h"

struct bk_migrate_options {
	bool reference_bookings; /* make public.bookings */
	bool sample;             /* and fill it with 100,000 bookings */
	const char *instance;
	const char *os_user;
	const char *run_id;
	int64_t (*elapsed_ms)(void *arg); /* since the command began, for the record */
	void *arg;
};

/* A list of texts; free with bk_texts_clear. */
struct bk_texts {
	char **items;
	size_t count;
};
void bk_texts_add(struct bk_texts *texts, const char *text);
void bk_texts_clear(struct bk_texts *texts);

struct bk_migrate_report {
	int version;             /* of the schema, 0 = none */
	struct bk_texts pending; /* names of missing migrations: "001_core" */
	struct bk_texts applied; /* of those applied by this call */
	struct bk_texts todo;    /* SQL that this role may not run: for the owner to type */
	bool roles_missing;      /* they could not be made, so the grants are in todo too */
	bool bookings_missing;   /* the mapped table is not there: no grants on it yet */
	bool bookings_created;
	int64_t sample_rows;
	char *execution_id; /* the record of the command, NULL = nothing was changed */
};
void bk_migrate_report_clear(struct bk_migrate_report *report);

/*
 * Looks only. BK_OK with report->pending filled; BK_E_SCHEMA when an applied
 * migration was changed or the schema wants a newer program.
 */
enum bk_rc bk_migrate_check(struct bk_db *db, const char *schema, struct bk_migrate_report *ret,
			    struct bk_error *err) BK_NODISCARD;

/*
 * Applies what is missing, each migration in its own transaction under a lock;
 * then job rows, roles, grants and, where asked, the reference table. What
 * needs a privilege that the role lacks and can be done later is put into
 * report->todo. BK_E_REFUSED when public.bookings is there already.
 */
enum bk_rc bk_migrate_apply(struct bk_db *db, const struct bk_conf *conf,
			    const struct bk_migrate_options *options, struct bk_migrate_report *ret,
			    struct bk_error *err) BK_NODISCARD;

#endif
