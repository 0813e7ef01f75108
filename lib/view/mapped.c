/*
 * What is mapped of a booking, as SQL; see mapped.h.
 */
#include "view/mapped.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "rule/source.h"
#include "rule/unit.h"

enum { SOURCES = 6 };

void bk_mapped_clear(struct bk_mapped_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].text);
		free(list->items[i].instant);
	}
	free(list->items);
	*list = (struct bk_mapped_list){NULL, 0};
}

/* The era of a time only where it is not ours. */
static char *shown(const char *sql, const char *type)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	bool has_era = strcmp(type, BK_TYPE_TIMESTAMPTZ) == 0 ||
		       strcmp(type, BK_TYPE_TIMESTAMP) == 0 || strcmp(type, BK_TYPE_DATE) == 0;

	bk_buf_fmt(&out, "%s(", has_era ? "pg_catalog.regexp_replace" : "");
	bk_value_text(&out, sql, type);
	bk_buf_fmt(&out, "%s) COLLATE pg_catalog.\"default\"", has_era ? ", ' AD$', ''" : "");
	return bk_buf_take(&out);
}

static char *shown_column(const struct bk_table *table, const char *name)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf column = BK_BUF_INIT;

	bk_buf_str(&column, "b.");
	bk_sql_ident(&column, name);
	return shown(bk_buf_cstr(&column), bk_table_column(table, name)->type);
}

static void add_column(struct bk_mapped_list *list, const struct bk_table *table, const char *name,
		       const char *column)
{
	list->items[list->count++] = (struct bk_mapped){
		.name = name, .column = column, .text = shown_column(table, column)};
}

static void add_source(struct bk_mapped_list *list, const struct bk_mapping *m,
		       const struct bk_table *table, const char *name,
		       const struct bk_source *source)
{
	bool is_time = source != &m->grace;
	bool ends = source == &m->end || source == &m->hold;
	struct bk_mapped *item;

	if (!bk_is_mapped(source))
		return;
	item = &list->items[list->count++];
	*item = (struct bk_mapped){.name = name, .column = source->column};
	if (is_time)
		item->instant = bk_source_instant(source, m->zone,
						  ends ? BK_SIDE_END : BK_SIDE_START);
	if (source->column) {
		item->text = shown_column(table, source->column);
		return;
	}
	item->column = source->expr;
	item->is_expression = true;
	item->text = is_time ? shown(item->instant, BK_TYPE_TIMESTAMPTZ) : shown(source->expr, "");
}

void bk_mapped_build(const struct bk_mapping *m, const struct bk_table *table,
		     struct bk_mapped_list *ret)
{
	const struct {
		const char *name;
		const struct bk_source *source;
	} sources[SOURCES] = {
		{"start", &m->start}, {"end", &m->end},     {"check-in", &m->check_in},
		{"hold", &m->hold},   {"grace", &m->grace}, {"updated", &m->updated},
	};

	*ret = (struct bk_mapped_list){
		.items = bk_calloc(m->key_count + 1 + SOURCES, sizeof(*ret->items))};
	for (size_t i = 0; i < m->key_count; i++)
		add_column(ret, table, "key", m->keys[i]);
	add_column(ret, table, "status", m->status);
	for (size_t i = 0; i < SOURCES; i++)
		add_source(ret, m, table, sources[i].name, sources[i].source);
}
