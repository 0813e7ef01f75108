/*
 * The keys of bookings { } and how they become a mapping; see map.h.
 */
#include "conf/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static const char *const grace_units[] = {"seconds", "minutes", "hours", "interval", NULL};
static const char *const modes[] = {"tracked", "untracked", "app", NULL};
static const char *const late[] = {"reject", "accept", NULL};
static const char *const missed[] = {"completed", "expired", NULL};

#define COLUMN(name, fallback, help)                                                               \
	{                                                                                          \
		BK_MAP_SECTION "." name, BK_KEY_NAME, fallback, 0, 0, NULL, BK_FROM_FILE, help     \
	}
#define WORD(name, fallback, words, help)                                                          \
	{                                                                                          \
		BK_MAP_SECTION "." name, BK_KEY_ENUM, fallback, 0, 0, words, BK_FROM_FILE, help    \
	}
#define STATE(name, fallback, help)                                                                \
	{                                                                                          \
		BK_MAP_STATES "." name, BK_KEY_STRING, fallback, 0, 0, NULL, BK_FROM_FILE, help    \
	}

const struct bk_key bk_map_keys[BK_MAP_COUNT] = {
	[BK_MAP_TABLE] = {BK_MAP_SECTION ".table", BK_KEY_STRING, "public.bookings", 0, 0, NULL,
			  BK_FROM_FILE, "table of the bookings, schema.name"},
	[BK_MAP_KEY] = COLUMN("key", "id", "columns of the primary key"),
	[BK_MAP_STATUS] = COLUMN("status", "status", "column of the state"),
	[BK_MAP_START] = COLUMN("start", "starts_at", "column of the start"),
	[BK_MAP_END] = COLUMN("end", "ends_at", "column of the end; NULL in it = open-ended"),
	[BK_MAP_CHECK_IN] = COLUMN("check-in", "checked_in_at", "column of the check-in"),
	[BK_MAP_HOLD] = COLUMN("hold", "hold_expires_at",
			       "column of an unconfirmed hold's deadline"),
	[BK_MAP_GRACE] = COLUMN("grace", "grace_minutes", "column of a booking's own grace"),
	[BK_MAP_GRACE_UNIT] = WORD("grace-unit", "minutes", grace_units, "unit of that column"),
	[BK_MAP_UPDATED] = COLUMN("updated", "updated_at", "column set to the time of a change"),
	[BK_MAP_MODE] = WORD("check-in-mode", "tracked", modes, "what evidence of arrival exists"),
	[BK_MAP_LATE] = WORD("late-check-in", "reject", late, "a check-in after the grace"),
	[BK_MAP_MISSED] = WORD("missed", "completed", missed,
			       "what becomes of a booking that ended and was never active"),
	[BK_MAP_STATE + BK_PENDING] = STATE("pending", "PENDING", "labels of an unconfirmed hold"),
	[BK_MAP_STATE + BK_CONFIRMED] = STATE("confirmed", "CONFIRMED", "labels of a firm booking"),
	[BK_MAP_STATE + BK_ACTIVE] = STATE("active", "ACTIVE", "labels of a booking in progress"),
	[BK_MAP_STATE + BK_COMPLETED] = STATE("completed", "COMPLETED", "labels of the proper end"),
	[BK_MAP_STATE + BK_NO_SHOW] = STATE("no-show", "NO_SHOW", "labels of nobody came"),
	[BK_MAP_STATE + BK_EXPIRED] = STATE("expired", "EXPIRED", "labels of a hold that ran out"),
	[BK_MAP_STATE + BK_CANCELLED] = STATE("cancelled", "CANCELLED", "labels of a cancellation"),
};

bool bk_map_is_list(size_t index)
{
	return index == BK_MAP_KEY || index >= BK_MAP_STATE;
}

bool bk_map_is_word(size_t index)
{
	return bk_map_keys[index].type == BK_KEY_ENUM;
}

static void free_items(char **items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(items[i]);
	free(items);
}

