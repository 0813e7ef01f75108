/*
 * The doctor: a table with one fault each, and what is found; a healthy one, of
 * which nothing is; and that a look changes nothing.
 */
#include "job/doctor.h"

#include <string.h>

#include "base/mem.h"
#include "exam.h"
#include "rig.h"
#include "suite.h"

/* One booking that is due for each job but cleanup. */
#define DUE_SQL                                                                                    \
	"INSERT INTO bookings (status, starts_at, ends_at, checked_in_at) VALUES"                  \
	" ('CONFIRMED', now() - interval '1 min', now() + interval '1 h', NULL),"                  \
	" ('CONFIRMED', now() - interval '1 h', now() + interval '1 h', NULL),"                    \
	" ('ACTIVE', now() - interval '2 h', now() - interval '1 h', now() - interval '2 h'),"     \
	" ('PENDING', now() - interval '1 h', now() + interval '1 h', NULL);"

#define FUNCTION(body)                                                                             \
	"CREATE OR REPLACE FUNCTION stir() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN " body    \
	" END $f$; CREATE TRIGGER stirs BEFORE UPDATE ON bookings FOR EACH ROW"                    \
	" EXECUTE FUNCTION stir();"

/* What is done to the healthy table, and what is found then. */
struct fault {
	const char *name;
	const char *sql;
	const char *conf;
	const char *role;
	const char *codes; /* of all findings */
	const char *code;  /* of the one that is looked at; NULL = none */
	const char *level;
	const char *subject;
	const char *what; /* a part of it, here and below */
	const char *fix;
};

