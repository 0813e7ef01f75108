/*
 * A booking looked up; see looked.h.
 */
#include "looked.h"

#include <check.h>
#include <string.h>

struct bk_lookup looked;

void looked_open(void)
{
	rig_open();
}

void looked_close(void)
{
	bk_lookup_clear(&looked);
	rig_close();
}

enum bk_rc look_up(const char *const *keys)
{
	bk_lookup_clear(&looked);
	return bk_view_booking(pg_db, rig.conf, keys, &looked, &rig.err);
}

void look(const char *key)
{
	ck_assert_msg(!look_up(&key), "%s", rig.err.message);
}

const struct bk_value_view *looked_field(const char *name)
{
	for (size_t i = 0; i < looked.value_count; i++)
		if (strcmp(looked.values[i].name, name) == 0)
			return &looked.values[i];
	ck_abort_msg("no %s", name);
	return NULL;
}

const char *looked_value(const char *name)
{
	return looked_field(name)->value;
}

static const struct bk_rule_view *find(const char *rule)
{
	for (size_t i = 0; i < looked.rule_count; i++)
		if (strcmp(looked.rules[i].rule, rule) == 0)
			return &looked.rules[i];
	return NULL;
}

const char *looked_verdict(const char *rule)
{
	const struct bk_rule_view *r = find(rule);

	if (!r)
		return "";
	return r->applies ? "applies" : r->reason;
}

const struct bk_rule_view *looked_rule(const char *rule)
{
	const struct bk_rule_view *r = find(rule);

	ck_assert_msg(r != NULL, "no rule %s", rule);
	return r;
}

void looked_booking(const char *row)
{
	side_exec(rig.side,
		  "TRUNCATE bookings; INSERT INTO bookings (id, status, starts_at, ends_at,"
		  " checked_in_at, hold_expires_at, grace_minutes) SELECT 1, %s",
		  row);
}
