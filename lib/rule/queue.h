/*
 * How much work a job has now, without taking a lock: a bounded probe over the
 * job's scans, by the database's clock.
 */
#ifndef BK_RULE_QUEUE_H
#define BK_RULE_QUEUE_H

#include <stdint.h>

#include "conf/conf.h"
#include "db/db.h"

/* Bookings are counted up to here. */
#define BK_QUEUE_LIMIT 10000

struct bk_queue {
	int64_t depth;   /* BK_NULL_INT when it could not be counted in time */
	char *oldest_at; /* RFC 3339: earliest due instant among those counted, or NULL */
};

/*
 * Probes the job within `timeout_ms`. Too slow is no error: depth is then
 * BK_NULL_INT. Each probe is a transaction of its own.
 */
enum bk_rc bk_queue_probe(struct bk_db *db, const struct bk_conf *conf, const char *job,
			  int64_t timeout_ms, struct bk_queue *ret,
			  struct bk_error *err) BK_NODISCARD;
void bk_queue_clear(struct bk_queue *queue);

#endif
