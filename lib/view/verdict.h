/*
 * What bk knows of one rule and one booking as a sentence that a person can say to another.
 */
#ifndef BK_VIEW_VERDICT_H
#define BK_VIEW_VERDICT_H

#include "view/lookup.h"

/*
 * Sets rule->explanation, and drops the instants that do not matter: those of a rule that cannot
 * apply by the lapse of time alone, and an `until` that is no bound any more.
 */
void bk_verdict_finish(const struct bk_lookup *found, struct bk_rule_view *rule);

#endif
