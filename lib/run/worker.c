/*
 * One worker of a run: batch after batch, each under the fence of its ledger
 * row, tried again after faults that may pass, on a new connection where the
 * old one is lost.
 */
#include "run/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "db/tx.h"
#include "run/retry.h"

/* Signals and the progress line are looked at this often while a pause lasts. */
#define SLICE_MS 200

static int64_t now_ms(const struct bk_worker *w)
{
	return bk_crew_now(w->crew);
}

static enum bk_rc check_budget(const struct bk_worker *w, struct bk_error *err)
{
	if (now_ms(w) < w->run.deadline_ms)
		return BK_OK;
	return bk_error_set(err, BK_E_TIMEOUT, "the timeout of %" PRId64 " ms is used up",
			    w->crew->request->timeout_ms);
}

static enum bk_rc pause_for(struct bk_worker *w, int64_t ms, struct bk_error *err)
{
	const struct bk_clock *clock = &w->crew->request->clock;
	int64_t end = now_ms(w) + ms;
	int64_t left;

	while ((left = end - now_ms(w)) > 0) {
		enum bk_rc rc = bk_db_check_interrupts(w->run.db, err);

		if (rc)
			return rc;
		if (w->run.worker == 0)
			bk_crew_progress(w->crew);
		clock->sleep_ms(clock->self, left < SLICE_MS ? left : SLICE_MS);
	}
	return BK_OK;
}

static int64_t next_pause(struct bk_worker *w, int64_t attempt)
{
	const struct bk_run_request *q = w->crew->request;
	const struct bk_retry retry = {q->retry_base_ms, q->retry_cap_ms};

	return bk_retry_pause(&retry, attempt, &q->random);
}

/* Tries until the run's time is up: a server that restarts is away for longer
   than a few retries take. */
static enum bk_rc connect_again(struct bk_worker *w, struct bk_error *err)
{
	const struct bk_run_request *q = w->crew->request;

	if (!q->connect)
		return err->rc;
	for (int64_t attempt = 1;; attempt++) {
		struct bk_db *fresh = NULL;
		int64_t left = w->run.deadline_ms - now_ms(w);
		int64_t pause;
		enum bk_rc rc = BK_OK;

		if (left <= 0)
			return err->rc;
		rc = q->connect(q->connect_arg, left, bk_db_holds_interrupts(w->run.db), &fresh,
				err);
		if (!rc) {
			bk_db_close(w->run.db);
			w->run.db = fresh;
			if (w->run.worker == 0)
				bk_db_on_wait(fresh, bk_crew_progress, w->crew);
			return BK_OK;
		}
		if (bk_fault_of(err) != BK_FAULT_PASSING)
			return rc;
		pause = next_pause(w, attempt);
		left = w->run.deadline_ms - now_ms(w);
		if ((rc = pause_for(w, pause < left ? pause : left, err)))
			return rc;
	}
}

static bool may_pass(struct bk_worker *w, const struct bk_error *err)
{
	enum bk_fault fault = bk_fault_of(err);

	if (fault == BK_FAULT_SLOW)
		return now_ms(w) < w->run.deadline_ms;
	return fault == BK_FAULT_PASSING;
}

/* Before the attempt-th retry: a pause and a working connection, or *err again
   when there is no time for it. */
static enum bk_rc recover(struct bk_worker *w, int64_t attempt, struct bk_error *err)
{
	struct bk_crew *crew = w->crew;
	int64_t pause = next_pause(w, attempt);
	enum bk_rc rc;

	if (now_ms(w) + pause >= w->run.deadline_ms)
		return err->rc;
	(void)pthread_mutex_lock(&crew->lock);
	crew->retries++;
	(void)pthread_mutex_unlock(&crew->lock);
	/* A server that became a standby keeps the connection, of no more use. */
	if (bk_db_lost(w->run.db) || err->rc == BK_E_STANDBY)
		return (rc = pause_for(w, pause, err)) ? rc : connect_again(w, err);
	return pause_for(w, pause, err);
}

enum bk_rc bk_worker_again(struct bk_worker *w, struct bk_error *err)
{
	if (!may_pass(w, err) || w->attempt >= w->crew->request->max_retries)
		return err->rc;
	w->attempt++;
	return recover(w, w->attempt, err);
}

/* Whether the batch whose COMMIT got no answer is committed. Until that can be
   learnt its outcome stays BK_E_UNKNOWN. */
static enum bk_rc ask_ledger(struct bk_worker *w, bool *ret_committed, struct bk_error *err)
{
	const struct bk_run_request *q = w->crew->request;
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true,
					    NULL};
	const struct bk_sql_var var = {"bk", q->schema};
	char execution[24], worker[16], token[24];
	const char *params[] = {execution, worker, token};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	static const struct bk_field field = {"batch_no", BK_FIELD_INT, 0};
	int64_t batch_no = 0;
	enum bk_rc rc;

	(void)snprintf(execution, sizeof(execution), "%" PRId64, w->run.execution);
	(void)snprintf(worker, sizeof(worker), "%d", w->run.worker);
	(void)snprintf(token, sizeof(token), "%" PRId64, w->run.token);
	if ((rc = bk_sql_fill_file(&sql, "run_resolve", &var, 1, err)))
		return rc;
	rc = bk_tx_one(
		w->run.db, BK_TX_OWN, &limits,
		&(const struct bk_stmt){"run_resolve", bk_buf_cstr(&sql), params, 3, BK_MAYBE_ROW},
		&rows, err);
	if (rc)
		return rc;
	if (bk_rows_count(rows) == 0)
		return bk_error_set(err, BK_E_LEASE_LOST,
				    "execution %" PRId64 " lost its lease during a commit",
				    w->run.execution);
	if ((rc = bk_rows_read(rows, 0, &field, 1, &batch_no, err)))
		return rc;
	*ret_committed = batch_no == w->run.batch_no;
	return BK_OK;
}

