/*
 * The SQL form of a rule, written from the mapping. Every operator and type is
 * qualified, because a batch runs under the company's own search_path.
 */
#ifndef BK_RULE_SQL_H
#define BK_RULE_SQL_H

#include "rule/rule.h"

/* Fills scans, due, until, arrived, end and filter of a described rule. */
void bk_rule_write_sql(const struct bk_policy *policy, struct bk_rule *rule);

/* The same for a rule of the file. */
void bk_own_rule_write_sql(const struct bk_mapping *m, const struct bk_own_rule *own,
			   struct bk_rule *rule);

#endif
