/*
 * The workers of a run together: what they share, their threads, the sweep of
 * what they passed over, and the progress that others see.
 */
#include "run/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "db/tx.h"

/* Progress is reported, and the end of the other workers looked for, so often. */
#define REPORT_MS 200
/* A count for those who watch may not take longer, or it is left out. */
#define TOTAL_MS 1000
#define TOTAL_LIMIT INT64_C(1000000000)

int64_t bk_crew_now(const struct bk_crew *crew)
{
	return crew->request->clock.mono_ms(crew->request->clock.self);
}

/* With the lock held: waits for what another worker does, and reports meanwhile. */
static void wait_for_others(struct bk_crew *crew, bool reports)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += REPORT_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	(void)pthread_cond_timedwait(&crew->news, &crew->lock, &until);
	if (!reports)
		return;
	(void)pthread_mutex_unlock(&crew->lock);
	bk_crew_progress(crew);
	(void)pthread_mutex_lock(&crew->lock);
}

int64_t bk_crew_reserve(struct bk_crew *crew, int64_t want, bool reports)
{
	(void)pthread_mutex_lock(&crew->lock);
	while (crew->allowance == 0 && crew->reserved > 0 && !crew->stop)
		wait_for_others(crew, reports);
	if (crew->allowance >= 0 && want > crew->allowance)
		want = crew->allowance;
	if (crew->allowance >= 0) {
		crew->allowance -= want;
		crew->reserved += want;
	}
	if (!want && !crew->reserved)
		crew->bound_reached = true;
	(void)pthread_mutex_unlock(&crew->lock);
	return want;
}

void bk_crew_return(struct bk_crew *crew, int64_t reserved, int64_t changed)
{
	(void)pthread_mutex_lock(&crew->lock);
	if (crew->allowance >= 0) {
		crew->allowance += reserved - changed;
		crew->reserved -= reserved;
	}
	(void)pthread_cond_broadcast(&crew->news);
	(void)pthread_mutex_unlock(&crew->lock);
}

void bk_crew_note(struct bk_crew *crew, const struct bk_batch *batch, int64_t took_ms)
{
	(void)pthread_mutex_lock(&crew->lock);
	crew->changed += batch->changed;
	crew->locked += batch->locked;
	crew->vetoed += batch->locked - batch->changed;
	if (took_ms > crew->slowest_ms)
		crew->slowest_ms = took_ms;
	(void)pthread_mutex_unlock(&crew->lock);
}

void bk_crew_progress(void *arg)
{
	struct bk_crew *crew = arg;
	const struct bk_run_request *q = crew->request;
	int64_t now = bk_crew_now(crew);
	struct bk_progress progress;

	if (!q->progress || now - crew->shown_ms < REPORT_MS)
		return;
	crew->shown_ms = now;
	(void)pthread_mutex_lock(&crew->lock);
	progress = (struct bk_progress){crew->changed, crew->total, now - crew->start_ms};
	(void)pthread_mutex_unlock(&crew->lock);
	q->progress(q->progress_arg, &progress);
}

static void fail(struct bk_crew *crew, enum bk_rc rc, const struct bk_error *err)
{
	(void)pthread_mutex_lock(&crew->lock);
	if (!crew->rc) {
		crew->rc = rc;
		crew->error = *err;
	}
	crew->stop = true;
	(void)pthread_cond_broadcast(&crew->news);
	(void)pthread_mutex_unlock(&crew->lock);
}

/* Stores the total, so that other hosts see how far the run is; where that fails it is
   shown here all the same. */
static void store_total(struct bk_worker *w, int64_t n)
{
	const struct bk_run_request *q = w->crew->request;
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true,
					    NULL};
	const struct bk_sql_var var = {"bk", q->schema};
	char execution[24], token[24], total[24];
	const char *params[] = {execution, token, total};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	struct bk_error ignored;

	(void)snprintf(execution, sizeof(execution), "%" PRId64, w->run.execution);
	(void)snprintf(token, sizeof(token), "%" PRId64, w->run.token);
	(void)snprintf(total, sizeof(total), "%" PRId64, n);
	if (bk_sql_fill_file(&sql, "run_total", &var, 1, &ignored) ||
	    bk_tx_one(
		    w->run.db, BK_TX_OWN, &limits,
		    &(const struct bk_stmt){"run_total", bk_buf_cstr(&sql), params, 3, BK_NO_ROWS},
		    NULL, &ignored))
		return;
}

/* Counts, once, what a long run has to do. Those who watch can do without, so a
   failure is none of the run's; a lost connection is found by the next batch. */
