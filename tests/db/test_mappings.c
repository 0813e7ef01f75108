/*
 * The mappings of etc/mappings at work, each on a table of its shape: rows on
 * every side of every boundary become what their case says, whatever the order of
 * the jobs, and a second round changes nothing. The runs connect as a role that
 * has the privileges of booking_update and what the mapping's comment grants.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/doctor.h"
#include "job/setup.h"
#include "pg.h"
#include "side.h"
#include "suite.h"
#include "view/lookup.h"

enum { MAX_JOBS = 4, MAX_INSTANTS = 6, MOST_ORDERS = 6, LOOKS = 8 };

#define ACTIVATE "activate-due"
#define NO_SHOW "cancel-no-shows"
#define COMPLETE "update-completed"
#define EXPIRE "update-expired"

/* Noon of a day without events; and the hours at which Berlin's clock is changed. */
#define NOON "2026-06-15 12:00:00Z"
#define SPRING "2026-03-29 01:00:00Z"
#define AUTUMN "2026-10-25 01:00:00Z"

struct example {
	const char *name;   /* of etc/mappings/NAME.conf and tests/mappings/NAME.sql */
	const char *schema; /* where that file puts fill() and wrong */
	const char *jobs[MAX_JOBS + 1];
	const char *instants[MAX_INSTANTS + 1];
};

static const struct example examples[] = {
	{"parking", "parking", {ACTIVATE, NO_SHOW, COMPLETE, EXPIRE}, {NOON, SPRING}},
	{"hotel",
	 "hotel",
	 {NO_SHOW, COMPLETE, EXPIRE},
	 {NOON, "2026-03-29 02:00:00Z", AUTUMN, "2026-10-25 09:59:59.999999Z",
	  "2026-10-25 10:00:00Z", "2026-06-14 22:00:00Z"}},
	{"clinic",
	 "clinic",
	 {ACTIVATE, NO_SHOW, COMPLETE, EXPIRE},
	 {NOON, SPRING, "2026-10-25 00:30:00Z", AUTUMN, "2026-10-25 01:30:00Z"}},
	{"orm", "desks", {ACTIVATE, NO_SHOW, COMPLETE, EXPIRE}, {NOON, SPRING}},
	{"tickets", "tickets", {EXPIRE}, {NOON, AUTUMN}},
	{"tenants", "saas", {ACTIVATE, NO_SHOW, COMPLETE, EXPIRE}, {NOON, SPRING}},
	{"app-scheduler", "app_scheduler", {ACTIVATE, NO_SHOW, COMPLETE}, {NOON, SPRING, AUTUMN}},
};

static struct side *side;
static struct bk_conf *conf;

/* Jobs of the example beside the four. */
static const char *own_job(const struct example *e)
{
	return strcmp(e->name, "tenants") == 0 ? "decline-unanswered" : NULL;
}

static size_t list_jobs(const struct example *e, const char *ret[MAX_JOBS + 1])
{
	size_t n = 0;

	while (e->jobs[n]) {
		ret[n] = e->jobs[n];
		n++;
	}
	if (own_job(e))
		ret[n++] = own_job(e);
	return n;
}

/* free() it */
static char *read_source(const char *dir, const char *name, const char *ending)
{
	const char *top = getenv("BK_SRC");
	BK_CLEAN(bk_free_str)
	char *path = bk_asprintf("%s/%s/%s.%s", top ? top : ".", dir, name, ending);
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	FILE *file = fopen(path, "r");
	int c;

	ck_assert_msg(file != NULL, "cannot open %s", path);
	while ((c = getc(file)) != EOF)
		bk_buf_char(&text, (char)c);
	ck_assert_int_eq(fclose(file), 0);
	return bk_buf_take(&text);
}

