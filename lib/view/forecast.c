/*
 * Counting what becomes due in the hours to come; see due.h.
 */
#include "view/due.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/tx.h"
#include "rule/culprit.h"
#include "rule/queue.h"

#define NOW_MS 1000
#define HOURS_MS 5000

/* One forecast at work. */
struct forecast {
	struct bk_queues queues;
	char *until;
	char hours[24];
	struct bk_forecast *ret;
};

static void clear_work(struct forecast *f)
{
	bk_queues_clear(&f->queues);
	free(f->until);
}

static const struct bk_field fields[] = {
	{"hour", BK_FIELD_INT, offsetof(struct bk_forecast_view, hour)},
	{"starts_at", BK_FIELD_TEXT, offsetof(struct bk_forecast_view, starts_at)},
	{"ends_at", BK_FIELD_TEXT, offsetof(struct bk_forecast_view, ends_at)},
	{"n", BK_FIELD_INT, offsetof(struct bk_forecast_view, count)},
};

static void item_clear(struct bk_forecast_view *item)
{
	bk_fields_clear(fields, BK_COUNT(fields), item);
	free(item->shown_hour);
	free(item->rule);
	free(item->job_name);
}

void bk_forecast_clear(struct bk_forecast *forecast)
{
	for (size_t i = 0; i < forecast->count; i++)
		item_clear(&forecast->items[i]);
	free(forecast->items);
	for (size_t i = 0; i < forecast->not_counted_count; i++) {
		free(forecast->not_counted[i].rule);
		free(forecast->not_counted[i].error_message);
	}
	free(forecast->not_counted);
	free(forecast->as_of);
	free(forecast->until);
	*forecast = (struct bk_forecast){.count = 0};
}

static struct bk_forecast_view *new_item(struct forecast *f, const struct bk_rule *rule)
{
	struct bk_forecast *to = f->ret;
	struct bk_forecast_view *item;

	to->items = bk_realloc(to->items, to->count + 1, sizeof(*to->items));
	item = &to->items[to->count++];
	*item = (struct bk_forecast_view){.rule = bk_strdup(rule->name),
					  .job_name = bk_strdup(rule->job)};
	return item;
}

static enum bk_rc read_until(struct forecast *f, int64_t hours, struct bk_error *err)
{
	static const struct bk_tx_limits limits = {10000, 2000, false, NULL};
	static const struct bk_field own = {"until", BK_FIELD_TEXT,
					    offsetof(struct forecast, until)};
	static const struct bk_field shown = {"shown_until", BK_FIELD_TEXT,
					      offsetof(struct bk_forecast, until)};
	const char *params[] = {f->queues.as_of, f->hours};
	const struct bk_stmt stmt = {"forecast_until", bk_sql_text("forecast_until"), params, 2,
				     BK_ONE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	(void)snprintf(f->hours, sizeof(f->hours), "%" PRId64, hours);
	if ((rc = bk_tx_one(f->queues.db, BK_TX_READ, &limits, &stmt, &rows, err)) ||
	    (rc = bk_rows_read(rows, 0, &own, 1, f, err)))
		return rc;
	return bk_rows_read(rows, 0, &shown, 1, f->ret, err);
}

/* What is due already is counted as bkstatus overdue does. */
static enum bk_rc count_now(struct forecast *f, const struct bk_rule *rule, struct bk_error *err)
{
	BK_CLEAN(bk_queue_clear) struct bk_queue due = {BK_NULL_INT, NULL, BK_NULL_INT};
	struct bk_forecast_view *item;
	enum bk_rc rc = bk_queue_of_rule(&f->queues, rule, false, NOW_MS, &due, err);

