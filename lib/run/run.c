/*
 * Claim, drain, end; see run.h. The status of the record follows from how the
 * drain came out; nothing that happens after the claim leaves it RUNNING but a
 * lost lease, a lost database or the death of the process.
 */
#include "run/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "run/claim.h"

#define HASTY_COUNT_MS 500

/* What the drain has come to. */
struct drain {
	int64_t changed;
	int64_t passed_over; /* seen, and not ours to lock */
	int64_t vetoed;      /* locked, and not changed all the same */
	int64_t slowest_ms;
	bool done;
	bool limit_reached;
	struct bk_rest rest;
};

const char *const bk_outcome_names[] = {"ran",      "not-due", "busy", "paused",
					"disabled", "standby", "late"};

void bk_run_result_clear(struct bk_run_result *result)
{
	bk_free_str(&result->execution_id);
	bk_free_str(&result->executed_at);
	bk_free_str(&result->status);
	bk_free_str(&result->abandoned_id);
	bk_free_str(&result->holder);
	bk_free_str(&result->next_at);
	bk_free_str(&result->paused_reason);
}

static int64_t now_ms(const struct bk_run *run)
{
	return run->request->clock.mono_ms(run->request->clock.self);
}

/* Refuses before the first write: too many bookings for a first run. */
static enum bk_rc guard(const struct bk_run *run, const struct bk_work *work, bool first,
			struct bk_error *err)
{
	const struct bk_run_request *q = run->request;
	int64_t allowed = first && q->first_run_limit ? q->first_run_limit : -1;
	int64_t due = 0;
	enum bk_rc rc;

	if (allowed < 0)
		return BK_OK;
	if (q->allow > allowed)
		allowed = q->allow;
	/* A run that cannot change more needs no leave. */
	if (q->limit >= 0 && q->limit <= allowed)
		return BK_OK;
	if ((rc = work->count(work->self, run, allowed + 1, &due, err)))
		return rc;
	if (due <= allowed)
		return BK_OK;
	bk_error_set(err, BK_E_REFUSED,
		     "the first run of %s would change more than %" PRId64
		     " bookings (first-run-limit)",
		     q->job, allowed);
	return bk_error_hint(
		err, "look at them with --dry-run, then let it through once with --allow=N");
}

static enum bk_rc check_budget(const struct bk_run *run, struct bk_error *err)
{
	if (now_ms(run) < run->deadline_ms)
		return BK_OK;
	return bk_error_set(err, BK_E_TIMEOUT, "the timeout of %" PRId64 " ms is used up",
			    run->request->timeout_ms);
}

/* One batch: its transaction, the fence, the commit. */
static enum bk_rc one_batch(struct bk_run *run, const struct bk_work *work, int64_t max,
			    struct bk_batch *ret, struct bk_error *err)
{
	enum bk_rc rc;

	run->batch_no++;
	if ((rc = work->batch(work->self, run, max, ret, err)))
		return rc;
	if (!ret->ledger) {
		bk_db_rollback(run->db);
		return bk_error_set(err, BK_E_LEASE_LOST,
				    "execution %" PRId64
				    " lost its lease; this batch was rolled back",
				    run->execution);
	}
	/* No server-side limit holds for deferred triggers and synchronous standbys,
	   so the client's own is generous: half of the lease, renewed just now. */
	bk_db_deadline(run->db, run->request->lease_ms / 2);
	if ((rc = bk_db_commit(run->db, err)))
		return rc;
	work->committed(work->self);
	return BK_OK;
}

static enum bk_rc drain(struct bk_run *run, const struct bk_work *work, struct drain *d,
			struct bk_error *err)
{
	const struct bk_run_request *q = run->request;

	while (!d->done) {
		int64_t left = q->limit < 0 ? q->batch_size : q->limit - d->changed;
		int64_t max = left < q->batch_size ? left : q->batch_size;
		struct bk_batch batch = {.seen = 0};
		int64_t start = now_ms(run);
		enum bk_rc rc;

		if (left <= 0) {
			d->limit_reached = true;
			return BK_OK;
		}
		if ((rc = check_budget(run, err)) || (rc = bk_db_check_interrupts(run->db, err)))
			return rc;
		if ((rc = one_batch(run, work, max, &batch, err)))
			return rc;
		d->changed += batch.changed;
		d->passed_over += batch.seen - batch.locked;
		d->vetoed += batch.locked - batch.changed;
		d->done = batch.done;
		if (now_ms(run) - start > d->slowest_ms)
			d->slowest_ms = now_ms(run) - start;
	}
	return BK_OK;
}

