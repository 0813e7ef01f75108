/*
 * Every setting with value and origin, as `bkstatus config` shows it: a value
 * is written as a file could hold it, so that the list can be copied into one.
 */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "conf/layers.h"
#include "conf/secret.h"

/* Bare where that is safe, else in double quotes. */
static void write_value(struct bk_buf *out, const char *text)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "_.-";

	if (*text && !text[strspn(text, bare)]) {
		bk_buf_str(out, text);
		return;
	}
	/* ${ has no escape in double quotes; see lex.h. */
	char quote = strstr(text, "${") ? '\'' : '"';

	bk_buf_char(out, quote);
	for (; *text; text++) {
		if (*text == quote || *text == '\\')
			bk_buf_char(out, '\\');
		bk_buf_char(out, *text);
	}
	bk_buf_char(out, quote);
}

static char *setting_value(const struct bk_conf *conf, const struct bk_setting *s)
{
	const char *text = s->layers[bk_setting_origin(s)].value.text;
	BK_CLEAN(bk_buf_clear) struct bk_buf masked = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	/* The number may be a computed default that no text says. */
	if (s->key->type == BK_KEY_DURATION && bk_setting_origin(s) == BK_ORIGIN_DEFAULT) {
		int64_t ms = bk_setting_num(conf, s);

		if (!text || ms != s->layers[BK_ORIGIN_DEFAULT].value.number) {
			bk_format_duration(&out, ms);
			return bk_buf_take(&out);
		}
	}
	if (!text)
		return NULL;
	if (strcmp(s->name, "database") == 0) {
		(void)bk_secret_mask(&masked, text);
		text = bk_buf_cstr(&masked);
	}
	write_value(&out, text);
	return bk_buf_take(&out);
}

static char *list_value(const char *const *items, size_t count, bool list)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

	if (!count && !list)
		return NULL;
	bk_buf_str(&out, count == 1 ? "" : "{");
	for (size_t i = 0; i < count; i++) {
		bk_buf_str(&out, i ? ", " : "");
		write_value(&out, items[i]);
	}
	bk_buf_str(&out, count == 1 ? "" : "}");
	return bk_buf_take(&out);
}

static char *map_value(const struct bk_conf *conf, size_t index)
{
	size_t count;
	const char *const *items = bk_map_items(&conf->map, index, &count);

	/* That there are no labels says something, too. */
	return list_value(items, count, index >= BK_MAP_STATE);
}

static struct bk_conf_entry make_entry(const struct bk_key *key, const char *name, char *value,
				       const char *origin)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf range = BK_BUF_INIT;

	bk_key_range(&range, key);
	return (struct bk_conf_entry){
		.name = bk_strdup(name),
		.value = value,
		.origin = bk_strdup(origin),
		.range = bk_buf_take(&range),
		.help = bk_strdup(key->help),
	};
}

struct list {
	struct bk_conf_entry *items;
	size_t count;
};

static void add_entry(struct list *list, struct bk_conf_entry entry)
{
	list->items = bk_realloc(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = entry;
}

/* The keys that a section of rule { } or of a job really has. */
static void add_given(struct list *list, const char *section, const struct bk_key *keys,
		      const struct bk_map_value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct bk_labels *labels = &values[i].labels;
		BK_CLEAN(bk_free_str) char *name = bk_asprintf("%s.%s", section, keys[i].name);

		if (values[i].origin)
			add_entry(list, make_entry(&keys[i], name,
						   list_value((const char *const *)labels->items,
							      labels->count, true),
						   values[i].origin));
	}
}

static void add_mapping(struct list *list, const struct bk_conf *conf)
{
	const struct bk_map *map = &conf->map;

	for (size_t i = 0; i < BK_MAP_COUNT; i++) {
		const char *origin = map->values[i].origin;

		add_entry(list, make_entry(&bk_map_keys[i], bk_map_keys[i].name, map_value(conf, i),
					   origin ? origin : "default"));
	}
	for (size_t i = 0; i < map->extra_count; i++)
		add_given(list, map->extras[i].job, bk_extra_keys, map->extras[i].values,
			  BK_EXTRA_KEY_COUNT);
	for (size_t i = 0; i < map->rule_count; i++) {
		BK_CLEAN(bk_free_str)
		char *section = bk_asprintf("rule.%s", map->rules[i].name);

		add_given(list, section, bk_rule_keys, map->rules[i].values, BK_RULE_KEY_COUNT);
	}
}

struct bk_conf_entry *bk_conf_entries(const struct bk_conf *conf, size_t *ret_count)
{
	struct list list = {NULL, 0};

	for (size_t i = 0; i < conf->count; i++) {
		const struct bk_setting *s = &conf->settings[i];

		add_entry(&list, make_entry(s->key, s->name, setting_value(conf, s),
					    s->layers[bk_setting_origin(s)].origin));
	}
	add_mapping(&list, conf);
	*ret_count = list.count;
	return list.items;
}

void bk_conf_entries_free(struct bk_conf_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(entries[i].name);
		free(entries[i].value);
		free(entries[i].origin);
		free(entries[i].range);
		free(entries[i].help);
	}
	free(entries);
}
