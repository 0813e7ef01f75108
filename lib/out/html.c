/*
 * Pieces of an HTML page; see html.h.
 */
#include "out/html.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"

/* Of a cell; longer texts are nothing that a page could show. */
#define LONGEST 300
#define DASH "<td class=\"none\">\xE2\x80\x93</td>"
#define ELLIPSIS "\xE2\x80\xA6"

/* What bk_escape_line leaves has only these to hide. */
static void put_safe(struct bk_buf *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			bk_buf_str(out, "&amp;");
			break;
		case '<':
			bk_buf_str(out, "&lt;");
			break;
		case '>':
			bk_buf_str(out, "&gt;");
			break;
		case '"':
			bk_buf_str(out, "&quot;");
			break;
		case '\'':
			bk_buf_str(out, "&#39;");
			break;
		default:
			bk_buf_char(out, *s);
		}
	}
}

void bk_html_text(struct bk_buf *out, const char *s)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf line = BK_BUF_INIT;

	bk_escape_line(&line, s);
	out->broken |= line.broken;
	put_safe(out, bk_buf_cstr(&line));
}

/* Of the first so many characters; a bad byte counts as one. At most four bytes each, so
   that a megabyte is not even looked at. */
static size_t bytes_of(const char *s, size_t most)
{
	size_t len = strnlen(s, 4 * most + 4);
	size_t at = 0;

	while (at < len && most--) {
		size_t n = bk_utf8_len(s + at, len - at);

		at += n ? n : 1;
	}
	return at;
}

void bk_html_cut(struct bk_buf *out, const char *s, size_t most)
{
	size_t len = bytes_of(s, most);
	BK_CLEAN(bk_free_str) char *head = bk_strndup(s, len);

	bk_html_text(out, head);
	if (s[len])
		bk_buf_str(out, ELLIPSIS);
}

/* --- tables --- */

void bk_html_table(struct bk_buf *out, const char *label, const char *const *headers)
{
	bk_buf_str(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
	bk_html_text(out, label);
	bk_buf_str(out, "\">\n<table>\n<thead><tr>");
	for (; *headers; headers++) {
		bool is_number = **headers == '#';

		bk_buf_str(out,
			   is_number ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
		bk_html_cut(out, *headers + is_number, LONGEST);
		bk_buf_str(out, "</th>");
	}
	bk_buf_str(out, "</tr></thead>\n<tbody>\n");
}

void bk_html_table_end(struct bk_buf *out)
{
	bk_buf_str(out, "</tbody>\n</table>\n</div>\n");
}

void bk_html_row(struct bk_buf *out)
{
	bk_buf_str(out, "<tr>");
}

void bk_html_row_end(struct bk_buf *out)
{
	bk_buf_str(out, "</tr>\n");
}

void bk_html_head(struct bk_buf *out, const char *text)
{
	bk_buf_str(out, "<th scope=\"row\">");
	bk_html_cut(out, text, LONGEST);
	bk_buf_str(out, "</th>");
}

void bk_html_cell(struct bk_buf *out, const char *text)
{
	if (!text) {
		bk_buf_str(out, DASH);
		return;
	}
	/* Words of Hebrew or Arabic must not turn the columns around. */
	bk_buf_str(out, "<td dir=\"auto\">");
	bk_html_cut(out, text, LONGEST);
	bk_buf_str(out, "</td>");
}

void bk_html_count(struct bk_buf *out, int64_t n)
{
	if (n < 0) {
		bk_buf_str(out, DASH);
		return;
	}
	bk_buf_str(out, "<td class=\"n\">");
	bk_human_count(out, n);
	bk_buf_str(out, "</td>");
}

void bk_html_duration(struct bk_buf *out, int64_t ms)
{
	if (ms < 0) {
		bk_buf_str(out, DASH);
		return;
	}
	bk_buf_str(out, "<td class=\"n\">");
	bk_human_duration(out, ms);
	bk_buf_str(out, "</td>");
}

void bk_html_time(struct bk_buf *out, const char *time)
{
	size_t len = time ? strcspn(time, ".Z") : 0;
	size_t date = time ? strcspn(time, "T") : 0;

	if (!time) {
		bk_buf_str(out, DASH);
		return;
	}
	bk_buf_str(out, "<td><time datetime=\"");
	bk_html_text(out, time);
	bk_buf_str(out, "\">");
	if (date < len) {
		BK_CLEAN(bk_free_str) char *day = bk_strndup(time, date);
		BK_CLEAN(bk_free_str) char *clock = bk_strndup(time + date + 1, len - date - 1);

		bk_html_text(out, day);
		bk_buf_char(out, ' ');
		bk_html_text(out, clock);
	} else {
		bk_html_text(out, time);
	}
	bk_buf_str(out, "</time></td>");
}
