/*
 * Orders and outages through real runs: bookings of all kinds live through some
 * hours while the four jobs run in each of their 24 orders. All orders leave
 * one table behind at every instant, the one that the pure rules foretell; and
 * where that is documented, an outage changes nothing in the end.
 */
#include "run/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "hostile.h"
#include "pg.h"
#include "rule_cases.h"
#include "suite.h"

enum { GUESTS = 250, STEPS = 5 };

static const struct plan plans[] = {
	/* The first two are those for which an outage changes nothing. */
	{BK_TRACKED, false, false, false, PLAN_JOBS, PLAN_ALL, BK_GRACE_MINUTES},
	{BK_UNTRACKED, false, false, false, PLAN_ACTIVATE | PLAN_COMPLETE | PLAN_EXPIRE,
	 PLAN_ALL & ~PLAN_CHECK_IN, BK_GRACE_MINUTES},
	{BK_TRACKED, true, false, false, PLAN_JOBS, PLAN_ALL, BK_GRACE_MINUTES},
	{BK_TRACKED, false, true, true, PLAN_JOBS, PLAN_ALL & ~PLAN_HOLD, BK_GRACE_MINUTES},
	{BK_TRACKED, false, true, false, PLAN_JOBS & ~PLAN_NO_SHOW, PLAN_ALL, BK_GRACE_MINUTES},
	{BK_UNTRACKED, false, true, false, PLAN_ACTIVATE | PLAN_COMPLETE | PLAN_EXPIRE,
	 PLAN_ALL & ~PLAN_CHECK_IN, BK_GRACE_MINUTES},
	{BK_APP, false, false, false, PLAN_JOBS & ~PLAN_ACTIVATE, PLAN_ALL & ~PLAN_CHECK_IN,
	 BK_GRACE_MINUTES},
};

enum { PROMISED = 2 };

/* Over nine hours; the other plans in larger strides, to save time. */
static int steps;

static struct bk_conf *conf;
static struct setup setup;
static struct bk_rules rules;
static struct guest drawn[GUESTS];
static int64_t instants[STEPS];

/* Columns that tell when a check-in becomes known, and the table as it begins. */
static void make_tables(void)
{
	struct bk_conf *defaults;

	pg_open();
	defaults = pg_conf("");
	pg_make_schema(defaults);
	pg_script(bk_sql_text("reference_bookings"));
	pg_script("ALTER TABLE bookings ADD fact timestamptz, ADD known_at timestamptz;"
		  "CREATE TABLE beginning (LIKE bookings INCLUDING DEFAULTS)");
	bk_conf_free(defaults);
	pg_close();
}

static void write_jobs(struct bk_buf *out, unsigned jobs)
{
	for (int i = 0; i < 4; i++)
		bk_buf_fmt(out, "%s { enabled = %s }\n", cases_jobs[i],
			   jobs & 1U << i ? "yes" : "no");
}

static struct bk_conf *conf_of(const struct plan *plan)
{
	static const char *const modes[] = {"tracked", "untracked", "app"};
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_buf_str(&text,
		   "bookings { table = public.bookings key = {id} status = status "
		   "start = starts_at end = ends_at grace = grace_minutes updated = updated_at\n");
	if (plan->columns & PLAN_CHECK_IN)
		bk_buf_str(&text, "check-in = checked_in_at\n");
	if (plan->columns & PLAN_HOLD)
		bk_buf_str(&text, "hold = hold_expires_at\n");
	bk_buf_fmt(&text, "check-in-mode = %s late-check-in = %s missed = %s\n", modes[plan->mode],
		   plan->accept ? "accept" : "reject", plan->expires ? "expired" : "completed");
	bk_buf_str(&text, "states { pending = {PENDING} confirmed = {CONFIRMED} active = {ACTIVE} "
			  "completed = {COMPLETED} no-show = {NO_SHOW} expired = {EXPIRED} "
			  "cancelled = {CANCELLED} } }\n");
	bk_buf_fmt(&text, "grace = %s\n", plan->no_grace ? "none" : "15m");
	write_jobs(&text, plan->jobs);
	return pg_conf(bk_buf_cstr(&text));
}

static void put_value(struct bk_buf *out, struct bk_instant t)
{
	bk_buf_str(out, t.set ? ", '" : ", NULL");
	if (!t.set)
		return;
	instant_show(out, t);
	bk_buf_char(out, '\'');
}

