/*
 * What keeps a rule from a booking whatever the time is: what its row lacks or says. As SQL
 * conditions over the row b, for people who ask why; the rule's own condition has them all.
 */
#ifndef BK_RULE_OBSTACLE_H
#define BK_RULE_OBSTACLE_H

#include <stddef.h>

#include "rule/rule.h"

/* What lets no rule, or not every rule, apply to a booking: never an error; NULL = cannot be
   with this mapping. */
struct bk_faults {
	char *no_start;
	char *no_end; /* never completed */
	char *infinite;
	char *end_before_start;
	char *negative_grace;
};

void bk_faults_write(const struct bk_policy *policy, struct bk_faults *ret);
void bk_faults_clear(struct bk_faults *faults);

struct bk_obstacle {
	const char *reason; /* kebab-case */
	char *condition;    /* true where it stands in the way */
};

/*
 * All of one rule, the first that is true tells most:
 *   excluded          where of bookings { } is not true of it
 *   conditions        the rule's own where is not
 *   no-start infinite-time end-before-start negative-grace   no booking's values
 *   open-ended        it has no end, at which the rule would apply
 *   no-deadline       it has no D, at which the rule would apply
 *   has-deadline      it has a D, and the rule is for those without
 *   arrived, not-arrived
 */
struct bk_obstacles {
	struct bk_obstacle *items;
	size_t count;
};

void bk_obstacles_write(const struct bk_policy *policy, const struct bk_rule *rule,
			struct bk_obstacles *ret);
void bk_obstacles_clear(struct bk_obstacles *obstacles);

/* D of the row b where its values are a booking's, else NULL; NULL = no booking has one. */
char *bk_deadline_sql(const struct bk_policy *policy);

#endif
