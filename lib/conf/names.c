/*
 * The names a file may contain; see names.h.
 */
#include "conf/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "conf/jobs.h"
#include "conf/keys.h"
#include "conf/map.h"

const char *const bk_title_words[] = {"rule", "job", NULL};

static void add_path(struct bk_names *names, enum bk_name_kind kind, char *full, char *path,
		     size_t leaf)
{
	struct bk_name *name = bk_calloc(1, sizeof(*name));

	*name = (struct bk_name){full, path, leaf, kind};
	names->items = bk_realloc(names->items, names->count + 1, sizeof(*names->items));
	names->items[names->count++] = name;
}

/* libconfuse separates the parts of a path with '|'. */
static void add(struct bk_names *names, enum bk_name_kind kind, char *full)
{
	char *path = bk_strdup(full);
	const char *dot = strrchr(full, '.');

	for (char *p = path; *p; p++)
		if (*p == '.')
			*p = '|';
	add_path(names, kind, full, path, dot ? (size_t)(dot - full) + 1 : 0);
}

static void add_titled_key(struct bk_names *names, const char *section, const char *leaf, bool list)
{
	add_path(names, list ? BK_NAME_LIST : BK_NAME_SCALAR, bk_asprintf("%s.%s", section, leaf),
		 bk_asprintf("%s|%s", section, leaf), strlen(section) + 1);
}

/* What a job's section has beside settings. */
static void add_extras(struct bk_names *names, const char *section)
{
	for (size_t i = 0; i < BK_EXTRA_KEY_COUNT; i++)
		add_titled_key(names, section, bk_extra_keys[i].name, i == BK_EXTRA_SET);
}

/* A setting of no job, and before the first of a section that section. */
static void add_global(struct bk_names *names, const char *full)
{
	const char *dot = strchr(full, '.');
	BK_CLEAN(bk_free_str) char *section = dot ? bk_strndup(full, (size_t)(dot - full)) : NULL;

	if (section && !bk_names_find(names, section))
		add(names, BK_NAME_SECTION, BK_TAKE(section));
	add(names, BK_NAME_SCALAR, bk_strdup(full));
}

void bk_names_init(struct bk_names *names)
{
	*names = (struct bk_names){NULL, 0};
	for (size_t i = 0; i < bk_global_keys_count; i++)
		add_global(names, bk_global_keys[i].name);
	for (size_t j = 0; j < bk_job_names_count; j++) {
		add(names, BK_NAME_SECTION, bk_strdup(bk_job_names[j].name));
		for (size_t i = 0; i < bk_job_keys_count; i++)
			add(names, BK_NAME_SCALAR,
			    bk_asprintf("%s.%s", bk_job_names[j].name, bk_job_keys[i].name));
		if (j < bk_booking_jobs_count)
			add_extras(names, bk_job_names[j].name);
	}
	add(names, BK_NAME_SECTION, bk_strdup(BK_MAP_SECTION));
	add(names, BK_NAME_SECTION, bk_strdup(BK_MAP_STATES));
	for (size_t i = 0; i < BK_MAP_COUNT; i++)
		add(names, bk_map_is_list(i) ? BK_NAME_LIST : BK_NAME_SCALAR,
		    bk_strdup(bk_map_keys[i].name));
}

void bk_names_add_titled(struct bk_names *names, const char *full)
{
	if (bk_names_find(names, full))
		return;
	add_path(names, BK_NAME_SECTION, bk_strdup(full), bk_strdup(full), 0);
	if (strncmp(full, "rule.", 5) == 0) {
		for (size_t i = 0; i < BK_RULE_KEY_COUNT; i++)
			add_titled_key(names, full, bk_rule_keys[i].name,
				       i == BK_RULE_FROM || i == BK_RULE_SET);
		return;
	}
	add_titled_key(names, full, "description", false);
	for (size_t i = 0; i < bk_job_keys_count; i++)
		add_titled_key(names, full, bk_job_keys[i].name, false);
	add_extras(names, full);
}

void bk_names_clear(struct bk_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		free(names->items[i]->full);
		free(names->items[i]->path);
		free(names->items[i]);
	}
	free(names->items);
	*names = (struct bk_names){NULL, 0};
}

const struct bk_name *bk_names_find(const struct bk_names *names, const char *full)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i]->full, full) == 0)
			return names->items[i];
	return NULL;
}

const char *bk_name_leaf(const struct bk_name *name)
{
	return name->full + name->leaf;
}

const struct bk_name *bk_names_child(const struct bk_names *names, const char *section, size_t i)
{
	size_t len = strlen(section);
	size_t leaf = len ? len + 1 : 0;

	for (size_t n = 0; n < names->count; n++) {
		const struct bk_name *name = names->items[n];

		if (name->leaf == leaf && (!len || name->full[len] == '.') &&
		    strncmp(name->full, section, len) == 0 && i-- == 0)
			return name;
	}
	return NULL;
}

void bk_names_suggest(const struct bk_names *names, const char *section, const char *word,
		      struct bk_buf *out)
{
	const char **words = bk_calloc(names->count + 1, sizeof(*words));
	const struct bk_name *child;
	const char *near;

	for (size_t i = 0; (child = bk_names_child(names, section, i)); i++)
		words[i] = bk_name_leaf(child);
	near = bk_nearest(word, words);
	free(words);
	for (size_t i = 0; !*section && bk_title_words[i]; i++)
		if (strcmp(word, bk_title_words[i]) == 0) {
			bk_buf_fmt(out, "give it a name: %s NAME { ... }", word);
			return;
		}
	if (near) {
		bk_buf_fmt(out, "did you mean \"%s\"?", near);
		return;
	}
	/* The right word in the wrong place, such as delay at the top level. */
	for (size_t i = 0; i < names->count; i++) {
		const char *full = names->items[i]->full;
		const char *leaf = bk_name_leaf(names->items[i]);

		if (strcmp(leaf, word) != 0)
			continue;
		if (leaf == full)
			bk_buf_fmt(out, "\"%s\" belongs to the top level", word);
		else
			bk_buf_fmt(out, "\"%s\" belongs into a section such as %.*s { }", word,
				   (int)(leaf - full - 1), full);
		return;
	}
}
