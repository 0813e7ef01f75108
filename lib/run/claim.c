/*
 * The claim and its answer; see claim.h.
 */
#include "run/claim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "db/sqltext.h"

/* The claim's answer, column by column. */
struct answer {
	char *verdict;
	char *id;
	int64_t token;
	bool work;
	char *as_of;
	char *lower;
	char *executed_at;
	int64_t execution_time_ms;
	bool never_succeeded;
	bool tries_again;
	char *abandoned_id;
	char *holder_instance;
	int64_t holder_pid;
	char *next_at;
	char *paused_reason;
	int64_t clock_difference_ms;
};

static const struct bk_field fields[] = {
	{"verdict", BK_FIELD_TEXT, offsetof(struct answer, verdict)},
	{"id", BK_FIELD_TEXT, offsetof(struct answer, id)},
	{"token", BK_FIELD_INT, offsetof(struct answer, token)},
	{"work", BK_FIELD_BOOL, offsetof(struct answer, work)},
	{"as_of", BK_FIELD_TEXT, offsetof(struct answer, as_of)},
	{"lower", BK_FIELD_TEXT, offsetof(struct answer, lower)},
	{"executed_at", BK_FIELD_TEXT, offsetof(struct answer, executed_at)},
	{"execution_time_ms", BK_FIELD_INT, offsetof(struct answer, execution_time_ms)},
	{"never_succeeded", BK_FIELD_BOOL, offsetof(struct answer, never_succeeded)},
	{"tries_again", BK_FIELD_BOOL, offsetof(struct answer, tries_again)},
	{"abandoned_id", BK_FIELD_TEXT, offsetof(struct answer, abandoned_id)},
	{"holder_instance", BK_FIELD_TEXT, offsetof(struct answer, holder_instance)},
	{"holder_pid", BK_FIELD_INT, offsetof(struct answer, holder_pid)},
	{"next_execution_time", BK_FIELD_TEXT, offsetof(struct answer, next_at)},
	{"paused_reason", BK_FIELD_TEXT, offsetof(struct answer, paused_reason)},
	{"clock_difference_ms", BK_FIELD_INT, offsetof(struct answer, clock_difference_ms)},
};

static void clear_answer(struct answer *a)
{
	bk_fields_clear(fields, BK_COUNT(fields), a);
}

enum { CLAIM_PARAMS = 21, HOST_CLOCK = 19 };
/* Each look after the first follows upon another process's claim. */
enum { MOST_LOOKS = 3 };

/* The parameters of lease_claim as text. */
struct params {
	char slots[24], delay[24], timeout[24], lease[24], age[24], pid[16], run_id[BK_UUID_SIZE],
		retries[24], leader[24], late[24];
	struct bk_buf host_clock;
	const char *values[CLAIM_PARAMS];
};

static void clear_params(struct params *p)
{
	bk_buf_clear(&p->host_clock);
}

static void put(char dst[24], int64_t n)
{
	(void)snprintf(dst, 24, "%" PRId64, n);
}

static void fill_params(struct params *p, const struct bk_run_request *q, bool looks)
{
	(void)snprintf(p->pid, sizeof(p->pid), "%ld", (long)getpid());
	put(p->slots, q->slots);
	put(p->delay, q->delay_ms);
	put(p->timeout, q->timeout_ms);
	put(p->lease, q->lease_ms);
	put(p->age, q->max_age_ms);
	put(p->retries, q->max_retries);
	put(p->leader, q->leader_ms);
	put(p->late, q->late_ms);
	bk_random_uuid(&q->random, p->run_id);
	const char *values[CLAIM_PARAMS] = {
		q->clock_override,
		q->job,
		p->slots,
		q->manual ? "true" : "false",
		q->force ? "true" : "false",
		p->delay,
		p->timeout,
		p->lease,
		q->max_age_ms < 0 ? NULL : p->age,
		p->run_id,
		q->description,
		q->instance,
		p->pid,
		q->version,
		q->os_user,
		looks ? q->fingerprint : NULL,
		p->retries,
		q->leader_ms ? p->leader : NULL,
		q->late_ms ? p->late : NULL,
		NULL, /* the host's clock, at the last moment */
		q->beside ? "true" : "false",
	};
	memcpy(p->values, values, sizeof(values));
}

