/*
 * The layer of the database; see stored.h.
 */
#include "conf/stored.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "conf/layers.h"

static void forget(struct bk_setting *s, enum bk_origin layer)
{
	free(s->layers[layer].origin);
	free(s->layers[layer].value.text);
	s->layers[layer].origin = NULL;
	s->layers[layer].value = (struct bk_value){NULL, 0};
}

/* The mapping holds a copy of this one. */
static void take_grace(struct bk_conf *conf)
{
	conf->mapping.grace_ms = bk_conf_num(conf, "grace");
}

static void forget_layer(struct bk_conf *conf, enum bk_origin layer)
{
	for (size_t i = 0; i < conf->count; i++)
		if (conf->settings[i].key->sources & BK_FROM_DATABASE)
			forget(&conf->settings[i], layer);
	take_grace(conf);
}

void bk_stored_without_environment(struct bk_conf *conf)
{
	forget_layer(conf, BK_ORIGIN_ENVIRONMENT);
}

static bool is_mapped_key(const char *name)
{
	for (size_t i = 0; i < BK_MAP_COUNT; i++)
		if (strcmp(bk_map_keys[i].name, name) == 0)
			return true;
	return strncmp(name, "rule.", 5) == 0;
}

/* No name of a setting: what it may have been meant for. */
static enum bk_rc unknown(const struct bk_conf *conf, const char *name, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	const char **names = bk_calloc(conf->count + 1, sizeof(*names));
	const char *near;

	for (size_t i = 0; i < conf->count; i++)
		names[i] = conf->settings[i].name;
	near = bk_nearest(name, names);
	free(names);
	if (is_mapped_key(name))
		return bk_error_set(err, BK_E_CONFIG, "%s: cannot be set here, only in the file",
				    name);
	bk_quote(&shown, name);
	(void)bk_error_set(err, BK_E_CONFIG, "unknown setting %s", bk_buf_cstr(&shown));
	return near ? bk_error_hint(err, "did you mean \"%s\"?", near) : err->rc;
}

static enum bk_rc put(struct bk_conf *conf, const struct bk_stored *item, struct bk_error *err)
{
	struct bk_setting *s = bk_setting_find(conf, item->name);

	if (s)
		return bk_setting_put(conf, s, BK_ORIGIN_DATABASE, item->origin, item->value, err);
	(void)unknown(conf, item->name, err);
	return bk_error_prefix(err, "%s", item->origin);
}

static void tell(bk_stored_ignored_fn ignored, void *arg, const char *name,
		 const struct bk_error *why)
{
	if (ignored)
		ignored(arg, name, why);
}

/* Those that can be read at all, true; the others are told of. */
static bool *put_all(struct bk_conf *conf, const struct bk_stored *items, size_t count,
		     bk_stored_ignored_fn ignored, void *arg)
{
	bool *fit = bk_calloc(count + 1, sizeof(*fit));
	struct bk_error err;

	for (size_t i = 0; i < count; i++) {
		fit[i] = put(conf, &items[i], &err) == BK_OK;
		if (!fit[i])
			tell(ignored, arg, items[i].name, &err);
	}
	return fit;
}

/* Puts on what goes together with the layers, again and again, since one may need
   another: a longer timeout the longer lease. What is left in `wait` does not fit. */
static void put_what_fits(struct bk_conf *conf, const struct bk_stored *items, size_t count,
			  bk_stored_check_fn check, bool *wait)
{
	bool moved = true;
	struct bk_error err;

	while (moved) {
		moved = false;
		for (size_t i = 0; i < count; i++) {
			if (!wait[i] || put(conf, &items[i], &err))
				continue;
			wait[i] = check(conf, &err) != BK_OK;
			if (wait[i])
				bk_stored_try(conf, items[i].name, NULL);
			moved = moved || !wait[i];
		}
	}
}

void bk_stored_apply(struct bk_conf *conf, const struct bk_stored *items, size_t count,
		     bk_stored_check_fn check, bk_stored_ignored_fn ignored, void *arg)
{
	struct bk_error err;
	bool *wait;

	forget_layer(conf, BK_ORIGIN_DATABASE);
	wait = put_all(conf, items, count, ignored, arg);
	if (check(conf, &err)) {
		forget_layer(conf, BK_ORIGIN_DATABASE);
		put_what_fits(conf, items, count, check, wait);
		for (size_t i = 0; i < count; i++) {
			if (!wait[i] || put(conf, &items[i], &err))
				continue;
			if (check(conf, &err))
				tell(ignored, arg, items[i].name, &err);
			bk_stored_try(conf, items[i].name, NULL);
		}
	}
	free(wait);
}

enum bk_rc bk_stored_typed(const struct bk_conf *conf, const char *name, const char *value,
			   struct bk_error *err)
{
	const struct bk_setting *s = bk_setting_find(conf, name);
	struct bk_value read = {NULL, 0};
	enum bk_rc rc;

	if (!s)
		return unknown(conf, name, err);
	if ((rc = bk_setting_check_source(s, BK_ORIGIN_DATABASE, err)))
		return bk_error_prefix(err, "%s", name);
	if (!value)
		return BK_OK;
	if ((rc = bk_key_parse(s->key, value, &read, err)))
		return bk_error_prefix(err, "%s", name);
	free(read.text);
	return BK_OK;
}

void bk_stored_try(struct bk_conf *conf, const char *name, const char *value)
{
	struct bk_setting *s = bk_setting_find(conf, name);
	struct bk_error err;
	enum bk_rc rc;

	BK_ASSERT(s);
	forget(s, BK_ORIGIN_DATABASE);
	take_grace(conf);
	if (!value)
		return;
	rc = bk_setting_put(conf, s, BK_ORIGIN_DATABASE, "new value", value, &err);
	BK_ASSERT(rc == BK_OK);
}

bool bk_stored_counts(const struct bk_conf *conf, const char *name)
{
	const struct bk_setting *s = bk_setting_find(conf, name);

	return s && bk_setting_origin(s) == BK_ORIGIN_DATABASE;
}

const char *bk_stored_overridden(const struct bk_conf *conf, const char *name)
{
	const struct bk_setting *s = bk_setting_find(conf, name);
	enum bk_origin origin = s ? bk_setting_origin(s) : BK_ORIGIN_DEFAULT;

	return origin > BK_ORIGIN_DATABASE ? s->layers[origin].origin : NULL;
}
