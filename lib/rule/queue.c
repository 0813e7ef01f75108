/*
 * The bounded probes of queues; see queue.h.
 */
#include "rule/queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/tx.h"
#include "rule/culprit.h"

/* The clock is asked, and no table. */
static const struct bk_tx_limits clock_limits = {10000, 2000, false, NULL};

void bk_queue_clear(struct bk_queue *queue)
{
	bk_free_str(&queue->oldest_at);
}

void bk_queues_clear(struct bk_queues *queues)
{
	for (size_t i = 0; queues->lowers && i < queues->rules.count; i++)
		free(queues->lowers[i]);
	free(queues->lowers);
	free(queues->as_of);
	free(queues->shown_as_of);
	bk_rules_clear(&queues->rules);
	bk_table_clear(&queues->table);
	bk_buf_clear(&queues->session);
	*queues = (struct bk_queues)BK_QUEUES_INIT;
}

int64_t bk_queues_max_age(const struct bk_queues *queues, const struct bk_rule *rule)
{
	return rule->max_age_ms ? rule->max_age_ms
				: bk_conf_job_num(queues->conf, rule->job, "max-age");
}

static void write_ages(const struct bk_queues *queues, struct bk_buf *out)
{
	bk_buf_char(out, '{');
	for (size_t i = 0; i < queues->rules.count; i++) {
		int64_t age = bk_queues_max_age(queues, &queues->rules.items[i]);

		bk_buf_str(out, i ? "," : "");
		if (age < 0)
			bk_buf_str(out, "NULL");
		else
			bk_buf_fmt(out, "%" PRId64, age);
	}
	bk_buf_char(out, '}');
}

/* The database's now and the lower bounds, as texts for parameters. */
static enum bk_rc read_bounds(struct bk_queues *queues, struct bk_error *err)
{
	static const struct bk_field fields[] = {
		{"as_of", BK_FIELD_TEXT, offsetof(struct bk_queues, as_of)},
		{"shown_as_of", BK_FIELD_TEXT, offsetof(struct bk_queues, shown_as_of)},
	};
	BK_CLEAN(bk_buf_clear) struct bk_buf ages = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	const char *params[1];
	const struct bk_stmt stmt = {"bounds", bk_sql_text("bounds"), params, 1, BK_ANY_ROWS};
	enum bk_rc rc;

	write_ages(queues, &ages);
	params[0] = bk_buf_cstr(&ages);
	if ((rc = bk_tx_one(queues->db, BK_TX_READ, &clock_limits, &stmt, &rows, err)) ||
	    (rc = bk_rows_read(rows, 0, fields, BK_COUNT(fields), queues, err)))
		return rc;
	queues->lowers = bk_calloc(queues->rules.count + 1, sizeof(*queues->lowers));
	for (size_t i = 0; i < queues->rules.count; i++)
		queues->lowers[i] = bk_strdup(bk_rows_text(rows, (int)i, "lower"));
	return BK_OK;
}

enum bk_rc bk_queues_open(struct bk_queues *ret, struct bk_db *db, const struct bk_conf *conf,
			  struct bk_error *err)
{
	struct bk_policy policy = bk_policy_of(conf);
	enum bk_rc rc;

	ret->db = db;
	ret->conf = conf;
	bk_company_of(policy.mapping, &ret->session, &ret->company);
	if ((rc = bk_table_load(db, policy.mapping, &ret->table, err)))
		return rc;
	bk_rules_build(&policy, &ret->rules);
	return read_bounds(ret, err);
}

void bk_queues_units(const struct bk_queues *queues, const struct bk_rule *rule,
		     struct bk_units *ret)
{
	size_t n = 0;

	bk_units_build(&queues->rules, bk_conf_mapping(queues->conf), rule->job, ret);
	for (size_t i = 0; i < ret->count; i++)
		if (ret->items[i].rule == rule)
			ret->items[n++] = ret->items[i];
	ret->count = n;
}

static const char *lower_of(const struct bk_queues *queues, const struct bk_rule *rule)
{
	for (size_t i = 0; i < queues->rules.count; i++)
		if (&queues->rules.items[i] == rule)
			return queues->lowers[i];
	return NULL;
}

