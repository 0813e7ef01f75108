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
#include <time.h>

#include "base/mem.h"
#include "run/claim.h"
#include "run/internal.h"

#define HASTY_COUNT_MS 500

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
	bk_free_str(&result->absent_why);
}

static enum bk_rc prepare(struct bk_worker *w, struct bk_error *err)
{
	enum bk_rc rc;

	for (;;) {
		rc = w->work.prepare(w->work.self, &w->run, err);
		if (!rc || (rc = bk_worker_again(w, err)))
			return rc;
	}
}

static enum bk_rc work_off(struct bk_worker *w, struct bk_error *err)
{
	struct bk_crew *crew = w->crew;
	enum bk_rc rc;

	if ((rc = prepare(w, err)) || (rc = bk_guard(crew, w, err)))
		return rc;
	rc = bk_crew_drain(crew, w, err);
	return rc ? rc : bk_judge_rest(crew, err);
}

/* What a run leaves that failed or had to stop: looked up only where that is quick, and no
   failure of it hides why the run stopped. */
static void count_hastily(struct bk_worker *w)
{
	struct bk_error ignored;

	bk_db_hold_interrupts(w->run.db, true);
	w->run.count_ms = HASTY_COUNT_MS;
	if (bk_db_lost(w->run.db) || bk_crew_rest(w, &ignored))
		w->crew->rest = (struct bk_rest){BK_NULL_INT, 0};
	bk_db_hold_interrupts(w->run.db, false);
}

static bool was_signalled(enum bk_rc rc)
{
	return rc == BK_E_INTERRUPTED || rc == BK_E_TERMINATED;
}

/* Drains and closes; with `failed`, only closes. That the record could not be closed is
   worse than that work remains, but no error hides the one that came first. */
static enum bk_rc run_claimed(struct bk_worker *w, enum bk_rc failed, struct bk_run_result *result,
			      struct bk_error *err)
{
	struct bk_crew *crew = w->crew;
	struct bk_error end_error;
	enum bk_rc cause = failed ? failed : work_off(w, err);
	enum bk_rc rc;

	result->absent = crew->absent;
	if (crew->absent)
		result->absent_why = bk_strdup(crew->missed.message);
	result->processed = crew->changed;
	result->remaining = BK_NULL_INT;
	result->retries = crew->retries;
	if (cause == BK_E_LEASE_LOST || cause == BK_E_UNKNOWN)
		return cause;
	if (was_signalled(cause))
		bk_error_set(err, cause, "stopped by %s",
			     cause == BK_E_TERMINATED ? "SIGTERM" : "SIGINT");
	if (failed)
		crew->rest = (struct bk_rest){BK_NULL_INT, 0};
	else if (cause && cause != BK_E_PARTIAL)
		count_hastily(w);
	/* What stopped the run may be why rows were refused: none of them is blamed. */
	if (cause && bk_status_is_error(cause))
		crew->aside = 0;
	result->remaining = crew->rest.remaining;
	result->skipped_locked = crew->rest.skipped_locked;
	rc = bk_end(w, cause, err, result, &end_error);
	result->retries = crew->retries;
	result->quarantined = crew->aside;
	/* Who was taken over has no record, whatever kept it from its work. */
	if (!rc || was_signalled(cause) || (bk_status_is_error(cause) && rc != BK_E_LEASE_LOST))
		return cause;
	*err = end_error;
	return rc;
}

/* Waits end by the monotonic clock: the other one may be set. */
static void init_cond(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;

	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

static void init(struct bk_crew *crew, struct bk_worker *w, struct bk_db *db,
		 const struct bk_run_request *q, const struct bk_work *work)
{
	*crew = (struct bk_crew){.request = q, .work = work, .total = BK_NULL_INT, .allowance = -1};
	(void)pthread_mutex_init(&crew->lock, NULL);
	init_cond(&crew->news);
	crew->start_ms = crew->shown_ms = bk_crew_now(crew);
	*w = (struct bk_worker){.crew = crew, .work = *work, .size = q->batch_size};
	w->run = (struct bk_run){
		.request = q,
		.db = db,
		.count_ms = q->statement_timeout_ms,
		.deadline_ms = crew->start_ms + q->timeout_ms,
	};
}

static enum bk_rc check(struct bk_worker *w, struct bk_error *err)
{
	const struct bk_run_request *q = w->crew->request;
	enum bk_rc rc = BK_OK;

	while (q->check && (rc = q->check(q->check_arg, w->run.db, err)))
		if ((rc = bk_worker_again(w, err)))
			return rc;
	return rc;
}

/* The database answers, but what the run has to read was locked, or too slow, for all
   of its tries; or some booking is one that the rules' own SQL fails for. */
static bool was_in_the_way(const struct bk_worker *w, const struct bk_error *err)
{
	enum bk_fault fault = bk_fault_of(err);

	return err->rc == BK_E_RUN &&
	       (fault == BK_FAULT_PASSING || fault == BK_FAULT_SLOW || fault == BK_FAULT_ROW) &&
	       !bk_db_lost(w->run.db);
}

/* The check and the claim. What is in the way of these must not go unrecorded, if the run
   is due at all: then *ret_failed is what it failed with, and *err says more. */
static enum bk_rc begin(struct bk_worker *w, struct bk_run_result *result, bool *ret_work,
			enum bk_rc *ret_failed, struct bk_error *err)
{
	struct bk_error ignored;
	enum bk_rc rc = check(w, err);

	w->attempt = 0;
	if (!rc)
		rc = bk_claim(w, result, ret_work, err);
	if (!rc || !was_in_the_way(w, err) || bk_claim_blindly(w, result, ret_work, &ignored))
		return rc;
	if (w->work.explain && bk_fault_of(err) == BK_FAULT_ROW)
		rc = w->work.explain(w->work.self, &w->run, err);
	*ret_failed = rc;
	return BK_OK;
}

enum bk_rc bk_run(struct bk_db **db, const struct bk_run_request *request,
		  const struct bk_work *work, struct bk_run_result *ret, struct bk_error *err)
{
	struct bk_crew crew;
	struct bk_worker w;
	bool has_work = false;
	enum bk_rc failed = BK_OK;
	enum bk_rc rc;

	*ret = (struct bk_run_result){.outcome = BK_OUTCOME_RAN};
	init(&crew, &w, *db, request, work);
	rc = begin(&w, ret, &has_work, &failed, err);
	(void)snprintf(w.run.application, sizeof(w.run.application), "bk:%s:%" PRId64, request->job,
		       w.run.execution);
	w.attempt = 0;
	if (!rc && has_work) {
		bk_db_on_wait(w.run.db, bk_crew_progress, &crew);
		rc = run_claimed(&w, failed, ret, err);
	}
	bk_db_on_wait(w.run.db, NULL, NULL);
	*db = w.run.db;
	(void)pthread_cond_destroy(&crew.news);
	(void)pthread_mutex_destroy(&crew.lock);
	free(crew.as_of);
	free(crew.lower);
	return rc;
}
