/*
 * The keys of bookings { } and how they become a mapping; see map.h.
 */
#include "conf/map.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

static const char *const grace_units[] = {"seconds", "minutes", "hours", "interval", NULL};
static const char *const modes[] = {"tracked", "untracked", "app", NULL};
static const char *const late[] = {"reject", "accept", NULL};
static const char *const missed[] = {"completed", "expired", NULL};
static const char *const row_security[] = {"refuse", "accepted", NULL};
static const char *const no_yes[] = {"no", "yes", NULL};

/* Long enough for a sub-select; a line of a file is all that it may be. */
enum { MAX_SQL = 8192 };

#define COLUMN(name, fallback, help)                                                               \
	{                                                                                          \
		BK_MAP_SECTION "." name, BK_KEY_NAME, fallback, 0, 0, NULL, BK_FROM_FILE, help     \
	}
#define TEXT(name, fallback, help)                                                                 \
	{                                                                                          \
		BK_MAP_SECTION "." name, BK_KEY_STRING, fallback, 0, MAX_SQL, NULL, BK_FROM_FILE,  \
			help                                                                       \
	}
#define WORD(name, fallback, words, help)                                                          \
	{                                                                                          \
		BK_MAP_SECTION "." name, BK_KEY_ENUM, fallback, 0, 0, words, BK_FROM_FILE, help    \
	}
#define STATE(name, fallback, help)                                                                \
	{                                                                                          \
		BK_MAP_STATES "." name, BK_KEY_STRING, fallback, 0, 0, NULL, BK_FROM_FILE, help    \
	}
#define LEAF(name, type, min, max, help)                                                           \
	{                                                                                          \
		name, type, NULL, min, max, NULL, BK_FROM_FILE, help                               \
	}

