/*
 * The plain mapping's names and its end; see mapping.h.
 */
#include "conf/mapping.h"

#include <stdlib.h>

const char *const bk_state_names[BK_STATE_COUNT + 1] = {
	"pending", "confirmed", "active", "completed", "no-show", "expired", "cancelled", NULL,
};

void bk_mapping_clear(struct bk_mapping *m)
{
	char *columns[] = {m->table_schema, m->table_name, m->status, m->start,  m->end,
			   m->check_in,     m->hold,       m->grace,  m->updated};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		free(columns[i]);
	for (size_t i = 0; i < m->key_count; i++)
		free(m->keys[i]);
	free(m->keys);
	for (size_t s = 0; s < BK_STATE_COUNT; s++) {
		for (size_t i = 0; i < m->states[s].count; i++)
			free(m->states[s].items[i]);
		free(m->states[s].items);
	}
	*m = (struct bk_mapping){0};
}