static bool is_verdict(const struct bk_rows *rows, const char *word)
{
	const char *verdict = bk_rows_text(rows, 0, "verdict");

	return verdict && strcmp(verdict, word) == 0;
}

/* Whether another claim committed between our snapshot and our lock: the token says so,
   or, late, the index that allows one RUNNING. With a new snapshot it can be seen. */
static bool looked_too_early(enum bk_rc rc, const struct bk_rows *rows, const struct bk_error *err)
{
	return rc ? strcmp(err->sqlstate, "23505") == 0 : is_verdict(rows, "stale");
}

static enum bk_rc send_claim(struct bk_worker *w, struct params *p, const char *sql,
			     struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_run_request *q = w->crew->request;
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true,
					    w->work.company};
	const struct bk_stmt stmt = {"lease_claim", sql, p->values, CLAIM_PARAMS, BK_ONE_ROW};
	enum bk_rc rc;

	bk_buf_reset(&p->host_clock);
	bk_format_time(&p->host_clock, q->clock.wall_us(q->clock.self));
	p->values[HOST_CLOCK] = bk_buf_cstr(&p->host_clock);
	for (int look = 1;; look++) {
		bk_rows_clean(ret);
		rc = bk_tx_one(w->run.db, BK_TX_OWN, &limits, &stmt, ret, err);
		if (look == MOST_LOOKS || !looked_too_early(rc, *ret, err))
			return rc;
	}
}

/* What the idle ticks counted goes to its hour; see stats_roll.sql. Only behind a claim that
   ran: most others find the job not due, and pay for nothing. The run is recorded by then,
   so what fails here fails nothing; the next claim comes by again. */
static void roll_stats(struct bk_worker *w)
{
	const struct bk_run_request *q = w->crew->request;
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true,
					    NULL};
	const struct bk_sql_var var = {"bk", q->schema};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	struct bk_error ignored;

	if (bk_sql_fill_file(&sql, "stats_roll", &var, 1, &ignored))
		return;
	(void)!bk_tx_one(
		w->run.db, BK_TX_OWN, &limits,
		&(const struct bk_stmt){"stats_roll", bk_buf_cstr(&sql), &q->job, 1, BK_NO_ROWS},
		&rows, &ignored);
}

/* The execution of a claim whose answer was lost, by the run id that we gave it;
   no row: it was not committed, or is not yet. */
static enum bk_rc find_claim(struct bk_worker *w, const struct params *p, struct bk_rows **ret,
			     struct bk_error *err)
{
	const struct bk_run_request *q = w->crew->request;
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true,
					    w->work.company};
	const struct bk_sql_var var = {"bk", q->schema};
	const char *params[] = {p->run_id, p->values[8]};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_sql_fill_file(&sql, "claim_find", &var, 1, err);

	if (rc)
		return rc;
	rc = bk_tx_one(
		w->run.db, BK_TX_OWN, &limits,
		&(const struct bk_stmt){"claim_find", bk_buf_cstr(&sql), params, 2, BK_MAYBE_ROW},
		ret, err);
	if (!rc && bk_rows_count(*ret) == 0)
		bk_rows_clean(ret);
	return rc;
}

/* While the outcome of an earlier attempt is unknown it may still hold the job's
   row: then "busy" is no answer yet. */
static bool is_busy(const struct bk_rows *rows)
{
	return is_verdict(rows, "busy") || is_verdict(rows, "stale");
}

static enum bk_rc claim_rows(struct bk_worker *w, struct params *p, const char *sql,
			     struct bk_rows **ret, struct bk_error *err)
{
	bool unknown = false;

	for (;;) {
		enum bk_rc rc = BK_OK;

		bk_rows_clean(ret);
		if (unknown)
			rc = find_claim(w, p, ret, err);
		if (!rc && !*ret)
			rc = send_claim(w, p, sql, ret, err);
		if (!rc && unknown && is_busy(*ret))
			rc = bk_error_set(err, BK_E_UNKNOWN,
					  "the outcome of a claim that was cut off is not known");
		if (!rc)
			return BK_OK;
		unknown = unknown || rc == BK_E_UNKNOWN;
		if ((rc = bk_worker_again(w, err)))
			return rc;
	}
}