const struct bk_key bk_map_keys[BK_MAP_COUNT] = {
	[BK_MAP_TABLE] = {BK_MAP_SECTION ".table", BK_KEY_STRING, "public.bookings", 0, 0, NULL,
			  BK_FROM_FILE, "table of the bookings, schema.name"},
	[BK_MAP_KEY] = COLUMN("key", "id", "columns of the primary key"),
	[BK_MAP_STATUS] = COLUMN("status", "status", "column of the state"),
	[BK_MAP_START] = TEXT("start", "starts_at", "column of the start"),
	[BK_MAP_END] = TEXT("end", "ends_at", "column of the end; NULL in it = open-ended"),
	[BK_MAP_CHECK_IN] = TEXT("check-in", "checked_in_at", "column of the check-in"),
	[BK_MAP_HOLD] = TEXT("hold", "hold_expires_at", "column of an unconfirmed hold's deadline"),
	[BK_MAP_GRACE] = TEXT("grace", "grace_minutes", "column of a booking's own grace"),
	[BK_MAP_GRACE_UNIT] = WORD("grace-unit", "minutes", grace_units, "unit of that column"),
	[BK_MAP_UPDATED] = TEXT("updated", "updated_at", "column set to the time of a change"),
	[BK_MAP_START_SCAN] = TEXT("start-scan", NULL, "column never later than start"),
	[BK_MAP_END_SCAN] = TEXT("end-scan", NULL, "column never later than end"),
	[BK_MAP_HOLD_SCAN] = TEXT("hold-scan", NULL, "column never later than hold"),
	[BK_MAP_TIME_ZONE] = TEXT("time-zone", NULL, "zone of times that have none"),
	[BK_MAP_WHERE] = TEXT("where", NULL, "what is a booking at all"),
	[BK_MAP_NO_SHOW_IF] = TEXT("no-show-if", NULL, "which bookings may be no-shows"),
	[BK_MAP_SET] = TEXT("set", NULL, "further columns set with each change"),
	[BK_MAP_SESSION] = TEXT("session", NULL, "settings of each batch's transaction"),
	[BK_MAP_AFTER_BATCH] = TEXT("after-batch", NULL, "statement run with each batch"),
	[BK_MAP_ON_UNDO] = TEXT("on-undo", NULL, "statement run with each batch of an undo"),
	[BK_MAP_RLS] = WORD("rls", "refuse", row_security, "row-level security that hides rows"),
	[BK_MAP_VOLATILE] = WORD("volatile", "no", no_yes,
				 "whether SQL may call VOLATILE functions"),
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

const struct bk_key bk_rule_keys[BK_RULE_KEY_COUNT] = {
	[BK_RULE_JOB] = LEAF("job", BK_KEY_STRING, 0, 0, "job that the rule belongs to"),
	[BK_RULE_FROM] = LEAF("from", BK_KEY_STRING, 0, 0, "labels that it takes bookings from"),
	[BK_RULE_TO] = LEAF("to", BK_KEY_STRING, 0, 0, "label that it gives them"),
	[BK_RULE_DUE] = LEAF("due", BK_KEY_STRING, 0, MAX_SQL, "instant from which it applies"),
	[BK_RULE_SCAN] = LEAF("scan", BK_KEY_STRING, 0, 0, "column never later than due"),
	[BK_RULE_UNTIL] = LEAF("until", BK_KEY_STRING, 0, MAX_SQL,
			       "instant from which it no longer applies"),
	[BK_RULE_WHERE] = LEAF("where", BK_KEY_STRING, 0, MAX_SQL, "which bookings it applies to"),
	[BK_RULE_SET] = LEAF("set", BK_KEY_STRING, 0, MAX_SQL, "further columns that it sets"),
	[BK_RULE_MAX_AGE] = LEAF("max-age", BK_KEY_DURATION, 60000, INT64_C(3153600000000),
				 "bookings due for longer are left alone"),
	[BK_RULE_ON_UNDO] = LEAF("on-undo", BK_KEY_STRING, 0, MAX_SQL,
				 "statement run where its changes are taken back"),
};

const struct bk_key bk_extra_keys[BK_EXTRA_KEY_COUNT] = {
	[BK_EXTRA_SET] = LEAF("set", BK_KEY_STRING, 0, MAX_SQL,
			      "further columns that the job sets"),
	[BK_EXTRA_AFTER_BATCH] = LEAF("after-batch", BK_KEY_STRING, 0, MAX_SQL,
				      "statement run with each batch"),
	[BK_EXTRA_ON_UNDO] = LEAF("on-undo", BK_KEY_STRING, 0, MAX_SQL,
				  "statement run with each batch of an undo"),
};

bool bk_map_is_list(size_t index)
{
	return index == BK_MAP_KEY || index == BK_MAP_SET || index == BK_MAP_SESSION ||
	       index >= BK_MAP_STATE;
}

bool bk_map_is_word(size_t index)
{
	return bk_map_keys[index].type == BK_KEY_ENUM;
}

static void clear_value(struct bk_map_value *value)
{
	bk_labels_clear(&value->labels);
	free(value->origin);
	value->origin = NULL;
}

static void put_value(struct bk_map_value *value, const char *const *items, size_t count,
		      const char *origin)
{
	clear_value(value);
	bk_labels_copy(&value->labels, items, count);
	value->origin = bk_strdup(origin);
}

void bk_map_clear(struct bk_map *map)
{
	for (size_t i = 0; i < BK_MAP_COUNT; i++)
		clear_value(&map->values[i]);
	for (size_t r = 0; r < map->rule_count; r++) {
		for (size_t i = 0; i < BK_RULE_KEY_COUNT; i++)
			clear_value(&map->rules[r].values[i]);
		free(map->rules[r].name);
		free(map->rules[r].origin);
	}
	for (size_t e = 0; e < map->extra_count; e++) {
		for (size_t i = 0; i < BK_EXTRA_KEY_COUNT; i++)
			clear_value(&map->extras[e].values[i]);
		free(map->extras[e].job);
	}
	free(map->rules);
	free(map->extras);
	free(map->origin);
	free(map->states);
	*map = (struct bk_map){0};
}

struct bk_map_rule *bk_map_rule(struct bk_map *map, const char *name, const char *origin)
{
	struct bk_map_rule *rule;

	for (size_t i = 0; i < map->rule_count; i++)
		if (strcmp(map->rules[i].name, name) == 0)
			return &map->rules[i];
	map->rules = bk_realloc(map->rules, map->rule_count + 1, sizeof(*map->rules));
	rule = &map->rules[map->rule_count++];
	*rule = (struct bk_map_rule){.name = bk_strdup(name), .origin = bk_strdup(origin)};
	return rule;
}

struct bk_map_extra *bk_map_extra(struct bk_map *map, const char *job)
{
	struct bk_map_extra *extra;

	for (size_t i = 0; i < map->extra_count; i++)
		if (strcmp(map->extras[i].job, job) == 0)
			return &map->extras[i];
	map->extras = bk_realloc(map->extras, map->extra_count + 1, sizeof(*map->extras));
	extra = &map->extras[map->extra_count++];
	*extra = (struct bk_map_extra){.job = bk_strdup(job)};
	return extra;
}

void bk_map_begin(struct bk_map *map, const char *section, const char *origin)
{
	char **slot = strcmp(section, BK_MAP_STATES) == 0 ? &map->states : &map->origin;

	if (!*slot)
		*slot = bk_strdup(origin);
}

#define ANY_TIME                                                                                   \
	(1U << BK_SOURCE_TIMESTAMPTZ | 1U << BK_SOURCE_TIMESTAMP | 1U << BK_SOURCE_DATE |          \
	 1U << BK_SOURCE_SECONDS | 1U << BK_SOURCE_MILLISECONDS)
#define ANY_RANGE (1U << BK_SOURCE_RANGE | 1U << BK_SOURCE_TSRANGE | 1U << BK_SOURCE_DATERANGE)

/* What a source may be: its types, the one it is without "::", whether only a column. */
struct source_kind {
	unsigned types; /* 0 = it is no source */
	enum bk_source_type fallback;
	bool column;
};

static const struct source_kind map_kinds[BK_MAP_COUNT] = {
	[BK_MAP_START] = {ANY_TIME | ANY_RANGE, BK_SOURCE_TIMESTAMPTZ, false},
	[BK_MAP_END] = {ANY_TIME | ANY_RANGE, BK_SOURCE_TIMESTAMPTZ, false},
	[BK_MAP_CHECK_IN] = {ANY_TIME | 1U << BK_SOURCE_FLAG, BK_SOURCE_TIMESTAMPTZ, false},
	[BK_MAP_HOLD] = {ANY_TIME, BK_SOURCE_TIMESTAMPTZ, false},
	[BK_MAP_GRACE] = {1U << BK_SOURCE_NUMBER | 1U << BK_SOURCE_INTERVAL, BK_SOURCE_NUMBER,
			  false},
	[BK_MAP_UPDATED] = {ANY_TIME, BK_SOURCE_TIMESTAMPTZ, true},
	[BK_MAP_START_SCAN] = {ANY_TIME, BK_SOURCE_TIMESTAMPTZ, true},
	[BK_MAP_END_SCAN] = {ANY_TIME, BK_SOURCE_TIMESTAMPTZ, true},
	[BK_MAP_HOLD_SCAN] = {ANY_TIME, BK_SOURCE_TIMESTAMPTZ, true},
};

static const struct source_kind rule_kinds[BK_RULE_KEY_COUNT] = {
	[BK_RULE_DUE] = {ANY_TIME, BK_SOURCE_TIMESTAMPTZ, false},
	[BK_RULE_SCAN] = {ANY_TIME, BK_SOURCE_TIMESTAMPTZ, true},
	[BK_RULE_UNTIL] = {ANY_TIME, BK_SOURCE_TIMESTAMPTZ, false},
};

static enum bk_rc check_source(const struct source_kind *kind, const char *item,
			       struct bk_error *err)
{
	BK_CLEAN(bk_source_clear) struct bk_source source = {NULL, NULL, BK_SOURCE_TIMESTAMPTZ};
	enum bk_rc rc = bk_source_parse(item, kind->fallback, &source, err);

	if (rc)
		return rc;
	if (kind->column && source.expr)
		return bk_error_set(err, BK_E_CONFIG, "must name a column, no expression");
	if (!(kind->types & 1U << source.type))
		return bk_error_set(err, BK_E_CONFIG, "cannot be of type %s",
				    bk_source_type_names[source.type]);
	return BK_OK;
}

static enum bk_rc check_condition(const char *item, struct bk_error *err)
{
	BK_CLEAN(bk_source_clear) struct bk_source source = {NULL, NULL, BK_SOURCE_FLAG};
	enum bk_rc rc = bk_source_parse(item, BK_SOURCE_FLAG, &source, err);

	if (rc)
		return rc;
	if (source.expr && source.type == BK_SOURCE_FLAG)
		return BK_OK;
	(void)bk_error_set(err, BK_E_CONFIG, "is no SQL condition in brackets");
	return bk_error_hint(err, "write (%s), with b for the booking: (b.deleted_at IS NULL)",
			     item);
}

static enum bk_rc check_assignment(const char *item, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *name = NULL;
	const char *equals = bk_assignment_split(item, &name);

	if (equals && strlen(name) <= 63 && equals[1 + strspn(equals + 1, " ")])
		return bk_sql_check_text(equals + 1, err);
	(void)bk_error_set(err, BK_E_CONFIG, "has an item that is not of the form name = value");
	return bk_error_hint(err, "write for example {\"changed_by = 'bk'\"}");
}

static enum bk_rc check_statement(const char *item, struct bk_error *err)
{
	static const char *const verbs[] = {"INSERT ", "UPDATE ", "DELETE ", "SELECT ", "MERGE "};

	for (size_t i = 0; i < BK_COUNT(verbs); i++)
		if (strncasecmp(item, verbs[i], strlen(verbs[i])) == 0)
			return bk_sql_check_text(item, err);
	return bk_error_set(err, BK_E_CONFIG,
			    "must begin with INSERT, UPDATE, DELETE, MERGE or SELECT");
}

static enum bk_rc check_zone(const char *item, struct bk_error *err)
{
	return *item == '(' ? check_condition(item, err) : BK_OK;
}

static enum bk_rc check_table(const char *item, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *schema = NULL;
	BK_CLEAN(bk_free_str) char *name = NULL;

	return bk_map_split_table(item, &schema, &name, err);
}

typedef enum bk_rc (*check_fn)(const char *item, struct bk_error *err);

static const check_fn map_checks[BK_MAP_COUNT] = {
	[BK_MAP_TABLE] = check_table,           [BK_MAP_WHERE] = check_condition,
	[BK_MAP_NO_SHOW_IF] = check_condition,  [BK_MAP_TIME_ZONE] = check_zone,
	[BK_MAP_SET] = check_assignment,        [BK_MAP_SESSION] = check_assignment,
	[BK_MAP_AFTER_BATCH] = check_statement, [BK_MAP_ON_UNDO] = check_statement,
};
static const check_fn rule_checks[BK_RULE_KEY_COUNT] = {
	[BK_RULE_WHERE] = check_condition,
	[BK_RULE_SET] = check_assignment,
	[BK_RULE_ON_UNDO] = check_statement,
};
static const check_fn extra_checks[BK_EXTRA_KEY_COUNT] = {
	[BK_EXTRA_SET] = check_assignment,
	[BK_EXTRA_AFTER_BATCH] = check_statement,
	[BK_EXTRA_ON_UNDO] = check_statement,
};

/* `kind` and `check` may be empty. */
static enum bk_rc check_items(const struct bk_key *key, const struct source_kind *kind,
			      check_fn check, const char *const *items, size_t count,
			      struct bk_error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct bk_value value;
		enum bk_rc rc = bk_key_parse(key, items[i], &value, err);

		if (rc)
			return rc;
		free(value.text);
		if (kind && kind->types && (rc = check_source(kind, items[i], err)))
			return rc;
		if (check && (rc = check(items[i], err)))
			return rc;
	}
	return BK_OK;
}

