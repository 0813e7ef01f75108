/*
 * Bytes, quotes, comments, names and lines of a file; see lex.h.
 */
#include "conf/lex.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* Sections nest as deep as the names do: bookings { states { } }. */
enum { MAX_DEPTH = 2 };

struct lexer {
	struct bk_names *names;
	struct bk_lex *out;
	char *p;
	int line;
	bool after_equals;
	int list_line; /* 0 = not inside a list */
	int depth;
	struct bk_lex_entry open[MAX_DEPTH];
	char *word; /* a bare word that is no value: '=' or '{' makes it a name */
	int word_line;
	char *word_at;
	bool titled; /* word is "rule.NAME" */
};

void bk_lex_clear(struct bk_lex *lex)
{
	free(lex->entries);
	*lex = (struct bk_lex){NULL, 0};
}

static enum bk_rc check_bytes(const char *text, size_t len, struct bk_error *err)
{
	int line = 1;

	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		return bk_error_set(err, BK_E_CONFIG,
				    "1: starts with a byte order mark; save it as plain UTF-8");
	for (size_t i = 0; i < len;) {
		size_t n = bk_utf8_len(text + i, len - i);
		uint32_t c = n ? bk_utf8_decode(text + i, n) : 0;

		if (!n)
			return bk_error_set(err, BK_E_CONFIG, "%d: is not valid UTF-8", line);
		/* Files from Windows end their lines with \r\n. */
		if (bk_is_control(c) && c != '\n' && c != '\t' &&
		    !(c == '\r' && text[i + 1] == '\n'))
			return bk_error_set(err, BK_E_CONFIG,
					    "%d: has a control character (U+%04X)", line,
					    (unsigned)c);
		line += c == '\n';
		i += n;
	}
	return BK_OK;
}

static void blank(char *from, const char *to)
{
	for (; from < to; from++)
		if (*from != '\n')
			*from = ' ';
}

static enum bk_rc skip_comment(struct lexer *s, struct bk_error *err)
{
	char *start = s->p;
	char *end;

	if (start[0] == '/' && start[1] == '*') {
		end = strstr(start + 2, "*/");
		if (!end)
			return bk_error_set(err, BK_E_CONFIG, "%d: the comment /* is not closed",
					    s->line);
		end += 2;
	} else {
		end = start + strcspn(start, "\n");
	}
	for (; s->p < end; s->p++)
		s->line += *s->p == '\n';
	blank(start, end);
	return BK_OK;
}

/* "activate-due.delay" of the word and the section that is open. */
static char *full_name(const struct lexer *s)
{
	return s->depth ? bk_asprintf("%s.%s", s->open[s->depth - 1].name->full, s->word)
			: bk_strdup(s->word);
}

static bool is_title_word(const char *word)
{
	for (size_t i = 0; bk_title_words[i]; i++)
		if (strcmp(word, bk_title_words[i]) == 0)
			return true;
	return false;
}

/* A word that was followed by neither '=' nor '{'. It is not shown unless it is
   a name, because it may be a piece of a password with a blank in it. */
static enum bk_rc check_pending(const struct lexer *s, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *full = s->word ? full_name(s) : NULL;
	const struct bk_name *name = full ? bk_names_find(s->names, full) : NULL;

	if (!full)
		return BK_OK;
	if (name)
		return bk_error_set(err, BK_E_CONFIG, "%d: %s: no %c behind it", s->word_line, full,
				    name->kind == BK_NAME_SECTION ? '{' : '=');
	if (s->depth && is_title_word(s->word))
		return bk_error_set(err, BK_E_CONFIG, "%d: %s { } stands in no other section",
				    s->word_line, s->word);
	(void)bk_error_set(err, BK_E_CONFIG, "%d: neither a name with = nor a single value",
			   s->word_line);
	return bk_error_hint(err, "a value with blanks is written in double quotes");
}

static enum bk_rc dollar(const struct lexer *s, struct bk_error *err)
{
	(void)bk_error_set(err, BK_E_CONFIG, "%d: ${...} is not expanded", s->line);
	return bk_error_hint(err, "write the value itself, or put it into single quotes");
}

static bool is_bare(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("_.:-/@%", c)) || (unsigned char)c >= 0x80;
}

static bool is_comment(const char *p)
{
	return *p == '#' || (*p == '/' && (p[1] == '/' || p[1] == '*'));
}

/* Sets *ret to the quote that closes the string at s->p. No value holds a line
   break, so a string that does is one whose end was forgotten. Of the escapes in
   double quotes only those that cannot produce a control character are taken. */
static enum bk_rc find_quote(const struct lexer *s, char **ret, struct bk_error *err)
{
	char quote = *s->p;
	char *p;

