/*
 * The two forms of the rules agree: for many bookings drawn by chance and many
 * policies, the SQL of each rule finds exactly the bookings to which the pure
 * form applies, each in one scan only; in a session as bk leaves it and in one
 * that somebody set up to mislead it.
 *
 * The bookings follow from a seed: BK_TEST_SEED, else always the same. A failure
 * prints it and the first booking on which the forms differ.
 */
#include "rule/rule.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "hostile.h"
#include "pg.h"
#include "rule/unit.h"
#include "rule_cases.h"
#include "suite.h"

enum { ROWS = 24000 };

static struct bk_booking *rows;

static void draw_rows(void)
{
	struct draw d = {draw_seed()};

	rows = bk_calloc(ROWS, sizeof(*rows));
	for (int i = 0; i < ROWS; i++)
		rows[i] = booking_draw(&d, CASES_NOW, CASES_LOWER);
}

/* The label of row i: where a class has two, by turns. */
static const char *label_of(const struct setup *s, int i)
{
	const struct bk_labels *labels = &s->mapping.states[rows[i].state];

	return labels->items[(size_t)i % labels->count];
}

static void put_element(struct bk_buf *out, struct bk_instant t)
{
	if (t.set)
		instant_show(out, t);
	else
		bk_buf_str(out, "NULL");
}

/* Array literals of the columns: status, S, E, C, H, grace in minutes. */
static void write_arrays(struct bk_buf arrays[6])
{
	const struct plan plan = {.columns = PLAN_ALL};
	struct setup s;

	plan_setup(&plan, &s);
	for (int i = 0; i < ROWS; i++) {
		const struct bk_booking *b = &rows[i];

		for (int a = 0; a < 6; a++)
			bk_buf_char(&arrays[a], i ? ',' : '{');
		bk_buf_fmt(&arrays[0], "\"%s\"", label_of(&s, i));
		put_element(&arrays[1], b->start);
		put_element(&arrays[2], b->end);
		put_element(&arrays[3], b->check_in);
		put_element(&arrays[4], b->hold);
		if (b->grace_us.set)
			bk_buf_fmt(&arrays[5], "%" PRId64, b->grace_us.us / MINUTE);
		else
			bk_buf_str(&arrays[5], "NULL");
	}
	for (int a = 0; a < 6; a++)
		bk_buf_char(&arrays[a], '}');
}

/* Once for all tests: the bookings in public.t. */
static void load_rows(void)
{
	static const char insert[] =
		"WITH i AS (INSERT INTO public.t (id, status, s, e, c, h, g_minutes) "
		"SELECT n - 1, status, s, e, c, h, g FROM unnest($1::text[], $2::timestamptz[], "
		"$3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::integer[]) "
		"WITH ORDINALITY AS u (status, s, e, c, h, g, n) RETURNING 1) "
		"SELECT count(*) FROM i";
	struct bk_buf arrays[6] = {BK_BUF_INIT};
	const char *params[6];
	BK_CLEAN(bk_free_str) char *count = NULL;

	pg_open();
	draw_rows();
	write_arrays(arrays);
	pg_script(
		"CREATE TABLE public.t (id bigint PRIMARY KEY, status text, s timestamptz, "
		"e timestamptz, c timestamptz, h timestamptz, g_minutes integer, g_seconds bigint, "
		"g_hours double precision, g_interval interval)");
	for (int a = 0; a < 6; a++)
		params[a] = bk_buf_cstr(&arrays[a]);
	count = pg_text(insert, params, 6);
	ck_assert_int_eq(strtol(count, NULL, 10), ROWS);
	pg_script("UPDATE public.t SET g_seconds = g_minutes * 60::bigint, "
		  "g_hours = g_minutes / 60.0, "
		  "g_interval = make_interval(secs => g_minutes * 60.0)");
	pg_script("CREATE INDEX ON public.t (status)");
	pg_script("VACUUM ANALYZE public.t");
	for (int a = 0; a < 6; a++)
		bk_buf_clear(&arrays[a]);
	free(rows);
	pg_close();
}

static void open_all(void)
{
	pg_open();
	draw_rows();
}

static void close_all(void)
{
	pg_close();
	free(rows);
}

