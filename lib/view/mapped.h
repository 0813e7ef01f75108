/*
 * What the mapping names of a booking: keys, state and values, in its order, each as SQL over
 * the row b.
 */
#ifndef BK_VIEW_MAPPED_H
#define BK_VIEW_MAPPED_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/mapping.h"
#include "rule/table.h"

struct bk_mapped {
	const char *name;   /* of the mapping: "start" */
	const char *column; /* or the expression */
	bool is_expression;
	char *text;    /* its text; of an expression for a time that of the instant it stands for */
	char *instant; /* a timestamptz; NULL = it is no time */
};

struct bk_mapped_list {
	struct bk_mapped *items;
	size_t count;
};

/* Names and columns point into the mapping. */
void bk_mapped_build(const struct bk_mapping *m, const struct bk_table *table,
		     struct bk_mapped_list *ret);
void bk_mapped_clear(struct bk_mapped_list *list);

#endif
