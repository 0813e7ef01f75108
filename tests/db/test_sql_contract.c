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
#include "db/sqltext.h"
#include "job/internal.h"
#include "pg.h"
#include "suite.h"

enum { OPEN_ENDED = -1 };

/* What stands for a template's variables, where the builders do not fill them. */
static const struct bk_sql_var vars[] = {
	{"bk", "bk"},
	{"probe", "true"},
	{"type", "pg_catalog.text"},
	{"collation", "COLLATE pg_catalog.\"C\""},
	{"equals", "OPERATOR(pg_catalog.=)"},
	{"column", "id"},
	{"status", "status"},
	{"condition", "b.status IS NULL"},
	{"check", "\"status\" <> 'x'"},
	{"schema", "public"},
	{"table", "public.bookings"},
	{"rule", "activate"},
	{"as_of", "$1::timestamptz"},
	{"key_texts", "b.id::text"},
	{"position", "z.k1 AS d, z.k1"},
	{"read_columns", "id, status"},
	{"write_columns", "status"},
	{"match", "b.id = 4711"},
	{"row_key", "ARRAY[b.id::text]"},
	{"typed_key", "ARRAY[4711::text]"},
	{"which", "true"},
	{"key", "SELECT ARRAY['1'] AS key"},
	{"state", "'active'"},
	{"values", "ARRAY[b.id::text]"},
	{"n", "0"},
	{"job", "activate-due"},
	{"from", "CONFIRMED"},
	{"to", "ACTIVE"},
	{"applies", "true"},
	{"due_instant", "b.starts_at"},
	{"until_instant", "b.starts_at"},
	{"end_instant", "b.ends_at"},
	{"filter", "true"},
	{"not_over", "true"},
	{"fresh", "true"},
	{"due", "SELECT e.id, e.operation, e.executed_at AS at, e.executed_at AS hour,"
		" e.processed_count AS bookings, '1' AS key, now() AS due"
		" FROM bk.maintenance_executions AS e"},
	{"history_ms", "1"},
	{"kept_ms", "1"},
	{"unread_ms", "1"},
	{"stats_ms", "1"},
	{"most", "1"},
	{"number", "1"},
	{"after_at", "now()"},
	{"after_id", "1::int8"},
	{"over", "true"},
	{"executions", "maintenance_executions"},
	{"expression", "(b.id)"},
	{"reason", "restored"},
	{"closer", "host pid 17"},
	{"jobs", "{}"},
	{"scans", "SELECT b.id, b.status AS from_state, b.status AS to_state, b.starts_at AS due"
		  " FROM public.bookings AS b WHERE b.starts_at <= $1::timestamptz"
		  " AND b.starts_at >= $2::timestamptz"},
	{"columns", "q.id::text AS k1"},
	{"order", "q.id"},
	{"statement", "SELECT 1"},
	{"scan", "SELECT b.id::text AS k1, b.starts_at AS due, b.starts_at AS due_at"
		 " FROM public.bookings AS b WHERE b.starts_at <= $1::timestamptz"
		 " AND b.starts_at >= $2::timestamptz LIMIT $3::int8"},
};

#define CLAIM_COLUMNS                                                                              \
	"verdict id token work as_of lower executed_at execution_time_ms never_succeeded "         \
	"tries_again abandoned_id holder_instance holder_pid next_execution_time paused_reason "   \
	"clock_difference_ms"

#define EXECUTION_COLUMNS                                                                          \
	"id run_id operation description executed_at finished_at status processed_count "          \
	"skipped_locked quarantined remaining error_code error_message execution_time_ms "         \
	"slowest_batch_ms retry_count triggered_by invoked_by server_instance pid version slot "   \
	"as_of cancel_requested"

/* The columns of the answer, in any order; NULL = no rows at all. Scripts have
   several statements and no parameters: tests of bkmaint migrate and restore run them. */