/* Adds to found[id] for each row of a unit's scan. */
static void scan_unit(const struct setup *s, const struct bk_unit *unit, int64_t lower,
		      unsigned char *found)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf scan = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf as_of = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf from = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *ids = NULL;
	const char *params[2];
	struct bk_scope scope = bk_scope_of_params(&s->mapping, NULL, NULL);
	struct bk_error err = {0};

	ck_assert_msg(!bk_unit_scan(&scan, unit, &scope, "b.id", "", "ALL", &err), "%s",
		      err.message);
	bk_buf_fmt(&sql, "SELECT pg_catalog.string_agg(q.id::pg_catalog.text, ' ') FROM (%s) AS q",
		   bk_buf_cstr(&scan));
	instant_show(&as_of, (struct bk_instant){true, CASES_NOW});
	instant_show(&from, (struct bk_instant){true, lower});
	params[0] = bk_buf_cstr(&as_of);
	params[1] = bk_buf_cstr(&from);
	ids = pg_text(bk_buf_cstr(&sql), params, 2);
	for (char *p = ids; p && *p;)
		found[strtol(p, &p, 10)]++;
}

static void differ(const struct plan *plan, const struct bk_rule *rule, int64_t lower, int i,
		   int found)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	booking_show(&text, &rows[i]);
	ck_abort_msg("seed %" PRIu64
		     ", %s, %s max-age: rule %s, booking %d: %s: found by %d scans, expected %d",
		     draw_seed(), plan_show(plan), lower == BK_MINUS_INFINITY ? "without" : "with",
		     rule->name, i, bk_buf_cstr(&text), found, !found);
}

/* Compares one rule over all bookings; how many it applies to. */
static size_t compare_rule(const struct plan *plan, const struct setup *s,
			   const struct bk_rules *rules, const struct bk_rule *rule, int64_t lower)
{
	static unsigned char found[ROWS];
	BK_CLEAN(bk_units_clear) struct bk_units units;
	size_t applies = 0;

	memset(found, 0, sizeof(found));
	bk_units_build(rules, &s->mapping, rule->job, &units);
	for (size_t u = 0; u < units.count; u++)
		if (units.items[u].rule == rule)
			scan_unit(s, &units.items[u], lower, found);
	for (int i = 0; i < ROWS; i++) {
		bool expected = bk_rule_applies(&s->policy, rule, &rows[i], CASES_NOW, lower);

		if (found[i] != expected)
			differ(plan, rule, lower, i, found[i]);
		applies += expected;
	}
	return applies;
}

/* Compares all rules of a plan; every one must have found something. */
static void compare_plan(const struct plan *plan)
{
	static const int64_t bounds[] = {CASES_LOWER, BK_MINUS_INFINITY};
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	struct setup s;

	plan_setup(plan, &s);
	bk_rules_build(&s.policy, &rules);
	ck_assert_uint_gt(rules.count, 0);
	for (size_t r = 0; r < rules.count; r++)
		for (size_t i = 0; i < BK_COUNT(bounds); i++) {
			const struct bk_rule *rule = &rules.items[r];
			size_t n = compare_rule(plan, &s, &rules, rule, bounds[i]);

			/* Without any grace nobody can be a no-show. */
			ck_assert_msg(n > 0 || (rule->kind == BK_RULE_NO_SHOW && plan->no_grace),
				      "%s: rule %s applies to no booking", plan_show(plan),
				      rule->name);
		}
}

/* All modes and words with all columns; then all sets of columns, with the words
   and the unit of the grace by turns. */
enum { WORD_PLANS = 48, COLUMN_PLANS = 48 };

static struct plan plan_number(int i)
{
	static const unsigned tracked = PLAN_CHECK_IN;
	int n = i < WORD_PLANS ? i : i - WORD_PLANS;
	int turn = i < WORD_PLANS ? n / 3 : n * 7 + n / 16;
	struct plan plan = {
		.mode = (enum bk_check_in_mode)(n % 3),
		.accept = turn % 2,
		.expires = turn / 2 % 2,
		.no_grace = turn / 4 % 2,
		.jobs = turn / 8 % 2 ? PLAN_JOBS & ~(unsigned)PLAN_NO_SHOW : PLAN_JOBS,
		.columns = i < WORD_PLANS ? PLAN_ALL : (unsigned)n / 3,
		.unit = (enum bk_grace_unit)(i % 4),
	};