static bool begins_with(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

/* Runs the grants, policies and indexes of the comment, and counts them. */
static int run_comment(const char *text)
{
	int count = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!begins_with(line, "#\tGRANT ") && !begins_with(line, "#\tCREATE INDEX ") &&
		    !begins_with(line, "#\tCREATE POLICY "))
			continue;
		side_exec(side, "%.*s", (int)strcspn(line + 2, "\n"), line + 2);
		count++;
	}
	return count;
}

static void make_roles(void)
{
	BK_CLEAN(bk_migrate_report_clear) struct bk_migrate_report report = {.version = 0};
	struct bk_error err = {0};

	ck_assert_msg(!bk_setup_roles(pg_db, conf, &report, &err), "%s", err.message);
	ck_assert_uint_eq(report.todo.count, 0);
	side_exec(side, "DROP ROLE IF EXISTS runner; CREATE ROLE runner LOGIN IN ROLE"
			" booking_update");
}

/* The table, bk's schema, the roles; pg_db is then a connection of the role. */
static void open_example(const struct example *e)
{
	BK_CLEAN(bk_free_str) char *ddl = read_source("tests/mappings", e->name, "sql");
	BK_CLEAN(bk_free_str) char *text = read_source("etc/mappings", e->name, "conf");

	side = side_open();
	/* No zone of a session may matter. */
	side_exec(side, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I SET timezone ="
			" ''America/New_York''', current_database()); END $$");
	side_exec(side, "%s", ddl);
	conf = pg_conf(text);
	pg_open();
	pg_fresh_schema(conf);
	make_roles();
	pg_close();
	ck_assert_int_gt(run_comment(text), 0);
	ck_assert_int_eq(setenv("PGUSER", "runner", 1), 0);
	pg_open();
	ck_assert_int_eq(unsetenv("PGUSER"), 0);
}

static void close_example(void)
{
	pg_close();
	side_close(side);
	bk_conf_clean(&conf);
}

static void fill(const struct example *e, const char *at)
{
	side_exec(side, "SELECT %s.fill('%s', '1 microsecond')", e->schema, at);
}

/* The order number n of `count` things. */
static void nth_order(int n, int count, int ret[])
{
	int left[MAX_JOBS + 1];

	for (int i = 0; i < count; i++)
		left[i] = i;
	for (int i = 0; i < count; i++) {
		int rest = count - i;
		int pick = n % rest;

		n /= rest;
		ret[i] = left[pick];
		for (int k = pick; k + 1 < rest; k++)
			left[k] = left[k + 1];
	}
}

static int orders_of(int count)
{
	int n = 1;

	for (int i = 2; i <= count; i++)
		n *= i;
	return n;
}

/* Each job once; how many bookings were changed. */
static int64_t run_jobs(const struct example *e, const char *at, int order)
{
	const char *jobs[MAX_JOBS + 1];
	int count = (int)list_jobs(e, jobs);
	int list[MAX_JOBS + 1];
	int64_t changed = 0;

	nth_order(order, count, list);
	for (int i = 0; i < count; i++) {
		struct bk_run_result result;

		pg_run(conf, jobs[list[i]], at, true, &result);
		ck_assert_msg(strcmp(result.status, "SUCCESS") == 0, "%s of %s at %s: %s",
			      jobs[list[i]], e->name, at, result.status);
		changed += result.processed;
		bk_run_result_clear(&result);
	}
	return changed;
}

static void expect_rows(const struct example *e, const char *at, int order)
{
	const char *wrong = side_text(
		side,
		"SELECT string_agg(w::text, E'\\n') FROM (SELECT * FROM %s.wrong LIMIT 9) AS w",
		e->schema);

	ck_assert_msg(wrong == NULL, "%s at %s, order %d:\n%s", e->name, at, order, wrong);
}

/* Before a job has run, exactly the rows that become something are wrong. In the nights a
   clock on a wall can say few of the instants. */
