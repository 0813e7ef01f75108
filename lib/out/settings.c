/*
 * The column tables; see settings.h.
 */
#include "out/settings.h"

#include <stddef.h>

#define AT(member) offsetof(struct bk_setting_change, member)

static const struct bk_column change_columns[] = {
	{"KEY", "key", BK_CELL_TEXT, AT(name), 0},
	{"OLD VALUE", "oldValue", BK_CELL_TEXT, AT(old_value), 0},
	{"NEW VALUE", "newValue", BK_CELL_TEXT, AT(new_value), 0},
	{"CHANGE", "changeId", BK_CELL_ID, AT(change), 0},
	{"ROLLED BACK", "rolledBack", BK_CELL_ID, AT(rolled_back), 0},
	{"OVERRIDDEN BY", "overriddenBy", BK_CELL_TEXT, AT(overridden_by), 0},
};

#undef AT
#define AT(member) offsetof(struct bk_stored_view, member)

static const struct bk_column stored_columns[] = {
	{"KEY", "key", BK_CELL_TEXT, AT(name), 0},
	{"VALUE", "value", BK_CELL_TEXT, AT(value), 0},
	{"IN USE", "inUse", BK_CELL_BOOL, AT(in_use), 0},
	{"CHANGE", "changeId", BK_CELL_ID, AT(change_id), 0},
	{"CHANGED AT", "changedAt", BK_CELL_TIME, AT(changed_at), 0},
	{"AUTHOR", "author", BK_CELL_TEXT, AT(author), 0},
	{"INSTANCE", "serverInstance", BK_CELL_TEXT, AT(server_instance), BK_COL_WIDE},
	{"ADDRESS", "clientAddress", BK_CELL_TEXT, AT(client_address), BK_COL_WIDE},
	{"REASON", "reason", BK_CELL_TEXT, AT(reason), BK_COL_LAST},
};

#undef AT
#define AT(member) offsetof(struct bk_trail_view, member)

static const struct bk_column trail_columns[] = {
	{"ID", "id", BK_CELL_ID, AT(id), 0},
	{"CHANGED AT", "changedAt", BK_CELL_TIME, AT(changed_at), 0},
	{"COMMAND", "command", BK_CELL_TEXT, AT(command), 0},
	{"NAME", "name", BK_CELL_TEXT, AT(name), 0},
	{"OLD VALUE", "oldValue", BK_CELL_TEXT, AT(old_value), 0},
	{"NEW VALUE", "newValue", BK_CELL_TEXT, AT(new_value), 0},
	{"AUTHOR", "author", BK_CELL_TEXT, AT(author), 0},
	{"INSTANCE", "serverInstance", BK_CELL_TEXT, AT(server_instance), BK_COL_WIDE},
	{"ADDRESS", "clientAddress", BK_CELL_TEXT, AT(client_address), BK_COL_WIDE},
	{"ROLLED BACK", "rolledBack", BK_CELL_ID, AT(rolled_back), BK_COL_WIDE},
	{"REASON", "reason", BK_CELL_TEXT, AT(reason), BK_COL_LAST},
};

#undef AT

struct bk_list bk_out_setting_change(const struct bk_setting_change *change)
{
	return (struct bk_list){
		.columns = change_columns,
		.column_count = BK_COUNT(change_columns),
		.rows = change,
		.row_size = sizeof(*change),
		.row_count = 1,
		.type = "change",
		.none = "no settings",
	};
}

struct bk_list bk_out_stored(const struct bk_stored_list *stored)
{
	return (struct bk_list){
		.columns = stored_columns,
		.column_count = BK_COUNT(stored_columns),
		.rows = stored->items,
		.row_size = sizeof(*stored->items),
		.row_count = stored->count,
		.type = "stored",
		.none = "no settings in the database",
	};
}

struct bk_list bk_out_trail(const struct bk_trail *trail)
{
	return (struct bk_list){
		.columns = trail_columns,
		.column_count = BK_COUNT(trail_columns),
		.rows = trail->items,
		.row_size = sizeof(*trail->items),
		.row_count = trail->count,
		.type = "trail",
		.none = "no changes",
	};
}
