/*
 * Values of the mapping that are names or SQL; see mapping.h.
 */
#include "conf/mapping.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { MAX_NAME = 63 };

/* Behind the quoted text that begins at p; NULL where it does not end. A doubled quote
   stands for one. */
static const char *skip_quoted(const char *p)
{
	char quote = *p;

	for (p++; *p; p++) {
		if (*p != quote)
			continue;
		if (p[1] != quote)
			return p + 1;
		p++;
	}
	return NULL;
}

/* $tag$...$tag$; p itself where there is none. */
static const char *skip_dollar(const char *p)
{
	const char *end = p + 1;
	BK_CLEAN(bk_free_str) char *tag = NULL;
	const char *close;

	while (isalnum((unsigned char)*end) || *end == '_')
		end++;
	if (*end != '$' || isdigit((unsigned char)p[1]))
		return p;
	tag = bk_strndup(p, (size_t)(end - p) + 1);
	close = strstr(end + 1, tag);
	return close ? close + strlen(tag) : NULL;
}

static enum bk_rc refuse(const char *why, struct bk_error *err)
{
	return bk_error_set(err, BK_E_CONFIG, "%s", why);
}

/* One step of the scan; *depth counts the brackets that are open. */
static enum bk_rc skip_one(const char **p, int *depth, struct bk_error *err)
{
	const char *next = *p + 1;

	switch (**p) {
	case '\'':
	case '"':
		if (!(next = skip_quoted(*p)))
			return refuse("has a quote that is not closed", err);
		break;
	case '$':
		if (isdigit((unsigned char)(*p)[1]))
			return refuse("has a parameter ($1), which nothing fills in", err);
		if (!(next = skip_dollar(*p)))
			return refuse("has a dollar quote that is not closed", err);
		next += next == *p;
		break;
	case '-':
		if ((*p)[1] == '-')
			return refuse("has a comment (--)", err);
		break;
	case '/':
		if ((*p)[1] == '*')
			return refuse("has a comment (/*)", err);
		break;
	case ';':
		return refuse("has a semicolon; only one statement is allowed", err);
	case '(':
		++*depth;
		break;
	case ')':
		if (--*depth < 0)
			return refuse("closes a bracket that is not open", err);
		break;
	default:
		break;
	}
	*p = next;
	return BK_OK;
}

enum bk_rc bk_sql_check_text(const char *text, struct bk_error *err)
{
	int depth = 0;
	enum bk_rc rc = BK_OK;

	while (*text && !rc)
		rc = skip_one(&text, &depth, err);
	if (!rc && depth)
		rc = refuse("has a bracket that is not closed", err);
	return rc;
}

/* Behind the bracket that closes the one at text. */
static enum bk_rc find_end(const char *text, const char **ret, struct bk_error *err)
{
	int depth = 0;
	enum bk_rc rc;

	do {
		if (!*text)
			return refuse("has a bracket that is not closed", err);
		if ((rc = skip_one(&text, &depth, err)))
			return rc;
	} while (depth);
	*ret = text;
	return BK_OK;
}

static enum bk_rc parse_type(const char *word, enum bk_source_type *ret, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf list = BK_BUF_INIT;

	for (int i = 0; i < BK_SOURCE_TYPE_COUNT; i++) {
		if (strcmp(word, bk_source_type_names[i]) != 0)
			continue;
		*ret = (enum bk_source_type)i;
		return BK_OK;
	}
	bk_quote(&shown, word);
	bk_list_words(&list, bk_source_type_names);
	(void)bk_error_set(err, BK_E_CONFIG, "%s behind :: is no type", bk_buf_cstr(&shown));
	return bk_error_hint(err, "it may be %s", bk_buf_cstr(&list));
}

static enum bk_rc parse_column(const char *text, size_t len, struct bk_source *ret,
			       struct bk_error *err)
{
	if (!len)
		return refuse("names no column", err);
	if (len > MAX_NAME)
		return bk_error_set(err, BK_E_CONFIG, "is %zu bytes long, at most 63 are allowed",
				    len);
	ret->column = bk_strndup(text, len);
	return BK_OK;
}

enum bk_rc bk_source_parse(const char *text, enum bk_source_type fallback, struct bk_source *ret,
			   struct bk_error *err)
{
	BK_CLEAN(bk_source_clear) struct bk_source source = {NULL, NULL, fallback};
	const char *end = NULL;
	enum bk_rc rc;

	if (*text == '(') {
		if ((rc = find_end(text, &end, err)))
			return rc;
		source.expr = bk_strndup(text, (size_t)(end - text));
	} else {
		end = strstr(text, "::");
		end = end ? end : text + strlen(text);
		if ((rc = parse_column(text, (size_t)(end - text), &source, err)))
			return rc;
	}
	if (*end && strncmp(end, "::", 2) != 0) {
		refuse("has text behind its closing bracket", err);
		return bk_error_hint(err, "put the whole expression into one pair of brackets");
	}
	if (*end && (rc = parse_type(end + 2, &source.type, err)))
		return rc;
	*ret = source;
	source = (struct bk_source){NULL, NULL, fallback};
	return BK_OK;
}

const char *bk_assignment_split(const char *text, char **ret_name)
{
	const char *equals = strchr(text, '=');
	const char *end = equals;

	*ret_name = NULL;
	if (!equals)
		return NULL;
	text += strspn(text, " ");
	while (end > text && end[-1] == ' ')
		end--;
	if (end == text)
		return NULL;
	*ret_name = bk_strndup(text, (size_t)(end - text));
	return equals;
}