	if (plan.mode == BK_TRACKED)
		plan.columns |= tracked;
	return plan;
}

START_TEST(sql_and_c_agree_on_every_booking)
{
	struct plan plan = plan_number(_i);

	compare_plan(&plan);
}
END_TEST

static void make_hostile(void)
{
	load_rows();
	pg_open();
	hostile_make();
	pg_close();
}

START_TEST(they_agree_in_a_hostile_session_too)
{
	struct plan plan = plan_number(_i * 5 % (WORD_PLANS + COLUMN_PLANS));

	hostile_session();
	compare_plan(&plan);
}
END_TEST

/* The due instant of a no-show is D, for every booking that is one. */
static void compare_deadlines(const struct plan *plan, const struct setup *s,
			      const struct bk_rule *rule)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_rows *answer = NULL;
	struct bk_error err = {0};
	struct bk_stmt stmt = {"deadlines", NULL, NULL, 0, BK_ANY_ROWS};

	bk_buf_str(&sql, "SELECT b.id, ");
	bk_value_text(&sql, rule->due, BK_TYPE_TIMESTAMPTZ);
	bk_buf_fmt(&sql, " FROM public.t AS b WHERE %s", rule->filter);
	stmt.sql = bk_buf_cstr(&sql);
	bk_db_deadline(pg_db, 60000);
	ck_assert_msg(!bk_db_run(pg_db, &stmt, 1, &answer, &err), "%s", err.message);
	ck_assert_int_gt(bk_rows_count(answer), 1000);
	for (int i = 0; i < bk_rows_count(answer); i++) {
		const struct bk_booking *b = &rows[strtol(bk_rows_cell(answer, i, 0), NULL, 10)];
		const char *found = bk_rows_cell(answer, i, 1);
		BK_CLEAN(bk_buf_clear) struct bk_buf expected = BK_BUF_INIT;
		BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
		bool valid;
		struct bk_instant d = bk_booking_deadline(&s->policy, b, &valid);

		booking_show(&text, b);
		ck_assert_msg(valid, "%s: %s", plan_show(plan), bk_buf_cstr(&text));
		ck_assert_msg(d.set == (found != NULL), "%s: %s", plan_show(plan),
			      bk_buf_cstr(&text));
		if (!found)
			continue;
		instant_show(&expected, d);
		bk_buf_str(&expected, " AD");
		ck_assert_msg(strcmp(found, bk_buf_cstr(&expected)) == 0,
			      "%s: %s: D is %s, expected %s", plan_show(plan), bk_buf_cstr(&text),
			      found, bk_buf_cstr(&expected));
	}
	bk_rows_free(answer);
}

START_TEST(the_due_instant_of_a_no_show_is_the_deadline)
{
	struct plan plan = {.mode = _i / 8 ? BK_APP : BK_TRACKED,
			    .no_grace = _i / 4 % 2,
			    .jobs = PLAN_JOBS,
			    .columns = PLAN_ALL,
			    .unit = (enum bk_grace_unit)(_i % 4)};
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	struct setup s;
	int compared = 0;

	plan_setup(&plan, &s);
	bk_rules_build(&s.policy, &rules);
	for (size_t r = 0; r < rules.count; r++)
		if (rules.items[r].kind == BK_RULE_NO_SHOW) {
			compare_deadlines(&plan, &s, &rules.items[r]);
			compared++;
		}
	ck_assert_int_eq(compared, 1);
}
END_TEST

/* A column of each type that the mapping may name, with what it can hold at its
   worst: id 1 is due, 2 is within its grace, 3 has no number at all. */
