/*
 * What the doctor says of the server, of this host's clock, and of what the role
 * may do.
 */
#include "job/doctor_checks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "db/sqlfile.h"
#include "rule/privilege.h"

/* pg_current_xact_id() and gen_random_uuid() came with 13. */
#define OLDEST_VERSION 130000
#define OLDEST_SHOWN "13"

static const struct bk_field server_fields[] = {
	{"version", BK_FIELD_INT, offsetof(struct bk_server, version)},
	{"version_shown", BK_FIELD_TEXT, offsetof(struct bk_server, version_shown)},
	{"standby", BK_FIELD_BOOL, offsetof(struct bk_server, standby)},
	{"now_us", BK_FIELD_INT, offsetof(struct bk_server, now_us)},
	{"role", BK_FIELD_TEXT, offsetof(struct bk_server, role)},
	{"superuser", BK_FIELD_BOOL, offsetof(struct bk_server, superuser)},
	{"may_update", BK_FIELD_BOOL, offsetof(struct bk_server, may_update)},
};

static void check_version(struct bk_exam *x)
{
	if (x->server.version >= OLDEST_VERSION)
		return;
	bk_diagnosis_add(x->found,
			 (struct bk_finding){
				 .level = BK_LEVEL_ERROR,
				 .code = "server-version",
				 .subject = bk_strdup("server"),
				 .what = bk_asprintf("the server is PostgreSQL %s, " OLDEST_SHOWN
						     " is the oldest that bk works with",
						     x->server.version_shown),
				 .why = "statements of bk use what older servers do not have",
				 .fix = bk_strdup("upgrade the server"),
				 .count = BK_NULL_INT,
			 });
}

static void check_standby(struct bk_exam *x)
{
	if (!x->server.standby)
		return;
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_NOTE,
			.code = "standby",
			.subject = bk_strdup("server"),
			.what = bk_strdup("the server is a read-only standby: the statements were "
					  "planned, none was tried"),
			.why = "what triggers and constraints do with a change is seen on the "
			       "primary only",
			.fix = bk_strdup("bkmaint doctor -h PRIMARY"),
			.count = BK_NULL_INT,
		});
}

/* The database read its clock at some time between the two looks at ours; what lies
   in between is no difference. Above 0 this host is ahead. */
static int64_t clock_difference_ms(int64_t before_us, int64_t now_us, int64_t after_us)
{
	if (now_us < before_us)
		return (before_us - now_us) / 1000;
	return now_us > after_us ? (after_us - now_us) / 1000 : 0;
}

static void check_clock(struct bk_exam *x, int64_t ms)
{
	int64_t size = ms < 0 ? -ms : ms;
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	if (size <= bk_conf_num(x->request->conf, "clock-skew"))
		return;
	bk_human_duration(&text, size);
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_WARNING,
			.code = "clock-difference",
			.subject = bk_strdup(x->request->instance),
			.what = bk_asprintf("the clock of this host is %s %s the "
					    "database's",
					    bk_buf_cstr(&text), ms < 0 ? "behind" : "ahead of"),
			.why = "jobs judge by the database's clock, but cron and the log "
			       "use the host's",
			.fix = bk_strdup("timedatectl set-ntp true"),
			.count = BK_NULL_INT,
		});
}

static void check_superuser(struct bk_exam *x)
{
	if (!x->server.superuser)
		return;
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_NOTE,
			.code = "superuser",
			.subject = bk_asprintf("role %s", x->server.role),
			.what = bk_strdup("the role is a superuser, for whom nothing is "
					  "forbidden: no privilege was checked"),
			.why = "the jobs need no more than booking_update, and a mistake in the "
			       "configuration could then change nothing else",
			.fix = bk_strdup("CREATE ROLE bk LOGIN; GRANT booking_update TO bk;"),
			.count = BK_NULL_INT,
		});
}

enum bk_rc bk_check_server(struct bk_exam *x, struct bk_error *err)
{
	const struct bk_clock *clock = &x->request->clock;
	BK_CLEAN(bk_buf_clear) struct bk_buf reads = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf writes = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	int64_t before_us;
	int64_t after_us;
	enum bk_rc rc;

