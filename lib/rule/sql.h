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

/* What lets no rule, or not every rule, apply to a booking: SQL conditions over the row
   b, never an error; NULL = cannot be with this mapping. */
struct bk_faults {
	char *no_start;
	char *no_end; /* never completed */
	char *infinite;
	char *end_before_start;
	char *negative_grace;
};

void bk_faults_write(const struct bk_policy *policy, struct bk_faults *ret);
void bk_faults_clear(struct bk_faults *faults);

#endif