	if (rc || due.depth == 0)
		return rc;
	item = new_item(f, rule);
	item->ends_at = bk_strdup(f->queues.shown_as_of);
	item->shown_hour = bk_strdup("now");
	item->count = due.depth;
	f->ret->partial = f->ret->partial || due.depth == BK_NULL_INT;
	return BK_OK;
}

/* The scans of a rule, and its from-states, meet in one hour. */
static struct bk_forecast_view *find_hour(struct forecast *f, const struct bk_rule *rule,
					  int64_t hour)
{
	for (size_t i = 0; i < f->ret->count; i++)
		if (f->ret->items[i].hour == hour && strcmp(f->ret->items[i].rule, rule->name) == 0)
			return &f->ret->items[i];
	return NULL;
}

static enum bk_rc take_hour(struct forecast *f, const struct bk_rule *rule,
			    const struct bk_rows *rows, int row, struct bk_error *err)
{
	struct bk_forecast_view read = {.hour = 0};
	enum bk_rc rc = bk_rows_read(rows, row, fields, BK_COUNT(fields), &read, err);
	struct bk_forecast_view *item = rc ? NULL : find_hour(f, rule, read.hour);

	if (item) {
		item->count += read.count;
	} else if (!rc) {
		item = new_item(f, rule);
		item->hour = read.hour;
		item->count = read.count;
		item->starts_at = BK_TAKE(read.starts_at);
		item->ends_at = BK_TAKE(read.ends_at);
		item->shown_hour = bk_strdup(item->starts_at);
	}
	item_clear(&read);
	return rc;
}

static enum bk_rc count_unit(struct forecast *f, const struct bk_unit *unit, int64_t timeout_ms,
			     const char *lower, struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_tx_limits limits = {timeout_ms, timeout_ms, true, &f->queues.company};
	const struct bk_conf *conf = f->queues.conf;
	const struct bk_scope scope = bk_scope_of_params(bk_conf_mapping(conf), &f->queues.table,
							 bk_conf_str(conf, "schema"));
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	int64_t max_age = bk_queues_max_age(&f->queues, unit->rule);
	char age[24];
	const char *params[] = {f->queues.as_of, lower, f->until, max_age < 0 ? NULL : age};
	struct bk_stmt stmt = {"booking_forecast", NULL, params, BK_COUNT(params), BK_ANY_ROWS};
	enum bk_rc rc = bk_unit_forecast(&sql, unit, &scope, err);

	(void)snprintf(age, sizeof(age), "%" PRId64, max_age);
	stmt.sql = bk_buf_cstr(&sql);
	if (!rc && (rc = bk_tx_one(f->queues.db, BK_TX_READ, &limits, &stmt, ret, err)))
		bk_culprit_hint(err);
	return rc;
}

/* Forgets the hours of a rule again: a part of them would look like all. */
static void leave_out(struct forecast *f, const struct bk_rule *rule, const char *error_message)
{
	struct bk_forecast *to = f->ret;
	size_t kept = 0;

	for (size_t i = 0; i < to->count; i++) {
		if (to->items[i].hour && strcmp(to->items[i].rule, rule->name) == 0)
			item_clear(&to->items[i]);
		else
			to->items[kept++] = to->items[i];
	}
	to->count = kept;
	to->not_counted[to->not_counted_count++] = (struct bk_uncounted){bk_strdup(rule->name),
									 bk_strdup(error_message)};
	to->partial = true;
}

static enum bk_rc count_hours(struct forecast *f, const struct bk_rule *rule, const char *lower,
			      struct bk_error *err)
{
	BK_CLEAN(bk_units_clear) struct bk_units units;
	enum bk_rc rc = BK_OK;

	bk_queues_units(&f->queues, rule, &units);
	for (size_t u = 0; u < units.count && !rc; u++) {
		BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;

		rc = count_unit(f, &units.items[u], HOURS_MS / (int64_t)units.count, lower, &rows,
				err);
		if (bk_queue_too_slow(rc, err)) {
			leave_out(f, rule, NULL);
			return BK_OK;
		}
		for (int row = 0; !rc && row < bk_rows_count(rows); row++)
			rc = take_hour(f, rule, rows, row, err);
	}
	return rc;
}

/* The items of one hour keep the order of their rules. */
static void sort_by_hour(struct bk_forecast *forecast)
{
	for (size_t i = 1; i < forecast->count; i++) {
		const struct bk_forecast_view item = forecast->items[i];
		size_t at = i;

		for (; at > 0 && forecast->items[at - 1].hour > item.hour; at--)
			forecast->items[at] = forecast->items[at - 1];
		forecast->items[at] = item;
	}
}

enum bk_rc bk_view_forecast(struct bk_db *db, const struct bk_conf *conf, int64_t hours,
			    struct bk_forecast *ret, struct bk_error *err)
{
	BK_CLEAN(bk_forecast_clear) struct bk_forecast forecast = {.count = 0};
	BK_CLEAN(clear_work) struct forecast f = {.queues = BK_QUEUES_INIT, .ret = &forecast};
	enum bk_rc rc;

	if ((rc = bk_queues_open(&f.queues, db, conf, err)) || (rc = read_until(&f, hours, err)))
		return rc;
	forecast.not_counted = bk_calloc(f.queues.rules.count + 1, sizeof(*forecast.not_counted));
	for (size_t i = 0; i < f.queues.rules.count; i++) {
		const struct bk_rule *rule = &f.queues.rules.items[i];

		if (!(rc = count_now(&f, rule, err)) &&
		    !(rc = count_hours(&f, rule, f.queues.lowers[i], err)))
			continue;
		if (bk_fault_of(err) != BK_FAULT_ROW)
			return bk_error_prefix(err, "rule %s", rule->name);
		leave_out(&f, rule, err->message);
	}
	sort_by_hour(&forecast);
	forecast.as_of = bk_strdup(f.queues.shown_as_of);
	*ret = forecast;
	forecast = (struct bk_forecast){.count = 0};
	return BK_OK;
}
