/*
 * The settings and their layers; see layers.h and conf.h.
 */
#include "conf/layers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "conf/jobs.h"

struct bk_setting *bk_setting_find(const struct bk_conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->count; i++)
		if (strcmp(conf->settings[i].name, name) == 0)
			return &conf->settings[i];
	return NULL;
}

const struct bk_setting *bk_setting_get(const struct bk_conf *conf, const char *job,
					const char *key)
{
	for (size_t i = 0; i < conf->count; i++) {
		const struct bk_setting *s = &conf->settings[i];

		if (strcmp(s->key->name, key) == 0 &&
		    (job ? s->job && strcmp(s->job, job) == 0 : !s->job))
			return s;
	}
	bk_bug(__FILE__, __LINE__, key);
}

enum bk_origin bk_setting_origin(const struct bk_setting *s)
{
	enum bk_origin origin = BK_ORIGIN_COMMAND_LINE;

	while (origin > BK_ORIGIN_DEFAULT && !s->layers[origin].origin)
		origin--;
	return origin;
}

static int64_t job_num(const struct bk_conf *conf, const struct bk_setting *s, const char *key)
{
	return bk_setting_num(conf, bk_setting_get(conf, s->job, key));
}

/* Four defaults follow other settings, so that whoever shortens the timeout
   does not have to shorten everything below it as well. What was set stays as
   it was set, and bk_conf_check() compares it. */
int64_t bk_setting_num(const struct bk_conf *conf, const struct bk_setting *s)
{
	enum { LEASE_MARGIN_MS = 30000 };
	enum bk_origin origin = bk_setting_origin(s);
	int64_t own = s->layers[origin].value.number;
	int64_t most;

	if (origin != BK_ORIGIN_DEFAULT || !s->job)
		return own;
	if (strcmp(s->key->name, "lease") == 0)
		return job_num(conf, s, "timeout") + LEASE_MARGIN_MS;
	if (strcmp(s->key->name, "statement-timeout") == 0)
		most = job_num(conf, s, "timeout") / 2;
	else if (strcmp(s->key->name, "lock-timeout") == 0)
		most = job_num(conf, s, "statement-timeout") / 2;
	else if (strcmp(s->key->name, "retry-base") == 0)
		most = job_num(conf, s, "retry-cap");
	else
		return own;
	return most < own ? most : own;
}

static bool may_come_from(const struct bk_key *key, enum bk_origin layer)
{
	switch (layer) {
	case BK_ORIGIN_FILE:
	case BK_ORIGIN_PROFILE:
		return key->sources & BK_FROM_FILE;
	case BK_ORIGIN_DATABASE:
		return key->sources & BK_FROM_DATABASE;
	case BK_ORIGIN_ENVIRONMENT:
		return key->sources & BK_FROM_ENVIRONMENT;
	case BK_ORIGIN_COMMAND_LINE:
		return key->sources & BK_FROM_COMMAND_LINE;
	case BK_ORIGIN_DEFAULT:
	case BK_ORIGIN_COUNT:
		break;
	}
	return false;
}

static enum bk_rc wrong_source(const struct bk_key *key, struct bk_error *err)
{
	static const struct {
		unsigned bit;
		const char *text;
	} sources[] = {
		{BK_FROM_FILE, "the file"},
		{BK_FROM_DATABASE, "the database"},
		{BK_FROM_ENVIRONMENT, "the environment"},
		{BK_FROM_COMMAND_LINE, "the command line"},
	};
	BK_CLEAN(bk_buf_clear) struct bk_buf list = BK_BUF_INIT;

	for (size_t i = 0; i < BK_COUNT(sources); i++) {
		/* Bits are tried in their order, so those above this one are still to come. */
		bool last = key->sources < sources[i].bit * 2;

		if (key->sources & sources[i].bit)
			bk_buf_fmt(&list, "%s%s",
				   !list.len ? ""
				   : last    ? " or "
					     : ", ",
				   sources[i].text);
	}
	return bk_error_set(err, BK_E_CONFIG, "cannot be set here, only in %s", bk_buf_cstr(&list));
}

enum bk_rc bk_setting_check_source(const struct bk_setting *s, enum bk_origin layer,
				   struct bk_error *err)
{
	return may_come_from(s->key, layer) ? BK_OK : wrong_source(s->key, err);
}

enum bk_rc bk_setting_put(struct bk_conf *conf, struct bk_setting *s, enum bk_origin layer,
			  const char *origin, const char *text, struct bk_error *err)
{
	struct bk_value value;
	enum bk_rc rc = bk_setting_check_source(s, layer, err);

	if (!rc)
		rc = bk_key_parse(s->key, text, &value, err);
	if (rc != BK_OK) {
		if (layer != BK_ORIGIN_ENVIRONMENT)
			(void)bk_error_prefix(err, "%s", s->name);
		return bk_error_prefix(err, "%s", origin);
	}
	free(s->layers[layer].value.text);
	free(s->layers[layer].origin);
	s->layers[layer].value = value;
	s->layers[layer].origin = bk_strdup(origin);
	conf->mapping.grace_ms = bk_conf_num(conf, "grace");
	return BK_OK;
}

int64_t bk_conf_num(const struct bk_conf *conf, const char *name)
{
	const struct bk_setting *s = bk_setting_find(conf, name);

	BK_ASSERT(s);
	return bk_setting_num(conf, s);
}

const char *bk_conf_str(const struct bk_conf *conf, const char *name)
{
	const struct bk_setting *s = bk_setting_find(conf, name);

	BK_ASSERT(s);
	return s->layers[bk_setting_origin(s)].value.text;
}

int64_t bk_conf_job_num(const struct bk_conf *conf, const char *job, const char *key)
{
	return bk_setting_num(conf, bk_setting_get(conf, job, key));
}

bool bk_conf_job_enabled(const struct bk_conf *conf, const char *job)
{
	if (!bk_conf_job_num(conf, job, "enabled"))
		return false;
	/* Without default rules a job lives by those of the file. */
	if (!conf->mapping.no_defaults || !bk_job_has_rules(job))
		return true;
	for (size_t i = 0; i < conf->mapping.rule_count; i++)
		if (strcmp(conf->mapping.rules[i].job, job) == 0)
			return true;
	return false;
}

const struct bk_mapping *bk_conf_mapping(const struct bk_conf *conf)
{
	return &conf->mapping;
}

const char *bk_conf_file(const struct bk_conf *conf)
{
	return conf->file;
}

const char *bk_conf_profile(const struct bk_conf *conf)
{
	return conf->profile;
}

const char *bk_conf_stray_variable(const struct bk_conf *conf, size_t i)
{
	return i < conf->stray_count ? conf->strays[i] : NULL;
}