static const struct {
	const char *type;
	enum bk_grace_unit unit;
	const char *due;    /* half an hour or less */
	const char *within; /* more than an hour */
	const char *wrong;  /* below zero, the least there is */
	const char *huge;
} graces[] = {
	{"smallint", BK_GRACE_MINUTES, "15", "90", "-32768", "32767"},
	{"smallint", BK_GRACE_HOURS, "0", "2", "-32768", "32767"},
	{"integer", BK_GRACE_SECONDS, "60", "5400", "-2147483648", "2147483647"},
	{"integer", BK_GRACE_HOURS, "0", "2", "-2147483648", "2147483647"},
	{"bigint", BK_GRACE_MINUTES, "15", "90", "-9223372036854775808", "9223372036854775807"},
	{"bigint", BK_GRACE_HOURS, "0", "2", "-9223372036854775808", "9223372036854775807"},
	{"numeric", BK_GRACE_MINUTES, "0.5", "90.25", "-1e300", "1e300"},
	{"numeric", BK_GRACE_HOURS, "0.25", "1.25", "'-Infinity'", "'Infinity'"},
	{"numeric", BK_GRACE_HOURS, "0.25", "1.25", "-0.0001", "'NaN'"},
	{"real", BK_GRACE_MINUTES, "0.5", "90.25", "'-Infinity'", "'Infinity'"},
	{"double precision", BK_GRACE_SECONDS, "0.000001", "5400.5", "-1e300", "1e300"},
	{"double precision", BK_GRACE_HOURS, "0.25", "1.25", "'-Infinity'", "'NaN'"},
	{"interval", BK_GRACE_INTERVAL, "'15 minutes'", "'90 minutes'", "'-178000000 years'",
	 "'178000000 years'"},
	{"interval", BK_GRACE_INTERVAL, "'1 day -23:45'", "'2 hours'", "'1 hour -1 day'",
	 "'1 month'"},
};

START_TEST(no_grace_that_a_column_can_hold_stops_a_job)
{
	const struct plan plan = {.mode = BK_TRACKED,
				  .jobs = PLAN_JOBS,
				  .columns = PLAN_ALL,
				  .unit = graces[_i].unit};
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	BK_CLEAN(bk_units_clear) struct bk_units units;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	unsigned char found[8] = {0};
	struct setup s;

	plan_setup(&plan, &s);
	s.mapping.table_name = (char *)"t2";
	s.mapping.grace.column = (char *)"g";
	bk_buf_fmt(&sql,
		   "CREATE TEMPORARY TABLE t2 (id bigint, status text DEFAULT 'CONFIRMED', "
		   "s timestamptz DEFAULT '2026-03-29T00:00:00Z', e timestamptz, c timestamptz, "
		   "h timestamptz, g %s);"
		   "INSERT INTO t2 (id, g) VALUES (1, %s), (2, %s), (3, %s), (4, %s), (5, NULL)",
		   graces[_i].type, graces[_i].due, graces[_i].within, graces[_i].wrong,
		   graces[_i].huge);
	pg_script(bk_buf_cstr(&sql));
	s.mapping.table_schema = (char *)"pg_temp";
	bk_rules_build(&s.policy, &rules);
	bk_units_build(&rules, &s.mapping, BK_JOB_NO_SHOW, &units);
	scan_unit(&s, &units.items[0], BK_MINUS_INFINITY, found);
	for (int id = 1; id <= 5; id++)
		ck_assert_msg(found[id] == (id == 1 || id == 5), "%s: booking %d", graces[_i].type,
			      id);
	bk_units_clear(&units);
	bk_units_build(&rules, &s.mapping, BK_JOB_ACTIVATE, &units);
	scan_unit(&s, &units.items[0], BK_MINUS_INFINITY, found);
	for (int id = 1; id <= 5; id++)
		ck_assert_msg(found[id] == (id != 3), "%s: booking %d", graces[_i].type, id);
}
END_TEST

START_TEST(instants_beyond_the_limit_are_none_in_both_forms)
{
	BK_CLEAN(bk_free_str)
	char *limit = pg_text(
		"SELECT (extract(epoch FROM '294000-01-01 00:00:00+00'::timestamptz) * 1000000)"
		"::numeric(30, 0)",
		NULL, 0);

	ck_assert_int_eq(strtoll(limit, NULL, 10), BK_TIME_LIMIT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rule_sql");
	TCase *tc = tcase_create("sql");

	tcase_add_unchecked_fixture(tc, make_hostile, NULL);
	tcase_add_checked_fixture(tc, open_all, close_all);
	tcase_add_loop_test(tc, sql_and_c_agree_on_every_booking, 0, WORD_PLANS + COLUMN_PLANS);
	tcase_add_loop_test(tc, they_agree_in_a_hostile_session_too, 0, 20);
	tcase_add_loop_test(tc, the_due_instant_of_a_no_show_is_the_deadline, 0, 16);
	ADD_ROWS(tc, no_grace_that_a_column_can_hold_stops_a_job, graces);
	ADD(tc, instants_beyond_the_limit_are_none_in_both_forms);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
