/*
 * Counting what is due by now; see due.h.
 */
#include "view/due.h"

#include <stdlib.h>

#include "base/mem.h"
#include "rule/culprit.h"
#include "rule/queue.h"

#define COUNT_MS 1000

const char bk_due_hint[] = BK_CULPRIT_HINT;

static void item_clear(struct bk_overdue_view *item)
{
	free(item->rule);
	free(item->job_name);
	free(item->oldest_due_at);
	free(item->error_message);
}

void bk_overdue_clear(struct bk_overdue *overdue)
{
	for (size_t i = 0; overdue->items && i <= overdue->count; i++)
		item_clear(&overdue->items[i]);
	free(overdue->items);
	free(overdue->as_of);
	*overdue = (struct bk_overdue){.count = 0};
}

static enum bk_rc count_rule(const struct bk_queues *queues, const struct bk_rule *rule,
			     struct bk_overdue_view *ret, struct bk_error *err)
{
	BK_CLEAN(bk_queue_clear) struct bk_queue due = {BK_NULL_INT, NULL, BK_NULL_INT};
	BK_CLEAN(bk_queue_clear) struct bk_queue stale = {BK_NULL_INT, NULL, BK_NULL_INT};
	int64_t max_age = bk_queues_max_age(queues, rule);
	enum bk_rc rc;

	ret->rule = bk_strdup(rule->name);
	ret->job_name = bk_strdup(rule->job);
	if ((rc = bk_queue_of_rule(queues, rule, false, COUNT_MS, &due, err)) ||
	    (rc = bk_queue_of_rule(queues, rule, true, COUNT_MS, &stale, err))) {
		if (bk_fault_of(err) != BK_FAULT_ROW)
			return bk_error_prefix(err, "rule %s", rule->name);
		ret->error_message = bk_strdup(err->message);
		bk_queue_clear(&due);
		due = (struct bk_queue){BK_NULL_INT, NULL, BK_NULL_INT};
	}
	ret->count = due.depth;
	ret->oldest_due_at = BK_TAKE(due.oldest_at);
	ret->oldest_age_ms = due.age_ms;
	ret->stale = stale.depth;
	ret->max_age_ms = max_age < 0 ? BK_NULL_INT : max_age;
	return BK_OK;
}

/* What is not known adds nothing; a sum of such only is not known. */
static void add(int64_t *sum, int64_t n, bool *partial)
{
	if (n == BK_NULL_INT)
		*partial = true;
	else
		*sum = *sum == BK_NULL_INT ? n : *sum + n;
}

static void add_up(struct bk_overdue *overdue)
{
	struct bk_overdue_view *total = &overdue->items[overdue->count];

	total->rule = bk_strdup("total");
	total->count = total->stale = overdue->count ? BK_NULL_INT : 0;
	total->oldest_age_ms = total->max_age_ms = BK_NULL_INT;
	for (size_t i = 0; i < overdue->count; i++) {
		const struct bk_overdue_view *item = &overdue->items[i];
		BK_CLEAN(bk_free_str) char *oldest = bk_strdup(item->oldest_due_at);

		add(&total->count, item->count, &overdue->partial);
		add(&total->stale, item->stale, &overdue->partial);
		bk_queue_older(&total->oldest_due_at, &total->oldest_age_ms, &oldest,
			       item->oldest_age_ms);
	}
}

enum bk_rc bk_view_overdue(struct bk_db *db, const struct bk_conf *conf, struct bk_overdue *ret,
			   struct bk_error *err)
{
	BK_CLEAN(bk_queues_clear) struct bk_queues queues = BK_QUEUES_INIT;
	BK_CLEAN(bk_overdue_clear) struct bk_overdue overdue = {.count = 0};
	enum bk_rc rc = bk_queues_open(&queues, db, conf, err);

	if (rc)
		return rc;
	overdue.items = bk_calloc(queues.rules.count + 1, sizeof(*overdue.items));
	for (size_t i = 0; i < queues.rules.count; i++) {
		overdue.count++;
		rc = count_rule(&queues, &queues.rules.items[i], &overdue.items[i], err);
		if (rc)
			return rc;
	}
	add_up(&overdue);
	overdue.limit = BK_QUEUE_LIMIT;
	overdue.as_of = BK_TAKE(queues.shown_as_of);
	*ret = overdue;
	overdue = (struct bk_overdue){.count = 0};
	return BK_OK;
}