static const struct fault faults[] = {
	{"a healthy table", "", "", "bk", "", NULL, NULL, NULL, NULL, NULL},
	{"a healthy table with work to do", DUE_SQL, "", "bk", "", NULL, NULL, NULL, NULL, NULL},
	{"no table", "",
	 "bookings { table = \"public.reservations\" key = {\"id\"} status ="
	 " \"status\" start = \"starts_at\" check-in-mode = untracked states { confirmed = {\"C\"}"
	 " active = {\"A\"} completed = {\"D\"} } } cancel-no-shows { enabled = no }"
	 " update-expired { enabled = no } update-completed { enabled = no }",
	 "bk", "mapping state-without-end", "mapping", "error", "bookings.table", "does not exist",
	 "name your table"},
	{"no column", "ALTER TABLE bookings RENAME COLUMN ends_at TO until", "", "bk", "mapping",
	 "mapping", "error", "bookings.end", "has no column \"ends_at\"", "bk.conf"},
	{"a column of a wrong type",
	 "ALTER TABLE bookings ALTER starts_at DROP DEFAULT, ALTER starts_at TYPE text", "", "bk",
	 "mapping", "mapping", "error", "bookings.start", "of type text", "bk.conf"},
	{"a label that a CHECK forbids",
	 "ALTER TABLE bookings DROP CONSTRAINT bookings_status_check,"
	 " ADD CHECK (status <> 'EXPIRED')",
	 "", "bk", "mapping", "mapping", "error", "bookings.states.expired", "'EXPIRED'",
	 "bk.conf"},
	{"a label that an enum lacks",
	 "CREATE TYPE mood AS ENUM ('PENDING', 'CONFIRMED', 'ACTIVE', 'COMPLETED', 'NO_SHOW',"
	 " 'CANCELLED'); CREATE TABLE moods (id int PRIMARY KEY, mood mood, at timestamptz);"
	 " GRANT SELECT, UPDATE ON moods TO booking_update",
	 "bookings { table = \"public.moods\" key = {\"id\"} status = \"mood\" start = \"at\""
	 " check-in-mode = untracked states { pending = {\"PENDING\"} confirmed = {\"CONFIRMED\"}"
	 " active = {\"ACTIVE\"} completed = {\"COMPLETED\"} expired = {\"EXPIRED\"} } }"
	 " update-completed { enabled = no }"
	 " cancel-no-shows { enabled = no }",
	 "bk", "mapping state-without-end", "mapping", "error", "bookings.states.expired",
	 "EXPIRED", ""},
	{"a column that may not be written",
	 "REVOKE UPDATE (status) ON bookings FROM booking_update", "", "bk", "privilege-missing",
	 "privilege-missing", "error", "role bk", "privilege",
	 "GRANT UPDATE (status) ON public.bookings TO bk;"},
	{"a column that may not be read", "REVOKE SELECT (ends_at) ON bookings FROM booking_read",
	 "", "bk", "privilege-missing", "privilege-missing", "error", "role bk", "privilege",
	 "GRANT SELECT (ends_at) ON public.bookings TO bk;"},
	{"one of bk's tables that may not be written",
	 "REVOKE INSERT ON bk.booking_transitions FROM booking_update", "", "bk",
	 "privilege-missing", "privilege-missing", "error", "role bk", "privilege",
	 "GRANT booking_update TO bk;"},
	{"a role that looks", DUE_SQL, "", "reader", "role-only-reads", "role-only-reads", "note",
	 "role reader", "may look", "GRANT booking_update TO reader;"},
	{"a superuser", DUE_SQL, "", "postgres", "superuser", "superuser", "note", "role postgres",
	 "superuser", "GRANT booking_update"},
	{"row-level security",
	 "ALTER TABLE bookings ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON bookings USING (true)",
	 "", "bk", "row-level-security", "row-level-security", "error", "public.bookings",
	 "role bk", "ALTER ROLE bk BYPASSRLS;"},
	{"no index for a scan", "DROP INDEX bookings_confirmed_start", "", "bk", "index-missing",
	 "index-missing", "warning", "rule activate, CONFIRMED", "no index",
	 "CREATE INDEX CONCURRENTLY ON \"public\".\"bookings\" (\"starts_at\", \"id\")"
	 " WHERE \"status\" = 'CONFIRMED';"},
	{"an index without the key, which leaves a sort",
	 "DROP INDEX bookings_active_end; CREATE INDEX ON bookings (ends_at)"
	 " WHERE status = 'ACTIVE'",
	 "", "bk", "index-missing", "index-missing", "warning", "rule complete, ACTIVE", "no index",
	 "CREATE INDEX CONCURRENTLY ON \"public\".\"bookings\" (\"ends_at\", \"id\")"
	 " WHERE \"status\" = 'ACTIVE';"},
	{"a trigger", FUNCTION("RETURN NEW;") DUE_SQL, "", "bk", "change-fires", "change-fires",
	 "note", "public.bookings", "trigger stirs calls public.stir()", ""},
	{"a trigger of other columns",
	 FUNCTION(
		 "RETURN NEW;") "DROP TRIGGER stirs ON bookings; CREATE TRIGGER stirs BEFORE UPDATE"
				" OF ends_at ON bookings FOR EACH ROW EXECUTE FUNCTION stir()",
	 "", "bk", "", NULL, NULL, NULL, NULL, NULL},
	{"a trigger that is off",
	 FUNCTION("RETURN NEW;") "ALTER TABLE bookings DISABLE TRIGGER stirs", "", "bk", "", NULL,
	 NULL, NULL, NULL, NULL},
	{"a trigger that suppresses the change", FUNCTION("RETURN NULL;") DUE_SQL, "", "bk",
	 "change-fires change-suppressed", "change-suppressed", "error", "rule activate, CONFIRMED",
	 "did not become ACTIVE", "return NEW"},
	{"a trigger that refuses the change", FUNCTION("RAISE 'not you';") DUE_SQL, "", "bk",
	 "change-fires change-refused", "change-refused", "warning", "rule activate, CONFIRMED",
	 "not you", "mend"},
	{"a trigger that cannot work", FUNCTION("PERFORM nosuch(); RETURN NEW;") DUE_SQL, "", "bk",
	 "change-fires statement-fails", "statement-fails", "error", "rule activate, CONFIRMED",
	 "nosuch", "mend"},
	{"a trigger that needs a privilege",
	 "CREATE TABLE audit (id bigint);" FUNCTION("INSERT INTO audit VALUES (NEW.id);"
						    " RETURN NEW;") DUE_SQL,
	 "", "bk", "change-fires privilege-missing", "privilege-missing", "error",
	 "rule activate, CONFIRMED", "permission denied for table audit", "grant"},
	{"a constraint of several columns",
	 "ALTER TABLE bookings ADD CONSTRAINT arrived CHECK (status <> 'COMPLETED' OR"
	 " checked_in_at IS NOT NULL)",
	 "", "bk", "change-fires", "change-fires", "note", "public.bookings",
	 "constraint arrived: CHECK", ""},
	{"a constraint that refuses the change",
	 DUE_SQL "ALTER TABLE bookings ADD CONSTRAINT slow CHECK (status <> 'ACTIVE' OR"
		 " updated_at <= created_at) NOT VALID",
	 "", "bk", "change-fires change-refused", "change-refused", "warning",
	 "rule activate, CONFIRMED", "slow", "mend"},
	{"a unique index for some states",
	 "CREATE UNIQUE INDEX one_active ON bookings (resource_id, id) WHERE status = 'ACTIVE'", "",
	 "bk", "change-fires", "change-fires", "note", "public.bookings", "one_active", ""},
	{"a table that is published without an identity",
	 "ALTER TABLE bookings REPLICA IDENTITY NOTHING; CREATE PUBLICATION p FOR TABLE bookings",
	 "", "bk", "replica-identity", "replica-identity", "error", "public.bookings", "published",
	 "ALTER TABLE \"public\".\"bookings\" REPLICA IDENTITY FULL;"},
	{"a published table with an identity", "CREATE PUBLICATION p FOR TABLE bookings", "", "bk",
	 "", NULL, NULL, NULL, NULL, NULL},
	{"a state without an end", "", "update-completed { enabled = no }", "bk",
	 "state-without-end", "state-without-end", "warning", "bookings.states.confirmed",
	 "no enabled job", "bk(7)"},
};