/* Asks as long as there is time, whatever max-retries says: nothing is done again
   here. The wait for the commit may have used up the run's own time. A signal that
   comes meanwhile is heard when it is known what there is to close. */
static enum bk_rc resolve(struct bk_worker *w, bool *ret_committed, struct bk_error *err)
{
	const struct bk_error unknown = *err;
	int64_t deadline = w->run.deadline_ms;
	int64_t patience = now_ms(w) + BK_PATIENCE_MS;
	enum bk_rc rc = BK_OK;

	bk_db_hold_interrupts(w->run.db, true);
	w->run.deadline_ms = deadline > patience ? deadline : patience;
	for (int64_t attempt = 1; !rc; attempt++) {
		if ((rc = recover(w, attempt, err)))
			break;
		rc = ask_ledger(w, ret_committed, err);
		if (!rc || rc == BK_E_LEASE_LOST)
			break;
		rc = may_pass(w, err) ? BK_OK : rc;
	}
	w->run.deadline_ms = deadline;
	bk_db_hold_interrupts(w->run.db, false);
	if (!rc || rc == BK_E_LEASE_LOST)
		return rc;
	*err = unknown;
	return BK_E_UNKNOWN;
}

/* One batch: its transaction, the fence, the commit. */
static enum bk_rc once(struct bk_worker *w, int64_t first, int64_t count, struct bk_batch *ret,
		       struct bk_error *err)
{
	const struct bk_work *work = &w->work;
	enum bk_rc rc;

	w->run.batch_no = w->committed + 1;
	*ret = (struct bk_batch){.locked = 0};
	if (first < 0)
		rc = work->batch(work->self, &w->run, count, ret, err);
	else
		rc = work->part(work->self, &w->run, first, count, ret, err);
	if (rc)
		return rc;
	if (!ret->ledger) {
		bk_db_rollback(w->run.db);
		return bk_error_set(err, BK_E_LEASE_LOST,
				    "execution %" PRId64
				    " lost its lease; this batch was rolled back",
				    w->run.execution);
	}
	/* No server-side limit holds for deferred triggers and synchronous standbys,
	   so the client's own is generous: half of the lease, renewed just now. */
	bk_db_deadline(w->run.db, w->crew->request->lease_ms / 2);
	return bk_db_commit(w->run.db, err);
}

static void note_commit(struct bk_worker *w, const struct bk_batch *batch, int64_t start_ms)
{
	w->committed++;
	w->attempt = 0;
	w->work.committed(w->work.self);
	bk_crew_note(w->crew, batch, now_ms(w) - start_ms);
	if (w->run.worker == 0)
		bk_crew_progress(w->crew);
}

enum bk_rc bk_worker_step(struct bk_worker *w, int64_t first, int64_t count, struct bk_batch *ret,
			  struct bk_error *err)
{
	w->attempt = 0;
	for (;;) {
		int64_t start = now_ms(w);
		bool committed = true;
		enum bk_rc rc = once(w, first, count, ret, err);

		if (rc == BK_E_UNKNOWN && (rc = resolve(w, &committed, err)))
			return rc;
		if (!rc && committed) {
			note_commit(w, ret, start);
			return BK_OK;
		}
		if (!rc)
			continue;
		/* What is too much at once may do in smaller batches; a part is for the
		   caller to split. */
		if (bk_fault_of(err) == BK_FAULT_SLOW && count > 1) {
			if (first >= 0)
				return rc;
			count /= 2;
			w->size = count;
		}
		if ((rc = bk_worker_again(w, err)))
			return rc;
	}
}

/* A statement that the end of the budget cut short is a timeout. */
static enum bk_rc judge_time(const struct bk_worker *w, enum bk_rc rc, struct bk_error *err)
{
	if (rc == BK_E_RUN && bk_fault_of(err) == BK_FAULT_SLOW && now_ms(w) >= w->run.deadline_ms)
		return check_budget(w, err);
	return rc;
}

static enum bk_rc may_go_on(struct bk_worker *w, struct bk_error *err)
{
	enum bk_rc rc;

	if ((rc = check_budget(w, err)))
		return rc;
	return bk_db_check_interrupts(w->run.db, err);
}

static bool told_to_stop(struct bk_crew *crew)
{
	bool stop;

	(void)pthread_mutex_lock(&crew->lock);
	stop = crew->stop;
	(void)pthread_mutex_unlock(&crew->lock);
	return stop;
}

enum bk_rc bk_worker_drain(struct bk_worker *w, bool one_batch, struct bk_error *err)
{
	struct bk_crew *crew = w->crew;

	while (!w->done && !told_to_stop(crew)) {
		struct bk_batch batch = {.locked = 0};
		int64_t max;
		enum bk_rc rc;

		if ((rc = may_go_on(w, err)))
			return rc;
		if (!(max = bk_crew_reserve(crew, w->size, w->run.worker == 0)))
			return BK_OK;
		rc = bk_worker_step(w, -1, max, &batch, err);
		if (rc && bk_fault_of(err) == BK_FAULT_ROW && w->work.page) {
			batch = (struct bk_batch){.locked = 0};
			rc = bk_worker_bisect(w, max < w->size ? max : w->size, &batch, err);
		}
		bk_crew_return(crew, max, batch.changed);
		if (rc)
			return judge_time(w, rc, err);
		w->done = batch.done;
		if (batch.cancel)
			return bk_error_set(err, BK_E_CANCELLED, "stopped by bkmaint cancel");
		if (one_batch)
			return BK_OK;
	}
	return BK_OK;
}
