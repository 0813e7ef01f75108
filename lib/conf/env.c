/*
 * The layer of the environment: BK_* variables.
 */
#include "conf/layers.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

const char *bk_env_get(const char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; env && *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return (*env)[len + 1] ? *env + len + 1 : NULL;
	return NULL;
}

static bool has_env_name(const char *full_name, const char *variable)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf name = BK_BUF_INIT;

	bk_key_env_name(&name, full_name);
	return strcmp(bk_buf_cstr(&name), variable) == 0;
}

/* A key of the mapping is known, but may come from a file only. */
static bool is_map_key(const char *variable)
{
	for (size_t i = 0; i < BK_MAP_COUNT; i++)
		if (has_env_name(bk_map_keys[i].name, variable))
			return true;
	return false;
}

static void add_stray(struct bk_conf *conf, const char *variable)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf safe = BK_BUF_INIT;

	bk_escape_line(&safe, variable);
	conf->strays = bk_realloc(conf->strays, conf->stray_count + 1, sizeof(*conf->strays));
	conf->strays[conf->stray_count++] = bk_buf_take(&safe);
}

static enum bk_rc read_variable(struct bk_conf *conf, const char *variable, const char *value,
				struct bk_error *err)
{
	if (strcmp(variable, "BK_CONFIG") == 0 || strcmp(variable, "BK_PROFILE") == 0)
		return BK_OK;
	for (size_t i = 0; i < conf->count; i++) {
		struct bk_setting *s = &conf->settings[i];

		if (!has_env_name(s->name, variable))
			continue;
		/* Of two equal names the first counts, as getenv() has it. */
		if (!*value || s->layers[BK_ORIGIN_ENVIRONMENT].origin)
			return BK_OK;
		BK_CLEAN(bk_free_str) char *origin = bk_asprintf("environment %s", variable);

		return bk_setting_put(conf, s, BK_ORIGIN_ENVIRONMENT, origin, value, err);
	}
	if (is_map_key(variable)) {
		if (!*value)
			return BK_OK;
		return bk_error_set(err, BK_E_CONFIG,
				    "environment %s: cannot be set here, only in the file",
				    variable);
	}
	add_stray(conf, variable);
	return BK_OK;
}

enum bk_rc bk_conf_read_env(struct bk_conf *conf, const char *const *env, struct bk_error *err)
{
	for (; env && *env; env++) {
		const char *equals = strchr(*env, '=');
		enum bk_rc rc;

		if (!equals || strncmp(*env, "BK_", 3) != 0)
			continue;
		BK_CLEAN(bk_free_str) char *variable = bk_strndup(*env, (size_t)(equals - *env));

		if ((rc = read_variable(conf, variable, equals + 1, err)))
			return rc;
	}
	return BK_OK;
}
