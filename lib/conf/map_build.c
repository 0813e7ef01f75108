/*
 * From the values of bookings { } and rule { } to a mapping, and what contradicts
 * itself in them; see map.h.
 */
#include "conf/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

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
enum bk_rc bk_map_split_table(const char *text, char **ret_schema, char **ret_name,
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

/* Every column that the mapping names, and the key that names it. */
struct named {
	size_t index;
	const char *column;
};

static size_t list_columns(const struct bk_mapping *m, struct named *ret)
{
	const struct named all[] = {
		{BK_MAP_STATUS, m->status},          {BK_MAP_START, m->start.column},
		{BK_MAP_END, m->end.column},         {BK_MAP_CHECK_IN, m->check_in.column},
		{BK_MAP_HOLD, m->hold.column},       {BK_MAP_GRACE, m->grace.column},
		{BK_MAP_UPDATED, m->updated.column},
	};
	size_t n = 0;

	for (size_t i = 0; i < m->key_count; i++)
		ret[n++] = (struct named){BK_MAP_KEY, m->keys[i]};
	for (size_t i = 0; i < BK_COUNT(all); i++)
		if (all[i].column)
			ret[n++] = all[i];
	return n;
}

static bool is_range(const struct bk_source *source)
{
	return source->type == BK_SOURCE_RANGE || source->type == BK_SOURCE_TSRANGE ||
	       source->type == BK_SOURCE_DATERANGE;
}

/* The columns that bk writes must serve for nothing else, and start and end
   must differ. Start may well be part of the key. */
static enum bk_rc check_columns(const struct bk_mapping *m, const struct bk_map *map,
				struct bk_error *err)
{
	static const enum bk_map_index written[] = {BK_MAP_STATUS, BK_MAP_UPDATED};
	struct named *list = bk_calloc(m->key_count + BK_MAP_COUNT, sizeof(*list));
	size_t n = list_columns(m, list);
	enum bk_rc rc = BK_OK;

	for (size_t w = 0; w < BK_COUNT(written) && !rc; w++) {
		const char *column = w ? m->updated.column : m->status;

		for (size_t i = 0; i < n && !rc; i++)
			if (column && list[i].index != written[w] &&
			    strcmp(list[i].column, column) == 0)
				rc = twice(map, written[w], list[i].index, err);
	}
	free(list);
	if (!rc && m->start.column && m->end.column && !is_range(&m->end) &&
	    strcmp(m->start.column, m->end.column) == 0)
		rc = twice(map, BK_MAP_END, BK_MAP_START, err);
	return rc ? rc : check_key(m, map, err);
}

/* What stands before the equals sign of item i; free() it. */
static char *set_column(const struct bk_labels *set, size_t i)
{
	char *name = NULL;

	(void)bk_assignment_split(set->items[i], &name);
	return name;
}

/* A column of a set that is mapped, or set before. `common` is that of all jobs; NULL = this
   one is it. */
static enum bk_rc check_set(const struct bk_mapping *m, const struct bk_labels *set,
			    const struct bk_labels *common, const char *where, struct bk_error *err)
{
	struct named *list = bk_calloc(m->key_count + BK_MAP_COUNT, sizeof(*list));
	size_t named = list_columns(m, list);
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < set->count && !rc; i++) {
		BK_CLEAN(bk_free_str) char *column = set_column(set, i);

		for (size_t n = 0; n < named && !rc; n++)
			if (strcmp(list[n].column, column) == 0)
				rc = bk_error_set(err, BK_E_CONFIG,
						  "%s: set: column \"%s\" serves as %s", where,
						  column, bk_map_keys[list[n].index].name);
		for (size_t n = 0; n < i + (common ? common->count : 0) && !rc; n++) {
			BK_CLEAN(bk_free_str)
			char *other = n < i ? set_column(set, n) : set_column(common, n - i);

			if (strcmp(other, column) == 0)
				rc = bk_error_set(err, BK_E_CONFIG,
						  "%s: set: column \"%s\" is set twice", where,
						  column);
		}
	}
	free(list);
	return rc;
}

static enum bk_rc check_sets(const struct bk_mapping *m, const struct bk_map *map,
			     struct bk_error *err)
{
	enum bk_rc rc = check_set(m, &m->set, NULL, BK_MAP_SECTION, err);

	if (rc)
		return bk_error_prefix(err, "%s", bk_map_origin(map, BK_MAP_SET));
	for (size_t i = 0; i < m->extra_count && !rc; i++)
		rc = check_set(m, &m->extras[i].set, &m->set, m->extras[i].job, err);
	for (size_t i = 0; i < m->rule_count && !rc; i++) {
		const struct bk_own_rule *r = &m->rules[i];
		const struct bk_job_extra *extra = bk_mapping_extra(m, r->job);

		if ((rc = check_set(m, &r->set, &m->set, r->name, err)) ||
		    (extra && (rc = check_set(m, &r->set, &extra->set, r->name, err))))
			return bk_error_prefix(err, "%s: rule", r->origin);
	}
	return rc;
}