static char **copy_items(const char *const *items, size_t count)
{
	char **copy = bk_calloc(count, sizeof(*copy));

	for (size_t i = 0; i < count; i++)
		copy[i] = bk_strdup(items[i]);
	return copy;
}

void bk_map_clear(struct bk_map *map)
{
	for (size_t i = 0; i < BK_MAP_COUNT; i++) {
		free_items(map->values[i].items, map->values[i].count);
		free(map->values[i].origin);
	}
	free(map->origin);
	free(map->states);
	*map = (struct bk_map){0};
}

void bk_map_begin(struct bk_map *map, const char *section, const char *origin)
{
	char **slot = strcmp(section, BK_MAP_STATES) == 0 ? &map->states : &map->origin;

	if (!*slot)
		*slot = bk_strdup(origin);
}

/* One part of schema.name at *text, plain or in double quotes as in SQL; moves
   *text behind it. */
static enum bk_rc table_part(const char **text, char **ret, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf part = BK_BUF_INIT;
	const char *p = *text;
	bool quoted = *p == '"';

	if (quoted)
		for (p++; *p && (*p != '"' || p[1] == '"'); p++) {
			p += *p == '"';
			bk_buf_char(&part, *p);
		}
	else
		for (; *p && *p != '.' && *p != '"'; p++)
			bk_buf_char(&part, *p);
	if (quoted && *p++ != '"')
		return bk_error_set(err, BK_E_CONFIG, "has an opening quote without its end");
	if (!part.len)
		return bk_error_set(err, BK_E_CONFIG, "has an empty part");
	if (part.len > 63)
		return bk_error_set(err, BK_E_CONFIG,
				    "has a part of %zu bytes, at most 63 are allowed", part.len);
	*text = p;
	*ret = bk_buf_take(&part);
	return BK_OK;
}

/* "name", "schema.name", either part quoted as in SQL. */
static enum bk_rc split_table(const char *text, char **ret_schema, char **ret_name,
			      struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *first = NULL;
	BK_CLEAN(bk_free_str) char *second = NULL;
	enum bk_rc rc;

	if ((rc = table_part(&text, &first, err)))
		return rc;
	if (*text == '.') {
		text++;
		if ((rc = table_part(&text, &second, err)))
			return rc;
	}
	if (*text) {
		(void)bk_error_set(err, BK_E_CONFIG, "is not of the form schema.name");
		return bk_error_hint(err,
				     "a part with a dot or a quote is written in double quotes, "
				     "as in SQL: '\"My.Schema\".bookings'");
	}
	*ret_name = second ? BK_TAKE(second) : BK_TAKE(first);
	*ret_schema = first ? BK_TAKE(first) : bk_strdup("public");
	return BK_OK;
}

static enum bk_rc check_item(size_t index, const char *item, struct bk_error *err)
{
	struct bk_value value;
	enum bk_rc rc = bk_key_parse(&bk_map_keys[index], item, &value, err);

	if (rc)
		return rc;
	free(value.text);
	if (index == BK_MAP_TABLE) {
		BK_CLEAN(bk_free_str) char *schema = NULL;
		BK_CLEAN(bk_free_str) char *name = NULL;

		return split_table(item, &schema, &name, err);
	}
	return BK_OK;
}

enum bk_rc bk_map_set(struct bk_map *map, size_t index, const char *const *items, size_t count,
		      const char *origin, struct bk_error *err)
{
	struct bk_map_value *value = &map->values[index];
	enum bk_rc rc;

	/* An empty list of states says that the company has no such state. */
	if (!count && index < BK_MAP_STATE)
		return bk_error_set(err, BK_E_CONFIG, "is empty");
	for (size_t i = 0; i < count; i++)
		if ((rc = check_item(index, items[i], err)))
			return rc;
	free_items(value->items, value->count);
	free(value->origin);
	value->items = copy_items(items, count);
	value->count = count;
	value->origin = bk_strdup(origin);
	return BK_OK;
}

