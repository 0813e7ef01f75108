/*
 * Masking the passwords of a connection string; see secret.h.
 */
#include "conf/secret.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* password, sslpassword, and what a later libpq may add. A percent sign may
   hide any letter of a URI's keyword. */
static bool is_secret(const char *key, size_t len)
{
	static const char word[] = "password";

	if (memchr(key, '%', len))
		return true;
	for (size_t i = 0; i + sizeof(word) - 1 <= len; i++)
		if (strncasecmp(key + i, word, sizeof(word) - 1) == 0)
			return true;
	return false;
}

static const char *after_scheme(const char *text)
{
	static const char *const schemes[] = {"postgresql://", "postgres://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			return text + strlen(schemes[i]);
	return NULL;
}

/* The '@' that ends user:password, or NULL. An unescaped '/' in a password ends
   it for libpq, but it is a password all the same, so the last '@' counts. */
static const char *end_of_user(const char *text, const char *query)
{
	const char *at = NULL;

	for (const char *p = text; p < query; p++)
		if (*p == '@')
			at = p;
	return at;
}

static bool mask_query(struct bk_buf *out, const char *p)
{
	bool found = false;

	while (*p) {
		size_t len = strcspn(p + 1, "&") + 1;
		const char *equals = memchr(p, '=', len);

		if (equals && is_secret(p + 1, (size_t)(equals - p - 1))) {
			bk_buf_bytes(out, p, (size_t)(equals - p) + 1);
			bk_buf_str(out, "***");
			found = true;
		} else {
			bk_buf_bytes(out, p, len);
		}
		p += len;
	}
	return found;
}

static bool mask_uri(struct bk_buf *out, const char *uri, const char *rest)
{
	const char *query = rest + strcspn(rest, "?");
	const char *at = end_of_user(rest, query);
	const char *colon = at ? memchr(rest, ':', (size_t)(at - rest)) : NULL;
	bool found = false;

	if (colon) {
		bk_buf_bytes(out, uri, (size_t)(colon - uri) + 1);
		bk_buf_str(out, "***");
		found = true;
		uri = at;
	}
	bk_buf_bytes(out, uri, (size_t)(query - uri));
	return mask_query(out, query) || found;
}

/* The end of the value at p: up to a blank, or a quoted string as libpq reads
   it. NULL when a quote is open. */
static const char *end_of_value(const char *p)
{
	bool quoted = *p == '\'';

	for (p += quoted; *p && (quoted ? *p != '\'' : !isspace((unsigned char)*p)); p++)
		if (*p == '\\' && p[1])
			p++;
	if (quoted)
		return *p ? p + 1 : NULL;
	return p;
}

static const char *skip_blanks(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

/* False when the text is not a list of keyword = value. */
static bool mask_keywords(struct bk_buf *out, const char *text, bool *found)
{
	const char *p = text;

	*found = false;
	while (*(p = skip_blanks(p))) {
		const char *key = p;
		const char *end = p + strcspn(p, "= \t");
		const char *value = skip_blanks(end);

		if (*value != '=' || end == key)
			return false;
		value = skip_blanks(value + 1);
		p = end_of_value(value);
		if (!p)
			return false;
		bk_buf_bytes(out, text, (size_t)(value - text));
		if (is_secret(key, (size_t)(end - key))) {
			bk_buf_str(out, "***");
			*found = true;
		} else {
			bk_buf_bytes(out, value, (size_t)(p - value));
		}
		text = p;
	}
	bk_buf_str(out, text);
	return true;
}

bool bk_secret_mask(struct bk_buf *out, const char *conninfo)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf masked = BK_BUF_INIT;
	const char *rest = after_scheme(conninfo);
	bool found = false;

	if (rest) {
		found = mask_uri(&masked, conninfo, rest);
	} else if (!mask_keywords(&masked, conninfo, &found)) {
		bk_buf_reset(&masked);
		found = is_secret(conninfo, strlen(conninfo));
		bk_buf_str(&masked, found ? "***" : conninfo);
	}
	bk_buf_str(out, bk_buf_cstr(&masked));
	return found;
}