/* What is still due behind the scans' positions is locked by others only as far
   as the batches found such rows. */
static enum bk_rc count_rest(struct bk_run *run, const struct bk_work *work, struct drain *d,
			     struct bk_error *err)
{
	enum bk_rc rc = work->rest(work->self, run, &d->rest, err);

	if (d->rest.skipped_locked > d->passed_over)
		d->rest.skipped_locked = d->passed_over;
	return rc;
}

/* Work that remains and is not merely locked by others. */
static enum bk_rc judge_rest(const struct bk_run *run, const struct drain *d, struct bk_error *err)
{
	bool known = d->rest.remaining != BK_NULL_INT;
	int64_t left = known ? d->rest.remaining - d->rest.skipped_locked : 0;

	if ((left > 0 || !known) && d->limit_reached)
		return bk_error_set(err, BK_E_PARTIAL,
				    "the limit of %" PRId64 " bookings is reached, work remains",
				    run->request->limit);
	if (left > 0 && d->vetoed > 0) {
		bk_error_set(err, BK_E_PARTIAL,
			     "%" PRId64 " due bookings were locked and yet not changed", left);
		return bk_error_hint(err, "look for a trigger of the table that drops the update");
	}
	return BK_OK;
}

static enum bk_rc work_off(struct bk_run *run, const struct bk_work *work, bool first,
			   struct drain *d, struct bk_error *err)
{
	enum bk_rc rc;

	if ((rc = work->prepare(work->self, run, err)))
		return rc;
	if ((rc = guard(run, work, first, err)))
		return rc;
	rc = drain(run, work, d, err);
	/* A statement that the end of the budget cut short is a timeout. */
	if (rc && strcmp(err->sqlstate, "57014") == 0 && rc == BK_E_RUN &&
	    now_ms(run) >= run->deadline_ms)
		rc = check_budget(run, err);
	if (rc)
		return rc;
	rc = count_rest(run, work, d, err);
	/* Everything is done and only the count was too slow: that fails no run. */
	if (rc && strcmp(err->sqlstate, "57014") == 0 && rc == BK_E_RUN) {
		d->rest = (struct bk_rest){BK_NULL_INT, 0};
		rc = BK_OK;
	}
	return rc ? rc : judge_rest(run, d, err);
}

static const char *status_of(enum bk_rc rc)
{
	switch ((int)rc) {
	case BK_OK:
		return "SUCCESS";
	case BK_E_PARTIAL:
		return "PARTIAL";
	case BK_E_TIMEOUT:
		return "TIMEOUT";
	case BK_E_REFUSED:
		return "REFUSED";
	case BK_E_INTERRUPTED:
	case BK_E_TERMINATED:
		return "CANCELLED";
	default:
		return "ERROR";
	}
}

/* The record's own columns of the end's answer. */
static const struct bk_field end_fields[] = {
	{"status", BK_FIELD_TEXT, offsetof(struct bk_run_result, status)},
	{"processed_count", BK_FIELD_INT, offsetof(struct bk_run_result, processed)},
	{"execution_time_ms", BK_FIELD_INT, offsetof(struct bk_run_result, execution_time_ms)},
};

struct end_params {
	char execution[24], token[24], skipped[24], remaining[24], slowest[24];
	const char *values[9];
};

static void fill_end(struct end_params *p, const struct bk_run *run, const struct drain *d,
		     enum bk_rc cause, const struct bk_error *err)
{
	(void)snprintf(p->execution, sizeof(p->execution), "%" PRId64, run->execution);
	(void)snprintf(p->token, sizeof(p->token), "%" PRId64, run->token);
	(void)snprintf(p->skipped, sizeof(p->skipped), "%" PRId64, d->rest.skipped_locked);
	(void)snprintf(p->remaining, sizeof(p->remaining), "%" PRId64, d->rest.remaining);
	(void)snprintf(p->slowest, sizeof(p->slowest), "%" PRId64, d->slowest_ms);
	const char *values[] = {
		p->execution,
		p->token,
		status_of(cause),
		p->skipped,
		d->rest.remaining == BK_NULL_INT ? NULL : p->remaining,
		cause ? bk_rc_info(cause)->code : NULL,
		cause ? err->message : NULL,
		p->slowest,
		run->request->clock_override,
	};
	memcpy(p->values, values, sizeof(values));
}

