/*
 * The dry run and the run: what the programs list of each job, in csv and in JSON lines, is
 * what the job then changes when it judges by the same instant. Bookings become due every
 * 25 milliseconds meanwhile, some are on hold and some set aside.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "program.h"
#include "rig.h"
#include "suite.h"

static const struct {
	const char *job;
	const char *program;
	const char *command; /* NULL = none */
	const char *format;
	int64_t rules; /* that list something */
} rows[] = {
	{"activate-due", "bkactivate", NULL, "csv", 1},
	{"activate-due", "bkactivate", NULL, "jsonl", 1},
	{"cancel-no-shows", "bknoshow", NULL, "csv", 1},
	{"cancel-no-shows", "bknoshow", NULL, "jsonl", 1},
	{"update-completed", "bkmaint", "update-completed", "csv", 3},
	{"update-completed", "bkmaint", "update-completed", "jsonl", 3},
	{"update-expired", "bkmaint", "update-expired", "csv", 1},
	{"update-expired", "bkmaint", "update-expired", "jsonl", 1},
};

static const char config[] = "grace = none\n";

/* Bookings of every rule; x is an instant of whole milliseconds, from a second ago on for three
   quarters of a minute. Of each kind one is 30 days old, too, which max-age leaves alone. */
static const char kinds[] =
	"CREATE TABLE instants AS SELECT date_trunc('milliseconds', clock_timestamp()) + g * "
	"interval '25 ms' AS x FROM generate_series(-40, 1800) AS g"
	" UNION ALL SELECT now() - interval '31 d';"
	"INSERT INTO bookings (status, starts_at, ends_at, checked_in_at, hold_expires_at,"
	" grace_minutes) SELECT k.* FROM instants, LATERAL (VALUES"
	" ('CONFIRMED', x, x + interval '1 d', NULL::timestamptz, NULL::timestamptz, 15),"
	" ('CONFIRMED', x, x + interval '1 d', x - interval '1 h', NULL, NULL),"
	" ('CONFIRMED', x - interval '15 m', x + interval '1 d', NULL, NULL, 15),"
	" ('ACTIVE', x - interval '15 m', x + interval '1 d', NULL, NULL, 15),"
	" ('ACTIVE', x - interval '1 h', x, x - interval '1 h', NULL, 15),"
	" ('CONFIRMED', x - interval '1 h', x, x - interval '1 h', NULL, 15),"
	" ('CONFIRMED', x - interval '1 h', x, NULL, NULL, NULL),"
	" ('PENDING', x, x + interval '1 d', NULL, NULL, NULL),"
	" ('PENDING', x + interval '1 h', x + interval '1 d', NULL, x, NULL),"
	" ('PENDING', x, x + interval '1 d', NULL, x + interval '1 h', NULL),"
	" ('CANCELLED', x, x + interval '1 d', NULL, NULL, NULL)) AS k;"
	/* On hold for good, until an instant that is over, and until one to come. */
	"INSERT INTO bk.booking_holds (booking_key, held_until, reason, author)"
	" SELECT ARRAY[id::text], CASE id % 3 WHEN 0 THEN NULL"
	" WHEN 1 THEN date_trunc('milliseconds', now()) - interval '1 h'"
	" ELSE date_trunc('milliseconds', now()) + interval '1 h' END, 'in dispute', 'x'"
	" FROM bookings WHERE id % 7 = 0;"
	/* Set aside by its own rule, by another one, and to be tried again by now. */
	"INSERT INTO bk.quarantined_bookings (rule, booking_key, operation, execution_id,"
	" error_code, error_message, first_seen_at, last_seen_at, next_try_at)"
	" SELECT r, ARRAY[id::text], j, 1, '23514', 'x', now(), now(),"
	" date_trunc('milliseconds', now()) + CASE id % 2 WHEN 0 THEN interval '1 h'"
	" ELSE interval '-1 h' END"
	" FROM bookings, (VALUES ('activate', 'activate-due'), ('no-show', 'cancel-no-shows'),"
	" ('complete', 'update-completed'), ('complete-missed', 'update-completed'),"
	" ('expire-hold', 'update-expired')) AS v (r, j) WHERE id % 11 = 0";

/* Runs the program and leaves what it says in two files. */
static void list(int i)
{
	BK_CLEAN(bk_free_str) char *out = program_file("out");
	BK_CLEAN(bk_free_str) char *said = program_file("err");
	BK_CLEAN(bk_free_str) char *format = bk_asprintf("--output=%s", rows[i].format);
	BK_CLEAN(bk_free_str) char *command = bk_strdup(rows[i].command);
	char dry[] = "--dry-run";
	char *argv[] = {NULL, dry, format, command, NULL};
	posix_spawn_file_actions_t actions;

	ck_assert_int_eq(posix_spawn_file_actions_init(&actions), 0);
	ck_assert_int_eq(posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out,
							  O_WRONLY | O_CREAT | O_TRUNC, 0600),
			 0);
	ck_assert_int_eq(posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, said,
							  O_WRONLY | O_CREAT | O_TRUNC, 0600),
			 0);
	program_end(program_start(rows[i].program, argv, &actions));
}

