/*
 * Judging health; see health.h.
 */
#include "view/health.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/number.h"
#include "conf/jobs.h"
#include "rule/queue.h"

const char *bk_health_word(enum bk_health_state state)
{
	static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

	return words[state];
}

void bk_health_clear(struct bk_health *health)
{
	for (size_t i = 0; i < health->count; i++) {
		free(health->items[i].name);
		free(health->items[i].message);
	}
	free(health->items);
	*health = (struct bk_health){NULL, 0, 0};
}

/* The message is handed over. */
static struct bk_check *add(struct bk_health *health, const char *name, enum bk_health_state state,
			    char *message)
{
	struct bk_check *check;

	health->items = bk_realloc(health->items, health->count + 1, sizeof(*health->items));
	check = &health->items[health->count++];
	*check = (struct bk_check){
		.name = bk_strdup(name),
		.state = state,
		.state_word = bk_health_word(state),
		.message = message,
		.age_ms = BK_NULL_INT,
		.max_age_ms = BK_NULL_INT,
		.count = BK_NULL_INT,
	};
	return check;
}

void bk_health_add(struct bk_health *health, const char *name, enum bk_health_state state,
		   const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	(void)add(health, name, state, bk_strdup(text));
}

void bk_health_count(struct bk_health *health, int64_t count)
{
	health->items[health->count - 1].count = count;
}

void bk_health_age(struct bk_health *health, int64_t age_ms, int64_t max_ms)
{
	struct bk_check *check = &health->items[health->count - 1];

	check->age_ms = age_ms;
	check->max_age_ms = max_ms;
	check->age_warns = true;
}

/* "last success 3m 5s ago". */
static void write_age(struct bk_buf *out, const struct bk_job_view *job, int64_t age)
{
	const char *since = job->fresh_since ? job->fresh_since : "";

	bk_buf_str(out, strcmp(since, "creation") == 0 ? "no success yet, registered "
			: strcmp(since, "pause") == 0  ? "no success since the pause ended "
						       : "last success ");
	bk_human_duration(out, age);
	bk_buf_str(out, " ago");
}

static char *stale_message(const struct bk_job_view *job, int64_t age, int64_t limit)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	write_age(&b, job, age);
	bk_buf_str(&b, ", allowed ");
	bk_human_duration(&b, limit);
	if (job->error_message)
		bk_buf_fmt(&b, " (%s)", job->error_message);
	return bk_buf_take(&b);
}

static char *fresh_message(const struct bk_job_view *job, int64_t age)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	write_age(&b, job, age);
	return bk_buf_take(&b);
}

static char *with_reason(const char *what, const char *reason)
{
	return reason ? bk_asprintf("%s: %s", what, reason) : bk_strdup(what);
}

int64_t bk_health_patience_ms(const struct bk_job_view *job)
{
	return 2 * job->delay_ms + job->timeout_ms;
}

/* One failure is the last run's. Dead runs are counted by whoever takes over, and leave no
   mark on the job but that. */
static char *failed_message(const struct bk_job_view *job)
{
	BK_CLEAN(bk_free_str) char *what = NULL;

	if (!job->failing)
		what = bk_asprintf("%" PRId64 " %s failed or died since the last success",
				   job->retry_count, job->retry_count == 1 ? "run" : "runs");
	else if (job->retry_count > 1)
		what = bk_asprintf("last run failed, %" PRId64 " in a row", job->retry_count);
	else
		what = bk_strdup("last run failed");
	return with_reason(what, job->error_message);
}

static void judge(struct bk_health *health, const struct bk_job_view *job)
{
	int64_t limit = bk_health_patience_ms(job);
	/* A clock that was set back is no fault of the job. */
	int64_t age = job->fresh_age_ms < 0 ? 0 : job->fresh_age_ms;
	struct bk_check *check;

	if (job->paused)
		check = add(health, job->job_name, BK_HEALTH_WARNING,
			    with_reason("paused", job->paused_reason));
	else if (age > limit)
		check = add(health, job->job_name, BK_HEALTH_CRITICAL,
			    stale_message(job, age, limit));
	else if (job->failing || job->retry_count > 0)
		check = add(health, job->job_name, BK_HEALTH_WARNING, failed_message(job));
	else
		check = add(health, job->job_name, BK_HEALTH_OK, fresh_message(job, age));
	check->age_ms = age;
	check->max_age_ms = limit;
	check->count = job->retry_count;
}

void bk_health_jobs(struct bk_health *health, const struct bk_job_list *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		const struct bk_job_view *job = &jobs->items[i];

		/* Of a job that this program does not know nobody can say how often it is due. */
		if (job->is_foreign)
			continue;
		if (!job->enabled) {
			bk_health_add(health, job->job_name, BK_HEALTH_OK, "disabled");
			continue;
		}
		health->job_count++;
		if (!job->registered)
			bk_health_add(health, job->job_name, BK_HEALTH_CRITICAL,
				      "not registered in the database, run bkmaint migrate");
		else
			judge(health, job);
	}
}

static void put_overdue(struct bk_buf *out, const struct bk_job_view *job)
{
	bk_buf_fmt(out, "%s%s: %" PRId64 "%s due, one for ", out->len ? "; " : "", job->job_name,
		   job->queue_depth, job->queue_depth == BK_QUEUE_LIMIT ? " or more" : "");
	bk_human_duration(out, job->oldest_due_age_ms);
	bk_buf_str(out, ", allowed ");
	bk_human_duration(out, bk_health_patience_ms(job));
}

void bk_health_overdue(struct bk_health *health, const struct bk_job_list *jobs)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf late = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf slow = BK_BUF_INIT;

	for (size_t i = 0; i < jobs->count; i++) {
		const struct bk_job_view *job = &jobs->items[i];

		/* A pause is warned of, and was meant; disabled jobs are all right. */
		if (!bk_job_find(job->job_name) || !job->enabled || job->paused)
			continue;
		if (job->queue_depth == BK_NULL_INT)
			bk_buf_fmt(&slow, "%s%s", slow.len ? ", " : "", job->job_name);
		else if (job->oldest_due_at && job->oldest_due_age_ms > bk_health_patience_ms(job))
			put_overdue(&late, job);
	}
	if (late.len)
		(void)add(health, "overdue", BK_HEALTH_WARNING, bk_buf_take(&late));
	else if (jobs->queue_problem)
		bk_health_add(health, "overdue", BK_HEALTH_WARNING, "%s", jobs->queue_problem);
	else if (slow.len)
		bk_health_add(health, "overdue", BK_HEALTH_OK,
			      "nothing that could be counted in time, which leaves out %s",
			      bk_buf_cstr(&slow));
	else
		bk_health_add(health, "overdue", BK_HEALTH_OK, "nothing");
}

enum bk_health_state bk_health_worst(const struct bk_health *health)
{
	static const int gravity[] = {
		[BK_HEALTH_OK] = 0,
		[BK_HEALTH_WARNING] = 1,
		[BK_HEALTH_UNKNOWN] = 2,
		[BK_HEALTH_CRITICAL] = 3,
	};
	enum bk_health_state worst = BK_HEALTH_OK;

	for (size_t i = 0; i < health->count; i++)
		if (gravity[health->items[i].state] > gravity[worst])
			worst = health->items[i].state;
	return worst;
}
