/*
 * Closing the record of a run, exactly once, also when the answer is lost.
 */
#include "run/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "db/tx.h"

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
	case BK_E_CANCELLED:
	case BK_E_INTERRUPTED:
	case BK_E_TERMINATED:
		return "CANCELLED";
	default:
		return "ERROR";
	}
}

bool bk_status_is_error(enum bk_rc cause)
{
	return strcmp(status_of(cause), "ERROR") == 0;
}

/* The record's own columns of the end's answer. */
static const struct bk_field end_fields[] = {
	{"status", BK_FIELD_TEXT, offsetof(struct bk_run_result, status)},
	{"processed_count", BK_FIELD_INT, offsetof(struct bk_run_result, processed)},
	{"execution_time_ms", BK_FIELD_INT, offsetof(struct bk_run_result, execution_time_ms)},
};

enum { END_PARAMS = 13 };

struct end_params {
	char execution[24], token[24], skipped[24], remaining[24], slowest[24], aside[24],
		retries[24], backoff[24];
	const char *values[END_PARAMS];
};

static void put(char dst[24], int64_t n)
{
	(void)snprintf(dst, 24, "%" PRId64, n);
}

static void fill_end(struct end_params *p, const struct bk_worker *w, enum bk_rc cause,
		     const struct bk_error *why)
{
	const struct bk_crew *crew = w->crew;
	bool known = crew->rest.remaining != BK_NULL_INT;

	put(p->execution, w->run.execution);
	put(p->token, w->run.token);
	put(p->skipped, crew->rest.skipped_locked);
	put(p->remaining, crew->rest.remaining);
	put(p->slowest, crew->slowest_ms);
	put(p->aside, crew->aside);
	put(p->retries, crew->retries);
	put(p->backoff, crew->request->backoff_cap_ms);
	const char *values[END_PARAMS] = {
		p->execution,
		p->token,
		status_of(cause),
		p->skipped,
		known ? p->remaining : NULL,
		cause ? bk_rc_info(cause)->code : NULL,
		cause ? why->message : NULL,
		p->slowest,
		crew->request->clock_override,
		p->aside,
		p->retries,
		p->backoff,
		crew->request->beside ? "true" : "false",
	};
	memcpy(p->values, values, sizeof(values));
}

static enum bk_rc taken_over(const struct bk_worker *w, struct bk_error *err)
{
	return bk_error_set(err, BK_E_LEASE_LOST,
			    "execution %" PRId64 " was taken over by another instance",
			    w->run.execution);
}

/* The end with what it has to store beside the record, in one transaction. */
static enum bk_rc end_and_settle(struct bk_worker *w, const struct bk_stmt *stmt, bool whole,
				 struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_run_request *q = w->crew->request;
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true,
					    NULL};
	struct bk_tx tx;
	struct bk_stmt stmts[BK_TX_HEAD + 1];
	struct bk_rows *rows[BK_TX_HEAD + 1];
	size_t n = bk_tx_begin(&tx, BK_TX_OWN, &limits, stmts);
	enum bk_rc rc;

	stmts[n] = *stmt;
	bk_tx_deadline(w->run.db, &limits);
	if ((rc = bk_db_run(w->run.db, stmts, n + 1, rows, err)))
		return rc;
	for (size_t i = 0; i < n; i++)
		bk_rows_clean(&rows[i]);
	*ret = rows[n];
	if (bk_rows_count(*ret) == 0) {
		bk_db_rollback(w->run.db);
		return BK_OK;
	}
	if ((rc = w->work.settle(w->work.self, &w->run, whole, err))) {
		bk_db_rollback(w->run.db);
		return rc;
	}
	return bk_db_commit(w->run.db, err);
}

/* A closed record that somebody else did not close is our own, from an attempt
   whose answer was lost. */
