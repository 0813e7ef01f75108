/*
 * The usual tick, in which nothing is due: one small statement; see run.h.
 */
#include "run/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "db/tx.h"

enum { IDLE_PARAMS = 15 };
/* As the claim has it: a tick may come a quarter of the delay early. */
#define MAX_EARLY_MS 30000
/* The instance's row says when it ticked last, to the minute. */
#define SEEN_US INT64_C(60000000)

struct interval {
	char text[40];
};

struct params {
	char delay_ms[24], pid[16], run_id[BK_UUID_SIZE], settings[24];
	struct interval age, early, late, delay;
	const char *values[IDLE_PARAMS];
};

static const char *put_interval(struct interval *i, int64_t ms)
{
	(void)snprintf(i->text, sizeof(i->text), "%" PRId64 " milliseconds", ms);
	return i->text;
}

static void fill_params(struct params *p, const struct bk_run_request *q)
{
	int64_t early = q->delay_ms / 4 < MAX_EARLY_MS ? q->delay_ms / 4 : MAX_EARLY_MS;

	(void)snprintf(p->delay_ms, sizeof(p->delay_ms), "%" PRId64, q->delay_ms);
	(void)snprintf(p->settings, sizeof(p->settings), "%" PRId64, q->settings_version);
	(void)snprintf(p->pid, sizeof(p->pid), "%ld", (long)getpid());
	bk_random_uuid(&q->random, p->run_id);
	const char *values[IDLE_PARAMS] = {
		q->job,
		p->delay_ms,
		put_interval(&p->age, q->max_age_ms),
		put_interval(&p->early, early),
		q->late_ms ? put_interval(&p->late, q->late_ms) : NULL,
		q->leader_ms ? "true" : "false",
		p->run_id,
		q->description,
		q->instance,
		p->pid,
		q->version,
		q->os_user,
		q->fingerprint,
		put_interval(&p->delay, q->delay_ms),
		p->settings,
	};
	memcpy(p->values, values, sizeof(values));
}

struct answer {
	char *id;
	char *executed_at;
	int64_t execution_time_ms;
	char *last_tick;
};

static const struct bk_field fields[] = {
	{"id", BK_FIELD_TEXT, offsetof(struct answer, id)},
	{"executed_at", BK_FIELD_TEXT, offsetof(struct answer, executed_at)},
	{"execution_time_ms", BK_FIELD_INT, offsetof(struct answer, execution_time_ms)},
	{"last_tick", BK_FIELD_TEXT, offsetof(struct answer, last_tick)},
};

static void clear_answer(struct answer *a)
{
	bk_fields_clear(fields, BK_COUNT(fields), a);
}

/* In a transaction that does not wait for the disk: when the server dies at this
   moment, a record of nothing is lost, and the next tick comes a little early. */
static enum bk_rc send(struct bk_db *db, const struct bk_run_request *q,
		       const struct bk_tx_company *company, const struct bk_stmt *stmt,
		       struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true,
					    company};
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 3];
	struct bk_rows *rows[BK_TX_HEAD + 3];
	size_t n = bk_tx_begin(&tx, BK_TX_OWN, &limits, stmts);
	size_t work = n + 1;
	enum bk_rc rc;

	stmts[n++] = (struct bk_stmt){.name = "synchronous_commit",
				      .sql = "SET LOCAL synchronous_commit = off",
				      .shape = BK_NO_ROWS};
	stmts[n++] = *stmt;
	stmts[n++] = (struct bk_stmt)BK_COMMIT;
	bk_tx_deadline(db, &limits);
	if ((rc = bk_db_run(db, stmts, n, rows, err)))
		return rc;
	for (size_t i = 0; i < n; i++)
		if (i != work)
			bk_rows_clean(&rows[i]);
	*ret = rows[work];
	return BK_OK;
}

/* "2026-11-23 06:30:00.5+00", as the pinned settings have it, and the form that JSON has. */
static bool parse_instant(const char *text, int64_t *ret_us)
{
	BK_CLEAN(bk_free_str) char *whole = bk_asprintf("%s:00", text);

	return bk_parse_time(text, ret_us) || bk_parse_time(whole, ret_us);
}

static char *format_instant(int64_t us)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_format_time(&text, us);
	return bk_buf_take(&text);
}

/* The run is recorded, so what fails here fails nothing; the next tick comes by again. */
static void note_seen(struct bk_db *db, const struct bk_run_request *q, const char *executed_at,
		      int64_t difference_ms)
{
	const struct bk_sql_var var = {"bk", q->schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	char difference[24];
	const char *params[] = {q->job, q->instance, executed_at, difference};
	struct bk_error ignored;

	(void)snprintf(difference, sizeof(difference), "%" PRId64, difference_ms);
	if (bk_sql_fill_file(&sql, "instance_seen", &var, 1, &ignored))
		return;
	(void)!send(
		db, q, NULL,
		&(const struct bk_stmt){"instance_seen", bk_buf_cstr(&sql), params, 4, BK_NO_ROWS},
		&rows, &ignored);
}

/* False where the answer cannot be read. */
static bool take_answer(struct bk_db *db, const struct bk_run_request *q,
			const struct bk_rows *rows, int64_t host_us, struct bk_run_result *ret)
{
	BK_CLEAN(clear_answer) struct answer a = {.id = NULL};
	struct bk_error ignored;
	int64_t executed_us;
	int64_t last_us;

	if (bk_rows_read(rows, 0, fields, BK_COUNT(fields), &a, &ignored) ||
	    !parse_instant(a.executed_at, &executed_us))
		return false;
	*ret = (struct bk_run_result){
		.outcome = BK_OUTCOME_RAN,
		.execution_id = BK_TAKE(a.id),
		.executed_at = format_instant(executed_us),
		.status = bk_strdup("SUCCESS"),
		.execution_time_ms = a.execution_time_ms,
		.has_clock_difference = true,
		.clock_difference_ms = (host_us - executed_us) / 1000,
		.next_at = format_instant(executed_us + q->delay_ms * 1000),
	};
	if (!a.last_tick || !parse_instant(a.last_tick, &last_us) ||
	    executed_us - last_us >= SEEN_US)
		note_seen(db, q, a.executed_at, ret->clock_difference_ms);
	return true;
}

bool bk_run_idle(struct bk_db *db, const struct bk_run_request *q, const struct bk_work *work,
		 struct bk_run_result *ret)
{
	const struct bk_sql_var vars[] = {{"bk", q->schema}, {"probe", work->rough_probe}};
	struct params p;
	int64_t host_us = q->clock.wall_us(q->clock.self);
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	/* Whatever is wrong, the whole claim finds it, too, and says it. */
	struct bk_error ignored;

	if (q->manual || q->clock_override || q->max_age_ms < 0 || !work->rough_probe ||
	    bk_sql_fill_file(&sql, "lease_idle", vars, BK_COUNT(vars), &ignored))
		return false;
	fill_params(&p, q);
	return !send(db, q, work->company,
		     &(const struct bk_stmt){"lease_idle", bk_buf_cstr(&sql), p.values, IDLE_PARAMS,
					     BK_MAYBE_ROW},
		     &rows, &ignored) &&
	       bk_rows_count(rows) == 1 && take_answer(db, q, rows, host_us, ret);
}
