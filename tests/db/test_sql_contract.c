/*
 * Every file of sql/ against the schema that it is written for: it can be
 * prepared, its comment names exactly its parameters, and its answer has the
 * columns that the C side reads by name. A new file has to be entered here.
 */
#include "db/sqlfile.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "contracts.h"
#include "db/sqltext.h"
#include "job/internal.h"
#include "pg.h"
#include "suite.h"

enum { OPEN_ENDED = -1 };

static PGconn *conn;

static void make_schema(void)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = pg_conf("schema = bk\n");

	pg_open();
	pg_make_schema(conf);
	pg_script(bk_sql_text("reference_bookings"));
	pg_close();
}

static void open_all(void)
{
	pg_open();
	conn = PQconnectdb("");
	ck_assert_int_eq(PQstatus(conn), CONNECTION_OK);
}

static void close_all(void)
{
	PQfinish(conn);
	pg_close();
}

/* The $n of a text, as bits; *ret_open where the last one is written "$10..". */
static uint64_t numbers_in(const char *text, size_t len, bool *ret_open)
{
	uint64_t seen = 0;

	*ret_open = false;
	for (size_t i = 0; i + 1 < len; i++) {
		char *end;
		long n = text[i] == '$' ? strtol(text + i + 1, &end, 10) : 0;

		if (n < 1 || n > 60)
			continue;
		if (strncmp(end, "..", 2) == 0)
			*ret_open = true;
		else
			seen |= UINT64_C(1) << n;
	}
	return seen;
}

static size_t head_len(const char *text)
{
	size_t len = 0;

	while (strncmp(text + len, "--", 2) == 0)
		len += strcspn(text + len, "\n") + 1;
	return len;
}

/* With its comment, which bk_sql_text() leaves out. */
static const char *whole_text(const char *file)
{
	for (size_t i = 0; i < bk_sql_files_count; i++)
		if (strcmp(bk_sql_files[i].name, file) == 0)
			return (const char *)bk_sql_files[i].text;
	ck_abort_msg("there is no %s.sql", file);
}

/* Every number from 1 on, and no other. */
static int documented(const char *file)
{
	const char *text = whole_text(file);
	bool open;
	uint64_t seen;
	int n = 0;

	seen = numbers_in(text, head_len(text), &open);
	while (seen >> (n + 1) & 1)
		n++;
	ck_assert_msg(seen >> (n + 1) == 0, "%s.sql: its comment leaves out $%d", file, n + 1);
	return open ? OPEN_ENDED : n;
}

static PGresult *describe(const char *sql)
{
	PGresult *res = PQprepare(conn, "contract", sql, 0, NULL);

	ck_assert_msg(PQresultStatus(res) == PGRES_COMMAND_OK, "%s%s", PQresultErrorMessage(res),
		      sql);
	PQclear(res);
	res = PQdescribePrepared(conn, "contract");
	ck_assert_int_eq(PQresultStatus(res), PGRES_COMMAND_OK);
	PQclear(PQexec(conn, "DEALLOCATE contract"));
	return res;
}

