/*
 * A job as the work of a run; see job.h. The position advances only after a
 * commit is known, so a batch that failed is tried again from where it was.
 */
#include "job/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "job/internal.h"
#include "rule/plan.h"

void bk_position_clear(struct bk_position *position)
{
	for (size_t i = 0; position->values && i < position->count; i++)
		free(position->values[i]);
	free(position->values);
	*position = (struct bk_position){NULL, 0};
}

struct bk_scope bk_job_scope(const struct bk_job *job)
{
	return bk_scope_of_params(job->mapping, &job->table, bk_conf_str(job->conf, "schema"));
}

struct bk_job *bk_job_new(const struct bk_conf *conf, const char *name)
{
	struct bk_job *job = bk_calloc(1, sizeof(*job));

	job->name = name;
	job->conf = conf;
	job->mapping = bk_conf_mapping(conf);
	if (strcmp(name, BK_JOB_CLEANUP) == 0)
		job->cleanup = bk_cleanup_new(conf);
	job->policy = bk_policy_of(conf);
	bk_rules_build(&job->policy, &job->rules);
	bk_units_build(&job->rules, job->mapping, name, &job->units);
	job->pinned = bk_calloc(job->units.count, sizeof(*job->pinned));
	job->changed = bk_calloc(job->units.count, sizeof(*job->changed));
	job->refusals = bk_refusals_new();
	bk_company_of(job->mapping, &job->session, &job->company);
	return job;
}

static void free_shared(struct bk_job *job)
{
	bk_cleanup_free(job->cleanup);
	bk_units_clear(&job->units);
	bk_rules_clear(&job->rules);
	bk_table_clear(&job->table);
	bk_buf_clear(&job->probe);
	bk_buf_clear(&job->rough_probe);
	bk_refusals_free(job->refusals);
	bk_buf_clear(&job->session);
	free(job->pinned);
}

void bk_job_free(struct bk_job *job)
{
	if (!job)
		return;
	if (!job->forked)
		free_shared(job);
	bk_position_clear(&job->position);
	bk_position_clear(&job->next);
	bk_page_clear(&job->page);
	free(job->changed);
	free(job);
}

void bk_job_clean(struct bk_job **job)
{
	bk_job_free(*job);
	*job = NULL;
}

size_t bk_job_unit_count(const struct bk_job *job)
{
	return job->cleanup ? bk_cleanup_kind_count() : job->units.count;
}

struct bk_tally bk_job_tally(const struct bk_job *job, size_t unit)
{
	if (job->cleanup)
		return bk_cleanup_tally(job->cleanup, unit);
	const struct bk_unit *u = &job->units.items[unit];

	return (struct bk_tally){u->rule->name, u->from, u->to, job->changed[unit]};
}

const char *bk_job_said(const struct bk_job *job)
{
	return job->cleanup ? bk_cleanup_said(job->cleanup) : NULL;
}

void bk_job_only_archive(struct bk_job *job)
{
	bk_cleanup_only_archive(job->cleanup);
}

static enum bk_rc prepare(void *self, const struct bk_run *run, struct bk_error *err)
{
	struct bk_job *job = self;
	const struct bk_tx_limits limits = {run->request->statement_timeout_ms,
					    run->request->lock_timeout_ms, true, &job->company};
	const struct bk_scope scope = bk_job_scope(job);
	enum bk_rc rc;

	bk_table_clear(&job->table); /* of an attempt before this one */
	rc = bk_table_load(run->db, job->mapping, &job->table, err);
	for (size_t i = 0; i < job->units.count && !rc; i++)
		rc = bk_unit_is_ordered(run->db, &job->units.items[i], &scope, run->as_of,
					run->lower, &limits, &job->pinned[i], err);
	return rc;
}

static enum bk_rc count(void *self, const struct bk_run *run, int64_t limit, struct bk_due *ret,
			struct bk_error *err)
{
	return bk_due_count(self, run, limit, ret, err);
}

static enum bk_rc batch(void *self, const struct bk_run *run, int64_t max, struct bk_batch *ret,
			struct bk_error *err)
{
	return bk_batch_run(self, run, max, ret, err);
}

static void committed(void *self)
{
	struct bk_job *job = self;

	job->changed[job->current] += job->next_changed;
	/* A part of a page moves nothing: page_done does. */
	if (job->page.part)
		return;
	bk_position_clear(&job->position);
	if (job->next_ends_unit) {
		bk_position_clear(&job->next);
		job->current++;
		return;
	}
	job->position = job->next;
	job->next = (struct bk_position){NULL, 0};
}

static enum bk_rc rest(void *self, const struct bk_run *run, struct bk_rest *ret,
		       struct bk_error *err)
{
	return bk_rest_count(self, run, ret, err);
}

void bk_position_copy(struct bk_position *to, const struct bk_position *from)
{
	*to = (struct bk_position){NULL, 0};
	if (!from->values)
		return;
	to->count = from->count;
	to->values = bk_calloc(to->count, sizeof(*to->values));
	for (size_t i = 0; i < to->count; i++)
		to->values[i] = bk_strdup(from->values[i]);
}

static void *fork_job(void *self)
{
	const struct bk_job *job = self;
	struct bk_job *other = bk_calloc(1, sizeof(*other));

	*other = *job;
	other->forked = true;
	other->changed = bk_calloc(job->units.count, sizeof(*other->changed));
	bk_position_copy(&other->position, &job->position);
	other->next = (struct bk_position){NULL, 0};
	other->page = (struct bk_page){.values = NULL};
	return other;
}

