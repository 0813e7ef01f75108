/*
 * Pieces of an HTML page. Text that came from outside goes through bk_html_text or
 * bk_html_cut and nowhere else; both do for content and for attributes in double
 * quotes alike, so that nobody has to choose. What the other functions take is the
 * page's own unless they say otherwise.
 */
#ifndef BK_OUT_HTML_H
#define BK_OUT_HTML_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Appends s, harmless as markup and to the eye: control characters, marks that turn
   text around and bad bytes are shown as bk_escape_line shows them. */
void bk_html_text(struct bk_buf *out, const char *s);

/* The same for the first `most` characters of s, with an ellipsis where more follow. */
void bk_html_cut(struct bk_buf *out, const char *s, size_t most);

/* --- tables --- */

/* A table in a box of its own, which scrolls where the page is too narrow; `label` names
   it to who cannot see it. The texts of the headers may come from outside, NULL ends
   them; "#" in front of one puts its column to the right, as numbers are. */
void bk_html_table(struct bk_buf *out, const char *label, const char *const *headers);
void bk_html_table_end(struct bk_buf *out);

void bk_html_row(struct bk_buf *out);
void bk_html_row_end(struct bk_buf *out);

/* Cells. The head of a row; a text, NULL = a dash; a count, a duration in ms and a time
   (RFC 3339 UTC, shown to the second), where BK_NULL_INT, below 0 and NULL are a dash. */
void bk_html_head(struct bk_buf *out, const char *text);
void bk_html_cell(struct bk_buf *out, const char *text);
void bk_html_count(struct bk_buf *out, int64_t n);
void bk_html_duration(struct bk_buf *out, int64_t ms);
void bk_html_time(struct bk_buf *out, const char *time);

#endif