static void count_total(struct bk_worker *w)
{
	struct bk_crew *crew = w->crew;
	struct bk_due due = {0, NULL, 0};
	int64_t usual_ms = w->run.count_ms;
	struct bk_error ignored;
	int64_t total;
	enum bk_rc rc;

	crew->counted = true;
	w->run.count_ms = TOTAL_MS;
	rc = w->work.count(w->work.self, &w->run, TOTAL_LIMIT, &due, &ignored);
	w->run.count_ms = usual_ms;
	if (rc)
		return;
	(void)pthread_mutex_lock(&crew->lock);
	crew->total = total = crew->changed + due.total;
	(void)pthread_mutex_unlock(&crew->lock);
	store_total(w, total);
}

/* Worker 0 goes on batch by batch, to look after the run in between. */
static enum bk_rc drain_first(struct bk_worker *w, struct bk_error *err)
{
	struct bk_crew *crew = w->crew;
	const struct bk_run_request *q = crew->request;
	bool stop = false;
	enum bk_rc rc = BK_OK;

	while (!rc && !w->done && !stop) {
		if (!crew->counted && q->count_after_ms &&
		    bk_crew_now(crew) - crew->start_ms >= q->count_after_ms)
			count_total(w);
		rc = bk_worker_drain(w, true, err);
		(void)pthread_mutex_lock(&crew->lock);
		stop = crew->stop || crew->bound_reached;
		(void)pthread_mutex_unlock(&crew->lock);
	}
	return rc;
}

/* Without its connection the others do its share. */
static void note_absent(struct bk_crew *crew, const struct bk_error *why)
{
	/* Who stops the run needs no word on what it keeps from coming. */
	if (why->rc == BK_E_INTERRUPTED || why->rc == BK_E_TERMINATED)
		return;
	(void)pthread_mutex_lock(&crew->lock);
	if (crew->absent++ == 0)
		crew->missed = *why;
	(void)pthread_mutex_unlock(&crew->lock);
}

static void *work_in_thread(void *arg)
{
	struct bk_worker *w = arg;
	struct bk_crew *crew = w->crew;
	const struct bk_run_request *q = crew->request;
	struct bk_error err;
	enum bk_rc rc = q->connect(q->connect_arg, w->run.deadline_ms - bk_crew_now(crew), false,
				   &w->run.db, &err);

	if (rc)
		note_absent(crew, &err);
	else if ((rc = bk_worker_drain(w, false, &err)))
		fail(crew, rc, &err);
	(void)pthread_mutex_lock(&crew->lock);
	crew->at_work--;
	(void)pthread_cond_broadcast(&crew->news);
	(void)pthread_mutex_unlock(&crew->lock);
	return NULL;
}

/* Ledger rows of the workers 1 to n-1. */
static enum bk_rc open_ledgers(struct bk_worker *w, int64_t n, struct bk_error *err)
{
	const struct bk_run_request *q = w->crew->request;
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true,
					    NULL};
	const struct bk_sql_var var = {"bk", q->schema};
	char execution[24], token[24], workers[24], lease[24];
	const char *params[] = {execution, token, workers, lease};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	(void)snprintf(execution, sizeof(execution), "%" PRId64, w->run.execution);
	(void)snprintf(token, sizeof(token), "%" PRId64, w->run.token);
	(void)snprintf(workers, sizeof(workers), "%" PRId64, n);
	(void)snprintf(lease, sizeof(lease), "%" PRId64, q->lease_ms);
	if ((rc = bk_sql_fill_file(&sql, "run_workers", &var, 1, err)))
		return rc;
	w->attempt = 0;
	/* A repeat after a lost answer finds the rows there and renews them. */
	do {
		bk_rows_clean(&rows);
		rc = bk_tx_one(w->run.db, BK_TX_OWN, &limits,
			       &(const struct bk_stmt){"run_workers", bk_buf_cstr(&sql), params, 4,
						       BK_ANY_ROWS},
			       &rows, err);
	} while (rc && !(rc = bk_worker_again(w, err)));
	if (rc)
		return rc;
	if (bk_rows_count(rows) == 0)
		return bk_error_set(err, BK_E_LEASE_LOST,
				    "execution %" PRId64 " was taken over by another instance",
				    w->run.execution);
	return BK_OK;
}

