/*
 * The plain mapping: its words, its sources, its end; see mapping.h.
 */
#include "conf/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *const bk_state_names[BK_STATE_COUNT + 1] = {
	"pending", "confirmed", "active", "completed", "no-show", "expired", "cancelled", NULL,
};

const char *const bk_source_type_names[BK_SOURCE_TYPE_COUNT + 1] = {
	"timestamptz", "timestamp", "date", "seconds", "milliseconds", "range",
	"tsrange",     "daterange", "flag", "number",  "interval",     NULL,
};

void bk_source_clear(struct bk_source *source)
{
	free(source->column);
	free(source->expr);
	*source = (struct bk_source){NULL, NULL, BK_SOURCE_TIMESTAMPTZ};
}

void bk_labels_clear(struct bk_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		free(labels->items[i]);
	free(labels->items);
	*labels = (struct bk_labels){NULL, 0};
}

void bk_labels_copy(struct bk_labels *to, const char *const *items, size_t count)
{
	to->items = bk_calloc(count, sizeof(*to->items));
	to->count = count;
	for (size_t i = 0; i < count; i++)
		to->items[i] = bk_strdup(items[i]);
}

static void clear_rule(struct bk_own_rule *rule)
{
	free(rule->name);
	free(rule->origin);
	free(rule->job);
	free(rule->to);
	free(rule->where);
	bk_labels_clear(&rule->from);
	bk_labels_clear(&rule->set);
	bk_source_clear(&rule->due);
	bk_source_clear(&rule->scan);
	bk_source_clear(&rule->until);
	free(rule->on_undo);
}

void bk_mapping_clear(struct bk_mapping *m)
{
	char *texts[] = {m->table_schema, m->table_name, m->status,      m->zone,
			 m->where,        m->no_show_if, m->after_batch, m->on_undo};
	struct bk_source *sources[] = {&m->start,      &m->end,      &m->check_in,
				       &m->hold,       &m->grace,    &m->updated,
				       &m->start_scan, &m->end_scan, &m->hold_scan};

	for (size_t i = 0; i < BK_COUNT(texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < BK_COUNT(sources); i++)
		bk_source_clear(sources[i]);
	for (size_t i = 0; i < m->key_count; i++)
		free(m->keys[i]);
	free(m->keys);
	for (size_t s = 0; s < BK_STATE_COUNT; s++)
		bk_labels_clear(&m->states[s]);
	bk_labels_clear(&m->set);
	bk_labels_clear(&m->session);
	for (size_t i = 0; i < m->rule_count; i++)
		clear_rule(&m->rules[i]);
	free(m->rules);
	for (size_t i = 0; i < m->extra_count; i++) {
		free(m->extras[i].job);
		bk_labels_clear(&m->extras[i].set);
		free(m->extras[i].after_batch);
		free(m->extras[i].on_undo);
	}
	free(m->extras);
	*m = (struct bk_mapping){0};
}

const struct bk_job_extra *bk_mapping_extra(const struct bk_mapping *m, const char *job)
{
	for (size_t i = 0; i < m->extra_count; i++)
		if (strcmp(m->extras[i].job, job) == 0)
			return &m->extras[i];
	return NULL;
}
