/*
 * Events as lines of JSON, or as the items of one object.
 */
#ifndef BK_OUT_EVENTS_H
#define BK_OUT_EVENTS_H

#include "out/list.h"
#include "view/events.h"

/* `count` events from `first` on. */
struct bk_list bk_out_events(const struct bk_event *first, size_t count);

/* Appends the line that tells a reader what it will never get. */
void bk_out_events_lost(struct bk_buf *out, const struct bk_consumer *consumer);

#endif
