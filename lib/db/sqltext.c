/*
 * The template filler; see sqltext.h. One pass over the text: each step copies
 * one lexical element of SQL or replaces one variable.
 */
#include "db/sqltext.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "db/sqlfile.h"

static void quote(struct bk_buf *out, const char *text, char mark)
{
	bk_buf_char(out, mark);
	for (; *text; text++) {
		if (*text == mark || (*text == '\\' && mark == '\''))
			bk_buf_char(out, *text);
		bk_buf_char(out, *text);
	}
	bk_buf_char(out, mark);
}

void bk_sql_ident(struct bk_buf *out, const char *name)
{
	quote(out, name, '"');
}

void bk_sql_literal(struct bk_buf *out, const char *text)
{
	if (strchr(text, '\\'))
		bk_buf_str(out, " E");
	quote(out, text, '\'');
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* Length of a string in quotes of kind `mark`, 0 when it does not end. A
   doubled mark reads as two strings side by side, which comes to the same. */
static size_t quoted_len(const char *p, char mark, bool backslash)
{
	for (size_t i = 1; p[i]; i++) {
		if (backslash && p[i] == '\\' && p[i + 1])
			i++;
		else if (p[i] == mark)
			return i + 1;
	}
	return 0;
}

static size_t line_comment_len(const char *p)
{
	return strcspn(p, "\n");
}

/* SQL's block comments nest. */
static size_t block_comment_len(const char *p)
{
	size_t depth = 0;

	for (size_t i = 0; p[i]; i++) {
		if (p[i] == '/' && p[i + 1] == '*') {
			depth++;
			i++;
		} else if (p[i] == '*' && p[i + 1] == '/') {
			i++;
			if (--depth == 0)
				return i + 1;
		}
	}
	return 0;
}

/* $tag$ ... $tag$; 1 for a lone dollar (a parameter). */
static size_t dollar_len(const char *p)
{
	size_t tag = 1;
	const char *end;

	while (is_word(p[tag]))
		tag++;
	if (p[tag] != '$' || (p[1] >= '0' && p[1] <= '9'))
		return 1;
	tag++;
	for (end = p + tag; (end = strchr(end, '$')); end++)
		if (strncmp(end, p, tag) == 0)
			return (size_t)(end - p) + tag;
	return 0;
}

/* Length of the element at p that must be copied untouched; 0 = unterminated. */
static size_t element_len(const char *start, const char *p)
{
	bool escape = p > start && (p[-1] == 'E' || p[-1] == 'e') &&
		      (p - 1 == start || !is_word(p[-2]));

	if (*p == '\'')
		return quoted_len(p, '\'', escape);
	if (*p == '"')
		return quoted_len(p, '"', false);
	if (p[0] == '-' && p[1] == '-')
		return line_comment_len(p);
	if (p[0] == '/' && p[1] == '*')
		return block_comment_len(p);
	if (*p == '$' && (p == start || !is_word(p[-1])))
		return dollar_len(p);
	if (p[0] == ':' && p[1] == ':')
		return 2;
	return 1;
}

static const char *find_var(const struct bk_sql_var *vars, size_t count, const char *name,
			    size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(vars[i].name, name, len) == 0 && !vars[i].name[len])
			return vars[i].value;
	return NULL;
}

/* Replaces the variable at p (a colon); *ret_len = bytes of the template used,
   0 when no variable stands there. */
static enum bk_rc put_var(struct bk_buf *out, const char *p, const struct bk_sql_var *vars,
			  size_t count, size_t *ret_len, struct bk_error *err)
{
	char mark = p[1] == '"' || p[1] == '\'' ? p[1] : '\0';
	const char *name = p + (mark ? 2 : 1);
	size_t len = 0;
	const char *value;

	while (is_word(name[len]))
		len++;
	*ret_len = 0;
	if (!len || (mark && name[len] != mark) || (!mark && name[0] >= '0' && name[0] <= '9'))
		return BK_OK;
	value = find_var(vars, count, name, len);
	if (!value)
		return bk_error_set(err, BK_E_INTERNAL, "SQL variable :%.*s has no value", (int)len,
				    name);
	if (mark == '"')
		bk_sql_ident(out, value);
	else if (mark == '\'')
		bk_sql_literal(out, value);
	else
		bk_buf_str(out, value);
	*ret_len = (size_t)(name - p) + len + (mark ? 1 : 0);
	return BK_OK;
}

enum bk_rc bk_sql_fill(struct bk_buf *out, const char *text, const struct bk_sql_var *vars,
		       size_t count, struct bk_error *err)
{
	const char *start = bk_sql_skip_head(text);

	for (const char *p = start; *p;) {
		size_t len = 0;
		enum bk_rc rc = BK_OK;

		if (p[0] == ':' && p[1] != ':')
			rc = put_var(out, p, vars, count, &len, err);
		if (rc)
			return rc;
		if (!len) {
			len = element_len(start, p);
			if (!len)
				return bk_error_set(err, BK_E_INTERNAL,
						    "unterminated quote or comment in SQL text");
			bk_buf_bytes(out, p, len);
		}
		p += len;
	}
	return BK_OK;
}

enum bk_rc bk_sql_fill_file(struct bk_buf *out, const char *file, const struct bk_sql_var *vars,
			    size_t count, struct bk_error *err)
{
	if (bk_sql_fill(out, bk_sql_text(file), vars, count, err))
		return bk_error_prefix(err, "%s.sql", file);
	return BK_OK;
}
