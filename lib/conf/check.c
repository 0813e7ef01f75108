/*
 * The checks that need more than one setting: bk_conf_check(), see conf.h.
 */
#include "conf/conf.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/number.h"
#include "conf/jobs.h"
#include "conf/layers.h"

static const char *origin_of(const struct bk_setting *s)
{
	return s->layers[bk_setting_origin(s)].origin;
}

/* The message starts with the setting of the later layer: a default is not to
   blame, and the environment can be changed where the file cannot. */
static enum bk_rc check_order(const struct bk_conf *conf, const struct bk_setting *low,
			      const struct bk_setting *high, bool may_equal, struct bk_error *err)
{
	int64_t a = bk_setting_num(conf, low);
	int64_t b = bk_setting_num(conf, high);
	BK_CLEAN(bk_buf_clear) struct bk_buf small = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf large = BK_BUF_INIT;
	bool at_high = bk_setting_origin(high) > bk_setting_origin(low);
	const struct bk_setting *first = at_high ? high : low;
	const struct bk_setting *second = at_high ? low : high;

	if (a < b || (may_equal && a == b))
		return BK_OK;
	bk_format_duration(&small, a);
	bk_format_duration(&large, b);
	return bk_error_set(err, BK_E_CONFIG, "%s: %s (%s) must be %s %s (%s, %s)",
			    origin_of(first), first->name, bk_buf_cstr(at_high ? &large : &small),
			    at_high     ? may_equal ? "at least" : "longer than"
			    : may_equal ? "at most"
					: "shorter than",
			    second->name, bk_buf_cstr(at_high ? &small : &large),
			    origin_of(second));
}

static enum bk_rc check_times(const struct bk_conf *conf, const char *job, struct bk_error *err)
{
	static const char *const order[] = {"lock-timeout", "statement-timeout", "timeout",
					    "lease"};
	enum bk_rc rc;

	for (size_t i = 1; i < BK_COUNT(order); i++)
		if ((rc = check_order(conf, bk_setting_get(conf, job, order[i - 1]),
				      bk_setting_get(conf, job, order[i]), false, err)))
			return rc;
	return check_order(conf, bk_setting_get(conf, job, "retry-base"),
			   bk_setting_get(conf, job, "retry-cap"), true, err);
}

/* One leader and several hosts at once cannot both be had. */
static enum bk_rc check_leader(const struct bk_conf *conf, const char *job, struct bk_error *err)
{
	const struct bk_setting *leader = bk_setting_get(conf, job, "leader");
	const struct bk_setting *instances = bk_setting_get(conf, job, "instances");
	int64_t count = bk_setting_num(conf, instances);

	if (strcmp(bk_conf_str(conf, leader->name), "sticky") != 0 || count == 1)
		return BK_OK;
	return bk_error_set(
		err, BK_E_CONFIG, "%s: %s: sticky excludes %s above 1 (%" PRId64 ", %s)",
		origin_of(leader), leader->name, instances->name, count, origin_of(instances));
}

static enum bk_rc check_metrics(const struct bk_conf *conf, struct bk_error *err)
{
	const struct bk_setting *s = bk_setting_get(conf, NULL, "metrics.textfile-dir");
	const char *path = bk_conf_str(conf, "metrics.textfile-dir");

	if (!path || *path == '/')
		return BK_OK;
	return bk_error_set(err, BK_E_CONFIG, "%s: metrics.textfile-dir: must start with /",
			    origin_of(s));
}

static enum bk_rc check_log(const struct bk_conf *conf, struct bk_error *err)
{
	const struct bk_setting *target = bk_setting_get(conf, NULL, "log-target");
	const struct bk_setting *file = bk_setting_get(conf, NULL, "log-file");
	const char *path = bk_conf_str(conf, "log-file");

	/* Cron, a shell and a script must mean the same file. */
	if (path && *path != '/')
		return bk_error_set(err, BK_E_CONFIG, "%s: log-file: must start with /",
				    origin_of(file));
	if (!path && strcmp(bk_conf_str(conf, "log-target"), "file") == 0)
		return bk_error_set(err, BK_E_CONFIG, "%s: log-target: file needs a log-file",
				    origin_of(target));
	return BK_OK;
}

static enum bk_rc check_archive(const struct bk_conf *conf, struct bk_error *err)
{
	const char *path = bk_conf_str(conf, "archive.dir");

