/*
 * The column tables of bkstatus booking; see lists.h.
 */
#ifndef BK_OUT_LOOKUP_H
#define BK_OUT_LOOKUP_H

#include "out/list.h"
#include "view/lookup.h"

/* The booking itself: a record. */
struct bk_list bk_out_lookup(const struct bk_lookup *found);
struct bk_list bk_out_lookup_values(const struct bk_lookup *found);
struct bk_list bk_out_lookup_rules(const struct bk_lookup *found);
/* Appends the sentence of each rule, for people; lines of so many characters at most, 0 = any. */
void bk_out_lookup_why(struct bk_buf *out, const struct bk_lookup *found, size_t width);
struct bk_list bk_out_lookup_hold(const struct bk_lookup *found);
struct bk_list bk_out_lookup_quarantine(const struct bk_lookup *found);
struct bk_list bk_out_lookup_changes(const struct bk_lookup *found);

#endif
