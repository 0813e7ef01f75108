/*
 * What the mapping names of a booking: keys, state and values, in its order.
 */
#ifndef BK_VIEW_MAPPED_H
#define BK_VIEW_MAPPED_H

#include "rule/table.h"
#include "view/lookup.h"

/* The list without values; free() it. `column` is the column or the expression. */
struct bk_value_view *bk_mapped_values(const struct bk_mapping *m, size_t *ret_count);

/* Appends an SQL array of their texts for the row b. An expression for a time is shown as the
   instant that it stands for. */
void bk_mapped_texts(const struct bk_mapping *m, const struct bk_table *table, struct bk_buf *out);

#endif
