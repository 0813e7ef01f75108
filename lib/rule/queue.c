/*
 * The bounded probe of a job's queue; see queue.h.
 */
#include "rule/queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/tx.h"
#include "rule/unit.h"

struct probe {
	struct bk_db *db;
	struct bk_scope scope;
	struct bk_tx_limits limits;
	struct bk_buf session;
	struct bk_tx_company company;
	char *as_of;
	char *lower;
};

static void clear_probe(struct probe *p)
{
	bk_buf_clear(&p->session);
	free(p->as_of);
	free(p->lower);
}

void bk_queue_clear(struct bk_queue *queue)
{
	bk_free_str(&queue->oldest_at);
}

/* The database's now and the lower bound, as texts for parameters. */
static enum bk_rc read_bounds(struct probe *p, int64_t max_age_ms, struct bk_error *err)
{
	static const struct bk_field fields[] = {
		{"as_of", BK_FIELD_TEXT, offsetof(struct probe, as_of)},
		{"lower", BK_FIELD_TEXT, offsetof(struct probe, lower)},
	};
	char age[24];
	const char *params[] = {age};
	const struct bk_stmt stmt = {"bounds", bk_sql_text("bounds"), params, 1, BK_ONE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	(void)snprintf(age, sizeof(age), "%" PRId64, max_age_ms);
	if ((rc = bk_tx_one(p->db, BK_TX_READ, &p->limits, &stmt, &rows, err)))
		return rc;
	return bk_rows_read(rows, 0, fields, BK_COUNT(fields), p, err);
}

struct count {
	int64_t n;
	char *oldest;
};

static void clear_count(struct count *c)
{
	free(c->oldest);
}

static enum bk_rc count_unit(const struct probe *p, const struct bk_unit *unit, struct count *ret,
			     struct bk_error *err)
{
	static const struct bk_field fields[] = {
		{"n", BK_FIELD_INT, offsetof(struct count, n)},
		{"oldest", BK_FIELD_TEXT, offsetof(struct count, oldest)},
	};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	char limit[24];
	const char *params[] = {p->as_of, p->lower, limit};
	enum bk_rc rc;

	(void)snprintf(limit, sizeof(limit), "%d", BK_QUEUE_LIMIT);
	if ((rc = bk_unit_count(&sql, unit, &p->scope, "", err)))
		return rc;
	rc = bk_tx_one(
		p->db, BK_TX_READ, &p->limits,
		&(const struct bk_stmt){"booking_count", bk_buf_cstr(&sql), params, 3, BK_ONE_ROW},
		&rows, err);
	return rc ? rc : bk_rows_read(rows, 0, fields, BK_COUNT(fields), ret, err);
}

static void add(struct bk_queue *queue, struct count *c)
{
	queue->depth = queue->depth + c->n > BK_QUEUE_LIMIT ? BK_QUEUE_LIMIT : queue->depth + c->n;
	/* RFC 3339 of one zone and width sorts as text. */
	if (c->oldest && (!queue->oldest_at || strcmp(c->oldest, queue->oldest_at) < 0)) {
		bk_free_str(&queue->oldest_at);
		queue->oldest_at = BK_TAKE(c->oldest);
	}
}

static enum bk_rc count_units(const struct probe *p, const struct bk_units *units,
			      struct bk_queue *queue, struct bk_error *err)
{
	for (size_t i = 0; i < units->count; i++) {
		BK_CLEAN(clear_count) struct count c = {0, NULL};
		enum bk_rc rc = count_unit(p, &units->items[i], &c, err);

		if (rc && strcmp(err->sqlstate, "57014") == 0) {
			queue->depth = BK_NULL_INT;
			bk_free_str(&queue->oldest_at);
			return BK_OK;
		}
		if (rc)
			return rc;
		add(queue, &c);
	}
	return BK_OK;
}

enum bk_rc bk_queue_probe(struct bk_db *db, const struct bk_conf *conf, const char *job,
			  int64_t timeout_ms, struct bk_queue *ret, struct bk_error *err)
{
	struct bk_policy policy = bk_policy_of(conf);
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;
	BK_CLEAN(bk_units_clear) struct bk_units units;
	BK_CLEAN(clear_probe)
	struct probe p = {
		.db = db,
		.scope = bk_scope_of_params(policy.mapping, NULL, bk_conf_str(conf, "schema")),
		.limits = {timeout_ms, timeout_ms, true, &p.company},
	};
	struct bk_queue queue = {0, NULL};
	enum bk_rc rc;

	bk_company_of(policy.mapping, &p.session, &p.company);
	bk_rules_build(&policy, &rules);
	bk_units_build(&rules, policy.mapping, job, &units);
	/* A job without rules, as cleanup, has no queue. */
	if (!units.count) {
		*ret = queue;
		return BK_OK;
	}
	/* The budget is the job's: its scans share it. */
	p.limits.statement_ms = p.limits.lock_ms = timeout_ms / (int64_t)units.count;
	rc = read_bounds(&p, bk_conf_job_num(conf, job, "max-age"), err);
	if (!rc)
		rc = count_units(&p, &units, &queue, err);
	if (rc) {
		bk_queue_clear(&queue);
		return rc;
	}
	*ret = queue;
	return BK_OK;
}
