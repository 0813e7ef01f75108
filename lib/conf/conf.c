/*
 * Loading the layers in turn: defaults, file, profile, environment; see conf.h.
 */
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "conf/file.h"
#include "conf/jobs.h"
#include "conf/layers.h"
#include "conf/load.h"
#include "conf/secret.h"

#ifndef BK_SYSCONFDIR
#define BK_SYSCONFDIR "/etc"
#endif

static const char *const profiles[] = {"dev", "test", "prod", NULL};

/* Room for it is there. */
static void add_setting(struct bk_conf *conf, const char *job, const struct bk_key *key)
{
	struct bk_setting *s = &conf->settings[conf->count++];
	const char *fallback = job ? bk_job_key_default(job, key) : key->fallback;
	struct bk_error err;

	s->key = key;
	s->job = job;
	s->name = job ? bk_asprintf("%s.%s", job, key->name) : bk_strdup(key->name);
	s->layers[BK_ORIGIN_DEFAULT].origin = bk_strdup("default");
	if (fallback) {
		enum bk_rc rc = bk_key_parse(key, fallback, &s->layers[BK_ORIGIN_DEFAULT].value,
					     &err);

		BK_ASSERT(rc == BK_OK);
	}
}

static struct bk_conf *new_conf(void)
{
	struct bk_conf *conf = bk_calloc(1, sizeof(*conf));
	size_t count = bk_global_keys_count + bk_job_names_count * bk_job_keys_count;

	conf->settings = bk_calloc(count, sizeof(*conf->settings));
	for (size_t i = 0; i < bk_global_keys_count; i++)
		add_setting(conf, NULL, &bk_global_keys[i]);
	for (size_t j = 0; j < bk_job_names_count; j++)
		for (size_t i = 0; i < bk_job_keys_count; i++)
			add_setting(conf, bk_job_names[j].name, &bk_job_keys[i]);
	return conf;
}

enum bk_rc bk_conf_own_job(struct bk_conf *conf, const char *name, struct bk_error *err)
{
	struct bk_job_name *job;

	if (bk_job_find(name) || bk_job_is_reserved(name)) {
		(void)bk_error_set(err, BK_E_CONFIG, "the name is taken");
		return bk_job_find(name) ? bk_error_hint(err, "write %s { ... }", name) : err->rc;
	}
	if (bk_conf_job(conf, name))
		return BK_OK;
	job = bk_calloc(1, sizeof(*job));
	*job = (struct bk_job_name){bk_strdup(name), bk_asprintf("Run the rules of %s", name)};
	conf->own_jobs = bk_realloc(conf->own_jobs, conf->own_job_count + 1,
				    sizeof(struct bk_job_name *));
	conf->own_jobs[conf->own_job_count++] = job;
	conf->settings = bk_realloc(conf->settings, conf->count + bk_job_keys_count,
				    sizeof(*conf->settings));
	for (size_t i = 0; i < bk_job_keys_count; i++) {
		conf->settings[conf->count] = (struct bk_setting){.key = NULL};
		add_setting(conf, job->name, &bk_job_keys[i]);
	}
	return BK_OK;
}

static void free_own_job(struct bk_job_name *job)
{
	free((char *)job->name);
	free((char *)job->description);
	free(job);
}

void bk_conf_free(struct bk_conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->count; i++) {
		struct bk_setting *s = &conf->settings[i];

		for (size_t layer = 0; layer < BK_ORIGIN_COUNT; layer++) {
			free(s->layers[layer].origin);
			free(s->layers[layer].value.text);
		}
		free(s->name);
	}
	for (size_t i = 0; i < conf->stray_count; i++)
		free(conf->strays[i]);
	free(conf->strays);
	free(conf->settings);
	for (size_t i = 0; i < conf->own_job_count; i++)
		free_own_job(conf->own_jobs[i]);
	free(conf->own_jobs);
	bk_map_clear(&conf->map);
	bk_mapping_clear(&conf->mapping);
	free(conf->file);
	free(conf->profile);
	free(conf);
}

