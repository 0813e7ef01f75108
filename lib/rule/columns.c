/*
 * Columns that a mapping needs; see columns.h.
 */
#include "rule/columns.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

void bk_columns_add(struct bk_labels *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], name) == 0)
			return;
	list->items = bk_realloc(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = bk_strdup(name);
}

void bk_columns_clear(struct bk_columns *columns)
{
	bk_labels_clear(&columns->reads);
	bk_labels_clear(&columns->writes);
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The name behind b. at p, quoted or not, as the server folds it. */
static void add_named(struct bk_labels *list, const char *p)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf name = BK_BUF_INIT;

	if (*p == '"')
		for (p++; *p && (*p != '"' || p[1] == '"'); p++) {
			p += *p == '"';
			bk_buf_char(&name, *p);
		}
	else
		for (; is_word(*p); p++)
			bk_buf_char(&name, (char)tolower((unsigned char)*p));
	if (name.len)
		bk_columns_add(list, bk_buf_cstr(&name));
}

/* A text that looks like b.column grants the reading of a column too many, at worst. */
void bk_columns_add_sql(struct bk_labels *list, const char *sql)
{
	for (const char *p = sql; p && *p; p++)
		if ((*p == 'b' || *p == 'B') && p[1] == '.' && (p == sql || !is_word(p[-1])))
			add_named(list, p + 2);
}

static void add_source(struct bk_labels *list, const struct bk_source *source)
{
	if (source->column)
		bk_columns_add(list, source->column);
	bk_columns_add_sql(list, source->expr);
}

static void add_set(struct bk_columns *c, const struct bk_labels *set)
{
	for (size_t i = 0; i < set->count; i++) {
		BK_CLEAN(bk_free_str) char *name = NULL;
		const char *equals = bk_assignment_split(set->items[i], &name);

		bk_columns_add(&c->writes, name);
		/* Its former value is recorded. */
		bk_columns_add(&c->reads, name);
		bk_columns_add_sql(&c->reads, equals);
	}
}

static void add_rule(struct bk_columns *c, const struct bk_own_rule *rule)
{
	add_source(&c->reads, &rule->due);
	add_source(&c->reads, &rule->scan);
	add_source(&c->reads, &rule->until);
	bk_columns_add_sql(&c->reads, rule->where);
	add_set(c, &rule->set);
}

void bk_columns_of(const struct bk_mapping *m, struct bk_columns *ret)
{
	const struct bk_source *sources[] = {&m->start,    &m->end,      &m->check_in,
					     &m->hold,     &m->grace,    &m->start_scan,
					     &m->end_scan, &m->hold_scan};
	const char *texts[] = {m->zone, m->where, m->no_show_if};

	*ret = (struct bk_columns){{NULL, 0}, {NULL, 0}};
	for (size_t i = 0; i < m->key_count; i++)
		bk_columns_add(&ret->reads, m->keys[i]);
	bk_columns_add(&ret->reads, m->status);
	for (size_t i = 0; i < BK_COUNT(sources); i++)
		add_source(&ret->reads, sources[i]);
	for (size_t i = 0; i < BK_COUNT(texts); i++)
		bk_columns_add_sql(&ret->reads, texts[i]);
	bk_columns_add(&ret->writes, m->status);
	if (m->updated.column)
		bk_columns_add(&ret->writes, m->updated.column);
	add_set(ret, &m->set);
	for (size_t i = 0; i < m->extra_count; i++)
		add_set(ret, &m->extras[i].set);
	for (size_t i = 0; i < m->rule_count; i++)
		add_rule(ret, &m->rules[i]);
}
