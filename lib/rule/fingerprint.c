/*
 * The hash of a mapping; see table.h.
 */
#include "rule/table.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"

/* FNV-1a over every text of the mapping with a mark between them. */
static void mix(uint64_t *hash, const char *text)
{
	for (const char *p = text ? text : "\x01"; *p; p++)
		*hash = (*hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	*hash = (*hash ^ 0x1F) * UINT64_C(1099511628211);
}

static void mix_source(uint64_t *hash, const struct bk_source *source)
{
	mix(hash, source->column);
	mix(hash, source->expr);
	mix(hash, bk_source_type_names[source->type]);
}

static void mix_labels(uint64_t *hash, const struct bk_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		mix(hash, labels->items[i]);
}

static void mix_rule(uint64_t *hash, const struct bk_own_rule *rule)
{
	mix(hash, rule->name);
	mix(hash, rule->job);
	mix_labels(hash, &rule->from);
	mix(hash, rule->to);
	mix_source(hash, &rule->due);
	mix_source(hash, &rule->scan);
	mix_source(hash, &rule->until);
	mix(hash, rule->where);
	mix_labels(hash, &rule->set);
	mix(hash, rule->on_undo);
}

void bk_mapping_fingerprint(const struct bk_mapping *m, int64_t hour, char ret[BK_FINGERPRINT_SIZE])
{
	const char *texts[] = {m->table_schema, m->table_name, m->status,      m->zone,
			       m->where,        m->no_show_if, m->after_batch, m->on_undo};
	const struct bk_source *sources[] = {&m->start,      &m->end,      &m->check_in,
					     &m->hold,       &m->grace,    &m->updated,
					     &m->start_scan, &m->end_scan, &m->hold_scan};
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < BK_COUNT(texts); i++)
		mix(&hash, texts[i]);
	for (size_t i = 0; i < BK_COUNT(sources); i++)
		mix_source(&hash, sources[i]);
	mix_labels(&hash, &m->set);
	for (size_t i = 0; i < m->rule_count; i++)
		mix_rule(&hash, &m->rules[i]);
	for (size_t i = 0; i < m->extra_count; i++) {
		mix(&hash, m->extras[i].job);
		mix_labels(&hash, &m->extras[i].set);
		mix(&hash, m->extras[i].after_batch);
		mix(&hash, m->extras[i].on_undo);
	}
	mix(&hash, m->grace_unit == BK_GRACE_INTERVAL ? "interval" : "number");
	for (size_t i = 0; i < m->key_count; i++)
		mix(&hash, m->keys[i]);
	for (int s = 0; s < BK_STATE_COUNT; s++) {
		mix(&hash, bk_state_names[s]);
		for (size_t i = 0; i < m->states[s].count; i++)
			mix(&hash, m->states[s].items[i]);
	}
	hash = (hash ^ (uint64_t)hour) * UINT64_C(1099511628211);
	(void)snprintf(ret, BK_FINGERPRINT_SIZE, "%016" PRIx64, hash);
}
