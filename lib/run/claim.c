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
	char *abandoned_id;
	char *holder_instance;
	int64_t holder_pid;
	char *next_at;
	char *paused_reason;
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
	{"abandoned_id", BK_FIELD_TEXT, offsetof(struct answer, abandoned_id)},
	{"holder_instance", BK_FIELD_TEXT, offsetof(struct answer, holder_instance)},
	{"holder_pid", BK_FIELD_INT, offsetof(struct answer, holder_pid)},
	{"next_execution_time", BK_FIELD_TEXT, offsetof(struct answer, next_at)},
	{"paused_reason", BK_FIELD_TEXT, offsetof(struct answer, paused_reason)},
};

static void clear_answer(struct answer *a)
{
	bk_fields_clear(fields, BK_COUNT(fields), a);
}

/* The parameters $1..$16 as text. */
struct params {
	char slot[16], delay[24], timeout[24], lease[24], age[24], pid[16], run_id[BK_UUID_SIZE];
	const char *values[16];
};

static void put_ms(char dst[24], int64_t ms)
{
	(void)snprintf(dst, 24, "%" PRId64, ms);
}

static void fill_params(struct params *p, const struct bk_run_request *q)
{
	(void)snprintf(p->slot, sizeof(p->slot), "%d", q->slot);
	(void)snprintf(p->pid, sizeof(p->pid), "%ld", (long)getpid());
	put_ms(p->delay, q->delay_ms);
	put_ms(p->timeout, q->timeout_ms);
	put_ms(p->lease, q->lease_ms);
	put_ms(p->age, q->max_age_ms);
	bk_random_uuid(&q->random, p->run_id);
	const char *values[] = {
		q->clock_override,
		q->job,
		p->slot,
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
		q->fingerprint,
	};
	memcpy(p->values, values, sizeof(values));
}

static enum bk_rc send_claim(struct bk_db *db, const struct bk_run_request *q, const char *sql,
			     struct bk_rows **ret, struct bk_error *err)
{
	struct params p;
	const struct bk_tx_limits limits = {q->statement_timeout_ms, q->lock_timeout_ms, true};
	const struct bk_stmt stmt = {"lease_claim", sql, p.values, 16, BK_ONE_ROW};
	enum bk_rc rc;

	fill_params(&p, q);
	rc = bk_tx_one(db, BK_TX_OWN, &limits, &stmt, ret, err);
	/* Another claim committed between our snapshot and our lock: the index
	   that allows one RUNNING caught it. Now it can be seen. */
	if (rc && strcmp(err->sqlstate, "23505") == 0)
		rc = bk_tx_one(db, BK_TX_OWN, &limits, &stmt, ret, err);
	return rc;
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
	};

	for (size_t i = 0; i < BK_COUNT(verdicts); i++)
		if (strcmp(a->verdict, verdicts[i].verdict) == 0) {
			*ret = verdicts[i].outcome;
			return BK_OK;
		}
	bk_error_set(err, BK_E_SCHEMA, "job %s is not registered in the database", job);
	return bk_error_hint(err, "run bkmaint migrate as the owner of the schema");
}

static void take_answer(struct answer *a, struct bk_run *run, struct bk_run_result *result)
{
	result->executed_at = BK_TAKE(a->executed_at);
	result->abandoned_id = BK_TAKE(a->abandoned_id);
	result->next_at = BK_TAKE(a->next_at);
	result->paused_reason = BK_TAKE(a->paused_reason);
	if (result->outcome == BK_OUTCOME_BUSY && a->holder_instance)
		result->holder = bk_asprintf("%s pid %" PRId64, a->holder_instance, a->holder_pid);
	if (result->outcome != BK_OUTCOME_RAN)
		return;
	result->execution_id = bk_strdup(a->id);
	if (!a->work) {
		result->status = bk_strdup("SUCCESS");
		result->execution_time_ms = a->execution_time_ms;
	}
	run->execution = strtoll(a->id, NULL, 10);
	run->token = a->token;
	run->as_of = BK_TAKE(a->as_of);
	run->lower = BK_TAKE(a->lower);
}

enum bk_rc bk_claim(struct bk_db *db, const struct bk_run_request *request, const char *probe,
		    struct bk_run *run, struct bk_run_result *result, bool *ret_work,
		    bool *ret_first, struct bk_error *err)
{
	const struct bk_sql_var vars[] = {{"bk", request->schema}, {"probe", probe}};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(clear_answer) struct answer a = {.verdict = NULL};
	enum bk_rc rc;

	if ((rc = bk_sql_fill_file(&sql, "lease_claim", vars, BK_COUNT(vars), err)))
		return rc;
	if ((rc = send_claim(db, request, bk_buf_cstr(&sql), &rows, err)))
		return rc;
	if ((rc = bk_rows_read(rows, 0, fields, BK_COUNT(fields), &a, err)))
		return rc;
	if (!a.verdict || (rc = outcome_of(&a, request->job, &result->outcome, err)))
		return rc ? rc : bk_error_set(err, BK_E_INTERNAL, "the claim gave no verdict");
	*ret_work = result->outcome == BK_OUTCOME_RAN && a.work;
	*ret_first = a.never_succeeded;
	take_answer(&a, run, result);
	return BK_OK;
}
