/*
 * UTF-8 checking and the escapers; see text.h.
 */
#include "base/text.h"

#include <string.h>

#include "base/attr.h"

/* Smallest second byte and its range decide overlong forms and surrogates
   (Unicode, table 3-7). */
size_t bk_utf8_len(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n;
	unsigned char low = 0x80;
	unsigned char high = 0xBF;

	if (len == 0)
		return 0;
	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xC2 || u[0] > 0xF4)
		return 0;
	n = u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;
	if (n > len)
		return 0;
	if (u[0] == 0xE0)
		low = 0xA0;
	else if (u[0] == 0xED)
		high = 0x9F;
	else if (u[0] == 0xF0)
		low = 0x90;
	else if (u[0] == 0xF4)
		high = 0x8F;
	if (u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (u[i] < 0x80 || u[i] > 0xBF)
			return 0;
	return n;
}

bool bk_utf8_valid(const char *s, size_t len)
{
	while (len) {
		size_t n = bk_utf8_len(s, len);

		if (!n)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

void bk_utf8_clean(struct bk_buf *out, const char *s, size_t len)
{
	while (len) {
		size_t n = bk_utf8_len(s, len);

		if (n)
			bk_buf_bytes(out, s, n);
		else
			bk_buf_str(out, "\xEF\xBF\xBD");
		n = n ? n : 1;
		s += n;
		len -= n;
	}
}

uint32_t bk_utf8_decode(const char *s, size_t n)
{
	static const unsigned char mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	const unsigned char *u = (const unsigned char *)s;
	uint32_t code = u[0] & mask[n];

	for (size_t i = 1; i < n; i++)
		code = code << 6 | (u[i] & 0x3F);
	return code;
}

bool bk_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F ||
	       (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void bk_escape_line(struct bk_buf *out, const char *s)
{
	size_t len = strlen(s);

	while (len) {
		size_t n = bk_utf8_len(s, len);
		uint32_t code = n ? bk_utf8_decode(s, n) : (unsigned char)*s;

		if (!n)
			bk_buf_fmt(out, "\\x%02x", code);
		else if (code == '\n')
			bk_buf_str(out, "\\n");
		else if (code == '\t')
			bk_buf_str(out, "\\t");
		else if (code < 0x80 && bk_is_control(code))
			bk_buf_fmt(out, "\\x%02x", code);
		else if (bk_is_control(code))
			bk_buf_fmt(out, "\\u{%x}", code);
		else
			bk_buf_bytes(out, s, n);
		n = n ? n : 1;
		s += n;
		len -= n;
	}
}

void bk_quote(struct bk_buf *out, const char *s)
{
	enum { SHOWN = 60 };
	BK_CLEAN(bk_buf_clear) struct bk_buf safe = BK_BUF_INIT;
	const char *text;
	size_t len = 0;

	bk_escape_line(&safe, s);
	text = bk_buf_cstr(&safe);
	while (text[len] && len + bk_utf8_len(text + len, 4) <= SHOWN)
		len += bk_utf8_len(text + len, 4);
	bk_buf_char(out, '"');
	bk_buf_bytes(out, text, len);
	bk_buf_str(out, text[len] ? "...\"" : "\"");
}

void bk_none_of(struct bk_buf *out, const char *const *words)
{
	if (words[0] && words[1] && !words[2]) {
		bk_buf_fmt(out, "is neither %s nor %s", words[0], words[1]);
		return;
	}
	bk_buf_str(out, "is none of ");
	bk_list_words(out, words);
}

void bk_list_words(struct bk_buf *out, const char *const *words)
{
	for (size_t i = 0; words[i]; i++) {
		bk_buf_str(out, i == 0 ? "" : words[i + 1] ? ", " : " or ");
		bk_buf_str(out, words[i]);
	}
}

/* "-50", "3.14": what no spreadsheet takes for a formula. */
static bool is_plain_number(const char *s)
{
	static const char digits[] = "0123456789";
	size_t whole;

	s += *s == '-';
	whole = strspn(s, digits);
	if (s[whole] == '.' && whole)
		whole += 1 + strspn(s + whole + 1, digits);
	return whole && !s[whole];
}

void bk_escape_csv(struct bk_buf *out, const char *s, bool is_number)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf clean = BK_BUF_INIT;
	const char *p;

	bk_utf8_clean(&clean, s, strlen(s));
	p = bk_buf_cstr(&clean);
	if (is_number || is_plain_number(p) ||
	    (*p && !strpbrk(p, ",\"\r\n") && !strchr("=+-@\t", *p))) {
		bk_buf_str(out, p);
		return;
	}
	bk_buf_char(out, '"');
	if (*p && strchr("=+-@\t\r", *p))
		bk_buf_char(out, '\'');
	for (; *p; p++) {
		if (*p == '"')
			bk_buf_char(out, '"');
		bk_buf_char(out, *p);
	}
	bk_buf_char(out, '"');
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many edits make b of a: a character put in, left out or replaced, or two
   neighbours exchanged. The usual table, of which three rows are kept. */
static size_t distance(const char *a, const char *b)
{
	enum { MAX = 64 };
	size_t rows[3][MAX + 1];
	size_t n = strlen(b);

	if (n > MAX)
		return MAX;
	for (size_t j = 0; j <= n; j++)
		rows[0][j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *second = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]),
				       least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], second[j - 2] + 1);
		}
	}
	return rows[strlen(a) % 3][n];
}

const char *bk_nearest(const char *word, const char *const *list)
{
	enum { SHORTEST = 3, TWO_EDITS_FROM = 6 };
	size_t len = strlen(word);
	size_t best_distance = len < TWO_EDITS_FROM ? 2 : 3;
	const char *best = NULL;

	if (len < SHORTEST)
		return NULL;
	for (; *list; list++) {
		size_t d = distance(word, *list);

		if (d < best_distance) {
			best = *list;
			best_distance = d;
		}
	}
	return best;
}

/* Characters since the last line break. */
static size_t column(const struct bk_buf *out)
{
	size_t n = 0;

	for (size_t i = out->len; i && out->data[i - 1] != '\n'; i--)
		n += ((unsigned char)out->data[i - 1] & 0xC0) != 0x80;
	return n;
}

static size_t characters(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xC0) != 0x80;
	return n;
}

void bk_wrap(struct bk_buf *out, const char *text, size_t width, size_t indent)
{
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");
		bool begins = !out->len || strchr(" \n", out->data[out->len - 1]);

		if (width && !begins && column(out) + 1 + characters(text, len) > width) {
			bk_buf_char(out, '\n');
			for (size_t i = 0; i < indent; i++)
				bk_buf_char(out, ' ');
		} else if (!begins) {
			bk_buf_char(out, ' ');
		}
		bk_buf_bytes(out, text, len);
		text += len;
	}
}