	if (path && *path != '/')
		return bk_error_set(err, BK_E_CONFIG, "%s: archive.dir: must start with /",
				    origin_of(bk_setting_get(conf, NULL, "archive.dir")));
	return BK_OK;
}

/* "ORIGIN: bookings.KEY: TEXT" and how to mend it. */
static enum bk_rc refuse(const struct bk_conf *conf, size_t index, const char *text,
			 const char *hint, struct bk_error *err)
{
	(void)bk_error_set(err, BK_E_CONFIG, "%s: %s: %s", bk_map_origin(&conf->map, index),
			   bk_map_keys[index].name, text);
	return bk_error_hint(err, "%s", hint);
}

/* What the three modes exclude; bk(7) has the table of the rules. */
static enum bk_rc check_mode(const struct bk_conf *conf, struct bk_error *err)
{
	const struct bk_mapping *m = &conf->mapping;

	switch (m->check_in_mode) {
	case BK_TRACKED:
		if (!bk_is_mapped(&m->check_in))
			return refuse(conf, BK_MAP_MODE, "tracked needs a check-in column",
				      "write check-in = \"...\", or check-in-mode = untracked",
				      err);
		break;
	case BK_UNTRACKED:
		if (bk_conf_job_enabled(conf, BK_JOB_NO_SHOW))
			return refuse(conf, BK_MAP_MODE,
				      "untracked knows no no-shows, but cancel-no-shows is enabled",
				      "write cancel-no-shows { enabled = no }", err);
		break;
	case BK_APP:
		if (bk_conf_job_enabled(conf, BK_JOB_ACTIVATE))
			return refuse(conf, BK_MAP_MODE,
				      "app sets active itself, but activate-due is enabled",
				      "write activate-due { enabled = no }", err);
		if (bk_is_mapped(&m->check_in))
			return refuse(conf, BK_MAP_CHECK_IN,
				      "check-in-mode = app takes no check-in column",
				      "leave check-in out, or write check-in-mode = tracked", err);
		break;
	}
	return BK_OK;
}

/* Each state that an enabled job cannot do without. */
static enum bk_rc check_states(const struct bk_conf *conf, struct bk_error *err)
{
	static const struct {
		const char *job;
		enum bk_state state;
	} needs[] = {
		{BK_JOB_ACTIVATE, BK_CONFIRMED}, {BK_JOB_ACTIVATE, BK_ACTIVE},
		{BK_JOB_NO_SHOW, BK_CONFIRMED},  {BK_JOB_NO_SHOW, BK_NO_SHOW},
		{BK_JOB_COMPLETE, BK_COMPLETED}, {BK_JOB_EXPIRE, BK_EXPIRED},
	};

	for (size_t i = 0; i < BK_COUNT(needs); i++) {
		enum bk_state state = needs[i].state;

		if (conf->mapping.states[state].count || !bk_conf_job_enabled(conf, needs[i].job))
			continue;
		(void)bk_error_set(err, BK_E_CONFIG, "%s: %s: has no label, but %s is enabled",
				   bk_map_origin(&conf->map, BK_MAP_STATE + state),
				   bk_map_keys[BK_MAP_STATE + state].name, needs[i].job);
		return bk_error_hint(
			err, "write %s = {\"...\"} inside states { }, or %s { enabled = no }",
			bk_state_names[state], needs[i].job);
	}
	return BK_OK;
}

static enum bk_rc idle(const struct bk_conf *conf, const char *job, const char *why,
		       struct bk_error *err)
{
	(void)bk_error_set(err, BK_E_CONFIG, "%s: %s has nothing to do: %s",
			   bk_map_section(&conf->map), job, why);
	return bk_error_hint(err, "write %s { enabled = no }", job);
}

static bool has_own_rule(const struct bk_mapping *m, const char *job)
{
	for (size_t i = 0; i < m->rule_count; i++)
		if (strcmp(m->rules[i].job, job) == 0)
			return true;
	return false;
}

/* A job that could never have a rule would report success for ever. Only what
   the file says is looked at: a grace set at run time must not stop a job. */