static void start(struct bk_worker *w, struct bk_worker *first, int number)
{
	struct bk_crew *crew = first->crew;
	struct bk_error err;
	int failure;

	*w = (struct bk_worker){
		.crew = crew, .work = first->work, .run = first->run, .size = first->size};
	w->work.self = first->work.fork(first->work.self);
	w->run.worker = number;
	w->run.db = NULL;
	(void)pthread_mutex_lock(&crew->lock);
	crew->at_work++;
	(void)pthread_mutex_unlock(&crew->lock);
	failure = pthread_create(&w->thread, NULL, work_in_thread, w);
	w->started = failure == 0;
	if (w->started)
		return;
	bk_error_set(&err, BK_E_INTERNAL, "cannot start a thread: %s", strerror(failure));
	note_absent(crew, &err);
	(void)pthread_mutex_lock(&crew->lock);
	crew->at_work--;
	(void)pthread_mutex_unlock(&crew->lock);
}

static void wait_for_all(struct bk_crew *crew)
{
	(void)pthread_mutex_lock(&crew->lock);
	while (crew->at_work > 0)
		wait_for_others(crew, true);
	(void)pthread_mutex_unlock(&crew->lock);
}

static void dismiss(struct bk_worker *w, struct bk_worker *first)
{
	if (w->started)
		(void)pthread_join(w->thread, NULL);
	first->work.join(first->work.self, w->work.self);
	bk_db_clean(&w->run.db);
}

/* Worker 0 here and the others in their threads until each has come to its end. */
static enum bk_rc drain_together(struct bk_worker *first, int64_t n, struct bk_error *err)
{
	struct bk_crew *crew = first->crew;
	struct bk_worker *others = bk_calloc((size_t)n - 1, sizeof(*others));
	enum bk_rc rc = open_ledgers(first, n, err);

	if (!rc) {
		for (int64_t i = 1; i < n; i++)
			start(&others[i - 1], first, (int)i);
		rc = drain_first(first, err);
		if (rc)
			fail(crew, rc, err);
		wait_for_all(crew);
		for (int64_t i = 1; i < n; i++)
			dismiss(&others[i - 1], first);
		if (crew->rc)
			*err = crew->error;
		rc = crew->rc;
	}
	free(others);
	return rc;
}

enum bk_rc bk_crew_rest(struct bk_worker *w, struct bk_error *err)
{
	struct bk_crew *crew = w->crew;
	struct bk_rest rest = {0, 0};
	enum bk_rc rc = w->work.rest(w->work.self, &w->run, &rest, err);

	if (rc)
		return rc;
	crew->passed_over = rest.skipped_locked - crew->aside;
	rest.skipped_locked = crew->passed_over - crew->vetoed;
	if (rest.skipped_locked < 0)
		rest.skipped_locked = 0;
	crew->rest = rest;
	return BK_OK;
}

/* After a pass. That only the count fails, in a way that may pass, fails no run. */
static enum bk_rc count_left(struct bk_worker *w, struct bk_error *err)
{
	enum bk_rc rc = bk_crew_rest(w, err);

	if (!rc || bk_fault_of(err) == BK_FAULT_FINAL)
		return rc;
	w->crew->rest = (struct bk_rest){BK_NULL_INT, 0};
	w->crew->passed_over = 0;
	return BK_OK;
}

/*
 * What was passed over because another worker or session held it may be free by
 * now: worker 0 goes through everything again until nothing is left, a pass locks
 * nothing, or twice nothing of what it locked could be changed.
 */
static enum bk_rc sweep(struct bk_worker *w, struct bk_error *err)
{
	struct bk_crew *crew = w->crew;
	int fruitless = 0;
	enum bk_rc rc = count_left(w, err);

	while (!rc && w->work.rewind && crew->passed_over > 0 && fruitless < 2 &&
	       !crew->bound_reached) {
		int64_t before = crew->changed;

		crew->locked = crew->vetoed = 0;
		w->work.rewind(w->work.self);
		w->done = false;
		if ((rc = drain_first(w, err)))
			return rc;
		if (crew->locked == 0)
			fruitless = 2;
		else
			fruitless = crew->changed > before ? 0 : fruitless + 1;
		rc = count_left(w, err);
	}
	return rc;
}

enum bk_rc bk_crew_drain(struct bk_crew *crew, struct bk_worker *first, struct bk_error *err)
{
	const struct bk_run_request *q = crew->request;
	enum bk_rc rc;

	/* Most runs are one batch: the others are called only for more. */
	if ((rc = bk_worker_drain(first, true, err)))
		return rc;
	if (!first->done && crew->allowance != 0 && q->workers > 1 && q->connect &&
	    first->work.fork)
		rc = drain_together(first, q->workers, err);
	else
		rc = drain_first(first, err);
	return rc ? rc : sweep(first, err);
}