static void expect_work(const struct example *e, bool all)
{
	int64_t rows = side_int(side, "SELECT count(*) FROM %s.expected", e->schema);
	int64_t due = side_int(side, "SELECT count(*) FROM %s.expected WHERE was <> becomes",
			       e->schema);

	ck_assert_msg(rows > (all ? 180 : 30), "%s: %d rows", e->name, (int)rows);
	ck_assert_msg(due > (all ? 40 : 5) && due < rows, "%s: %d rows become something", e->name,
		      (int)due);
	ck_assert_int_eq(side_int(side, "SELECT count(*) FROM %s.wrong", e->schema), due);
}

/* At the first instant in several orders, spread over all of them; then in one. */
static int order_step(int orders, bool first)
{
	if (!first)
		return orders;
	return orders > MOST_ORDERS ? orders / MOST_ORDERS : 1;
}

START_TEST(each_row_becomes_what_its_case_says)
{
	const struct example *e = &examples[_i];
	const char *jobs[MAX_JOBS + 1];
	int orders = orders_of((int)list_jobs(e, jobs));

	open_example(e);
	for (int i = 0; e->instants[i]; i++)
		for (int order = i ? i % orders : 0; order < orders;
		     order += order_step(orders, i == 0)) {
			fill(e, e->instants[i]);
			expect_work(e, i == 0);
			ck_assert_int_gt(run_jobs(e, e->instants[i], order), 0);
			expect_rows(e, e->instants[i], order);
			ck_assert_int_eq(run_jobs(e, e->instants[i], orders - 1 - order), 0);
			expect_rows(e, e->instants[i], order);
		}
	close_example();
}
END_TEST

/* The key columns of what is wrong as yet, as far as the view has them. */
static void list_wrong(const struct example *e)
{
	const struct bk_mapping *m = bk_conf_mapping(conf);

	side_exec(side,
		  "CREATE TEMPORARY TABLE wrong AS SELECT (SELECT jsonb_object_agg(k.key, k.value)"
		  " FROM jsonb_each(to_jsonb(w)) AS k WHERE k.key IN ('%s', '%s')) AS key FROM"
		  " %s.wrong AS w",
		  m->keys[0], m->keys[m->key_count - 1], e->schema);
}

/* Table looks: the keys of some rows, and whether a job is to change them. */
static void list_looks(void)
{
	const struct bk_mapping *m = bk_conf_mapping(conf);
	BK_CLEAN(bk_buf_clear) struct bk_buf keys = BK_BUF_INIT;

	for (size_t i = 0; i < m->key_count; i++)
		bk_buf_fmt(&keys, "%s'%s'", i ? ", " : "", m->keys[i]);
	side_exec(side,
		  "CREATE TEMPORARY TABLE looks AS SELECT row_number() OVER (PARTITION BY q.changes"
		  " ORDER BY q.keys) - 1 AS n, q.* FROM (SELECT ARRAY(SELECT to_jsonb(b) ->> k.name"
		  " FROM unnest(ARRAY[%s]) WITH ORDINALITY AS k (name, n) ORDER BY k.n) AS keys,"
		  " EXISTS (SELECT FROM wrong WHERE to_jsonb(b) @> wrong.key) AS changes"
		  " FROM \"%s\".\"%s\" AS b) AS q",
		  bk_buf_cstr(&keys), m->table_schema, m->table_name);
}

/* The key of a row that will, or will not, be changed: how many columns; free each. */
static size_t read_key(bool changes, int64_t n, char *ret[])
{
	size_t count = bk_conf_mapping(conf)->key_count;

	for (size_t i = 0; i < count; i++)
		ret[i] = bk_strdup(side_text(side,
					     "SELECT keys[%d] FROM looks WHERE n = %d AND changes ="
					     " %s",
					     (int)i + 1, (int)n, changes ? "true" : "false"));
	return count;
}