enum bk_rc bk_map_set(struct bk_map *map, size_t index, const char *const *items, size_t count,
		      const char *origin, struct bk_error *err)
{
	enum bk_rc rc;

	/* An empty list of states says that the company has no such state. */
	if (!count && index < BK_MAP_STATE)
		return bk_error_set(err, BK_E_CONFIG, "is empty");
	if ((rc = check_items(&bk_map_keys[index], &map_kinds[index], map_checks[index], items,
			      count, err)))
		return rc;
	put_value(&map->values[index], items, count, origin);
	return BK_OK;
}

enum bk_rc bk_map_rule_set(struct bk_map_rule *rule, size_t index, const char *const *items,
			   size_t count, const char *origin, struct bk_error *err)
{
	enum bk_rc rc;

	if (!count)
		return bk_error_set(err, BK_E_CONFIG, "is empty");
	if ((rc = check_items(&bk_rule_keys[index], &rule_kinds[index], rule_checks[index], items,
			      count, err)))
		return rc;
	put_value(&rule->values[index], items, count, origin);
	return BK_OK;
}

enum bk_rc bk_map_extra_set(struct bk_map_extra *extra, size_t index, const char *const *items,
			    size_t count, const char *origin, struct bk_error *err)
{
	enum bk_rc rc = check_items(&bk_extra_keys[index], NULL, extra_checks[index], items, count,
				    err);

	if (!rc)
		put_value(&extra->values[index], items, count, origin);
	return rc;
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
		*ret_count = value->labels.count;
		return (const char *const *)value->labels.items;
	}
	*ret_count = bk_map_keys[index].fallback && (!map->origin || bk_map_is_word(index));
	return &bk_map_keys[index].fallback;
}