/* Each line of a file into table lines, in order. */
static void load(const char *name)
{
	BK_CLEAN(bk_free_str) char *path = program_file(name);
	FILE *in = fopen(path, "r");
	char line[2000];

	ck_assert_ptr_nonnull(in);
	side_exec(rig.side, "BEGIN; DROP TABLE IF EXISTS lines;"
			    " CREATE TABLE lines (n int GENERATED ALWAYS AS IDENTITY, t text)");
	while (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = '\0';
		side_exec(rig.side, "INSERT INTO lines (t) VALUES ($line$%s$line$)", line);
	}
	side_exec(rig.side, "COMMIT");
	(void)fclose(in);
}

/* The list as table listed; the instant that it is of. Of csv it stands beside the list. */
static char *take_list(int i)
{
	static const char table[] = "DROP TABLE IF EXISTS listed; CREATE TABLE listed AS SELECT n,";

	if (strcmp(rows[i].format, "jsonl") == 0) {
		load("out");
		side_exec(rig.side,
			  "%s v->'key'->>0 AS key, v->>'from' AS f, v->>'to' AS t,"
			  " v->>'rule' AS rule, (v->>'dueAt')::timestamptz AS due"
			  " FROM (SELECT n, t::jsonb->'booking' AS v FROM lines) AS l"
			  " WHERE v IS NOT NULL",
			  table);
		return bk_strdup(side_text(rig.side, "SELECT t::jsonb->>'asOf' FROM lines"
						     " ORDER BY n DESC LIMIT 1"));
	}
	load("out");
	ck_assert_str_eq(side_text(rig.side, "SELECT t FROM lines WHERE n = 1"),
			 "id,from,to,rule,dueAt");
	side_exec(rig.side,
		  "%s c[1] AS key, c[2] AS f, c[3] AS t, c[4] AS rule, c[5]::timestamptz AS due"
		  " FROM (SELECT n, string_to_array(t, ',') AS c FROM lines WHERE n > 1) AS l",
		  table);
	load("err");
	return bk_strdup(side_text(rig.side, "SELECT substring(t FROM ' as of ([^;]*);') FROM lines"
					     " ORDER BY n DESC LIMIT 1"));
}

/* By rule, then due instant, then key. */
static void check_order(int i)
{
	ck_assert_int_eq(side_int(rig.side, "SELECT count(DISTINCT rule) FROM listed"),
			 rows[i].rules);
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT count(*) FROM (SELECT rule, lag(rule) OVER (ORDER BY n)"
				  " AS above FROM listed) AS l WHERE rule <> above"),
			 rows[i].rules - 1);
	ck_assert_int_eq(side_int(rig.side,
				  "SELECT count(*) FROM (SELECT ROW(due, key::bigint) AS r,"
				  " lag(ROW(due, key::bigint)) OVER (PARTITION BY rule ORDER BY n)"
				  " AS above FROM listed) AS l WHERE r <= above"),
			 0);
}

static void check_changed(void)
{
	side_exec(rig.side,
		  "CREATE TABLE changed AS SELECT k AS key, from_state AS f, to_state AS t, rule"
		  " FROM bk.booking_transitions, unnest(keys[1:1]) AS k");
	ck_assert_int_gt(side_int(rig.side, "SELECT count(*) FROM changed"), 50);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM (SELECT key, f, t, rule FROM"
					    " listed EXCEPT ALL TABLE changed) AS x"),
			 0);
	ck_assert_int_eq(side_int(rig.side, "SELECT count(*) FROM (TABLE changed EXCEPT ALL"
					    " SELECT key, f, t, rule FROM listed) AS x"),
			 0);
}

/* Without the instant the run would have changed more: the test can fail. */
static void check_that_time_went_on(const char *as_of)
{
	rig.request.clock_override = NULL;
	while (side_int(rig.side,
			"SELECT (clock_timestamp() < '%s'::timestamptz + interval '100 ms')::int",
			as_of))
		;
	ck_assert_int_eq(rig_run(), BK_OK);
	ck_assert_int_gt(rig.result.processed, 0);
}

START_TEST(a_run_changes_what_the_dry_run_lists)
{
	BK_CLEAN(bk_free_str) char *as_of = NULL;

	side_exec(rig.side, "%s", kinds);
	list(_i);
	as_of = take_list(_i);
	check_order(_i);
	rig_job(rows[_i].job);
	rig.request.clock_override = as_of;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	check_changed();
	check_that_time_went_on(as_of);
}
END_TEST

static void drop_tables(void)
{
	side_exec(rig.side, "DROP TABLE IF EXISTS lines, listed, changed, instants");
}

static void setup(void)
{
	rig_open();
	drop_tables();
	rig_conf(config);
	program_setup(config);
}

static void teardown(void)
{
	drop_tables();
	rig_close();
}

int main(void)
{
	Suite *suite = suite_create("dry run and run");
	TCase *tc = tcase_create("dry run and run");

	tcase_add_checked_fixture(tc, setup, teardown);
	ADD_ROWS(tc, a_run_changes_what_the_dry_run_lists, rows);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