void bk_conf_clean(struct bk_conf **conf)
{
	bk_conf_free(*conf);
	*conf = NULL;
}

static enum bk_rc apply_map(struct bk_conf *conf, const struct bk_raw *raw, const char *origin,
			    struct bk_error *err)
{
	const char *full = raw->name->full;

	if (raw->name->kind == BK_NAME_SECTION) {
		bk_map_begin(&conf->map, full, origin);
		return BK_OK;
	}
	for (size_t i = 0; i < BK_MAP_COUNT; i++) {
		if (strcmp(bk_map_keys[i].name, full) != 0)
			continue;
		return bk_map_set(&conf->map, i, (const char *const *)raw->items, raw->count,
				  origin, err);
	}
	bk_bug(__FILE__, __LINE__, full);
}

static enum bk_rc apply_rule(struct bk_conf *conf, const struct bk_raw *raw, const char *name,
			     const char *origin, struct bk_error *err)
{
	struct bk_map_rule *rule = bk_map_rule(&conf->map, name, origin);

	if (raw->name->kind == BK_NAME_SECTION)
		return BK_OK;
	for (size_t i = 0; i < BK_RULE_KEY_COUNT; i++)
		if (strcmp(bk_rule_keys[i].name, bk_name_leaf(raw->name)) == 0)
			return bk_map_rule_set(rule, i, (const char *const *)raw->items, raw->count,
					       origin, err);
	bk_bug(__FILE__, __LINE__, raw->name->full);
}

/* A key of a job's section that is no setting; *ret_done says whether it was one. */
static enum bk_rc apply_extra(struct bk_conf *conf, const struct bk_raw *raw, const char *job,
			      const char *origin, bool *ret_done, struct bk_error *err)
{
	for (size_t i = 0; i < BK_EXTRA_KEY_COUNT; i++) {
		*ret_done = strcmp(bk_extra_keys[i].name, bk_name_leaf(raw->name)) == 0;
		if (*ret_done)
			return bk_map_extra_set(bk_map_extra(&conf->map, job), i,
						(const char *const *)raw->items, raw->count, origin,
						err);
	}
	return BK_OK;
}

static void describe(struct bk_conf *conf, const char *name, const char *text)
{
	for (size_t i = 0; i < conf->own_job_count; i++) {
		struct bk_job_name *job = conf->own_jobs[i];

		if (strcmp(job->name, name) != 0)
			continue;
		free((char *)job->description);
		job->description = bk_strdup(text);
	}
}

static bool belongs_to_map(const char *full)
{
	size_t len = strlen(BK_MAP_SECTION);

	return strncmp(full, BK_MAP_SECTION, len) == 0 && (full[len] == '\0' || full[len] == '.');
}

/* A password in a file that everybody on the host can read is no password. */
static enum bk_rc check_secret(const struct bk_file *file, const struct bk_raw *raw,
			       const char *origin, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf masked = BK_BUF_INIT;

	if (!file->world_readable || strcmp(raw->name->full, "database") != 0 ||
	    !bk_secret_mask(&masked, raw->items[0]))
		return BK_OK;
	(void)bk_error_set(err, BK_E_CONFIG,
			   "%s: database: a password in a file that everybody can read", origin);
	return bk_error_hint(err, "chmod o-r the file, or put the password into ~/.pgpass");
}

static enum bk_rc put_setting(struct bk_conf *conf, enum bk_origin layer,
			      const struct bk_file *file, const struct bk_raw *raw,
			      const char *name, const char *origin, struct bk_error *err)
{
	enum bk_rc rc;

	if ((rc = check_secret(file, raw, origin, err)))
		return rc;
	return bk_setting_put(conf, bk_setting_find(conf, name), layer, origin, raw->items[0], err);
}

/* "ORIGIN: FULL: " in front of what a part of the mapping says. */
static enum bk_rc at(enum bk_rc rc, const struct bk_raw *raw, const char *origin,
		     struct bk_error *err)
{
	return rc ? bk_error_prefix(err, "%s: %s", origin, raw->name->full) : BK_OK;
}