static enum bk_rc outcome_of(const struct answer *a, const char *job, enum bk_outcome *ret,
			     struct bk_error *err)
{
	static const struct {
		const char *verdict;
		enum bk_outcome outcome;
	} verdicts[] = {
		{"go", BK_OUTCOME_RAN},
		{"not-due", BK_OUTCOME_NOT_DUE},
		{"busy", BK_OUTCOME_BUSY},
		{"paused", BK_OUTCOME_PAUSED},
		{"disabled", BK_OUTCOME_DISABLED},
		{"late", BK_OUTCOME_LATE},
		{"stale", BK_OUTCOME_BUSY}, /* others claim it at each of our looks */
	};

	for (size_t i = 0; i < BK_COUNT(verdicts); i++)
		if (strcmp(a->verdict, verdicts[i].verdict) == 0) {
			*ret = verdicts[i].outcome;
			return BK_OK;
		}
	bk_error_set(err, BK_E_SCHEMA, "job %s is not registered in the database", job);
	return bk_error_hint(err, "run bkmaint migrate as the owner of the schema");
}

static void take_answer(struct answer *a, struct bk_worker *w, struct bk_run_result *result)
{
	struct bk_crew *crew = w->crew;

	result->executed_at = BK_TAKE(a->executed_at);
	result->abandoned_id = BK_TAKE(a->abandoned_id);
	result->next_at = BK_TAKE(a->next_at);
	result->paused_reason = BK_TAKE(a->paused_reason);
	result->has_clock_difference = a->clock_difference_ms != BK_NULL_INT;
	if (result->has_clock_difference)
		result->clock_difference_ms = a->clock_difference_ms;
	if (result->outcome == BK_OUTCOME_BUSY && a->holder_pid != BK_NULL_INT)
		result->holder = bk_asprintf("%s pid %" PRId64, a->holder_instance, a->holder_pid);
	else if (result->outcome == BK_OUTCOME_BUSY && a->holder_instance)
		result->holder = bk_asprintf("%s (the leader)", a->holder_instance);
	if (result->outcome != BK_OUTCOME_RAN)
		return;
	result->execution_id = bk_strdup(a->id);
	if (!a->work) {
		result->status = bk_strdup("SUCCESS");
		result->execution_time_ms = a->execution_time_ms;
	}
	w->run.execution = strtoll(a->id, NULL, 10);
	w->run.token = a->token;
	w->run.as_of = crew->as_of = BK_TAKE(a->as_of);
	w->run.lower = crew->lower = BK_TAKE(a->lower);
	crew->first = a->never_succeeded;
	crew->tries_again = a->tries_again;
}

/* probe NULL = none */
static enum bk_rc claim(struct bk_worker *w, const char *probe, struct bk_run_result *result,
			bool *ret_work, struct bk_error *err)
{
	const struct bk_run_request *q = w->crew->request;
	const struct bk_sql_var vars[] = {{"bk", q->schema},
					  {"probe", probe ? probe : "verdict = 'go'"}};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(clear_answer) struct answer a = {.verdict = NULL};
	BK_CLEAN(clear_params) struct params p = {.host_clock = BK_BUF_INIT};
	enum bk_rc rc;

	if ((rc = bk_sql_fill_file(&sql, "lease_claim", vars, BK_COUNT(vars), err)))
		return rc;
	fill_params(&p, q, probe != NULL);
	if ((rc = claim_rows(w, &p, bk_buf_cstr(&sql), &rows, err)))
		return rc;
	if ((rc = bk_rows_read(rows, 0, fields, BK_COUNT(fields), &a, err)))
		return rc;
	if (!a.verdict || (rc = outcome_of(&a, q->job, &result->outcome, err)))
		return rc ? rc : bk_error_set(err, BK_E_INTERNAL, "the claim gave no verdict");
	*ret_work = result->outcome == BK_OUTCOME_RAN && a.work;
	take_answer(&a, w, result);
	if (result->outcome == BK_OUTCOME_RAN)
		roll_stats(w);
	return BK_OK;
}

enum bk_rc bk_claim(struct bk_worker *w, struct bk_run_result *result, bool *ret_work,
		    struct bk_error *err)
{
	return claim(w, w->work.probe, result, ret_work, err);
}

enum bk_rc bk_claim_blindly(struct bk_worker *w, struct bk_run_result *result, bool *ret_work,
			    struct bk_error *err)
{
	return claim(w, NULL, result, ret_work, err);
}
