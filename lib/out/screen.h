/*
 * A page of text as a frame of a terminal's screen, redrawn in place: nothing
 * is cleared before it is written over, so nothing flickers. Pure; the escape
 * sequences are those that every terminal but a dumb one has.
 *
 *     bk_out_screen_enter(&buf);               once
 *     bk_out_screen_frame(&buf, text, 24);     each time
 *     bk_out_screen_leave(&buf);               at the end, whatever happened
 */
#ifndef BK_OUT_SCREEN_H
#define BK_OUT_SCREEN_H

#include "base/buf.h"

/* Goes over to the terminal's other screen, which leaves the first one as it is,
   without a cursor; lines that are too long do not wrap. */
void bk_out_screen_enter(struct bk_buf *out);

/* The text from the upper left corner on, and nothing else on the screen. Of
   more than `rows` lines the last one shown says how many are not. */
void bk_out_screen_frame(struct bk_buf *out, const char *text, int rows);

/* Back, with the cursor where it was. */
void bk_out_screen_leave(struct bk_buf *out);

#endif