static void setup(void)
{
	exam_open();
	side_exec(rig.side, "DROP PUBLICATION IF EXISTS p; DROP TABLE IF EXISTS moods, heirs;"
			    "DROP TYPE IF EXISTS mood");
}

static void has(const struct fault *f, const char *text, const char *part)
{
	ck_assert_msg(text && strstr(text, part), "%s: \"%s\" lacks \"%s\"", f->name, text, part);
}

START_TEST(each_fault_is_found_and_nothing_else)
{
	const struct fault *f = &faults[_i];
	const struct bk_finding *finding;

	if (*f->sql)
		side_exec(rig.side, "%s", f->sql);
	rig_conf(f->conf);
	exam(f->role);
	exam_is(f->codes);
	if (!f->code)
		return;
	finding = exam_finding(f->code);
	ck_assert_str_eq(finding->level_word, f->level);
	ck_assert_str_eq(finding->subject, f->subject);
	has(f, finding->what, f->what);
	has(f, finding->fix, f->fix);
	ck_assert_uint_gt(strlen(finding->why), 10);
}
END_TEST

START_TEST(an_index_that_serves_two_rules_is_advised_once)
{
	side_exec(rig.side, "DROP INDEX bookings_confirmed_start, bookings_active_start");
	exam("bk");
	ck_assert_uint_eq(exam_count("index-missing"), 2);
}
END_TEST

START_TEST(what_is_advised_is_what_was_missing)
{
	side_exec(rig.side, "DROP INDEX bookings_confirmed_start; DROP INDEX bookings_pending_hold;"
			    "REVOKE UPDATE (status) ON bookings FROM booking_update");
	for (int i = 0; i < 4 && (i == 0 || exam_found.count); i++) {
		exam("bk");
		for (size_t f = 0; f < exam_found.count; f++)
			side_exec(rig.side, "%s", exam_found.items[f].fix);
	}
	exam_is("");
}
END_TEST

