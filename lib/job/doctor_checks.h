/*
 * The checks of the doctor, and what they share. For the files of this folder
 * and for tests of single checks only.
 *
 *     BK_CLEAN(bk_exam_close) struct bk_exam x;
 *     bk_exam_open(&x, db, request, diagnosis);
 *     for each check, in the order of doctor.c: check(&x, err)
 */
#ifndef BK_JOB_DOCTOR_CHECKS_H
#define BK_JOB_DOCTOR_CHECKS_H

#include "db/tx.h"
#include "job/doctor.h"
#include "job/internal.h"
#include "rule/bounds.h"

/* Bookings are counted up to here. */
#define BK_EXAM_LIMIT 10000
#define BK_EXAM_LIMIT_TEXT "10000"

/* How many, and the key of one of them. */
struct bk_counted {
	int64_t n;
	struct bk_array example;
};

struct bk_server {
	int64_t version;
	char *version_shown;
	bool standby;
	int64_t now_us;
	char *role;
	bool superuser;
	bool may_update;
};

/* A job with rules, and the bounds by which they are judged. */
struct bk_exam_job {
	struct bk_job *job; /* its table is read once the mapping is known to fit */
	struct bk_bounds bounds;
};

struct bk_exam {
	struct bk_db *db;
	const struct bk_doctor_request *request;
	const struct bk_mapping *mapping;
	const char *schema; /* bk's own */
	struct bk_policy policy;
	struct bk_exam_job *jobs;
	size_t job_count;
	struct bk_server server;
	struct bk_table table; /* empty = not there */
	bool mapping_fits;     /* known so, here and below */
	bool can_read;
	bool can_update;
	struct bk_diagnosis *found;
	struct bk_buf session;
	struct bk_tx_company company;
	struct bk_tx_limits limits; /* how long one look may take */
};

/* `found` must outlive the exam. */
void bk_exam_open(struct bk_exam *x, struct bk_db *db, const struct bk_doctor_request *request,
		  struct bk_diagnosis *found);
void bk_exam_close(struct bk_exam *x);

/*
 * Makes a finding of a statement that failed: a note where it says nothing about
 * the statement (a lock, the time), the privilege that is missing, else one with
 * this level and code. Returns BK_OK, or the rc of what keeps the doctor from looking.
 */
enum bk_rc bk_exam_failed(struct bk_exam *x, enum bk_level level, const char *code,
			  const char *subject, const struct bk_error *err);

/* "public.bookings". */
char *bk_exam_table(const struct bk_exam *x);
/* "rule activate, CONFIRMED". */
char *bk_exam_unit(const struct bk_unit *unit);

/* What a statement counts: one row with n and example; *ret is empty before, clear it. */
enum bk_rc bk_exam_count(struct bk_exam *x, const struct bk_stmt *stmt, struct bk_counted *ret,
			 struct bk_error *err) BK_NODISCARD;
/* The same for the rows b of the table that meet the condition, up to that limit. */
enum bk_rc bk_exam_count_where(struct bk_exam *x, const struct bk_table *table,
			       const char *condition, const char *limit, struct bk_counted *ret,
			       struct bk_error *err) BK_NODISCARD;
void bk_counted_clear(struct bk_counted *counted);

/* "17 bookings", "10000 bookings or more"; ", for example acme 17"; b."status"; that the row b
   has the label. */
void bk_exam_put_count(struct bk_buf *out, int64_t n);
void bk_exam_put_example(struct bk_buf *out, const struct bk_array *key);
void bk_exam_put_status(struct bk_buf *out, const struct bk_exam *x);
void bk_exam_put_state(struct bk_buf *out, const struct bk_exam *x, const char *label);

typedef enum bk_rc (*bk_check_fn)(struct bk_exam *x, struct bk_error *err);

/* Version, clock, role and privileges: doctor_server.c. */
enum bk_rc bk_check_server(struct bk_exam *x, struct bk_error *err);
enum bk_rc bk_check_privileges(struct bk_exam *x, struct bk_error *err);
/* What the catalogs say of the mapped table: doctor_table.c. */
enum bk_rc bk_check_mapping(struct bk_exam *x, struct bk_error *err);
enum bk_rc bk_check_states(struct bk_exam *x, struct bk_error *err);
enum bk_rc bk_check_identity(struct bk_exam *x, struct bk_error *err);
enum bk_rc bk_check_fires(struct bk_exam *x, struct bk_error *err);
/* Plans of scans: doctor_index.c. */
enum bk_rc bk_check_indexes(struct bk_exam *x, struct bk_error *err);
/* Statements and what they do: doctor_units.c. */
enum bk_rc bk_check_statements(struct bk_exam *x, struct bk_error *err);
/* The bookings: doctor_rows.c. */
enum bk_rc bk_check_keys(struct bk_exam *x, struct bk_error *err);
enum bk_rc bk_check_faults(struct bk_exam *x, struct bk_error *err);
/* Those that a rule leaves: doctor_left.c. */
enum bk_rc bk_check_stale(struct bk_exam *x, struct bk_error *err);
enum bk_rc bk_check_late(struct bk_exam *x, struct bk_error *err);
/* Those that two rules take: doctor_both.c. */
enum bk_rc bk_check_both(struct bk_exam *x, struct bk_error *err);

#endif