static enum bk_rc count_unit(const struct bk_queues *queues, const struct bk_unit *unit, bool stale,
			     int64_t timeout_ms, struct bk_queue *ret, struct bk_error *err)
{
	static const struct bk_field fields[] = {
		{"n", BK_FIELD_INT, offsetof(struct bk_queue, depth)},
		{"oldest", BK_FIELD_TEXT, offsetof(struct bk_queue, oldest_at)},
		{"age_ms", BK_FIELD_INT, offsetof(struct bk_queue, age_ms)},
	};
	const struct bk_tx_limits limits = {timeout_ms, timeout_ms, true, &queues->company};
	struct bk_scope scope = bk_scope_of_params(bk_conf_mapping(queues->conf), &queues->table,
						   bk_conf_str(queues->conf, "schema"));
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	char limit[24];
	const char *params[] = {queues->as_of, lower_of(queues, unit->rule), limit};
	struct bk_stmt stmt = {"booking_count", NULL, params, BK_COUNT(params), BK_ONE_ROW};
	enum bk_rc rc;

	(void)snprintf(limit, sizeof(limit), "%d", BK_QUEUE_LIMIT);
	scope.stale = stale;
	if ((rc = bk_unit_count(&sql, unit, &scope, "", err)))
		return rc;
	stmt.sql = bk_buf_cstr(&sql);
	if ((rc = bk_tx_one(queues->db, BK_TX_READ, &limits, &stmt, &rows, err))) {
		bk_culprit_hint(err);
		return rc;
	}
	return bk_rows_read(rows, 0, fields, BK_COUNT(fields), ret, err);
}

/* RFC 3339 of one zone and width sorts as text. */
void bk_queue_older(char **oldest, int64_t *age_ms, char **other, int64_t other_age_ms)
{
	if (!*other || (*oldest && strcmp(*other, *oldest) >= 0))
		return;
	bk_free_str(oldest);
	*oldest = BK_TAKE(*other);
	*age_ms = other_age_ms;
}

bool bk_queue_too_slow(enum bk_rc rc, const struct bk_error *err)
{
	return rc && rc != BK_E_INTERRUPTED && rc != BK_E_TERMINATED &&
	       (strcmp(err->sqlstate, "57014") == 0 || strcmp(err->sqlstate, "55P03") == 0);
}

static enum bk_rc count_units(const struct bk_queues *queues, const struct bk_units *units,
			      bool stale, int64_t timeout_ms, struct bk_queue *ret,
			      struct bk_error *err)
{
	BK_CLEAN(bk_queue_clear) struct bk_queue queue = {0, NULL, BK_NULL_INT};

	for (size_t i = 0; i < units->count; i++) {
		BK_CLEAN(bk_queue_clear) struct bk_queue more = {0, NULL, BK_NULL_INT};
		enum bk_rc rc = count_unit(queues, &units->items[i], stale,
					   timeout_ms / (int64_t)units->count, &more, err);

		if (bk_queue_too_slow(rc, err)) {
			*ret = (struct bk_queue){BK_NULL_INT, NULL, BK_NULL_INT};
			return BK_OK;
		}
		if (rc)
			return rc;
		queue.depth += more.depth;
		if (queue.depth > BK_QUEUE_LIMIT)
			queue.depth = BK_QUEUE_LIMIT;
		bk_queue_older(&queue.oldest_at, &queue.age_ms, &more.oldest_at, more.age_ms);
	}
	*ret = queue;
	queue.oldest_at = NULL;
	return BK_OK;
}

enum bk_rc bk_queue_of_job(const struct bk_queues *queues, const char *job, int64_t timeout_ms,
			   struct bk_queue *ret, struct bk_error *err)
{
	BK_CLEAN(bk_units_clear) struct bk_units units;

	bk_units_build(&queues->rules, bk_conf_mapping(queues->conf), job, &units);
	return count_units(queues, &units, false, timeout_ms, ret, err);
}

enum bk_rc bk_queue_of_rule(const struct bk_queues *queues, const struct bk_rule *rule, bool stale,
			    int64_t timeout_ms, struct bk_queue *ret, struct bk_error *err)
{
	BK_CLEAN(bk_units_clear) struct bk_units units;

	bk_queues_units(queues, rule, &units);
	return count_units(queues, &units, stale, timeout_ms, ret, err);
}
