/*
 * The labels of the mapping against the column of the state: whether it can hold each of them,
 * and whether it takes two of them for one value.
 */
#ifndef BK_RULE_LABELS_H
#define BK_RULE_LABELS_H

#include "conf/mapping.h"
#include "db/db.h"
#include "rule/misfit.h"
#include "rule/table.h"

/* BK_E_MAPPING. Sets table->status_equals. */
enum bk_rc bk_labels_check(struct bk_db *db, const struct bk_mapping *m, struct bk_table *table,
			   struct bk_misfits *misfits, struct bk_error *err) BK_NODISCARD;

#endif