static void join_job(void *self, void *arg)
{
	struct bk_job *job = self;
	struct bk_job *other = arg;

	for (size_t i = 0; i < job->units.count; i++)
		job->changed[i] += other->changed[i];
	bk_job_free(other);
}

static void rewind_job(void *self)
{
	struct bk_job *job = self;

	job->current = 0;
	bk_position_clear(&job->position);
}

static enum bk_rc page(void *self, const struct bk_run *run, int64_t max, int64_t *ret_count,
		       struct bk_error *err)
{
	return bk_page_load(self, run, max, ret_count, err);
}

static enum bk_rc part(void *self, const struct bk_run *run, int64_t first, int64_t count,
		       struct bk_batch *ret, struct bk_error *err)
{
	struct bk_job *job = self;

	job->page.first = (size_t)first;
	job->page.part = (size_t)count;
	return bk_batch_run(job, run, count, ret, err);
}

static bool page_done(void *self)
{
	return bk_page_done(self);
}

static bool was_aside(void *self, int64_t item)
{
	const struct bk_job *job = self;

	return job->page.was_aside[item];
}

static bool set_aside(void *self, int64_t item, const struct bk_error *why)
{
	return bk_page_set_aside(self, item, why);
}

static enum bk_rc explain(void *self, const struct bk_run *run, struct bk_error *err)
{
	return bk_run_blame(self, run, BK_ANY_UNIT, err);
}

static enum bk_rc settle(void *self, const struct bk_run *run, bool whole, struct bk_error *err)
{
	return bk_page_settle(self, run, whole, err);
}

enum bk_rc bk_job_work(struct bk_job *job, struct bk_work *ret, struct bk_error *err)
{
	/* The types of the key columns are not known yet. */
	struct bk_scope scope = {.mapping = job->mapping,
				 .schema = bk_conf_str(job->conf, "schema"),
				 .as_of = "(SELECT bounds.as_of FROM bounds)",
				 .lower = "(SELECT bounds.lower FROM bounds)"};
	enum bk_rc rc;

	if (job->cleanup)
		return bk_cleanup_work(job->cleanup, ret, err);
	bk_buf_reset(&job->probe);
	bk_buf_reset(&job->rough_probe);
	if ((rc = bk_units_probe(&job->probe, &job->units, &scope, err)))
		return rc;
	scope.schema = NULL;
	scope.as_of = "pg_catalog.statement_timestamp()";
	scope.lower =
		"(pg_catalog.statement_timestamp() OPERATOR(pg_catalog.-) $3::pg_catalog.interval)";
	if ((rc = bk_units_probe(&job->rough_probe, &job->units, &scope, err)))
		return rc;
	*ret = (struct bk_work){
		.self = job,
		.company = &job->company,
		.probe = bk_buf_cstr(&job->probe),
		.rough_probe = bk_buf_cstr(&job->rough_probe),
		.prepare = prepare,
		.count = count,
		.batch = batch,
		.committed = committed,
		.rest = rest,
		.fork = fork_job,
		.join = join_job,
		.rewind = rewind_job,
		.page = page,
		.part = part,
		.page_done = page_done,
		.was_aside = was_aside,
		.set_aside = set_aside,
		.settle = settle,
		.explain = explain,
	};
	return BK_OK;
}

/* Measured: 1,000 costs 46 % more than one UPDATE, 5,000 costs 28 %, and an
   application's updates still wait less than 10 ms; beside another worker they
   would wait for longer than that, and 2,000 is as fast. */
static int64_t usual_batch(int64_t workers)
{
	return workers > 1 ? 2000 : 5000;
}

struct bk_run_request bk_job_request(const struct bk_conf *conf, const char *job)
{
	const struct bk_job_name *name = bk_conf_job(conf, job);
	int64_t batch_size = bk_conf_job_num(conf, job, "batch-size");
	int64_t workers = bk_conf_job_num(conf, job, "parallel");
	bool sticky = bk_conf_job_num(conf, job, "leader") != 0;
	bool skips = bk_conf_job_num(conf, job, "late") != 0;

	return (struct bk_run_request){
		.schema = bk_conf_str(conf, "schema"),
		.job = job,
		.description = name ? name->description : job,
		.version = BK_VERSION,
		.delay_ms = bk_conf_job_num(conf, job, "delay"),
		.timeout_ms = bk_conf_job_num(conf, job, "timeout"),
		.lease_ms = bk_conf_job_num(conf, job, "lease"),
		.lock_timeout_ms = bk_conf_job_num(conf, job, "lock-timeout"),
		.statement_timeout_ms = bk_conf_job_num(conf, job, "statement-timeout"),
		.max_age_ms = bk_conf_job_num(conf, job, "max-age"),
		.slots = bk_conf_job_num(conf, job, "instances"),
		.workers = workers,
		.leader_ms = sticky ? bk_conf_job_num(conf, job, "leader-timeout") : 0,
		.late_ms = skips ? bk_conf_job_num(conf, job, "late-window") : 0,
		.batch_size = batch_size ? batch_size : usual_batch(workers),
		.limit = -1,
		.first_run_limit = bk_conf_job_num(conf, job, "first-run-limit"),
		.max_changes = bk_conf_job_num(conf, job, "max-changes"),
		.trickle = bk_conf_job_num(conf, job, "on-exceed") != 0,
		.allow = -1,
		.max_aside = bk_conf_job_num(conf, job, "max-quarantine"),
		.max_retries = bk_conf_job_num(conf, job, "max-retries"),
		.retry_base_ms = bk_conf_job_num(conf, job, "retry-base"),
		.retry_cap_ms = bk_conf_job_num(conf, job, "retry-cap"),
		.backoff_cap_ms = bk_conf_job_num(conf, job, "backoff-cap"),
	};
}
