/*
 * The column tables; see lookup.h.
 */
#include "out/lookup.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "out/lists.h"

#define AT(member) offsetof(struct bk_lookup, member)

static const struct bk_column lookup_columns[] = {
	{"KEY", "key", BK_CELL_KEY, AT(key), 0},
	{"STATE", "state", BK_CELL_TEXT, AT(state), 0},
	{"STATUS", "status", BK_CELL_TEXT, AT(status), 0},
	{"AS OF", "asOf", BK_CELL_TIME, AT(as_of), 0},
	{"DEADLINE", "deadlineAt", BK_CELL_TIME, AT(deadline_at), 0},
};

#undef AT
#define AT(member) offsetof(struct bk_value_view, member)

static const struct bk_column value_columns[] = {
	{"FIELD", "name", BK_CELL_TEXT, AT(name), 0},
	{"COLUMN", "column", BK_CELL_TEXT, AT(column), 0},
	{"VALUE", "value", BK_CELL_TEXT, AT(value), BK_COL_LAST},
	{"INSTANT", "instant", BK_CELL_TIME, AT(instant), BK_COL_WIDE},
	{"ERROR", "error", BK_CELL_TEXT, AT(error), BK_COL_DATA},
};

/* The same, where some value does not say by itself what it stands for. */
static const struct bk_column local_columns[] = {
	{"FIELD", "name", BK_CELL_TEXT, AT(name), 0},
	{"COLUMN", "column", BK_CELL_TEXT, AT(column), 0},
	{"VALUE", "value", BK_CELL_TEXT, AT(value), BK_COL_LAST},
	{"INSTANT", "instant", BK_CELL_TIME, AT(instant), 0},
	{"ERROR", "error", BK_CELL_TEXT, AT(error), BK_COL_DATA},
};

/* And where some expression fails. */
static const struct bk_column failing_columns[] = {
	{"FIELD", "name", BK_CELL_TEXT, AT(name), 0},
	{"COLUMN", "column", BK_CELL_TEXT, AT(column), 0},
	{"VALUE", "value", BK_CELL_TEXT, AT(value), 0},
	{"INSTANT", "instant", BK_CELL_TIME, AT(instant), 0},
	{"ERROR", "error", BK_CELL_TEXT, AT(error), BK_COL_LAST},
};

#undef AT
#define AT(member) offsetof(struct bk_rule_view, member)

static const struct bk_column rule_columns[] = {
	{"RULE", "rule", BK_CELL_TEXT, AT(rule), 0},
	{"JOB", "jobName", BK_CELL_TEXT, AT(job_name), BK_COL_WIDE},
	{"JOB STATUS", "jobStatus", BK_CELL_STATE, AT(job_status), BK_COL_WIDE},
	{"NEXT RUN", "jobNextRunAt", BK_CELL_TIME, AT(job_next_run_at), BK_COL_WIDE},
	{"FROM", "from", BK_CELL_TEXT, AT(from_state), BK_COL_WIDE},
	{"TO", "to", BK_CELL_TEXT, AT(to_state), 0},
	{"APPLIES", "applies", BK_CELL_BOOL, AT(applies), 0},
	{"REASON", "reason", BK_CELL_TEXT, AT(reason), 0},
	{"WHEN", "willApplyAt", BK_CELL_TIME, AT(will_at), 0},
	{"DUE", "dueAt", BK_CELL_TIME, AT(due_at), BK_COL_WIDE},
	{"UNTIL", "untilAt", BK_CELL_TIME, AT(until_at), BK_COL_WIDE},
	{"END", "endAt", BK_CELL_TIME, AT(end_at), BK_COL_WIDE},
	{"EXPLANATION", "explanation", BK_CELL_TEXT, AT(explanation), BK_COL_DATA},
};

#undef AT
#define AT(member) offsetof(struct bk_change_view, member)

static const struct bk_column change_columns[] = {
	{"AT", "at", BK_CELL_TIME, AT(at), 0},
	{"EXECUTION", "executionId", BK_CELL_ID, AT(execution_id), 0},
	{"OPERATION", "operation", BK_CELL_TEXT, AT(operation), BK_COL_WIDE},
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

/* A local time, a day, a number. */
static bool is_local(const struct bk_value_view *value)
{
	return value->instant && value->value && !strchr(value->value, 'Z');
}

static const struct bk_column *columns_for(const struct bk_lookup *found)
{
	const struct bk_column *columns = value_columns;

	for (size_t i = 0; i < found->value_count; i++) {
		if (found->values[i].error)
			return failing_columns;
		if (is_local(&found->values[i]))
			columns = local_columns;
	}
	return columns;
}

struct bk_list bk_out_lookup_values(const struct bk_lookup *found)
{
	_Static_assert(BK_COUNT(local_columns) == BK_COUNT(value_columns), "they have the same");
	_Static_assert(BK_COUNT(failing_columns) == BK_COUNT(value_columns), "they have the same");
	return (struct bk_list){
		.columns = columns_for(found),
		.column_count = BK_COUNT(value_columns),
		.rows = found->values,
		.row_size = sizeof(*found->values),
		.row_count = found->value_count,
		.type = "column",
		.title = "Columns",
		.none = "no columns",
	};
}

static const char *no_rules(const struct bk_lookup *found)
{
	if (!found->status)
		return "it has no status: no rule applies";
	if (!found->state)
		return "the mapping does not know its status: no rule starts from it";
	return "no rule starts from this state";
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
		.none = no_rules(found),
	};
}

void bk_out_lookup_why(struct bk_buf *out, const struct bk_lookup *found, size_t width)
{
	enum { INDENT = 4 };

	bk_buf_str(out, found->rule_count ? "\n" : "");
	for (size_t i = 0; i < found->rule_count; i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

		bk_escape_line(&text, found->rules[i].rule);
		bk_buf_str(&text, ": ");
		bk_escape_line(&text, found->rules[i].explanation);
		bk_wrap(out, bk_buf_cstr(&text), width, INDENT);
		bk_buf_char(out, '\n');
	}
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
		.none = "no change by bk is on record",
	};
}
