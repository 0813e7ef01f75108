/*
 * A durable reader of events: its place in the log of transitions, and the lease
 * by which one process at a time reads for it.
 *
 *     struct bk_consumer c = BK_CONSUMER_INIT;
 *     if ((rc = bk_consumer_claim(db, &request, &c, err))) ...
 *     ... hand over what lies behind c.place ...
 *     if ((rc = bk_consumer_keep(db, &c, &last, 0, err))) ...      (at least each RENEW_MS)
 *     bk_consumer_release(db, &c, &ignored);
 *     bk_consumer_clear(&c);
 *
 * The place moves only by bk_consumer_keep, and only while the token is the newest: whoever
 * was taken over moves nothing. Who dies is followed by the next one after the lease, at the
 * same place.
 */
#ifndef BK_RUN_CONSUMER_H
#define BK_RUN_CONSUMER_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/conf.h"
#include "db/db.h"

/* An event's place, or the one in front of all. The order is that of the members. */
struct bk_place {
	int64_t txid;
	int64_t transition_id;
	int64_t item; /* from 1 on; 0 = in front of the row's first */
};

/* <0, 0 or >0. */
int bk_place_compare(const struct bk_place *a, const struct bk_place *b);

/* The text of each member, as a parameter. */
struct bk_place_text {
	char txid[24];
	char transition_id[24];
	char item[24];
};
struct bk_place_text bk_place_text(const struct bk_place *place);

/* How long a reader may give no sign of life, and when it should. */
#define BK_CONSUMER_LEASE_MS 30000
#define BK_CONSUMER_RENEW_MS 10000

struct bk_consumer_request {
	const struct bk_conf *conf;
	const char *name;
	const char *holder;          /* who reads: "host pid 17" */
	const struct bk_place *from; /* where a new one begins; NULL = with what is not over yet */
};

struct bk_consumer {
	const struct bk_conf *conf;
	const char *name; /* the caller's, as is conf */
	int64_t token;
	struct bk_place place; /* the last event that was handed over */
	int64_t lost;          /* events that were pruned before it read them, in all */
	int64_t lost_told;     /* those that it was told of */
	char *lost_at;         /* NULL = there were none */
};

#define BK_CONSUMER_INIT                                                                           \
	{                                                                                          \
		.conf = NULL                                                                       \
	}

void bk_consumer_clear(struct bk_consumer *consumer);

/* BK_E_BUSY names who reads; BK_E_REFUSED where the place is none of this database. */
enum bk_rc bk_consumer_claim(struct bk_db *db, const struct bk_consumer_request *request,
			     struct bk_consumer *ret, struct bk_error *err) BK_NODISCARD;

/* A sign of life: the place is `last`, unless cleanup moved it further on, and of `told` lost
   events it was told. Fills the consumer anew; may be repeated. BK_E_LEASE_LOST: it was
   taken over. */
enum bk_rc bk_consumer_keep(struct bk_db *db, struct bk_consumer *consumer,
			    const struct bk_place *last, int64_t told,
			    struct bk_error *err) BK_NODISCARD;

/* Others may read at once. Where this fails they wait for the end of the lease. */
enum bk_rc bk_consumer_release(struct bk_db *db, const struct bk_consumer *consumer,
			       struct bk_error *err) BK_NODISCARD;

/* BK_E_REFUSED, for a place behind any transaction that there has been. */
enum bk_rc bk_place_refused(struct bk_error *err);

#endif