const char *bk_map_section(const struct bk_map *map)
{
	return map->origin ? map->origin : "default";
}

const char *bk_map_origin(const struct bk_map *map, size_t index)
{
	const char *own = map->values[index].origin;

	if (own)
		return own;
	return index >= BK_MAP_STATE && map->states ? map->states : bk_map_section(map);
}

const char *const *bk_map_items(const struct bk_map *map, size_t index, size_t *ret_count)
{
	const struct bk_map_value *value = &map->values[index];

	if (value->origin) {
		*ret_count = value->count;
		return (const char *const *)value->items;
	}
	*ret_count = !map->origin || bk_map_is_word(index) ? 1 : 0;
	return &bk_map_keys[index].fallback;
}

/* The one item of a key that is no list, or NULL. */
static const char *item_of(const struct bk_map *map, size_t index)
{
	size_t count;
	const char *const *items = bk_map_items(map, index, &count);

	return count ? items[0] : NULL;
}

static int word_of(const struct bk_map *map, size_t index)
{
	const char *word = item_of(map, index);
	int i = 0;

	while (strcmp(bk_map_keys[index].words[i], word) != 0)
		i++;
	return i;
}

/* "ORIGIN: KEY: " in front of the message. */
static enum bk_rc at(const struct bk_map *map, size_t index, struct bk_error *err)
{
	return bk_error_prefix(err, "%s: %s", bk_map_origin(map, index), bk_map_keys[index].name);
}

static enum bk_rc check_required(const struct bk_map *map, struct bk_error *err)
{
	static const struct {
		enum bk_map_index index;
		const char *form;
	} required[] = {
		{BK_MAP_TABLE, "table = \"public.bookings\""},
		{BK_MAP_KEY, "key = {\"id\"}"},
		{BK_MAP_STATUS, "status = \"status\""},
		{BK_MAP_START, "start = \"starts_at\""},
	};

	for (size_t i = 0; i < BK_COUNT(required); i++) {
		if (item_of(map, required[i].index))
			continue;
		(void)bk_error_set(err, BK_E_CONFIG, "is missing");
		(void)bk_error_hint(err, "write for example %s inside bookings { }",
				    required[i].form);
		return at(map, required[i].index, err);
	}
	return BK_OK;
}

/* The state before `state`, or that one itself, among whose first labels the
   text stands; BK_STATE_COUNT when there is none. */
static size_t find_label(const struct bk_mapping *m, size_t state, size_t i)
{
	const char *text = m->states[state].items[i];

	for (size_t s = 0; s <= state; s++)
		for (size_t n = 0; n < (s < state ? m->states[s].count : i); n++)
			if (strcmp(m->states[s].items[n], text) == 0)
				return s;
	return BK_STATE_COUNT;
}

/* A label in two states, or twice in one, would make rules depend on their
   order: that is what keeps every rule's target out of another job's source. */
static enum bk_rc check_labels(const struct bk_mapping *m, const struct bk_map *map,
			       struct bk_error *err)
{
	for (size_t state = 0; state < BK_STATE_COUNT; state++)
		for (size_t i = 0; i < m->states[state].count; i++) {
			size_t other = find_label(m, state, i);
			BK_CLEAN(bk_buf_clear) struct bk_buf label = BK_BUF_INIT;

			if (other == BK_STATE_COUNT)
				continue;
			bk_quote(&label, m->states[state].items[i]);
			(void)bk_error_set(err, BK_E_CONFIG, "the label %s stands in %s already",
					   bk_buf_cstr(&label), bk_state_names[other]);
			return at(map, BK_MAP_STATE + state, err);
		}
	return BK_OK;
}