START_TEST(an_index_of_a_partitioned_table_is_not_made_concurrently)
{
	side_exec(rig.side,
		  "DROP TABLE bookings; CREATE TABLE bookings (id int, status text,"
		  " starts_at timestamptz, PRIMARY KEY (id, starts_at)) PARTITION BY RANGE"
		  " (starts_at); CREATE TABLE part PARTITION OF bookings DEFAULT;"
		  "GRANT SELECT, UPDATE ON bookings TO booking_update");
	rig_conf("bookings { table = \"public.bookings\" key = {\"id\", \"starts_at\"} status ="
		 " \"status\" start = \"starts_at\" check-in-mode = untracked states {"
		 " confirmed = {\"C\"} active = {\"A\"} completed = {\"D\"} } }"
		 " cancel-no-shows { enabled = no } update-expired { enabled = no }"
		 " update-completed { enabled = no }");
	exam("bk");
	ck_assert_str_eq(exam_finding("index-missing")->fix,
			 "CREATE INDEX ON \"public\".\"bookings\" (\"starts_at\", \"id\")"
			 " WHERE \"status\" = 'C';");
	side_exec(rig.side, "%s", exam_finding("index-missing")->fix);
	exam("bk");
	ck_assert_uint_eq(exam_count("index-missing"), 0);
}
END_TEST

START_TEST(a_partition_is_published_with_its_table)
{
	side_exec(rig.side,
		  "DROP TABLE bookings; CREATE TABLE bookings (id int, status text,"
		  " starts_at timestamptz, PRIMARY KEY (id, starts_at)) PARTITION BY RANGE"
		  " (starts_at); CREATE TABLE part PARTITION OF bookings DEFAULT;"
		  "CREATE INDEX ON bookings (starts_at, id) WHERE status = 'C';"
		  "GRANT SELECT, UPDATE ON bookings TO booking_update;"
		  "CREATE PUBLICATION p FOR TABLE bookings WITH (publish_via_partition_root)");
	rig_conf("bookings { table = \"public.bookings\" key = {\"id\", \"starts_at\"} status ="
		 " \"status\" start = \"starts_at\" check-in-mode = untracked states {"
		 " confirmed = {\"C\"} active = {\"A\"} completed = {\"D\"} } }"
		 " cancel-no-shows { enabled = no } update-expired { enabled = no }"
		 " update-completed { enabled = no }");
	exam("bk");
	exam_is("state-without-end");
	side_exec(rig.side, "ALTER TABLE part REPLICA IDENTITY NOTHING");
	exam("bk");
	exam_is("replica-identity state-without-end");
	ck_assert_str_eq(exam_finding("replica-identity")->fix,
			 "ALTER TABLE \"public\".\"part\" REPLICA IDENTITY FULL;");
}
END_TEST

START_TEST(heirs_need_an_index_each)
{
	side_exec(rig.side, "CREATE TABLE heirs (PRIMARY KEY (id)) INHERITS (bookings)");
	rig_conf("activate-due { enabled = no } update-expired { enabled = no }"
		 " cancel-no-shows { enabled = no } bookings { check-in-mode = untracked table ="
		 " \"public.bookings\" key = {\"id\"} status = \"status\" start = \"starts_at\""
		 " end = \"ends_at\" states { confirmed = {\"CONFIRMED\"} active = {\"ACTIVE\"}"
		 " completed = {\"COMPLETED\"} } }");
	exam("postgres");
	ck_assert_ptr_nonnull(strstr(exam_finding("index-missing")->fix,
				     "ON \"public\".\"heirs\" (\"ends_at\", \"id\")"));
	/* It has one itself. */
	ck_assert_ptr_null(strstr(exam_finding("index-missing")->fix, "\"bookings\""));
}
END_TEST