static enum bk_rc end_run(struct bk_run *run, const struct drain *d, enum bk_rc cause,
			  const struct bk_error *why, struct bk_run_result *result,
			  struct bk_error *err)
{
	const struct bk_run_request *q = run->request;
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true};
	const struct bk_sql_var var = {"bk", q->schema};
	struct end_params p;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	fill_end(&p, run, d, cause, why);
	if ((rc = bk_sql_fill_file(&sql, "run_end", &var, 1, err)))
		return rc;
	/* The record is closed also when a signal asked for the end. */
	bk_db_hold_interrupts(run->db, true);
	rc = bk_tx_one(
		run->db, BK_TX_OWN, &limits,
		&(const struct bk_stmt){"run_end", bk_buf_cstr(&sql), p.values, 9, BK_MAYBE_ROW},
		&rows, err);
	bk_db_hold_interrupts(run->db, false);
	if (rc)
		return bk_error_prefix(err, "closing execution %" PRId64, run->execution);
	if (bk_rows_count(rows) == 0)
		return bk_error_set(err, BK_E_LEASE_LOST,
				    "execution %" PRId64 " was taken over by another instance",
				    run->execution);
	return bk_rows_read(rows, 0, end_fields, BK_COUNT(end_fields), result, err);
}

/* What a run leaves that failed or had to stop: looked up only where that is quick, and no
   failure of it hides why the run stopped. */
static void count_hastily(struct bk_run *run, const struct bk_work *work, struct drain *d)
{
	struct bk_error ignored;

	bk_db_hold_interrupts(run->db, true);
	run->count_ms = HASTY_COUNT_MS;
	if (count_rest(run, work, d, &ignored))
		d->rest = (struct bk_rest){BK_NULL_INT, 0};
	bk_db_hold_interrupts(run->db, false);
}

/* Drains and closes. The cause of a failure comes first; one of the closing is
   reported only where there was none. */
static enum bk_rc run_claimed(struct bk_run *run, const struct bk_work *work, bool first,
			      struct bk_run_result *result, struct bk_error *err)
{
	struct drain d = {.changed = 0};
	struct bk_error end_error;
	enum bk_rc cause = work_off(run, work, first, &d, err);
	enum bk_rc rc;

	result->processed = d.changed;
	result->remaining = BK_NULL_INT;
	if (cause == BK_E_LEASE_LOST || cause == BK_E_UNKNOWN || bk_db_lost(run->db))
		return cause;
	if (cause == BK_E_INTERRUPTED || cause == BK_E_TERMINATED)
		bk_error_set(err, cause, "stopped by %s",
			     cause == BK_E_TERMINATED ? "SIGTERM" : "SIGINT");
	if (cause && cause != BK_E_PARTIAL)
		count_hastily(run, work, &d);
	result->remaining = d.rest.remaining;
	result->skipped_locked = d.rest.skipped_locked;
	rc = end_run(run, &d, cause, err, result, &end_error);
	if (!cause && rc)
		*err = end_error;
	return cause ? cause : rc;
}

enum bk_rc bk_run(struct bk_db *db, const struct bk_run_request *request,
		  const struct bk_work *work, struct bk_run_result *ret, struct bk_error *err)
{
	struct bk_run run = {
		.request = request, .db = db, .count_ms = request->statement_timeout_ms};
	bool has_work = false;
	bool first = false;
	enum bk_rc rc;

	*ret = (struct bk_run_result){.outcome = BK_OUTCOME_RAN};
	run.deadline_ms = now_ms(&run) + request->timeout_ms;
	rc = bk_claim(db, request, work->probe, &run, ret, &has_work, &first, err);
	(void)snprintf(run.application, sizeof(run.application), "bk:%s:%" PRId64, request->job,
		       run.execution);
	if (!rc && has_work)
		rc = run_claimed(&run, work, first, ret, err);
	free(run.as_of);
	free(run.lower);
	return rc;
}