static enum bk_rc look_up(struct bk_worker *w, struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_run_request *q = w->crew->request;
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true,
					    NULL};
	const struct bk_sql_var var = {"bk", q->schema};
	char execution[24], token[24];
	const char *params[] = {execution, token};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	const char *status;
	enum bk_rc rc;

	put(execution, w->run.execution);
	put(token, w->run.token);
	if ((rc = bk_sql_fill_file(&sql, "run_closed", &var, 1, err)))
		return rc;
	bk_rows_clean(ret);
	rc = bk_tx_one(
		w->run.db, BK_TX_OWN, &limits,
		&(const struct bk_stmt){"run_closed", bk_buf_cstr(&sql), params, 2, BK_MAYBE_ROW},
		ret, err);
	if (rc)
		return rc;
	status = bk_rows_count(*ret) ? bk_rows_text(*ret, 0, "status") : NULL;
	if (!status || strcmp(status, "RUNNING") == 0 || strcmp(status, "ABANDONED") == 0)
		return taken_over(w, err);
	return BK_OK;
}

static enum bk_rc close_once(struct bk_worker *w, const struct bk_stmt *stmt, bool settles,
			     bool whole, bool again, struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_run_request *q = w->crew->request;
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true,
					    NULL};
	enum bk_rc rc;

	bk_rows_clean(ret);
	if (settles)
		rc = end_and_settle(w, stmt, whole, ret, err);
	else
		rc = bk_tx_one(w->run.db, BK_TX_OWN, &limits, stmt, ret, err);
	if (rc || bk_rows_count(*ret) == 1)
		return rc;
	return again ? look_up(w, ret, err) : taken_over(w, err);
}

/* Until when closing is tried: a server that restarts at this moment must not make
   a run that did its work a dead one. Who sent a signal does not wait for it. */
static int64_t last_moment(const struct bk_worker *w, enum bk_rc cause)
{
	int64_t now = bk_crew_now(w->crew);
	int64_t trip = now + w->crew->request->statement_timeout_ms + BK_PATIENCE_MS;

	if (cause == BK_E_INTERRUPTED || cause == BK_E_TERMINATED)
		return now + BK_PATIENCE_MS;
	return w->run.deadline_ms > trip ? w->run.deadline_ms : trip;
}

/* Tries until the record is closed; *ret is it. */
static enum bk_rc close_record(struct bk_worker *w, const struct end_params *p, bool settles,
			       bool whole, struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", w->crew->request->schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc;

	if ((rc = bk_sql_fill_file(&sql, "run_end", &var, 1, err)))
		return rc;
	const struct bk_stmt stmt = {"run_end", bk_buf_cstr(&sql), p->values, END_PARAMS,
				     BK_MAYBE_ROW};

	w->attempt = 0;
	for (bool again = false;; again = true) {
		/* The record is closed also when a signal asked for the end. */
		bk_db_hold_interrupts(w->run.db, true);
		rc = close_once(w, &stmt, settles, whole, again, ret, err);
		if (!rc || (rc = bk_worker_again(w, err)))
			break;
	}
	bk_db_hold_interrupts(w->run.db, false);
	if (rc)
		bk_error_prefix(err, "closing execution %" PRId64, w->run.execution);
	return rc;
}

enum bk_rc bk_end(struct bk_worker *w, enum bk_rc cause, const struct bk_error *why,
		  struct bk_run_result *result, struct bk_error *err)
{
	struct bk_crew *crew = w->crew;
	/* Everything that was due was tried: what was not refused again is well again. */
	bool whole = crew->tries_again && w->done && !crew->bound_reached &&
		     crew->rest.remaining != BK_NULL_INT && crew->rest.skipped_locked == 0 &&
		     (!cause || cause == BK_E_PARTIAL);
	bool settles = w->work.settle && (crew->aside || whole);
	struct end_params p;
	struct bk_error ignored;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;
	enum bk_rc read;

	w->run.deadline_ms = last_moment(w, cause);
	fill_end(&p, w, cause, why);
	rc = close_record(w, &p, settles, whole, &rows, err);
	/* That the quarantine cannot be written must not leave the record open. */
	if (rc && settles && rc != BK_E_LEASE_LOST && !bk_db_lost(w->run.db)) {
		crew->aside = 0;
		fill_end(&p, w, rc, err);
		if (close_record(w, &p, false, false, &rows, &ignored))
			return rc;
	} else if (rc) {
		return rc;
	}
	read = bk_rows_read(rows, 0, end_fields, BK_COUNT(end_fields), result, rc ? &ignored : err);
	return rc ? rc : read;
}