START_TEST(a_clock_that_is_wrong_is_told_of)
{
	exam_clock_ms = 60000;
	exam("bk");
	exam_is("clock-difference");
	ck_assert_ptr_nonnull(strstr(exam_finding("clock-difference")->what, "ahead of"));
	exam_clock_ms = -60000;
	exam("bk");
	ck_assert_ptr_nonnull(strstr(exam_finding("clock-difference")->what, "behind"));
	exam_clock_ms = 4000; /* below clock-skew */
	exam("bk");
	exam_is("");
}
END_TEST

START_TEST(a_table_that_others_have_locked_is_a_note_and_ends_the_look_at_it)
{
	side_exec(rig.side, "BEGIN; LOCK TABLE bookings");
	exam("bk");
	exam_is("not-checked");
	ck_assert_uint_eq(exam_found.count, 1);
	side_exec(rig.side, "ROLLBACK");
}
END_TEST

/* Everything that is stored, but for the next numbers of sequences: those of a change
   that is rolled back are used up. */
static const char *stored(void)
{
	return side_text(
		rig.side,
		"SELECT md5(string_agg(t, '|' ORDER BY t)) FROM ("
		"SELECT 'b' || b.*::text || b.xmin || b.ctid AS t FROM bookings AS b UNION ALL "
		"SELECT 'e' || e.*::text || e.xmin FROM bk.maintenance_executions AS e UNION ALL "
		"SELECT 'w' || w.*::text || w.xmin FROM bk.execution_workers AS w UNION ALL "
		"SELECT 't' || t.*::text || t.xmin FROM bk.booking_transitions AS t UNION ALL "
		"SELECT 'j' || j.*::text || j.xmin FROM bk.scheduler_job_info AS j UNION ALL "
		"SELECT 'i' || i.*::text || i.xmin FROM bk.instances AS i UNION ALL "
		"SELECT 'a' || a.*::text || a.xmin FROM audit AS a) AS q");
}

START_TEST(nothing_is_written)
{
	BK_CLEAN(bk_free_str) char *before = NULL;

	side_exec(rig.side, DUE_SQL "CREATE TABLE audit (id bigint, was text);"
				    "GRANT INSERT ON audit TO bk;" FUNCTION(
					    "INSERT INTO audit VALUES (NEW.id, OLD.status);"
					    " RETURN NEW;"));
	for (int i = 0; i < 2; i++) {
		bk_free_str(&before);
		before = bk_strdup(stored());
		exam("bk");
		exam_is("change-fires");
		ck_assert_str_eq(before, stored());
		/* And once more with executions that are there. */
		rig_job("activate-due");
		ck_assert_int_eq(rig_run(), BK_OK);
		ck_assert_int_eq(rig.result.processed, i == 0);
	}
}
END_TEST

START_TEST(a_look_that_is_lost_is_an_error)
{
	BK_CLEAN(bk_db_clean) struct bk_db *db = exam_connect("bk");
	const struct bk_doctor_request request = exam_request();
	struct bk_error err = {0};

	side_exec(rig.side, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
			    " WHERE application_name = 'bk:doctor'");
	ck_assert_int_eq(bk_doctor(db, &request, &exam_found, &err), BK_E_UNAVAILABLE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("doctor");
	TCase *tc = tcase_create("doctor");

	tcase_add_checked_fixture(tc, setup, exam_close);
	ADD_ROWS(tc, each_fault_is_found_and_nothing_else, faults);
	ADD(tc, an_index_that_serves_two_rules_is_advised_once);
	ADD(tc, what_is_advised_is_what_was_missing);
	ADD(tc, an_index_of_a_partitioned_table_is_not_made_concurrently);
	ADD(tc, a_partition_is_published_with_its_table);
	ADD(tc, heirs_need_an_index_each);
	ADD(tc, a_clock_that_is_wrong_is_told_of);
	ADD(tc, a_table_that_others_have_locked_is_a_note_and_ends_the_look_at_it);
	ADD(tc, nothing_is_written);
	ADD(tc, a_look_that_is_lost_is_an_error);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
