/*
 * What is mapped of a booking, as SQL and as a list; see mapped.h.
 */
#include "view/mapped.h"

#include <string.h>

#include "base/mem.h"
#include "db/sqltext.h"
#include "rule/source.h"
#include "rule/unit.h"

enum { SOURCES = 6 };

/* The sources of the mapping in its order, and their keys. */
static void list_sources(const struct bk_mapping *m, const struct bk_source *ret[SOURCES])
{
	const struct bk_source *sources[SOURCES] = {&m->start, &m->end,   &m->check_in,
						    &m->hold,  &m->grace, &m->updated};

	memcpy(ret, sources, sizeof(sources));
}

/* What is mapped, in the order of the mapping; ret[i].value stays NULL, ret[i].column is the
   column or the expression. Returns the number, at most key_count + 1 + SOURCES. */
static size_t mapped_values(const struct bk_mapping *m, struct bk_value_view *ret)
{
	static const char *const names[SOURCES] = {"start", "end",   "check-in",
						   "hold",  "grace", "updated"};
	const struct bk_source *sources[SOURCES];
	size_t n = 0;

	list_sources(m, sources);
	for (size_t i = 0; i < m->key_count; i++)
		ret[n++] = (struct bk_value_view){"key", m->keys[i], NULL};
	ret[n++] = (struct bk_value_view){"status", m->status, NULL};
	for (size_t i = 0; i < SOURCES; i++)
		if (bk_is_mapped(sources[i]))
			ret[n++] = (struct bk_value_view){
				names[i],
				sources[i]->column ? sources[i]->column : sources[i]->expr, NULL};
	return n;
}

struct bk_value_view *bk_mapped_values(const struct bk_mapping *m, size_t *ret_count)
{
	struct bk_value_view *values = bk_calloc(m->key_count + 1 + SOURCES, sizeof(*values));

	*ret_count = mapped_values(m, values);
	return values;
}

/* The era of a time that is no key only where it is not ours. */
static void put_value(struct bk_buf *out, const char *sql, const char *type, bool is_key)
{
	bool cut = !is_key && strcmp(type, BK_TYPE_TIMESTAMPTZ) == 0;

	bk_buf_fmt(out, "%s(", cut ? "pg_catalog.regexp_replace" : "");
	bk_value_text(out, sql, type);
	bk_buf_fmt(out, "%s) COLLATE pg_catalog.\"default\"", cut ? ", ' AD$', ''" : "");
}

static void put_column(struct bk_buf *out, const struct bk_table *table, const char *name,
		       bool is_key)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf column = BK_BUF_INIT;

	bk_buf_str(&column, "b.");
	bk_sql_ident(&column, name);
	put_value(out, bk_buf_cstr(&column), bk_table_column(table, name)->type, is_key);
}

/* An expression as the instant that it stands for; of a grace its own value. */
static void put_expression(struct bk_buf *out, const struct bk_mapping *m,
			   const struct bk_source *source)
{
	bool is_time = source != &m->grace;
	bool ends = source == &m->end || source == &m->hold;
	BK_CLEAN(bk_free_str)
	char *sql = is_time ? bk_source_instant(source, m->zone, ends ? BK_SIDE_END : BK_SIDE_START)
			    : bk_source_sql(source);

	put_value(out, sql, is_time ? BK_TYPE_TIMESTAMPTZ : "", false);
}

void bk_mapped_texts(const struct bk_mapping *m, const struct bk_table *table, struct bk_buf *out)
{
	const struct bk_source *sources[SOURCES];

	list_sources(m, sources);
	bk_buf_str(out, "ARRAY[");
	for (size_t i = 0; i < m->key_count; i++) {
		put_column(out, table, m->keys[i], true);
		bk_buf_str(out, ", ");
	}
	put_column(out, table, m->status, false);
	for (size_t i = 0; i < SOURCES; i++) {
		if (!bk_is_mapped(sources[i]))
			continue;
		bk_buf_str(out, ", ");
		if (sources[i]->column)
			put_column(out, table, sources[i]->column, false);
		else
			put_expression(out, m, sources[i]);
	}
	bk_buf_str(out, "]");
}
