/*
 * Tables that the SQL of a mapping names; see relations.h.
 */
#include "rule/relations.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"

void bk_relations_clear(struct bk_relations *relations)
{
	bk_labels_clear(&relations->schemas);
	bk_labels_clear(&relations->names);
	bk_labels_clear(&relations->privileges);
}

static void append(struct bk_labels *list, const char *text)
{
	list->items = bk_realloc(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = bk_strdup(text);
}

static void add(struct bk_relations *to, const char *schema, const char *name,
		const char *privilege)
{
	for (size_t i = 0; i < to->names.count; i++)
		if (strcmp(to->schemas.items[i], schema) == 0 &&
		    strcmp(to->names.items[i], name) == 0 &&
		    strcmp(to->privileges.items[i], privilege) == 0)
			return;
	append(&to->schemas, schema);
	append(&to->names, name);
	append(&to->privileges, privilege);
}

static bool begins_name(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == '"' || (unsigned char)c >= 0x80;
}

/* The name at p, quoted or not, as the server folds it; returns what follows it. */
static const char *read_name(const char *p, struct bk_buf *name)
{
	bk_buf_reset(name);
	if (*p != '"') {
		for (; begins_name(*p) || isdigit((unsigned char)*p) || *p == '$'; p++)
			bk_buf_char(name, (char)tolower((unsigned char)*p));
		return p;
	}
	for (p++; *p && (*p != '"' || p[1] == '"'); p++) {
		p += *p == '"';
		bk_buf_char(name, *p);
	}
	return *p ? p + 1 : p;
}

/* What is granted on a table that the statement does something to, beside reading it. */
static const char *verb_of(const char *statement)
{
	static const char *const verbs[] = {"INSERT", "UPDATE", "DELETE"};

	statement += strspn(statement, " \t\n");
	for (size_t i = 0; i < BK_COUNT(verbs); i++)
		if (strncasecmp(statement, verbs[i], strlen(verbs[i])) == 0)
			return verbs[i];
	return NULL;
}

/* The first table of a statement is the one that it changes; who is updated or deleted is looked
   for, too. */
static void add_pair(struct bk_relations *to, const char *schema, const char *name,
		     const char **verb)
{
	if (*verb)
		add(to, schema, name, *verb);
	if (!*verb || strcmp(*verb, "INSERT") != 0)
		add(to, schema, name, "SELECT");
	*verb = NULL;
}

/* schema.table, or of schema.table.column the first two. What stands in quotes is no SQL. */
static void add_sql(struct bk_relations *to, const char *sql, const char *verb)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf first = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf second = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf rest = BK_BUF_INIT;

	for (const char *p = sql; p && *p;) {
		if (*p == '\'')
			p = strchr(p + 1, '\'');
		if (!p || !begins_name(*p)) {
			p = p ? p + 1 : NULL;
			continue;
		}
		p = read_name(p, &first);
		if (*p != '.' || !begins_name(p[1]))
			continue;
		p = read_name(p + 1, &second);
		while (*p == '.' && begins_name(p[1]))
			p = read_name(p + 1, &rest);
		if (strcmp(bk_buf_cstr(&first), "b") != 0)
			add_pair(to, bk_buf_cstr(&first), bk_buf_cstr(&second), &verb);
	}
}

static void add_set(struct bk_relations *to, const struct bk_labels *set)
{
	for (size_t i = 0; i < set->count; i++)
		add_sql(to, set->items[i], NULL);
}

static void add_statement(struct bk_relations *to, const char *statement)
{
	if (statement)
		add_sql(to, statement, verb_of(statement));
}

static void add_changes(struct bk_relations *to, const struct bk_mapping *m)
{
	add_set(to, &m->set);
	add_statement(to, m->after_batch);
	for (size_t i = 0; i < m->extra_count; i++) {
		add_set(to, &m->extras[i].set);
		add_statement(to, m->extras[i].after_batch);
	}
	for (size_t i = 0; i < m->rule_count; i++)
		add_set(to, &m->rules[i].set);
}

void bk_relations_of(const struct bk_mapping *m, bool wants_update, struct bk_relations *ret)
{
	const char *texts[] = {m->start.expr, m->end.expr, m->check_in.expr, m->hold.expr,
			       m->grace.expr, m->zone,     m->where,         m->no_show_if};

	*ret = (struct bk_relations){{NULL, 0}, {NULL, 0}, {NULL, 0}};
	for (size_t i = 0; i < BK_COUNT(texts); i++)
		add_sql(ret, texts[i], NULL);
	for (size_t i = 0; i < m->rule_count; i++) {
		add_sql(ret, m->rules[i].due.expr, NULL);
		add_sql(ret, m->rules[i].until.expr, NULL);
		add_sql(ret, m->rules[i].where, NULL);
	}
	if (wants_update)
		add_changes(ret, m);
}