/* The value was checked when it was set, so it can be read. */
static void read_source(struct bk_source *ret, const char *text, enum bk_source_type fallback)
{
	struct bk_error ignored;

	if (text && bk_source_parse(text, fallback, ret, &ignored))
		bk_bug(__FILE__, __LINE__, text);
}

static void copy_sources(const struct bk_map *map, struct bk_mapping *m)
{
	const struct {
		size_t index;
		struct bk_source *to;
	} sources[] = {
		{BK_MAP_START, &m->start},       {BK_MAP_END, &m->end},
		{BK_MAP_CHECK_IN, &m->check_in}, {BK_MAP_HOLD, &m->hold},
		{BK_MAP_UPDATED, &m->updated},   {BK_MAP_START_SCAN, &m->start_scan},
		{BK_MAP_END_SCAN, &m->end_scan}, {BK_MAP_HOLD_SCAN, &m->hold_scan},
	};

	for (size_t i = 0; i < BK_COUNT(sources); i++)
		read_source(sources[i].to, item_of(map, sources[i].index), BK_SOURCE_TIMESTAMPTZ);
	m->grace_unit = (enum bk_grace_unit)word_of(map, BK_MAP_GRACE_UNIT);
	read_source(&m->grace, item_of(map, BK_MAP_GRACE),
		    m->grace_unit == BK_GRACE_INTERVAL ? BK_SOURCE_INTERVAL : BK_SOURCE_NUMBER);
	if (m->grace.type == BK_SOURCE_INTERVAL)
		m->grace_unit = BK_GRACE_INTERVAL;
}

static void copy_list(const struct bk_map *map, size_t index, struct bk_labels *to)
{
	size_t count;
	const char *const *items = bk_map_items(map, index, &count);

	bk_labels_copy(to, items, count);
}

static void copy_names(const struct bk_map *map, struct bk_mapping *m)
{
	struct bk_labels keys;

	copy_list(map, BK_MAP_KEY, &keys);
	m->keys = keys.items;
	m->key_count = keys.count;
	m->status = bk_strdup(item_of(map, BK_MAP_STATUS));
	m->zone = bk_strdup(item_of(map, BK_MAP_TIME_ZONE));
	m->where = bk_strdup(item_of(map, BK_MAP_WHERE));
	m->no_show_if = bk_strdup(item_of(map, BK_MAP_NO_SHOW_IF));
	m->after_batch = bk_strdup(item_of(map, BK_MAP_AFTER_BATCH));
	m->on_undo = bk_strdup(item_of(map, BK_MAP_ON_UNDO));
	m->rls_accepted = word_of(map, BK_MAP_RLS);
	m->volatile_accepted = word_of(map, BK_MAP_VOLATILE);
	m->check_in_mode = (enum bk_check_in_mode)word_of(map, BK_MAP_MODE);
	m->accept_late = word_of(map, BK_MAP_LATE);
	m->missed_expires = word_of(map, BK_MAP_MISSED);
	copy_list(map, BK_MAP_SET, &m->set);
	copy_list(map, BK_MAP_SESSION, &m->session);
	for (size_t i = 0; i < BK_STATE_COUNT; i++)
		copy_list(map, BK_MAP_STATE + i, &m->states[i]);
}

static const char *rule_item(const struct bk_map_rule *rule, size_t index)
{
	return rule->values[index].origin ? rule->values[index].labels.items[0] : NULL;
}

static void copy_labels(struct bk_labels *to, const struct bk_map_value *value)
{
	bk_labels_copy(to, (const char *const *)value->labels.items, value->labels.count);
}

static enum bk_rc build_rule(const struct bk_map_rule *from, struct bk_own_rule *to,
			     struct bk_error *err)
{
	static const enum bk_rule_key needed[] = {BK_RULE_JOB, BK_RULE_FROM, BK_RULE_TO,
						  BK_RULE_DUE};
	const char *max_age = rule_item(from, BK_RULE_MAX_AGE);
	struct bk_value value = {NULL, 0};