#define STATES                                                                                     \
	"ARRAY['PENDING', 'CONFIRMED', 'ACTIVE', 'COMPLETED', 'NO_SHOW', 'EXPIRED', 'CANCELLED']"

static void store_guests(void)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;

	bk_buf_str(&sql,
		   "TRUNCATE beginning; INSERT INTO beginning (id, status, starts_at, ends_at, "
		   "hold_expires_at, fact, known_at, grace_minutes) VALUES ");
	for (int i = 0; i < GUESTS; i++) {
		const struct bk_booking *b = &drawn[i].booking;

		bk_buf_fmt(&sql, "%s(%d, (%s)[%d]", i ? ", " : "", i, STATES, (int)b->state + 1);
		put_value(&sql, b->start);
		put_value(&sql, b->end);
		put_value(&sql, b->hold);
		put_value(&sql, drawn[i].check_in);
		put_value(&sql, (struct bk_instant){drawn[i].check_in.set, drawn[i].known_us});
		if (b->grace_us.set)
			bk_buf_fmt(&sql, ", %" PRId64 ")", b->grace_us.us / MINUTE);
		else
			bk_buf_str(&sql, ", NULL)");
	}
	pg_script(bk_buf_cstr(&sql));
}

static void restore_bookings(void)
{
	pg_script("TRUNCATE bookings; INSERT INTO bookings SELECT * FROM beginning;"
		  "ANALYZE bookings");
}

/* The states of all bookings, a digit each. */
static char *states_in_table(void)
{
	return pg_text("SELECT string_agg((array_position(" STATES
		       ", status) - 1)::text, '' ORDER BY id) "
		       "FROM bookings",
		       NULL, 0);
}

static void states_in_memory(const struct guest *guests, char ret[GUESTS + 1])
{
	for (int i = 0; i < GUESTS; i++)
		ret[i] = (char)('0' + (int)guests[i].booking.state);
	ret[GUESTS] = '\0';
}

static void compare(const char *expected, const char *found, const struct plan *plan, int step,
		    int order)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	size_t i = 0;

	if (strcmp(expected, found) == 0)
		return;
	while (expected[i] && expected[i] == found[i])
		i++;
	ck_assert_uint_lt(i, GUESTS);
	booking_show(&text, &drawn[i].booking);
	bk_buf_str(&text, ", check-in ");
	instant_show(&text, drawn[i].check_in);
	bk_buf_str(&text, ", at ");
	instant_show(&text, (struct bk_instant){true, instants[step]});
	ck_abort_msg("seed %" PRIu64 ", %s, order %d, step %d: booking %zu, %s: %s, expected %s",
		     draw_seed(), plan_show(plan), order, step, i, bk_buf_cstr(&text),
		     bk_state_names[found[i] - '0'], bk_state_names[expected[i] - '0']);
}

/* Writes down in the table what is known by now. */
static void arrive(const struct plan *plan, const char *now)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;

	bk_buf_fmt(&sql,
		   "UPDATE bookings SET checked_in_at = fact, "
		   "status = CASE WHEN %s AND status = 'CONFIRMED' THEN 'ACTIVE' ELSE status END "
		   "WHERE known_at <= '%s' AND checked_in_at IS NULL",
		   plan->mode == BK_APP ? "true" : "false", now);
	pg_script(bk_buf_cstr(&sql));
}

/* One tick of the jobs of the order that are enabled, in table and memory. */
static void tick(const struct plan *plan, int order, unsigned jobs, int step, struct guest *guests)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf now = BK_BUF_INIT;
	int list[4];

	instant_show(&now, (struct bk_instant){true, instants[step]});
	arrive(plan, bk_buf_cstr(&now));
	guests_arrive(&setup, guests, GUESTS, instants[step]);
	order_of(order, list);
	for (int i = 0; i < 4; i++) {
		struct bk_run_result result;

		if (!(jobs & plan->jobs & 1U << list[i]))
			continue;
		pg_run(conf, cases_jobs[list[i]], bk_buf_cstr(&now), true, &result);
		ck_assert_int_eq(result.outcome, BK_OUTCOME_RAN);
		ck_assert_str_eq(result.status, "SUCCESS");
		bk_run_result_clear(&result);
		guests_run(&setup, &rules, cases_jobs[list[i]], guests, GUESTS, instants[step]);
	}
}

