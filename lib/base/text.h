/*
 * Text that came from outside: made valid UTF-8, and made harmless for a
 * terminal or a log line. One escape function per format; nothing else prints
 * text of the database, of argv or of the environment.
 */
#ifndef BK_BASE_TEXT_H
#define BK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Length in bytes of the well-formed UTF-8 sequence at s (1 to 4), 0 when it
   is not one (bad, overlong, surrogate, beyond U+10FFFF or cut off by len). */
size_t bk_utf8_len(const char *s, size_t len);

bool bk_utf8_valid(const char *s, size_t len);

/* Appends s with every bad byte replaced by U+FFFD. */
void bk_utf8_clean(struct bk_buf *out, const char *s, size_t len);

/* True for a code point that could act on a terminal or reorder text: C0, DEL,
   C1, line and paragraph separators, and the bidirectional controls. */
bool bk_is_control(uint32_t code_point);

/* Appends s on one line: control characters and bad bytes as \n, \t, \xNN or
   \u{...}, everything else as it is. */
void bk_escape_line(struct bk_buf *out, const char *s);

/* Appends s in double quotes as a message shows what somebody typed: escaped as
   by bk_escape_line, and cut after 60 bytes ("..."). */
void bk_quote(struct bk_buf *out, const char *s);

/* Appends words, breaking lines at blanks before they are longer than `width` characters (0 =
   never); further lines begin at `indent`. Blanks at the ends are dropped. */
void bk_wrap(struct bk_buf *out, const char *text, size_t width, size_t indent);

/* Appends "a, b or c" from a NULL-terminated list. */
void bk_list_words(struct bk_buf *out, const char *const *words);

/* Appends what a word that is not in such a list is: "is none of a, b or c", of two "is
   neither a nor b". */
void bk_none_of(struct bk_buf *out, const char *const *words);

/* Appends s as one CSV cell (RFC 4180): quoted where needed, and when empty, to
   differ from NULL (append nothing for that); a text that a spreadsheet would
   take for a formula gets a leading apostrophe, a plain number ("-50") none. */
void bk_escape_csv(struct bk_buf *out, const char *s, bool is_number);

/* Decodes the well-formed sequence of `n` bytes at s. */
uint32_t bk_utf8_decode(const char *s, size_t n);

/* "did you mean": the word of the NULL-terminated list that is nearest to `word`,
   at most one edit away, two from six bytes on; or NULL. An edit is a character
   more, less or other, or two neighbours exchanged. */
const char *bk_nearest(const char *word, const char *const *list);

#endif