/* The section of a job: settings, and what it adds to the changes. */
static enum bk_rc apply_job(struct bk_conf *conf, enum bk_origin layer, const struct bk_file *file,
			    const struct bk_raw *raw, const char *job, const char *origin,
			    struct bk_error *err)
{
	const char *leaf = bk_name_leaf(raw->name);
	BK_CLEAN(bk_free_str) char *setting = bk_asprintf("%s.%s", job, leaf);
	bool done = false;
	enum bk_rc rc;

	if (strcmp(leaf, "description") == 0) {
		describe(conf, job, raw->items[0]);
		return BK_OK;
	}
	if ((rc = apply_extra(conf, raw, job, origin, &done, err)) || done)
		return at(rc, raw, origin, err);
	return put_setting(conf, layer, file, raw, setting, origin, err);
}

/* rule NAME { } and job NAME { }, and what is in them. */
static enum bk_rc apply_titled(struct bk_conf *conf, enum bk_origin layer,
			       const struct bk_file *file, const struct bk_raw *raw,
			       const char *origin, struct bk_error *err)
{
	bool is_section = raw->name->kind == BK_NAME_SECTION;
	const char *dot = strchr(raw->name->full, '.') + 1;
	size_t len = is_section ? strlen(dot)
				: raw->name->leaf - 1 - (size_t)(dot - raw->name->full);
	BK_CLEAN(bk_free_str) char *name = bk_strndup(dot, len);

	if (strncmp(raw->name->full, "rule.", 5) == 0)
		return at(apply_rule(conf, raw, name, origin, err), raw, origin, err);
	if (is_section)
		return at(bk_conf_own_job(conf, name, err), raw, origin, err);
	return apply_job(conf, layer, file, raw, name, origin, err);
}

static bool is_titled(const char *full)
{
	return strncmp(full, "rule.", 5) == 0 || strncmp(full, "job.", 4) == 0;
}

static enum bk_rc apply(struct bk_conf *conf, enum bk_origin layer, const struct bk_file *file,
			const struct bk_raw *raw, const char *origin, struct bk_error *err)
{
	const char *full = raw->name->full;
	BK_CLEAN(bk_free_str)
	char *section = bk_strndup(full, raw->name->leaf ? raw->name->leaf - 1 : 0);

	if (belongs_to_map(full))
		return at(apply_map(conf, raw, origin, err), raw, origin, err);
	if (is_titled(full))
		return apply_titled(conf, layer, file, raw, origin, err);
	if (raw->name->kind == BK_NAME_SECTION)
		return BK_OK;
	if (*section)
		return apply_job(conf, layer, file, raw, section, origin, err);
	return put_setting(conf, layer, file, raw, full, origin, err);
}

/* "PATH:" in front of "LINE: what is wrong", without the blank of bk_error_prefix(). */
static enum bk_rc put_path(struct bk_error *err, const char *path)
{
	BK_CLEAN(bk_free_str) char *message = bk_asprintf("%s:%s", path, err->message);

	(void)snprintf(err->message, sizeof(err->message), "%s", message);
	return err->rc;
}

enum bk_rc bk_conf_read_file(struct bk_conf *conf, enum bk_origin layer, const char *path,
			     bool may_lack, bool *ret_read, struct bk_error *err)
{
	BK_CLEAN(bk_file_clear) struct bk_file file = {NULL, 0, false};
	BK_CLEAN(bk_names_clear) struct bk_names names = {NULL, 0};
	BK_CLEAN(bk_raws_clear) struct bk_raws raws = {NULL, 0};
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	enum bk_rc rc;

	*ret_read = false;
	if ((rc = bk_file_read(path, may_lack, &file, err)))
		return rc;
	if (!file.data)
		return BK_OK;
	bk_escape_line(&shown, path);
	bk_names_init(&names);
	if (bk_load_text(file.data, file.len, &names, &raws, err) != BK_OK)
		return put_path(err, bk_buf_cstr(&shown));
	for (size_t i = 0; i < raws.count; i++) {
		BK_CLEAN(bk_free_str)
		char *origin = bk_asprintf("%s:%d", bk_buf_cstr(&shown), raws.items[i].line);

		if ((rc = apply(conf, layer, &file, &raws.items[i], origin, err)))
			return rc;
	}
	*ret_read = true;
	return BK_OK;
}

