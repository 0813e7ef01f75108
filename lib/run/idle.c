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

enum { IDLE_PARAMS = 14 };
/* As the claim has it: a tick may come a quarter of the delay early. */
#define MAX_EARLY_MS 30000

struct params {
	char delay[24], age[24], early[24], late[24], pid[16], run_id[BK_UUID_SIZE];
	struct bk_buf host_clock;
	const char *values[IDLE_PARAMS];
};

static void clear_params(struct params *p)
{
	bk_buf_clear(&p->host_clock);
}

static void fill_params(struct params *p, const struct bk_run_request *q)
{
	int64_t early = q->delay_ms / 4 < MAX_EARLY_MS ? q->delay_ms / 4 : MAX_EARLY_MS;

	(void)snprintf(p->delay, sizeof(p->delay), "%" PRId64, q->delay_ms);
	(void)snprintf(p->age, sizeof(p->age), "%" PRId64, q->max_age_ms);
	(void)snprintf(p->early, sizeof(p->early), "%" PRId64, early);
	(void)snprintf(p->late, sizeof(p->late), "%" PRId64, q->late_ms);
	(void)snprintf(p->pid, sizeof(p->pid), "%ld", (long)getpid());
	bk_random_uuid(&q->random, p->run_id);
	bk_format_time(&p->host_clock, q->clock.wall_us(q->clock.self));
	const char *values[IDLE_PARAMS] = {
		q->job,
		p->delay,
		p->age,
		p->early,
		q->late_ms ? p->late : NULL,
		q->leader_ms ? "true" : "false",
		p->run_id,
		q->description,
		q->instance,
		p->pid,
		q->version,
		q->os_user,
		q->fingerprint,
		bk_buf_cstr(&p->host_clock),
	};
	memcpy(p->values, values, sizeof(values));
}

static const struct bk_field fields[] = {
	{"id", BK_FIELD_TEXT, offsetof(struct bk_run_result, execution_id)},
	{"executed_at", BK_FIELD_TEXT, offsetof(struct bk_run_result, executed_at)},
	{"execution_time_ms", BK_FIELD_INT, offsetof(struct bk_run_result, execution_time_ms)},
	{"next_execution_time", BK_FIELD_TEXT, offsetof(struct bk_run_result, next_at)},
	{"clock_difference_ms", BK_FIELD_INT, offsetof(struct bk_run_result, clock_difference_ms)},
};

/* In a transaction that does not wait for the disk: when the server dies at this
   moment, a record of nothing is lost, and the next tick comes a little early. */
static enum bk_rc send_idle(struct bk_db *db, const struct bk_run_request *q,
			    const struct bk_stmt *stmt, struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true};
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

bool bk_run_idle(struct bk_db *db, const struct bk_run_request *q, const struct bk_work *work,
		 struct bk_run_result *ret)
{
	const struct bk_sql_var vars[] = {{"bk", q->schema}, {"probe", work->rough_probe}};
	BK_CLEAN(clear_params) struct params p = {.host_clock = BK_BUF_INIT};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	/* Whatever is wrong, the whole claim finds it, too, and says it. */
	struct bk_error ignored;

	if (q->manual || q->clock_override || q->max_age_ms < 0 || !work->rough_probe ||
	    bk_sql_fill_file(&sql, "lease_idle", vars, BK_COUNT(vars), &ignored))
		return false;
	fill_params(&p, q);
	const struct bk_stmt stmt = {"lease_idle", bk_buf_cstr(&sql), p.values, IDLE_PARAMS,
				     BK_MAYBE_ROW};

	*ret = (struct bk_run_result){.outcome = BK_OUTCOME_RAN};
	if (send_idle(db, q, &stmt, &rows, &ignored) || bk_rows_count(rows) == 0 ||
	    bk_rows_read(rows, 0, fields, BK_COUNT(fields), ret, &ignored)) {
		bk_run_result_clear(ret);
		return false;
	}
	ret->status = bk_strdup("SUCCESS");
	ret->has_clock_difference = true;
	return true;
}