static void begin(const struct plan *plan, struct draw *d)
{
	conf = conf_of(plan);
	plan_setup(plan, &setup);
	bk_rules_build(&setup.policy, &rules);
	guests_draw(d, CASES_NOW, false, drawn, GUESTS);
	store_guests();
	steps = plan - plans < PROMISED ? STEPS : STEPS - 2;
	for (int i = 0; i < steps; i++)
		instants[i] = CASES_NOW - 2 * HOUR + 9 * HOUR * i / (steps - 1) +
			      15 * MINUTE * draw_below(d, 4) +
			      (draw_chance(d, 50) ? 0 : draw_below(d, 15 * MINUTE));
}

static void end(void)
{
	bk_rules_clear(&rules);
	bk_conf_free(conf);
}

START_TEST(all_24_orders_leave_the_same_table_at_every_instant)
{
	const struct plan *plan = &plans[_i];
	struct draw d = {draw_seed() + (uint64_t)_i};
	char expected[STEPS][GUESTS + 1];
	int moved = 0;

	begin(plan, &d);
	for (int order = 0; order < 24; order++) {
		struct guest guests[GUESTS];

		memcpy(guests, drawn, sizeof(guests));
		restore_bookings();
		for (int step = 0; step < steps; step++) {
			BK_CLEAN(bk_free_str) char *found = NULL;

			tick(plan, order, PLAN_JOBS, step, guests);
			if (order == 0)
				states_in_memory(guests, expected[step]);
			found = states_in_table();
			compare(expected[step], found, plan, step, order);
		}
	}
	for (int i = 0; i < GUESTS; i++)
		moved += expected[steps - 1][i] != '0' + (int)drawn[i].booking.state;
	ck_assert_int_gt(moved, GUESTS / 4);
	end();
}
END_TEST

/* The company's database misleads every session by its defaults; the test's own
   statements see through it. */
START_TEST(a_database_that_misleads_changes_nothing)
{
	const struct plan *plan = &plans[_i];
	struct draw d = {draw_seed() + 2000 + (uint64_t)_i};

	begin(plan, &d);
	restore_bookings();
	hostile_make();
	hostile_database();
	pg_close();
	pg_open();
	pg_script("SET search_path = pg_catalog, public; SET DateStyle = ISO");
	for (int step = 0; step < steps; step++) {
		char expected[GUESTS + 1];
		BK_CLEAN(bk_free_str) char *found = NULL;

		tick(plan, 0, PLAN_JOBS, step, drawn);
		states_in_memory(drawn, expected);
		found = states_in_table();
		compare(expected, found, plan, step, 0);
	}
	ck_assert_int_gt(pg_int("SELECT sum(row_count) FROM bk.booking_transitions"), GUESTS / 4);
	hostile_end();
	pg_script("DROP SCHEMA evil CASCADE");
	end();
}
END_TEST

START_TEST(an_outage_changes_nothing_in_the_end_where_that_is_promised)
{
	const struct plan *plan = &plans[_i];
	struct draw d = {draw_seed() + 1000 + (uint64_t)_i};
	struct guest guests[GUESTS];
	char expected[GUESTS + 1];

	begin(plan, &d);
	/* In memory without an outage. */
	memcpy(guests, drawn, sizeof(guests));
	for (int step = 0; step < steps; step++) {
		guests_arrive(&setup, guests, GUESTS, instants[step]);
		for (int i = 0; i < 4; i++)
			guests_run(&setup, &rules, cases_jobs[i], guests, GUESTS, instants[step]);
	}
	states_in_memory(guests, expected);
	for (int round = 0; round < 6; round++) {
		BK_CLEAN(bk_free_str) char *found = NULL;

		memcpy(guests, drawn, sizeof(guests));
		restore_bookings();
		for (int step = 0; step < steps; step++) {
			bool last = step == steps - 1;

			/* The first round misses all but the last tick. */
			tick(plan, (int)draw_below(&d, 24),
			     last    ? PLAN_JOBS
			     : round ? (unsigned)draw_below(&d, 16)
				     : 0,
			     step, guests);
		}
		found = states_in_table();
		compare(expected, found, plan, steps - 1, -1);
	}
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("run_orders");
	TCase *tc = tcase_create("orders");

	tcase_add_unchecked_fixture(tc, make_tables, NULL);
	tcase_add_checked_fixture(tc, pg_open, pg_close);
	ADD_ROWS(tc, all_24_orders_leave_the_same_table_at_every_instant, plans);
	tcase_add_loop_test(tc, an_outage_changes_nothing_in_the_end_where_that_is_promised, 0,
			    PROMISED);
	tcase_add_loop_test(tc, a_database_that_misleads_changes_nothing, 0, PROMISED);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