	for (size_t i = 0; i < BK_COUNT(needed); i++)
		if (!rule_item(from, needed[i]))
			return bk_error_set(err, BK_E_CONFIG, "%s: rule %s: %s is missing",
					    from->origin, from->name, bk_rule_keys[needed[i]].name);
	to->name = bk_strdup(from->name);
	to->origin = bk_strdup(from->origin);
	to->job = bk_strdup(rule_item(from, BK_RULE_JOB));
	to->to = bk_strdup(rule_item(from, BK_RULE_TO));
	to->where = bk_strdup(rule_item(from, BK_RULE_WHERE));
	to->on_undo = bk_strdup(rule_item(from, BK_RULE_ON_UNDO));
	copy_labels(&to->from, &from->values[BK_RULE_FROM]);
	copy_labels(&to->set, &from->values[BK_RULE_SET]);
	read_source(&to->due, rule_item(from, BK_RULE_DUE), BK_SOURCE_TIMESTAMPTZ);
	read_source(&to->scan, rule_item(from, BK_RULE_SCAN), BK_SOURCE_TIMESTAMPTZ);
	read_source(&to->until, rule_item(from, BK_RULE_UNTIL), BK_SOURCE_TIMESTAMPTZ);
	if (max_age && bk_key_parse(&bk_rule_keys[BK_RULE_MAX_AGE], max_age, &value, err))
		bk_bug(__FILE__, __LINE__, max_age);
	to->max_age_ms = value.number;
	free(value.text);
	return BK_OK;
}

static enum bk_rc build_rules(const struct bk_map *map, struct bk_mapping *m, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	m->rules = bk_calloc(map->rule_count, sizeof(*m->rules));
	for (size_t i = 0; i < map->rule_count && !rc; i++) {
		m->rule_count++;
		rc = build_rule(&map->rules[i], &m->rules[i], err);
	}
	return rc;
}

static void build_extras(const struct bk_map *map, struct bk_mapping *m)
{
	m->extras = bk_calloc(map->extra_count, sizeof(*m->extras));
	m->extra_count = map->extra_count;
	for (size_t i = 0; i < map->extra_count; i++) {
		const struct bk_map_extra *e = &map->extras[i];
		const struct bk_map_value *after = &e->values[BK_EXTRA_AFTER_BATCH];
		const struct bk_map_value *undo = &e->values[BK_EXTRA_ON_UNDO];

		m->extras[i].job = bk_strdup(e->job);
		copy_labels(&m->extras[i].set, &e->values[BK_EXTRA_SET]);
		m->extras[i].after_batch = after->origin ? bk_strdup(after->labels.items[0]) : NULL;
		m->extras[i].on_undo = undo->origin ? bk_strdup(undo->labels.items[0]) : NULL;
	}
}

static bool is_local(const struct bk_source *s)
{
	return bk_is_mapped(s) && (s->type == BK_SOURCE_TIMESTAMP || s->type == BK_SOURCE_DATE ||
				   s->type == BK_SOURCE_TSRANGE || s->type == BK_SOURCE_DATERANGE);
}

/* Local times mean nothing without a zone. */
static enum bk_rc check_zone(const struct bk_mapping *m, const struct bk_map *map,
			     struct bk_error *err)
{
	const struct named_source {
		size_t index;
		const struct bk_source *source;
	} sources[] = {
		{BK_MAP_START, &m->start},       {BK_MAP_END, &m->end},
		{BK_MAP_CHECK_IN, &m->check_in}, {BK_MAP_HOLD, &m->hold},
		{BK_MAP_UPDATED, &m->updated},   {BK_MAP_START_SCAN, &m->start_scan},
		{BK_MAP_END_SCAN, &m->end_scan}, {BK_MAP_HOLD_SCAN, &m->hold_scan},
	};

	for (size_t i = 0; i < BK_COUNT(sources) && !m->zone; i++) {
		if (!is_local(sources[i].source))
			continue;
		(void)bk_error_set(err, BK_E_CONFIG, "is local time, but there is no time-zone");
		(void)bk_error_hint(err, "write for example time-zone = \"Europe/Berlin\" inside "
					 "bookings { }");
		return at(map, sources[i].index, err);
	}
	for (size_t i = 0; i < m->rule_count && !m->zone; i++)
		if (is_local(&m->rules[i].due) || is_local(&m->rules[i].scan) ||
		    is_local(&m->rules[i].until))
			return bk_error_set(err, BK_E_CONFIG,
					    "%s: rule %s: has local times, but bookings.time-zone "
					    "is not set",
					    m->rules[i].origin, m->rules[i].name);
	return BK_OK;
}

enum bk_rc bk_map_build(const struct bk_map *map, struct bk_mapping *ret, struct bk_error *err)
{
	BK_CLEAN(bk_mapping_clear) struct bk_mapping m = {0};
	enum bk_rc rc;

	if ((rc = check_required(map, err)))
		return rc;
	if ((rc = bk_map_split_table(item_of(map, BK_MAP_TABLE), &m.table_schema, &m.table_name,
				     err)))
		return rc;
	copy_names(map, &m);
	copy_sources(map, &m);
	build_extras(map, &m);
	if ((rc = build_rules(map, &m, err)) || (rc = check_labels(&m, map, err)) ||
	    (rc = check_columns(&m, map, err)) || (rc = check_zone(&m, map, err)) ||
	    (rc = check_sets(&m, map, err)))
		return rc;
	*ret = m;
	m = (struct bk_mapping){0};
	return BK_OK;
}
