/*
 * The doctor: looks at the database as the jobs would use it, and says what is
 * wrong, why that matters and what to type. It changes nothing: most of it is
 * read-only, and what it tries is rolled back.
 *
 *     struct bk_diagnosis found = {.count = 0};
 *     if ((rc = bk_doctor(db, &request, &found, err))) ...
 *     for (i = 0; i < found.count; i++) ... found.items[i]
 *     bk_diagnosis_clear(&found);
 *
 * A fault of the mapping, of a statement or of the data is a finding and no
 * error; an error is what keeps it from looking, as a lost connection.
 */
#ifndef BK_JOB_DOCTOR_H
#define BK_JOB_DOCTOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "conf/conf.h"
#include "db/array.h"
#include "db/db.h"

enum bk_level {
	BK_LEVEL_NOTE,    /* worth knowing, nothing need be done */
	BK_LEVEL_WARNING, /* the jobs run, but something is left undone, or is slow */
	BK_LEVEL_ERROR,   /* a job fails */
	BK_LEVEL_COUNT
};

struct bk_finding {
	enum bk_level level;
	const char *level_word; /* "error", "warning", "note" */
	const char *code;       /* stable, kebab-case: "index-missing" */
	char *subject;          /* what it is about: "public.bookings", "rule activate" */
	char *what;
	const char *why;
	char *fix;               /* what to type or do */
	int64_t count;           /* of bookings; BK_NULL_INT = none were counted */
	struct bk_array example; /* the key of one of them, empty = none */
};

struct bk_diagnosis {
	struct bk_finding *items;
	size_t count;
	size_t by_level[BK_LEVEL_COUNT];
};

void bk_diagnosis_clear(struct bk_diagnosis *diagnosis);

/* Takes the texts and the example of the finding; sets its level_word. */
void bk_diagnosis_add(struct bk_diagnosis *diagnosis, struct bk_finding finding);

struct bk_doctor_request {
	const struct bk_conf *conf;
	struct bk_clock clock; /* of this host */
	const char *instance;
	const char *version; /* of the program */
	const char *run_id;  /* a fresh uuid */
};

/* Appends to *ret. */
enum bk_rc bk_doctor(struct bk_db *db, const struct bk_doctor_request *request,
		     struct bk_diagnosis *ret, struct bk_error *err) BK_NODISCARD;

#endif