	bk_mapped_columns(x->mapping, true, &reads, &writes);
	const char *params[] = {x->schema, x->mapping->table_schema, x->mapping->table_name,
				bk_buf_cstr(&writes)};
	const struct bk_stmt stmt = {"doctor_server", bk_sql_text("doctor_server"), params, 4,
				     BK_ONE_ROW};

	before_us = clock->wall_us(clock->self);
	if ((rc = bk_tx_one(x->db, BK_TX_READ, &x->limits, &stmt, &rows, err)))
		return rc;
	after_us = clock->wall_us(clock->self);
	rc = bk_rows_read(rows, 0, server_fields, BK_COUNT(server_fields), &x->server, err);
	if (rc)
		return rc;
	check_version(x);
	check_standby(x);
	check_clock(x, clock_difference_ms(before_us, x->server.now_us, after_us));
	check_superuser(x);
	return BK_OK;
}

/* Ranks of privilege_missing.sql. */
enum { RANK_ROLE = 0, RANK_ROWS = 5 };

static void add_lacking(struct bk_exam *x, const char *statement)
{
	bk_diagnosis_add(x->found, (struct bk_finding){
					   .level = BK_LEVEL_ERROR,
					   .code = "privilege-missing",
					   .subject = bk_asprintf("role %s", x->server.role),
					   .what = bk_strdup("the role lacks a privilege"),
					   .why = "the jobs fail with exit status 77",
					   .fix = bk_asprintf("%s;", statement),
					   .count = BK_NULL_INT,
				   });
}

static void add_row_security(struct bk_exam *x, const char *statement)
{
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_ERROR,
			.code = "row-level-security",
			.subject = bk_exam_table(x),
			.what = bk_asprintf("row-level security is active for the role %s on a "
					    "table that bk uses",
					    x->server.role),
			.why = "bookings that a policy hides would look like nothing due, so the "
			       "jobs refuse to work (77)",
			.fix = bk_asprintf("%s;", statement),
			.count = BK_NULL_INT,
		});
}

static int64_t rank_of(const struct bk_rows *rows, int row)
{
	const char *text = bk_rows_text(rows, row, "rank");

	return text ? strtoll(text, NULL, 10) : -1;
}

/* Membership in bk's role, where it is offered, should bring the rest; what it does not
   bring is seen the next time. Returns whether a privilege lacks. */
static bool add_all(struct bk_exam *x, const struct bk_rows *rows)
{
	bool has_role = false;
	bool lacks = false;

	for (int i = 0; i < bk_rows_count(rows); i++) {
		const char *statement = bk_rows_text(rows, i, "statement");
		int64_t rank = rank_of(rows, i);

		if (rank == RANK_ROWS && x->mapping->rls_accepted)
			continue;
		lacks = true;
		if (rank == RANK_ROWS) {
			add_row_security(x, statement);
			break;
		}
		has_role |= rank == RANK_ROLE;
		if (!has_role || rank == RANK_ROLE)
			add_lacking(x, statement);
	}
	return lacks;
}

/* Who lacks everything that only a change needs is not meant to make any. */
static void add_reader(struct bk_exam *x, const struct bk_rows *rows)
{
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_NOTE,
			.code = "role-only-reads",
			.subject = bk_asprintf("role %s", x->server.role),
			.what = bk_strdup("the role may look and not change: what a change does "
					  "was not checked"),
			.why = "run as this role, every job fails with exit status 77",
			.fix = bk_asprintf("%s;", bk_rows_text(rows, 0, "statement")),
			.count = BK_NULL_INT,
		});
}

enum bk_rc bk_check_privileges(struct bk_exam *x, struct bk_error *err)
{
	BK_CLEAN(bk_rows_clean) struct bk_rows *reads = NULL;
	BK_CLEAN(bk_rows_clean) struct bk_rows *writes = NULL;
	enum bk_rc rc;

	if ((rc = bk_missing_privileges(x->db, x->schema, x->mapping, false, &reads, err)))
		return rc;
	if (add_all(x, reads))
		return BK_OK;
	x->can_read = true;
	if ((rc = bk_missing_privileges(x->db, x->schema, x->mapping, true, &writes, err)))
		return rc;
	x->can_update = !bk_rows_count(writes);
	if (x->can_update)
		return BK_OK;
	if (x->server.may_update)
		(void)add_all(x, writes);
	else
		add_reader(x, writes);
	return BK_OK;
}