/* A key names a column once. */
static enum bk_rc check_key(const struct bk_mapping *m, const struct bk_map *map,
			    struct bk_error *err)
{
	for (size_t i = 1; i < m->key_count; i++)
		for (size_t n = 0; n < i; n++) {
			if (strcmp(m->keys[i], m->keys[n]) != 0)
				continue;
			(void)bk_error_set(err, BK_E_CONFIG, "names \"%s\" twice", m->keys[i]);
			return at(map, BK_MAP_KEY, err);
		}
	return BK_OK;
}

static enum bk_rc twice(const struct bk_map *map, size_t index, size_t other, struct bk_error *err)
{
	(void)bk_error_set(err, BK_E_CONFIG, "the column serves as %s too",
			   bk_map_keys[other].name);
	return at(map, index, err);
}

/* True when the column that `index` names also stands in the key, or under
   another name; *ret says which. */
static bool used_twice(const struct bk_map *map, size_t index, size_t *ret)
{
	const char *column = item_of(map, index);

	for (size_t i = BK_MAP_KEY; column && i <= BK_MAP_UPDATED; i++) {
		size_t count;
		const char *const *items = bk_map_items(map, i, &count);

		for (size_t n = 0; i != index && n < count; n++) {
			if (strcmp(items[n], column) == 0 && !bk_map_is_word(i)) {
				*ret = i;
				return true;
			}
		}
	}
	return false;
}

/* The columns that bk writes must serve for nothing else, and start and end
   must differ. Start may well be part of the key. */
static enum bk_rc check_columns(const struct bk_mapping *m, const struct bk_map *map,
				struct bk_error *err)
{
	static const enum bk_map_index written[] = {BK_MAP_STATUS, BK_MAP_UPDATED};
	size_t other = BK_MAP_COUNT;

	for (size_t i = 0; i < BK_COUNT(written); i++)
		if (used_twice(map, written[i], &other))
			return twice(map, written[i], other, err);
	if (m->end && strcmp(m->start, m->end) == 0)
		return twice(map, BK_MAP_END, BK_MAP_START, err);
	return check_key(m, map, err);
}

static void copy_names(const struct bk_map *map, struct bk_mapping *m)
{
	size_t count;
	const char *const *items = bk_map_items(map, BK_MAP_KEY, &count);

	m->keys = copy_items(items, count);
	m->key_count = count;
	m->status = bk_strdup(item_of(map, BK_MAP_STATUS));
	m->start = bk_strdup(item_of(map, BK_MAP_START));
	m->end = bk_strdup(item_of(map, BK_MAP_END));
	m->check_in = bk_strdup(item_of(map, BK_MAP_CHECK_IN));
	m->hold = bk_strdup(item_of(map, BK_MAP_HOLD));
	m->grace = bk_strdup(item_of(map, BK_MAP_GRACE));
	m->updated = bk_strdup(item_of(map, BK_MAP_UPDATED));
	for (size_t i = 0; i < BK_STATE_COUNT; i++) {
		items = bk_map_items(map, BK_MAP_STATE + i, &count);
		m->states[i].items = copy_items(items, count);
		m->states[i].count = count;
	}
}

enum bk_rc bk_map_build(const struct bk_map *map, struct bk_mapping *ret, struct bk_error *err)
{
	BK_CLEAN(bk_mapping_clear) struct bk_mapping m = {0};
	enum bk_rc rc;

	if ((rc = check_required(map, err)))
		return rc;
	if ((rc = split_table(item_of(map, BK_MAP_TABLE), &m.table_schema, &m.table_name, err)))
		return rc;
	copy_names(map, &m);
	m.grace_unit = (enum bk_grace_unit)word_of(map, BK_MAP_GRACE_UNIT);
	m.check_in_mode = (enum bk_check_in_mode)word_of(map, BK_MAP_MODE);
	m.accept_late = word_of(map, BK_MAP_LATE);
	m.missed_expires = word_of(map, BK_MAP_MISSED);
	if ((rc = check_labels(&m, map, err)))
		return rc;
	if ((rc = check_columns(&m, map, err)))
		return rc;
	*ret = m;
	m = (struct bk_mapping){0};
	return BK_OK;
}
