/*
 * Plans and indexes of scans; see plan.h.
 */
#include "rule/plan.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"

static size_t indent_of(const char *line)
{
	return strspn(line, " ");
}

/* A node of the plan is named behind an arrow, but for the topmost one; other lines tell of
   it, such as the Sort Key of a Merge Append. */
static const char *node_of(const char *line)
{
	line += indent_of(line);
	return strncmp(line, "->", 2) == 0 ? line + 2 + indent_of(line + 2) : line;
}

static bool begins_with(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

static bool is_sort(const char *node)
{
	return begins_with(node, "Incremental Sort") ||
	       (begins_with(node, "Sort") && !begins_with(node, "Sort Key"));
}

/* Who reads the whole table has to sort it. What is below a SubPlan reads other rows: those of
   holds and quarantine, or of what the filter asks. */
static bool reads_in_order(const struct bk_rows *plan)
{
	size_t aside = SIZE_MAX; /* how far the SubPlan is indented that we are in */

	for (int i = 0; i < bk_rows_count(plan); i++) {
		const char *line = bk_rows_cell(plan, i, 0);

		if (!line || indent_of(line) > aside)
			continue;
		aside = SIZE_MAX;
		if (begins_with(node_of(line), "SubPlan") || begins_with(node_of(line), "InitPlan"))
			aside = indent_of(line);
		else if (is_sort(node_of(line)))
			return false;
	}
	return true;
}

enum bk_rc bk_unit_is_ordered(struct bk_db *db, const struct bk_unit *unit,
			      const struct bk_scope *scope, const char *as_of, const char *lower,
			      const struct bk_tx_limits *limits, bool *ret, struct bk_error *err)
{
	const struct bk_tx_limits pinned = {limits->statement_ms, limits->lock_ms, true,
					    limits->company};
	const char *params[] = {as_of, lower, "1000"};
	BK_CLEAN(bk_buf_clear) struct bk_buf scan = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	if ((rc = bk_unit_scan(&scan, unit, scope, "1", "", "$3::pg_catalog.int8", err)))
		return rc;
	if ((rc = bk_sql_fill_file(&sql, "booking_explain",
				   &(const struct bk_sql_var){"scan", bk_buf_cstr(&scan)}, 1, err)))
		return rc;
	rc = bk_tx_one(db, BK_TX_READ, &pinned,
		       &(const struct bk_stmt){"booking_explain", bk_buf_cstr(&sql), params, 3,
					       BK_ANY_ROWS},
		       &rows, err);
	if (rc)
		return rc;
	*ret = reads_in_order(rows);
	return BK_OK;
}

/* In b."a ""b""" the quoted name, or in a bound of it; *ret_after is what follows. */
static const char *quoted_name(const char *scan, const char **ret_after)
{
	const char *name = strstr(scan, "b.\"") + 2;
	const char *p = name + 1;

	while (*p != '"' || p[1] == '"')
		p += *p == '"' ? 2 : 1;
	*ret_after = p + 1;
	return name;
}

char *bk_unit_scan_column(const struct bk_unit *unit)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf name = BK_BUF_INIT;
	const char *after;

	for (const char *p = quoted_name(unit->scan->column, &after) + 1; p + 1 < after; p++) {
		bk_buf_char(&name, *p);
		p += *p == '"';
	}
	return bk_buf_take(&name);
}

static void put_name(struct bk_buf *out, const struct bk_index_place *place, const char *column)
{
	bk_sql_ident(out, place->name_of ? place->name_of(place->arg, column) : column);
}

/* The scan's column, or the bound of it, without the b. */
static void put_scan(struct bk_buf *out, const struct bk_unit *unit,
		     const struct bk_index_place *place)
{
	const char *scan = unit->scan->column;
	const char *after;
	const char *name = quoted_name(scan, &after);
	BK_CLEAN(bk_free_str) char *column = bk_unit_scan_column(unit);

	bk_buf_fmt(out, "%.*s", (int)(name - 2 - scan), scan);
	put_name(out, place, column);
	bk_buf_str(out, after);
}

void bk_unit_index_sql(struct bk_buf *out, const struct bk_unit *unit,
		       const struct bk_mapping *mapping, const struct bk_index_place *place)
{
	bk_buf_fmt(out, "CREATE INDEX %sON ", place->concurrently ? "CONCURRENTLY " : "");
	bk_sql_ident(out, place->schema);
	bk_buf_char(out, '.');
	bk_sql_ident(out, place->table);
	bk_buf_str(out, " (");
	put_scan(out, unit, place);
	for (size_t i = 0; i < mapping->key_count; i++) {
		/* A key column that is the scan column too. */
		if (unit->scan->name && strcmp(unit->scan->name, mapping->keys[i]) == 0)
			continue;
		bk_buf_str(out, ", ");
		put_name(out, place, mapping->keys[i]);
	}
	bk_buf_str(out, ") WHERE ");
	put_name(out, place, mapping->status);
	bk_buf_str(out, place->status_as_text ? "::text = " : " = ");
	bk_sql_literal(out, unit->from);
	bk_buf_char(out, ';');
}