/* The word after --profile or in BK_PROFILE; *ret stays NULL when there is none. */
static enum bk_rc choose_profile(const struct bk_conf_args *args, const char **ret,
				 struct bk_error *err)
{
	const char *word = args->profile ? args->profile : bk_env_get(args->env, "BK_PROFILE");
	BK_CLEAN(bk_buf_clear) struct bk_buf safe = BK_BUF_INIT;
	const char *near;

	for (size_t i = 0; word && profiles[i]; i++) {
		if (strcmp(word, profiles[i]) == 0) {
			*ret = profiles[i];
			return BK_OK;
		}
	}
	if (!word)
		return BK_OK;
	bk_quote(&safe, word);
	(void)bk_error_set(err, BK_E_CONFIG, "profile %s is none of dev, test or prod",
			   bk_buf_cstr(&safe));
	near = bk_nearest(word, profiles);
	if (near)
		(void)bk_error_hint(err, "did you mean \"%s\"?", near);
	return args->profile ? err->rc : bk_error_prefix(err, "environment BK_PROFILE");
}

static enum bk_rc read_files(struct bk_conf *conf, const struct bk_conf_args *args,
			     struct bk_error *err)
{
	const char *named = args->file ? args->file : bk_env_get(args->env, "BK_CONFIG");
	const char *path = named ? named : BK_SYSCONFDIR "/bk/bk.conf";
	const char *slash = strrchr(path, '/');
	const char *profile = NULL;
	bool was_read = false;
	enum bk_rc rc;

	if ((rc = choose_profile(args, &profile, err)))
		return rc;
	if ((rc = bk_conf_read_file(conf, BK_ORIGIN_FILE, path, !named, &was_read, err)))
		return rc;
	conf->file = was_read ? bk_strdup(path) : NULL;
	conf->profile = bk_strdup(profile);
	if (profile) {
		BK_CLEAN(bk_free_str)
		char *overlay = bk_asprintf("%.*sbk-%s.conf", slash ? (int)(slash - path + 1) : 0,
					    path, profile);

		return bk_conf_read_file(conf, BK_ORIGIN_PROFILE, overlay, false, &was_read, err);
	}
	return BK_OK;
}

enum bk_rc bk_conf_load(const struct bk_conf_args *args, struct bk_conf **ret, struct bk_error *err)
{
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = new_conf();
	enum bk_rc rc;

	if ((rc = read_files(conf, args, err)))
		return rc;
	if ((rc = bk_map_build(&conf->map, &conf->mapping, err)))
		return rc;
	if ((rc = bk_conf_read_env(conf, args->env, err)))
		return rc;
	conf->mapping.grace_ms = bk_conf_num(conf, "grace");
	conf->mapping.no_defaults = !bk_conf_num(conf, "defaults");
	*ret = BK_TAKE(conf);
	return BK_OK;
}

enum bk_rc bk_conf_set(struct bk_conf *conf, enum bk_origin origin, const char *name,
		       const char *text, struct bk_error *err)
{
	static const char *const origins[BK_ORIGIN_COUNT] = {
		"default", "file", "profile", "database", "environment", "command line"};
	struct bk_setting *s = bk_setting_find(conf, name);
	BK_CLEAN(bk_buf_clear) struct bk_buf safe = BK_BUF_INIT;

	BK_ASSERT(origin > BK_ORIGIN_DEFAULT && origin < BK_ORIGIN_COUNT);
	if (s)
		return bk_setting_put(conf, s, origin, origins[origin], text, err);
	bk_quote(&safe, name);
	return bk_error_set(err, BK_E_CONFIG, "%s: unknown setting %s", origins[origin],
			    bk_buf_cstr(&safe));
}
