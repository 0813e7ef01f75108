/*
 * The form of events; see events.h.
 */
#include "out/events.h"

#include <stddef.h>

#define AT(member) offsetof(struct bk_event, member)

static const struct bk_column columns[] = {
	{"ID", "id", BK_CELL_TEXT, AT(id), 0},
	{"CURSOR", "cursor", BK_CELL_TEXT, AT(cursor), 0},
	{"AT", "at", BK_CELL_TIME, AT(at), 0},
	{"EXECUTION", "executionId", BK_CELL_ID, AT(execution_id), 0},
	{"OPERATION", "operation", BK_CELL_TEXT, AT(operation), 0},
	{"RULE", "rule", BK_CELL_TEXT, AT(rule), 0},
	{"FROM", "from", BK_CELL_TEXT, AT(from_state), 0},
	{"TO", "to", BK_CELL_TEXT, AT(to_state), 0},
	{"KEY", "key", BK_CELL_KEY, AT(key), 0},
	{"INSTANCE", "instance", BK_CELL_TEXT, AT(instance), 0},
	{"UNDO OF", "undoOf", BK_CELL_ID, AT(undo_of), 0},
};

#undef AT

struct bk_list bk_out_events(const struct bk_event *first, size_t count)
{
	return (struct bk_list){
		.columns = columns,
		.column_count = BK_COUNT(columns),
		.rows = first,
		.row_size = sizeof(*first),
		.row_count = count,
		.type = "transition",
		.none = "no events",
	};
}

void bk_out_events_lost(struct bk_buf *out, const struct bk_consumer *consumer)
{
	BK_CLEAN(bk_json_clean) struct bk_json *line = bk_json_object();

	bk_json_set_str(line, "type", "lost");
	bk_json_set_int(line, "count", consumer->lost - consumer->lost_told);
	bk_json_set_int(line, "total", consumer->lost);
	bk_json_set_str(line, "at", consumer->lost_at);
	bk_json_render(line, out);
	bk_buf_char(out, '\n');
}
