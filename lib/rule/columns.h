/*
 * Which columns of the bookings table a mapping reads and writes, for grants: those that it
 * names, and those that its SQL names as b.column.
 */
#ifndef BK_RULE_COLUMNS_H
#define BK_RULE_COLUMNS_H

#include "conf/mapping.h"

struct bk_columns {
	struct bk_labels reads;
	struct bk_labels writes;
};

void bk_columns_of(const struct bk_mapping *m, struct bk_columns *ret);
void bk_columns_clear(struct bk_columns *columns);

/* Adds a name that is not there yet. */
void bk_columns_add(struct bk_labels *list, const char *name);
/* The same for every b.column of an SQL text, which may be NULL. */
void bk_columns_add_sql(struct bk_labels *list, const char *sql);

#endif
