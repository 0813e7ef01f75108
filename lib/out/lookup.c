/*
 * The column tables; see lookup.h.
 */
#include "out/lookup.h"

#include <stddef.h>

#include "out/lists.h"

#define AT(member) offsetof(struct bk_lookup, member)

static const struct bk_column lookup_columns[] = {
	{"KEY", "key", BK_CELL_KEY, AT(key), 0},
	{"STATE", "state", BK_CELL_TEXT, AT(state), 0},
	{"STATUS", "status", BK_CELL_TEXT, AT(status), 0},
	{"AS OF", "asOf", BK_CELL_TIME, AT(as_of), 0},
};

#undef AT
#define AT(member) offsetof(struct bk_value_view, member)

static const struct bk_column value_columns[] = {
	{"FIELD", "name", BK_CELL_TEXT, AT(name), 0},
	{"COLUMN", "column", BK_CELL_TEXT, AT(column), 0},
	{"VALUE", "value", BK_CELL_TEXT, AT(value), BK_COL_LAST},
};

#undef AT
#define AT(member) offsetof(struct bk_rule_view, member)

static const struct bk_column rule_columns[] = {
	{"RULE", "rule", BK_CELL_TEXT, AT(rule), 0},
	{"JOB", "jobName", BK_CELL_TEXT, AT(job_name), BK_COL_WIDE},
	{"FROM", "from", BK_CELL_TEXT, AT(from_state), BK_COL_WIDE},
	{"TO", "to", BK_CELL_TEXT, AT(to_state), 0},
	{"APPLIES", "applies", BK_CELL_BOOL, AT(applies), 0},
	{"REASON", "reason", BK_CELL_TEXT, AT(reason), 0},
	{"DUE", "dueAt", BK_CELL_TIME, AT(due_at), 0},
	{"UNTIL", "untilAt", BK_CELL_TIME, AT(until_at), 0},
	{"END", "endAt", BK_CELL_TIME, AT(end_at), BK_COL_WIDE},
};

#undef AT
#define AT(member) offsetof(struct bk_change_view, member)

static const struct bk_column change_columns[] = {
	{"AT", "at", BK_CELL_TIME, AT(at), 0},
	{"EXECUTION", "executionId", BK_CELL_ID, AT(execution_id), 0},
	{"RULE", "rule", BK_CELL_TEXT, AT(rule), 0},
	{"FROM", "from", BK_CELL_TEXT, AT(from_state), 0},
	{"TO", "to", BK_CELL_TEXT, AT(to_state), 0},
	{"INSTANCE", "serverInstance", BK_CELL_TEXT, AT(server_instance), 0},
	{"INVOKED BY", "invokedBy", BK_CELL_TEXT, AT(invoked_by), 0},
	{"TRIGGER", "triggeredBy", BK_CELL_TEXT, AT(triggered_by), BK_COL_WIDE},
};

#undef AT

struct bk_list bk_out_lookup(const struct bk_lookup *found)
{
	return (struct bk_list){
		.columns = lookup_columns,
		.column_count = BK_COUNT(lookup_columns),
		.rows = found,
		.row_size = sizeof(*found),
		.row_count = 1,
		.type = "booking",
		.none = "no booking",
		.record = true,
	};
}

struct bk_list bk_out_lookup_values(const struct bk_lookup *found)
{
	return (struct bk_list){
		.columns = value_columns,
		.column_count = BK_COUNT(value_columns),
		.rows = found->values,
		.row_size = sizeof(*found->values),
		.row_count = found->value_count,
		.type = "column",
		.title = "Columns",
		.none = "no columns",
	};
}

struct bk_list bk_out_lookup_rules(const struct bk_lookup *found)
{
	return (struct bk_list){
		.columns = rule_columns,
		.column_count = BK_COUNT(rule_columns),
		.rows = found->rules,
		.row_size = sizeof(*found->rules),
		.row_count = found->rule_count,
		.type = "rule",
		.title = "Rules",
		.none = "no rule starts from this state",
	};
}

struct bk_list bk_out_lookup_hold(const struct bk_lookup *found)
{
	struct bk_list list = bk_out_holds(&found->hold);

	list.title = "Hold";
	list.none = "it is not on hold";
	return list;
}

struct bk_list bk_out_lookup_quarantine(const struct bk_lookup *found)
{
	struct bk_list list = bk_out_quarantine(&found->quarantine);

	list.title = "Quarantine";
	list.none = "it is not in quarantine";
	return list;
}

struct bk_list bk_out_lookup_changes(const struct bk_lookup *found)
{
	return (struct bk_list){
		.columns = change_columns,
		.column_count = BK_COUNT(change_columns),
		.rows = found->changes,
		.row_size = sizeof(*found->changes),
		.row_count = found->change_count,
		.type = "transition",
		.title = "Transitions",
		.none = "bk has not changed it",
	};
}