static enum bk_rc check_idle(const struct bk_conf *conf, struct bk_error *err)
{
	const struct bk_mapping *m = &conf->mapping;
	bool pending = m->states[BK_PENDING].count;
	bool confirmed = m->states[BK_CONFIRMED].count;
	bool active = m->states[BK_ACTIVE].count;
	/* Who was confirmed and arrived is completed, who did not goes by `missed`. */
	bool completes = active ||
			 (confirmed && (m->check_in_mode == BK_TRACKED || !m->missed_expires));
	bool expires = pending || (m->missed_expires && confirmed && bk_is_mapped(&m->end));

	if (has_own_rule(m, BK_JOB_COMPLETE))
		completes = true;
	else if (bk_conf_job_enabled(conf, BK_JOB_COMPLETE) && !bk_is_mapped(&m->end))
		return idle(conf, BK_JOB_COMPLETE, "bookings.end is not mapped", err);
	if (bk_conf_job_enabled(conf, BK_JOB_COMPLETE) && !completes)
		return idle(conf, BK_JOB_COMPLETE, "no state leads to completed", err);
	expires = expires || has_own_rule(m, BK_JOB_EXPIRE);
	if (bk_conf_job_enabled(conf, BK_JOB_EXPIRE) && !expires)
		return idle(conf, BK_JOB_EXPIRE, "no state leads to expired", err);
	return BK_OK;
}

/* Without a start there are no default rules but the one that ends holds. */
static enum bk_rc check_start(const struct bk_conf *conf, struct bk_error *err)
{
	static const char *const need[] = {BK_JOB_ACTIVATE, BK_JOB_NO_SHOW, BK_JOB_COMPLETE};

	if (bk_is_mapped(&conf->mapping.start))
		return BK_OK;
	for (size_t i = 0; i < BK_COUNT(need); i++)
		if (bk_conf_job_enabled(conf, need[i]))
			return refuse(
				conf, BK_MAP_START, "is missing",
				"write for example start = \"starts_at\" inside bookings { }, "
				"or switch off what needs it: activate-due, cancel-no-shows and "
				"update-completed { enabled = no }",
				err);
	if (bk_conf_job_enabled(conf, BK_JOB_EXPIRE) && !bk_is_mapped(&conf->mapping.hold))
		return idle(conf, BK_JOB_EXPIRE, "neither start nor hold is mapped", err);
	return BK_OK;
}

/* Each rule belongs to a job, and each job of one's own has a rule. */
static enum bk_rc check_own(const struct bk_conf *conf, struct bk_error *err)
{
	const struct bk_mapping *m = &conf->mapping;

	for (size_t i = 0; i < m->rule_count; i++) {
		const struct bk_own_rule *r = &m->rules[i];
		BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

		if (bk_conf_job(conf, r->job) && bk_job_has_rules(r->job))
			continue;
		bk_quote(&shown, r->job);
		(void)bk_error_set(err, BK_E_CONFIG, "%s: rule %s: job: %s is no job with rules",
				   r->origin, r->name, bk_buf_cstr(&shown));
		return bk_error_hint(err,
				     "name a built-in job, or make one: job NAME { delay = 5m }");
	}
	for (size_t i = 0; i < conf->own_job_count; i++) {
		const char *name = conf->own_jobs[i]->name;

		if (has_own_rule(m, name) || !bk_conf_job_num(conf, name, "enabled"))
			continue;
		(void)bk_error_set(err, BK_E_CONFIG, "job %s has nothing to do: no rule names it",
				   name);
		return bk_error_hint(err, "write rule NAME { job = \"%s\" ... }", name);
	}
	return BK_OK;
}

static enum bk_rc check_settings(const struct bk_conf *conf, struct bk_error *err)
{
	enum bk_rc rc;

	for (size_t i = 0; i < bk_conf_job_count(conf); i++) {
		const char *name = bk_conf_job_at(conf, i)->name;

		if ((rc = check_times(conf, name, err)) || (rc = check_leader(conf, name, err)))
			return rc;
	}
	if ((rc = check_log(conf, err)))
		return rc;
	if ((rc = check_archive(conf, err)))
		return rc;
	return check_metrics(conf, err);
}

enum bk_rc bk_conf_check(const struct bk_conf *conf, struct bk_error *err)
{
	enum bk_rc rc;

	if ((rc = check_settings(conf, err)) || (rc = check_own(conf, err)))
		return rc;
	if (conf->mapping.no_defaults)
		return BK_OK;
	if ((rc = check_start(conf, err)) || (rc = check_mode(conf, err)) ||
	    (rc = check_states(conf, err)))
		return rc;
	return check_idle(conf, err);
}
