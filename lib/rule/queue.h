/*
 * How much work the rules have now, without taking a lock: bounded probes over
 * the scans, by the database's clock. The rules are built, the table is read and
 * the clock is asked once for all probes.
 *
 *     BK_CLEAN(bk_queues_clear) struct bk_queues queues = BK_QUEUES_INIT;
 *     if ((rc = bk_queues_open(&queues, db, conf, err))) ...
 *     if ((rc = bk_queue_of_job(&queues, "activate-due", 1000, &queue, err))) ...
 *     bk_queue_clear(&queue);
 *
 * Each probe is a transaction of its own. One that is too slow is no error: what
 * it was to count is then BK_NULL_INT.
 */
#ifndef BK_RULE_QUEUE_H
#define BK_RULE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/db.h"
#include "rule/rule.h"
#include "rule/table.h"
#include "rule/unit.h"

/* Bookings are counted up to here. */
#define BK_QUEUE_LIMIT 10000

struct bk_queues {
	struct bk_db *db;
	const struct bk_conf *conf;
	struct bk_table table;
	struct bk_buf session;
	struct bk_tx_company company; /* of transactions that read bookings */
	struct bk_rules rules;        /* of every job that is enabled in the configuration */
	char *as_of;                  /* the database's now as a parameter */
	char *shown_as_of;            /* the same, RFC 3339 */
	char **lowers;                /* per rule: the oldest scan instant that it looks at */
};

#define BK_QUEUES_INIT                                                                             \
	{                                                                                          \
		.db = NULL                                                                         \
	}

struct bk_queue {
	int64_t depth;   /* BK_NULL_INT when it could not be counted in time */
	char *oldest_at; /* RFC 3339: earliest due instant among those counted, or NULL */
	int64_t age_ms;  /* since then, or BK_NULL_INT */
};

/* Fills *ret, which must be empty and stay where it is. BK_E_MAPPING. */
enum bk_rc bk_queues_open(struct bk_queues *ret, struct bk_db *db, const struct bk_conf *conf,
			  struct bk_error *err) BK_NODISCARD;
void bk_queues_clear(struct bk_queues *queues);

/* The max-age of a rule in ms, -1 = no bound. */
int64_t bk_queues_max_age(const struct bk_queues *queues, const struct bk_rule *rule);

/* The units of one rule. Clear them. */
void bk_queues_units(const struct bk_queues *queues, const struct bk_rule *rule,
		     struct bk_units *ret);

/* What is due for a job within `timeout_ms`, which its scans share. A job without
   rules has nothing to do. */
enum bk_rc bk_queue_of_job(const struct bk_queues *queues, const char *job, int64_t timeout_ms,
			   struct bk_queue *ret, struct bk_error *err) BK_NODISCARD;

/* The same for one rule of queues->rules; with `stale` what is due, but left alone
   because it is older than max-age. */
enum bk_rc bk_queue_of_rule(const struct bk_queues *queues, const struct bk_rule *rule, bool stale,
			    int64_t timeout_ms, struct bk_queue *ret,
			    struct bk_error *err) BK_NODISCARD;
void bk_queue_clear(struct bk_queue *queue);

/* True for the failure of a statement that took longer than it may, or waited for a
   lock as long. */
bool bk_queue_too_slow(enum bk_rc rc, const struct bk_error *err);

/* What is at `*oldest` and `age_ms` becomes the older of the two. The text may be
   taken. */
void bk_queue_older(char **oldest, int64_t *age_ms, char **other, int64_t other_age_ms);

#endif