	for (p = s->p + 1; *p && *p != '\n' && *p != quote; p++) {
		if (quote == '"' && p[0] == '$' && p[1] == '{')
			return dollar(s, err);
		if (*p != '\\')
			continue;
		if (p[1] == '\\' || p[1] == quote) {
			p++;
		} else if (quote == '"') {
			(void)bk_error_set(err, BK_E_CONFIG,
					   "%d: a backslash in double quotes stands only before "
					   "another or before a double quote",
					   s->line);
			return bk_error_hint(err, "write \\\\, or use single quotes");
		}
	}
	if (*p != quote)
		return bk_error_set(err, BK_E_CONFIG, "%d: the string is not closed on its line",
				    s->line);
	*ret = p;
	return BK_OK;
}

/* A password with a quote in it ends its string early. What follows must not
   become a name that a message shows, hence no string is a name, and nothing
   stands right behind one. */
static enum bk_rc skip_string(struct lexer *s, struct bk_error *err)
{
	char quote = *s->p;
	char *end = NULL;
	enum bk_rc rc;

	if ((rc = find_quote(s, &end, err)))
		return rc;
	if (is_bare(end[1]) || end[1] == '"' || end[1] == '\'') {
		(void)bk_error_set(err, BK_E_CONFIG, "%d: text right behind a closing quote",
				   s->line);
		return bk_error_hint(err, "write \\%c for a quote inside the quotes", quote);
	}
	if (!s->after_equals && !s->list_line) {
		if ((rc = check_pending(s, err)))
			return rc;
		return bk_error_set(err, BK_E_CONFIG, "%d: a string where a name belongs", s->line);
	}
	s->after_equals = false;
	s->p = end + 1;
	return BK_OK;
}

static bool opens_title(const struct lexer *s)
{
	return s->word && !s->depth && !s->titled && s->word_line == s->line &&
	       is_title_word(s->word);
}

/* The title from start on, behind the word that is pending: joined to it, also in the
   text, where at least one blank makes room for the dot. */
static enum bk_rc take_title(struct lexer *s, char *start, char *end, struct bk_error *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	enum { MAX_TITLE = 40 };
	size_t len = (size_t)(end - start);
	size_t word = strlen(s->word);
	BK_CLEAN(bk_free_str) char *title = bk_strndup(start, len);
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	bk_quote(&shown, title);
	if (*title < 'a' || *title > 'z' || title[strspn(title, allowed)] || len > MAX_TITLE)
		return bk_error_set(err, BK_E_CONFIG,
				    "%d: %s %s: a name is 1 to %d small letters, digits and dashes",
				    s->line, s->word, bk_buf_cstr(&shown), MAX_TITLE);
	blank(s->word_at, s->word_at + word);
	memcpy(start - word - 1, s->word, word);
	start[-1] = '.';
	free(s->word);
	s->word = bk_strndup(start - word - 1, word + 1 + len);
	s->titled = true;
	bk_names_add_titled(s->names, s->word);
	return BK_OK;
}

static enum bk_rc skip_word(struct lexer *s, struct bk_error *err)
{
	char *start = s->p;
	char *end = start;
	enum bk_rc rc;

	while (is_bare(*end) && !is_comment(end))
		end++;
	/* Is postgresql://host a value or a comment? Readers differ, so neither. */
	if (is_comment(end)) {
		(void)bk_error_set(err, BK_E_CONFIG, "%d: a comment right behind a word", s->line);
		return bk_error_hint(err, "put the value into double quotes, or a blank before the "
					  "comment");
	}
	if (*end == '"' || *end == '\'')
		return bk_error_set(err, BK_E_CONFIG, "%d: a quote inside a word", s->line);
	s->p = end;
	if (s->after_equals || s->list_line) {
		s->after_equals = false;
		return BK_OK;
	}
	if (opens_title(s))
		return take_title(s, start, end, err);
	if ((rc = check_pending(s, err)))
		return rc;
	s->word = bk_strndup(start, (size_t)(end - start));
	s->word_at = start;
	s->word_line = s->line;
	return BK_OK;
}

static enum bk_rc unknown(const struct lexer *s, const char *what, struct bk_error *err)
{
	const char *section = s->depth ? s->open[s->depth - 1].name->full : "";
	BK_CLEAN(bk_buf_clear) struct bk_buf safe = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf hint = BK_BUF_INIT;

	bk_quote(&safe, s->word);
	bk_names_suggest(s->names, section, s->word, &hint);
	(void)bk_error_set(err, BK_E_CONFIG, "%d: unknown %s %s%s%s%s", s->word_line, what,
			   bk_buf_cstr(&safe), s->depth ? " in " : "", section,
			   s->depth ? " { }" : "");
	return hint.len ? bk_error_hint(err, "%s", bk_buf_cstr(&hint)) : err->rc;
}