static const struct contract {
	const char *file;
	const char *columns;
	bool script;
	bool template; /* filled by lib/rule and lib/job, see below */
} contracts[] = {
	{"archive_executions",
	 EXECUTION_COLUMNS " month lease_token created_at updated_at due_total undo_of", false,
	 false},
	{"archive_move", "moved", false, false},
	{"archive_transitions",
	 "month id executed_at execution_id worker batch_no rule from_state to_state row_count "
	 "keys key_hashes txid at set_columns set_before set_after",
	 false, false},
	{"booking_after", NULL, false, true},
	{"booking_assign", "QUERY~PLAN", false, false},
	{"booking_batch", "locked changed ledger cancel steady d k1", false, true},
	{"booking_batch_head", "pg_advisory_xact_lock_shared set_config", false, false},
	{"booking_columns",
	 "relkind has_children key_is_unique nullable_key name type_name type_shown type_base"
	 " type_kind is_generated may_be_null",
	 false, false},
	{"booking_count", "n oldest age_ms", false, false},
	{"booking_explain", "QUERY~PLAN", false, false},
	{"booking_expression", "type", false, false},
	{"booking_forecast", "hour starts_at ends_at n", false, true},
	{"booking_hands_off", NULL, false, true},
	{"booking_key", "key", false, false},
	{"booking_labels", "label refused cut same_as", false, false},
	{"booking_lock", "d k1 was_aside", false, true},
	{"booking_page", "d k1 was_aside", false, true},
	{"booking_scan", NULL, false, true},
	{"booking_status", "expression collation equals", false, false},
	{"bounds", "as_of shown_as_of lower", false, false},
	{"claim_find", CLAIM_COLUMNS, false, false},
	{"command_record", "id executed_at", false, false},
	{"consumer_claim", "token txid transition_id item lost lost_told lost_at ahead", false,
	 false},
	{"consumer_holder", "holder lease_expires_at", false, false},
	{"consumer_keep", "txid transition_id item lost lost_told lost_at", false, false},
	{"consumer_release", NULL, false, false},
	{"control_cancel", "id", false, false},
	{"control_execution",
	 "id operation status finished_at server_instance pid processed_count cancel_requested "
	 "lease_expired",
	 false, false},
	{"control_jobs", "job_name", false, false},
	{"control_states", "job_name status paused_until paused_reason running_execution_id", false,
	 false},
	{"control_until", "until past now", false, false},
	{"booking_try", "n", false, false},
	{"booking_volatile", "QUERY~PLAN", false, false},
	{"cleanup_count", "n", false, false},
	{"cleanup_dead", "locked changed said", false, false},
	{"cleanup_dead_due", "id key due", false, false},
	{"cleanup_empty_due", "id at bookings key due", false, false},
	{"cleanup_fence", "batch_no", false, false},
	{"cleanup_history_due", "id at bookings key due", false, false},
	{"cleanup_holds", "locked changed said", false, false},
	{"cleanup_holds_due", "key due", false, false},
	{"cleanup_ledger", "cancel", false, false},
	{"cleanup_list", "key due_at", false, false},
	{"cleanup_over", NULL, false, true},
	{"cleanup_page", "locked done ids at id", false, false},
	{"cleanup_prune", "changed said", false, false},
	{"cleanup_quarantined", "locked changed said", false, false},
	{"cleanup_quarantined_due", "key due", false, false},
	{"cleanup_readers", "name", false, false},
	{"cleanup_stats", "locked changed said", false, false},
	{"cleanup_stats_due", "operation hour key due", false, false},
	{"doctor_base", "name schema_name table_name column_name kind barrier", false, false},
	{"doctor_both", "n example", false, false},
	{"doctor_execution", "id", false, false},
	{"doctor_faults", "n example", false, false},
	{"doctor_fires", "what", false, false},
	{"doctor_indexed", "indexed", false, false},
	{"doctor_relations", "schema_name table_name kind published has_identity", false, false},
	{"doctor_server", "version version_shown standby now_us role superuser may_update", false,
	 false},
	{"dump_look", "server_version server_shown standby present relations tables owner is_owner",
	 false, false},
	{"dry_head",
	 "as_of shown_as_of lower job_status next_execution_time paused_until paused_reason "
	 "running_execution_id lease_expires_at never_succeeded",
	 false, false},
	{"dry_select", "k1 from_state to_state due_at", false, false},
	{"explain_statement", "QUERY~PLAN", false, false},
	{"forecast_until", "until shown_until", false, false},
	{"grant_bookings", NULL, true, false},
	{"grant_place", NULL, true, false},
	{"grant_schema", NULL, true, false},
	{"hold_lock", "pg_advisory_xact_lock", false, false},
	{"hold_release", "key held_until expired reason author created_at booking_status", false,
	 false},
	{"hold_set",
	 "key held_until expired reason author created_at booking_status replaced changed", false,
	 false},
	{"instance_seen", NULL, false, false},
	{"job_upsert", NULL, false, false},
	{"lease_claim", CLAIM_COLUMNS, false, false},
	{"lease_idle", "id executed_at execution_time_ms last_tick", false, false},
	{"migration_exists", "present may_create standby", false, false},
	{"migration_list", "version name checksum min_program applied_at", false, false},
	{"migration_lock", "pg_advisory_xact_lock", false, false},
	{"migration_record", NULL, false, false},
	{"preflight", "schema_version min_program mapping_fingerprint standby", false, false},
	{"privilege_missing", "statement rank", false, false},
	{"quarantine_add", NULL, false, false},
	{"quarantine_drop", NULL, false, false},
	{"quarantine_key", "key", false, false},
	{"quarantine_retry", "found changed", false, false},
	{"reference_bookings", NULL, true, false},
	{"reference_count", "n", false, false},
	{"reference_exists", "present", false, false},
	{"restore_events", NULL, true, false},
	{"restore_readers", NULL, true, false},
	{"restore_result", "id closed paused", false, false},
	{"restore_safe", NULL, true, false},
	{"role_missing", "statement makes_role", false, false},
	{"run_closed", "status processed_count execution_time_ms", false, false},
	{"run_end", "status processed_count execution_time_ms", false, false},
	{"run_resolve", "batch_no", false, false},
	{"run_total", NULL, false, false},
	{"run_workers", "worker", false, false},
	{"sample_bookings", NULL, true, false},
	{"schema_bootstrap", NULL, true, false},
	{"schema_owner", "owns", false, false},
	{"settings_change", "change", false, false},
	{"settings_find", "command name old_value later", false, false},
	{"settings_lock", NULL, true, false}, /* a LOCK cannot be prepared */
	{"settings_owner", "owner role", false, false},
	{"settings_read", "version name value change author", false, false},
	{"sha256", "digest", false, false},
	{"stats_roll", NULL, false, false},
	{"undo_batch", "locked changed ledger cancel n key reason detail", false, true},
	{"undo_head", "operation status executed_at undo_of rows bookings all_bookings width rules",
	 false, false},
	{"undo_items", NULL, false, true},
	{"undo_list", "n key rule from_state to_state reason detail", false, true},
	{"undo_mark", NULL, false, false},
	{"undo_rows", "id row_count rule set_columns", false, false},
	{"view_booking", "key state status as_of values", false, false},
	{"view_booking_rule",
	 "n rule job_name from_state to_state applies reason due_at until_at end_at", false, false},
	{"view_booking_transitions",
	 "at execution_id rule from_state to_state server_instance invoked_by triggered_by", false,
	 false},
	{"view_events",
	 "id execution_id operation rule from_state to_state key instance undo_of at txid "
	 "transition_id item",
	 false, false},
	{"view_events_place", "txid ahead", false, false},
	{"view_failures",
	 "id operation executed_at status error_code error_message server_instance", false, false},
	{"view_history", EXECUTION_COLUMNS " position_us position_id", false, false},
	{"view_holds", "key held_until expired reason author created_at position_us position_id",
	 false, false},
	{"view_jobs",
	 "job_name description cron_expression delay_ms timeout_ms max_retries enabled "
	 "current_status last_execution_status last_execution_time next_execution_time "
	 "last_success_time processed_count error_message retry_count total_runs total_failures "
	 "total_processed paused_until paused_reason paused failing running_execution_id "
	 "running_processed running_total running_executions fresh_since fresh_age_ms",
	 false, false},
	{"view_metrics",
	 "job_name runs empty successes partial errors timeouts cancelled abandoned refused "
	 "processed skipped_locked quarantined retries idle_with_rest total_ms max_ms buckets",
	 false, false},
	{"view_metrics_errors", "job_name error_code count", false, false},
	{"view_metrics_points", "job_name point runs processed failures", false, false},
	{"view_metrics_window", "since_us until_us since until", false, false},
	{"view_operation_exists", "found", false, false},
	{"view_report_changes", "operation rule to_state hour_s bookings cut first_s", false,
	 false},
	{"view_report_clock", "as_of as_of_us since_us", false, false},
	{"view_report_failures",
	 "id operation executed_at status processed_count execution_time_ms error_code "
	 "error_message server_instance",
	 false, false},
	{"view_report_hours",
	 "operation hour_s runs empty processed partial errors timeouts cancelled abandoned "
	 "refused max_ms buckets",
	 false, false},
	{"view_running",
	 "id operation server_instance pid slot workers processed due_total elapsed_ms "
	 "lease_left_ms cancel_requested at",
	 false, false},
	{"view_quarantine",
	 "rule key operation execution_id sqlstate error_message first_seen_at last_seen_at tries "
	 "next_try_at position_us position_id",
	 false, false},
	{"view_settings",
	 "name value change_id changed_at author server_instance client_address reason", false,
	 false},
	{"view_settings_history",
	 "id changed_at command name old_value new_value reason author server_instance "
	 "client_address rolled_back position_us position_id",
	 false, false},
	{"view_totals",
	 "job_name enabled paused last_succeeded read_at delay_ms timeout_ms failures_in_a_row "
	 "last_run last_success fresh last_processed last_ms empty successes partial errors "
	 "timeouts cancelled abandoned refused processed skipped_locked quarantined retries "
	 "idle_with_rest total_ms octaves idle_buckets codes code_counts aside servers "
	 "server_ticks hosts host_versions host_seen host_clocks held oldest_failure",
	 false, false},
	{"view_transitions", "rule from_state to_state bookings batches first_at last_at", false,
	 false},
};

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
	for (size_t i = 0; i < BK_COUNT(contracts); i++)
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
	ck_assert_uint_eq(files, BK_COUNT(contracts));
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
	ck_assert_msg(!bk_sql_fill_file(&sql, c->file, vars, BK_COUNT(vars), &err), "%s",
		      err.message);
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
	ck_assert_int_eq(PQnparams(res), 20);
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
	ADD_ROWS(tc, a_file_can_be_prepared_and_is_as_its_comment_says, contracts);
	tcase_add_loop_test(tc, the_batch_of_every_unit_can_be_prepared, 0,
			    (int)bk_booking_jobs_count);
	tcase_add_loop_test(tc, the_claim_of_every_job_can_be_prepared, 0, (int)bk_job_names_count);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