/* Looks such a row up: whether some rule applies to it, by the job that is due. */
static bool look_at(const struct example *e, bool changes, int64_t n)
{
	char *keys[4] = {NULL};
	size_t count = read_key(changes, n, keys);
	BK_CLEAN(bk_lookup_clear) struct bk_lookup found = {.rules = NULL};
	struct bk_error err = {0};
	size_t applying = 0;

	ck_assert_ptr_nonnull(keys[0]);
	ck_assert_msg(!bk_view_booking(pg_db, conf, (const char *const *)keys, &found, &err),
		      "%s, %s: %s", e->name, keys[0], err.message);
	for (size_t i = 0; i < found.rule_count; i++) {
		const struct bk_rule_view *r = &found.rules[i];

		applying += r->applies;
		ck_assert_msg(r->applies || r->kind == BK_RULE_OWN ||
				      strcmp(r->reason, "conditions") != 0,
			      "%s, %s: %s", e->name, keys[0], r->rule);
	}
	ck_assert_uint_le(applying, 1);
	for (size_t i = 0; i < count; i++)
		free(keys[i]);
	return applying;
}

START_TEST(a_look_at_a_row_says_what_its_case_says)
{
	const struct example *e = &examples[_i];

	open_example(e);
	side_exec(side, "SELECT %s.fill(clock_timestamp(), '9 minutes')", e->schema);
	list_wrong(e);
	list_looks();
	for (int64_t n = 0; n < LOOKS; n++) {
		ck_assert_msg(look_at(e, true, 5 * n), "%s: %d", e->name, (int)n);
		ck_assert_msg(!look_at(e, false, 7 * n), "%s: %d", e->name, (int)n);
	}
	close_example();
}
END_TEST

/* What the example says of the jobs is what its file enables. */
START_TEST(each_enabled_job_is_run)
{
	static const char *const built_in[] = {ACTIVATE, NO_SHOW, COMPLETE, EXPIRE};
	const struct example *e = &examples[_i];
	BK_CLEAN(bk_free_str) char *text = read_source("etc/mappings", e->name, "conf");
	const char *jobs[MAX_JOBS + 1];
	size_t count = list_jobs(e, jobs);

	conf = pg_conf(text);
	for (size_t i = 0; i < BK_COUNT(built_in); i++) {
		bool listed = false;

		for (size_t k = 0; k < count; k++)
			listed |= strcmp(jobs[k], built_in[i]) == 0;
		ck_assert_msg(bk_conf_job_enabled(conf, built_in[i]) == listed, "%s: %s", e->name,
			      built_in[i]);
	}
	bk_conf_clean(&conf);
}
END_TEST

/* With the grants and the indexes of its comment, nothing of it is in anybody's way. */
START_TEST(the_doctor_finds_nothing_to_mend)
{
	const struct example *e = &examples[_i];
	BK_CLEAN(bk_diagnosis_clear) struct bk_diagnosis found = {.items = NULL};
	struct bk_error err = {0};

	open_example(e);
	const struct bk_doctor_request request = {.conf = conf,
						  .clock = bk_clock_system(),
						  .instance = "host-1",
						  .version = "1.0.0",
						  .run_id = "0b8ba27c-3b4c-4d39-9b43-9d3f5cb5c6a1"};

	ck_assert_msg(!bk_doctor(pg_db, &request, &found, &err), "%s", err.message);
	for (size_t i = 0; i < found.count; i++)
		ck_assert_msg(found.items[i].level == BK_LEVEL_NOTE, "%s: %s: %s: %s", e->name,
			      found.items[i].code, found.items[i].subject, found.items[i].what);
	close_example();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mappings");
	TCase *tc = tcase_create("mappings");

	ADD_ROWS(tc, each_row_becomes_what_its_case_says, examples);
	ADD_ROWS(tc, a_look_at_a_row_says_what_its_case_says, examples);
	ADD_ROWS(tc, each_enabled_job_is_run, examples);
	ADD_ROWS(tc, the_doctor_finds_nothing_to_mend, examples);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
