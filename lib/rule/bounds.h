/*
 * The instant by which rules are judged and the oldest scan instant they look
 * at, by the database's clock, as texts for the parameters $1 and $2 of a scan.
 */
#ifndef BK_RULE_BOUNDS_H
#define BK_RULE_BOUNDS_H

#include <stdint.h>

#include "db/tx.h"

struct bk_bounds {
	char *as_of;
	char *lower;
};

/* max_age_ms -1 = no lower bound. Clear *ret. */
enum bk_rc bk_bounds_read(struct bk_db *db, int64_t max_age_ms, const struct bk_tx_limits *limits,
			  struct bk_bounds *ret, struct bk_error *err) BK_NODISCARD;
void bk_bounds_clear(struct bk_bounds *bounds);

#endif
