/*
 * A value inside a message.
 */
#ifndef BK_CONF_SHOW_H
#define BK_CONF_SHOW_H

#include "base/buf.h"

/* Appends text in double quotes, harmless, and cut off where it is long. */
void bk_show(struct bk_buf *out, const char *text);

#endif