/* The word before '=' or '{' is a name: known, of that kind, and new. */
static enum bk_rc take_name(struct lexer *s, bool section, struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *full = full_name(s);
	const struct bk_name *name = bk_names_find(s->names, full);
	struct bk_lex *out = s->out;

	/* A quoted "activate-due.delay" would find the key inside the section. */
	if (!name || (!s->titled && strchr(s->word, '.')))
		return unknown(s, section ? "section" : "key", err);
	if (section && name->kind != BK_NAME_SECTION)
		return bk_error_set(err, BK_E_CONFIG, "%d: %s is no section; write %s = ...",
				    s->word_line, full, s->word);
	if (!section && name->kind == BK_NAME_SECTION)
		return bk_error_set(err, BK_E_CONFIG, "%d: %s is a section; write %s { ... }",
				    s->word_line, full, s->word);
	for (size_t i = 0; i < out->count; i++)
		if (out->entries[i].name == name)
			return bk_error_set(err, BK_E_CONFIG, "%d: %s: stands on line %d already",
					    s->word_line, full, out->entries[i].line);
	out->entries = bk_realloc(out->entries, out->count + 1, sizeof(*out->entries));
	out->entries[out->count++] = (struct bk_lex_entry){name, s->word_line};
	if (section)
		s->open[s->depth++] = out->entries[out->count - 1];
	free(s->word);
	s->word = NULL;
	s->titled = false;
	return BK_OK;
}

static enum bk_rc unexpected(const struct lexer *s, struct bk_error *err)
{
	size_t n = bk_utf8_len(s->p, 4);

	return bk_error_set(err, BK_E_CONFIG, "%d: unexpected %.*s", s->line, (int)n, s->p);
}

static enum bk_rc open_brace(struct lexer *s, struct bk_error *err)
{
	if (s->after_equals && !s->list_line) {
		const struct bk_lex_entry *last = &s->out->entries[s->out->count - 1];

		if (last->name->kind != BK_NAME_LIST)
			return bk_error_set(err, BK_E_CONFIG, "%d: %s: takes one value, no list",
					    s->line, last->name->full);
		s->list_line = s->line;
		s->after_equals = false;
		return BK_OK;
	}
	if (s->list_line || !s->word)
		return unexpected(s, err);
	return take_name(s, true, err);
}

static enum bk_rc no_value(const struct lexer *s, struct bk_error *err)
{
	return bk_error_set(err, BK_E_CONFIG, "%d: %s: no value behind =", s->line,
			    s->out->entries[s->out->count - 1].name->full);
}

static enum bk_rc close_brace(struct lexer *s, struct bk_error *err)
{
	enum bk_rc rc;

	if (s->list_line) {
		s->list_line = 0;
		return BK_OK;
	}
	if (s->depth == 0)
		return unexpected(s, err);
	if (s->after_equals)
		return no_value(s, err);
	if ((rc = check_pending(s, err)))
		return rc;
	s->depth--;
	return BK_OK;
}

static enum bk_rc punctuation(struct lexer *s, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	switch (*s->p) {
	case '=':
		if (s->list_line || !s->word)
			return unexpected(s, err);
		rc = take_name(s, false, err);
		s->after_equals = true;
		break;
	case '{':
		rc = open_brace(s, err);
		break;
	case '}':
		rc = close_brace(s, err);
		break;
	case ',':
		if (!s->list_line)
			return unexpected(s, err);
		break;
	default:
		return s->p[0] == '$' && s->p[1] == '{' ? dollar(s, err) : unexpected(s, err);
	}
	s->p++;
	return rc;
}

static enum bk_rc next_token(struct lexer *s, struct bk_error *err)
{
	switch (*s->p) {
	case '\n':
		/* Else the next line's name would be taken for the value. */
		if (s->after_equals)
			return no_value(s, err);
		s->line++;
		s->p++;
		return BK_OK;
	case ' ':
	case '\t':
		s->p++;
		return BK_OK;
	case '\r':
		*s->p++ = ' ';
		return BK_OK;
	case '"':
	case '\'':
		return skip_string(s, err);
	default:
		if (is_comment(s->p))
			return skip_comment(s, err);
		return is_bare(*s->p) ? skip_word(s, err) : punctuation(s, err);
	}
}

static enum bk_rc check_end(const struct lexer *s, struct bk_error *err)
{
	enum bk_rc rc;

	if (s->list_line)
		return bk_error_set(err, BK_E_CONFIG, "%d: the list { is not closed", s->list_line);
	if (s->after_equals)
		return no_value(s, err);
	if ((rc = check_pending(s, err)))
		return rc;
	if (s->depth)
		return bk_error_set(err, BK_E_CONFIG, "%d: %s: the section { is not closed",
				    s->open[s->depth - 1].line, s->open[s->depth - 1].name->full);
	return BK_OK;
}

enum bk_rc bk_lex_text(char *text, size_t len, struct bk_names *names, struct bk_lex *ret,
		       struct bk_error *err)
{
	BK_CLEAN(bk_lex_clear) struct bk_lex out = {NULL, 0};
	struct lexer s = {.names = names, .out = &out, .p = text, .line = 1};
	enum bk_rc rc = check_bytes(text, len, err);

	while (rc == BK_OK && *s.p)
		rc = next_token(&s, err);
	if (rc == BK_OK)
		rc = check_end(&s, err);
	free(s.word);
	if (rc != BK_OK)
		return rc;
	*ret = out;
	out = (struct bk_lex){NULL, 0};
	return BK_OK;
}
