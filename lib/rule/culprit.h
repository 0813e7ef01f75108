/*
 * Which expression of the mapping fails, and for which booking. A statement that scans bookings
 * fails as a whole where an expression fails for one of them (a division by zero, a text that is
 * no number), and the server names neither.
 */
#ifndef BK_RULE_CULPRIT_H
#define BK_RULE_CULPRIT_H

#include "base/clock.h"
#include "db/array.h"
#include "db/tx.h"
#include "rule/unit.h"

struct bk_culprit {
	char *key;               /* of the file: "bookings.where", "rule div: due" */
	const char *expression;  /* points into the mapping */
	char *why;               /* what the server says */
	struct bk_array booking; /* the texts of its key; count 0 = not known */
};

void bk_culprit_clear(struct bk_culprit *culprit);

/* Appends "KEY: EXPRESSION: why", with " (booking KEY)" where that is known. */
void bk_culprit_put(struct bk_buf *out, const struct bk_culprit *culprit);

/* Bookings, by a condition over the row b and its parameters. */
struct bk_suspects {
	struct bk_db *db;
	const struct bk_mapping *mapping;
	const char *condition;
	const char *const *params;
	int param_count;
	const struct bk_tx_limits *limits;
};

/* The first expression of the rule that fails for one of them: *ret_found. An error where that
   cannot be asked. */
enum bk_rc bk_culprit_among(const struct bk_suspects *suspects, const struct bk_rule *rule,
			    bool *ret_found, struct bk_culprit *ret,
			    struct bk_error *err) BK_NODISCARD;

/* How a unit's scan is looked into, and for how long. */
struct bk_search {
	struct bk_db *db;
	const struct bk_mapping *mapping;
	const struct bk_table *table;
	const char *as_of; /* texts that read back as timestamptz */
	const char *lower;
	struct bk_tx_limits limits; /* of each statement */
	const struct bk_clock *clock;
	int64_t deadline_ms; /* on the clock; then the booking stays unknown */
};

/*
 * After *err, a fault of a row (bk_fault_of) in a scan of the unit: names rule, expression and
 * booking in it, as a fault that is no single row's. Leaves *err as it is for any other fault,
 * and where no expression fails any more. True where it was found.
 */
bool bk_culprit_blame(const struct bk_search *search, const struct bk_unit *unit,
		      struct bk_error *err);

/* The hint for such a fault of a scan that nobody has looked into, and its words. */
#define BK_CULPRIT_HINT                                                                            \
	"an expression of the mapping fails for some booking; bkmaint doctor names both"
void bk_culprit_hint(struct bk_error *err);

#endif
