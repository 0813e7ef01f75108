/*
 * The section bookings { } before it becomes a struct bk_mapping: the table of
 * its keys, the values as the files gave them with their origins, and the step
 * from one to the other. Values come from files only; the profile's overlay
 * replaces single keys.
 *
 * Without any bookings section the mapping is that of the reference table. With
 * one, nothing of the reference table is assumed: a column that is not given
 * is not mapped, a state that is not given does not exist.
 */
#ifndef BK_CONF_MAP_H
#define BK_CONF_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "conf/keys.h"
#include "conf/mapping.h"

#define BK_MAP_SECTION "bookings"
#define BK_MAP_STATES "bookings.states"

enum bk_map_index {
	BK_MAP_TABLE,
	BK_MAP_KEY,
	BK_MAP_STATUS,
	BK_MAP_START,
	BK_MAP_END,
	BK_MAP_CHECK_IN,
	BK_MAP_HOLD,
	BK_MAP_GRACE,
	BK_MAP_GRACE_UNIT,
	BK_MAP_UPDATED,
	BK_MAP_START_SCAN,
	BK_MAP_END_SCAN,
	BK_MAP_HOLD_SCAN,
	BK_MAP_TIME_ZONE,
	BK_MAP_WHERE,
	BK_MAP_NO_SHOW_IF,
	BK_MAP_SET,
	BK_MAP_SESSION,
	BK_MAP_AFTER_BATCH,
	BK_MAP_ON_UNDO,
	BK_MAP_RLS,
	BK_MAP_VOLATILE,
	BK_MAP_MODE,
	BK_MAP_LATE,
	BK_MAP_MISSED,
	BK_MAP_STATE, /* the first of BK_STATE_COUNT, in the order of enum bk_state */
	BK_MAP_COUNT = BK_MAP_STATE + BK_STATE_COUNT
};

/* name is the full one, "bookings.states.pending"; fallback is the reference
   table's. */
extern const struct bk_key bk_map_keys[BK_MAP_COUNT];

/* Keys of rule NAME { }, and those of a job's section that are no settings; names are leaves. */
enum bk_rule_key {
	BK_RULE_JOB,
	BK_RULE_FROM,
	BK_RULE_TO,
	BK_RULE_DUE,
	BK_RULE_SCAN,
	BK_RULE_UNTIL,
	BK_RULE_WHERE,
	BK_RULE_SET,
	BK_RULE_MAX_AGE,
	BK_RULE_ON_UNDO,
	BK_RULE_KEY_COUNT
};
enum bk_extra_key { BK_EXTRA_SET, BK_EXTRA_AFTER_BATCH, BK_EXTRA_ON_UNDO, BK_EXTRA_KEY_COUNT };
extern const struct bk_key bk_rule_keys[BK_RULE_KEY_COUNT];
extern const struct bk_key bk_extra_keys[BK_EXTRA_KEY_COUNT];

/* True for a key whose value is a list. */
bool bk_map_is_list(size_t index);
/* True for a key that has its fallback in any mapping: the words. */
bool bk_map_is_word(size_t index);

struct bk_map_value {
	struct bk_labels labels;
	char *origin; /* "FILE:LINE"; NULL = not given */
};

struct bk_map_rule {
	char *name;
	char *origin;
	struct bk_map_value values[BK_RULE_KEY_COUNT];
};

struct bk_map_extra {
	char *job;
	struct bk_map_value values[BK_EXTRA_KEY_COUNT];
};

struct bk_map {
	char *origin; /* of the first bookings section; NULL = there is none */
	char *states; /* the same of states { } inside it */
	struct bk_map_value values[BK_MAP_COUNT];
	struct bk_map_rule *rules;
	size_t rule_count;
	struct bk_map_extra *extras;
	size_t extra_count;
};

void bk_map_clear(struct bk_map *map);

/* Notes that there is a section of that name. */
void bk_map_begin(struct bk_map *map, const char *section, const char *origin);

/* Checks and keeps the value of one key. Messages do not name key or origin. */
enum bk_rc bk_map_set(struct bk_map *map, size_t index, const char *const *items, size_t count,
		      const char *origin, struct bk_error *err) BK_NODISCARD;

/* The rule of that name, or the job's further keys: made where there are none yet. */
struct bk_map_rule *bk_map_rule(struct bk_map *map, const char *name, const char *origin);
struct bk_map_extra *bk_map_extra(struct bk_map *map, const char *job);
/* As bk_map_set(). */
enum bk_rc bk_map_rule_set(struct bk_map_rule *rule, size_t index, const char *const *items,
			   size_t count, const char *origin, struct bk_error *err) BK_NODISCARD;
enum bk_rc bk_map_extra_set(struct bk_map_extra *extra, size_t index, const char *const *items,
			    size_t count, const char *origin, struct bk_error *err) BK_NODISCARD;

/* "name", "schema.name", either part quoted as in SQL. */
enum bk_rc bk_map_split_table(const char *text, char **ret_schema, char **ret_name,
			      struct bk_error *err) BK_NODISCARD;

/* The mapping from what was given, grace_ms left 0. Names a required key that is
   missing, a label in two states, a column that cannot serve twice. */
enum bk_rc bk_map_build(const struct bk_map *map, struct bk_mapping *ret,
			struct bk_error *err) BK_NODISCARD;

/* Where the key comes from, for messages: its origin, the section's, or "default". */
const char *bk_map_origin(const struct bk_map *map, size_t index);

/* The same of the section as a whole. */
const char *bk_map_section(const struct bk_map *map);

/* The effective items of a key, which may be none; *ret_count says how many. */
const char *const *bk_map_items(const struct bk_map *map, size_t index, size_t *ret_count);

#endif
