/*
 * The cursor of a list that is read page by page: where the last page ended, as
 * a word that users hand back and do not read. It names a position between
 * rows, not a row number, so rows that are added meanwhile do not move it.
 */
#ifndef BK_VIEW_CURSOR_H
#define BK_VIEW_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "run/consumer.h"

struct bk_cursor {
	int64_t at_us; /* microseconds since 1970 UTC */
	int64_t id;    /* above 0 */
};

void bk_cursor_write(struct bk_buf *out, const struct bk_cursor *cursor);

/* False for anything that bk_cursor_write never wrote; *ret untouched. */
bool bk_cursor_parse(const char *text, struct bk_cursor *ret);

/* The same for a place among events; neither reads what the other wrote. */
void bk_event_cursor_write(struct bk_buf *out, const struct bk_place *place);
bool bk_event_cursor_parse(const char *text, struct bk_place *ret);

#endif