/* True when the words, in which ~ stands for a blank, have this one. */
static bool has_word(const char *words, const char *word)
{
	BK_CLEAN(bk_free_str) char *wanted = bk_strdup(word);
	size_t len = strlen(wanted);

	for (char *p = wanted; *p; p++)
		*p = *p == ' ' ? '~' : *p;
	for (const char *p = words; (p = strstr(p, wanted)); p++)
		if ((p == words || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
	return false;
}

static int count_words(const char *words)
{
	int n = *words ? 1 : 0;

	for (const char *p = words; *p; p++)
		n += *p == ' ';
	return n;
}

static void check_columns(const struct contract *c, const PGresult *res)
{
	const char *columns = c->columns ? c->columns : "";

	for (int i = 0; i < PQnfields(res); i++)
		ck_assert_msg(has_word(columns, PQfname(res, i)), "%s.sql gives a column %s",
			      c->file, PQfname(res, i));
	ck_assert_msg(PQnfields(res) == count_words(columns), "%s.sql lacks a column", c->file);
}

static const struct contract *contract_of(const char *file)
{
	for (size_t i = 0; i < contract_count; i++)
		if (strcmp(contracts[i].file, file) == 0)
			return &contracts[i];
	return NULL;
}

START_TEST(every_file_has_a_contract_and_every_contract_a_file)
{
	size_t files = 0;

	for (size_t i = 0; i < bk_sql_files_count; i++) {
		if (strncmp(bk_sql_files[i].name, "schema/", 7) == 0)
			continue;
		files++;
		ck_assert_msg(contract_of(bk_sql_files[i].name) != NULL, "%s.sql",
			      bk_sql_files[i].name);
	}
	ck_assert_uint_eq(files, contract_count);
}
END_TEST

START_TEST(a_file_can_be_prepared_and_is_as_its_comment_says)
{
	const struct contract *c = &contracts[_i];
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_error err;
	PGresult *res;
	int wanted = documented(c->file);

	if (c->template)
		return;
	ck_assert_msg(!bk_sql_fill_file(&sql, c->file, contract_vars, contract_var_count, &err),
		      "%s", err.message);
	if (c->script) {
		ck_assert_int_eq(wanted, 0);
		return;
	}
	res = describe(bk_buf_cstr(&sql));
	if (wanted != OPEN_ENDED)
		ck_assert_msg(PQnparams(res) == wanted, "%s.sql has %d parameters, its comment %d",
			      c->file, PQnparams(res), wanted);
	check_columns(c, res);
	PQclear(res);
}
END_TEST

/* What a job made of a template, and empties it. */
static void check_filled(const char *file, struct bk_buf *sql, enum bk_rc rc, int params)
{
	PGresult *res;

	ck_assert_int_eq(rc, BK_OK);
	res = describe(bk_buf_cstr(sql));
	ck_assert_int_eq(PQnparams(res), params);
	check_columns(contract_of(file), res);
	PQclear(res);
	bk_buf_reset(sql);
}

/* First batch and later ones, parts of a refused one, its page, and the count. */
static void check_unit(struct bk_job *job, size_t unit, bool later)
{
	char value[] = "x";
	char *values[] = {value, value};
	struct bk_scope scope = bk_scope_of_params(job->mapping, &job->table, "bk");
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_error err;

	job->current = unit;
	if (later)
		job->position = (struct bk_position){values, BK_COUNT(values)};
	check_filled("booking_batch", &sql, bk_batch_sql(job, "bk", &sql, &err), later ? 11 : 9);
	check_filled("booking_page", &sql, bk_page_sql(job, "bk", false, &sql, &err),
		     later ? 5 : 3);
	bk_buf_reset(&sql);
	check_filled("booking_lock", &sql, bk_page_sql(job, "bk", true, &sql, &err), later ? 5 : 3);
	job->page.part = 1;
	check_filled("booking_batch", &sql, bk_batch_sql(job, "bk", &sql, &err), 14);
	job->page.part = 0;
	job->position = (struct bk_position){NULL, 0};
	check_filled("booking_count", &sql,
		     bk_unit_count(&sql, &job->units.items[unit], &scope, "", &err), 3);
	check_filled("booking_forecast", &sql,
		     bk_unit_forecast(&sql, &job->units.items[unit], &scope, &err), 4);
	scope.stale = true;
	check_filled("booking_count", &sql,
		     bk_unit_count(&sql, &job->units.items[unit], &scope, "", &err), 3);
}

START_TEST(the_batch_of_every_unit_can_be_prepared)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = pg_conf("schema = bk\n");
	const char *name = bk_job_names[_i].name;
	BK_CLEAN(bk_job_clean) struct bk_job *job = bk_job_new(conf, name);
	struct bk_error err;

	ck_assert_uint_gt(job->units.count, 0);
	ck_assert_msg(!bk_table_load(pg_db, job->mapping, &job->table, &err), "%s", err.message);
	for (size_t i = 0; i < job->units.count; i++) {
		check_unit(job, i, false);
		check_unit(job, i, true);
	}
}
END_TEST

START_TEST(the_claim_of_every_job_can_be_prepared)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = pg_conf("schema = bk\n");
	BK_CLEAN(bk_job_clean) struct bk_job *job = bk_job_new(conf, bk_job_names[_i].name);
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_work work;
	struct bk_error err;
	PGresult *res;

	ck_assert_msg(!bk_job_work(job, &work, &err), "%s", err.message);
	const struct bk_sql_var own[] = {{"bk", "bk"}, {"probe", work.probe}};
	ck_assert_msg(!bk_sql_fill_file(&sql, "lease_claim", own, 2, &err), "%s", err.message);
	res = describe(bk_buf_cstr(&sql));
	ck_assert_int_eq(PQnparams(res), 21);
	PQclear(res);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("contract");
	TCase *tc = tcase_create("contract");

	tcase_add_unchecked_fixture(tc, make_schema, NULL);
	tcase_add_checked_fixture(tc, open_all, close_all);
	ADD(tc, every_file_has_a_contract_and_every_contract_a_file);
	tcase_add_loop_test(tc, a_file_can_be_prepared_and_is_as_its_comment_says, 0,
			    (int)contract_count);
	tcase_add_loop_test(tc, the_batch_of_every_unit_can_be_prepared, 0,
			    (int)bk_booking_jobs_count);
	tcase_add_loop_test(tc, the_claim_of_every_job_can_be_prepared, 0, (int)bk_job_names_count);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
