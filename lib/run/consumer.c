/*
 * Durable readers of events; see consumer.h.
 */
#include "run/consumer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "db/rows.h"
#include "db/sqltext.h"
#include "db/tx.h"

#define AT(member) offsetof(struct bk_consumer, member)

static const struct bk_field token_field = {"token", BK_FIELD_INT, AT(token)};
static const struct bk_field fields[] = {
	{"txid", BK_FIELD_INT, AT(place.txid)},
	{"transition_id", BK_FIELD_INT, AT(place.transition_id)},
	{"item", BK_FIELD_INT, AT(place.item)},
	{"lost", BK_FIELD_INT, AT(lost)},
	{"lost_told", BK_FIELD_INT, AT(lost_told)},
	{"lost_at", BK_FIELD_TEXT, AT(lost_at)},
};

#undef AT

static const struct bk_tx_limits limits = {.statement_ms = 10000, .lock_ms = 2000};

int bk_place_compare(const struct bk_place *a, const struct bk_place *b)
{
	const int64_t left[] = {a->txid, a->transition_id, a->item};
	const int64_t right[] = {b->txid, b->transition_id, b->item};

	for (size_t i = 0; i < BK_COUNT(left); i++)
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	return 0;
}

static void put_number(char *dst, size_t size, int64_t n)
{
	(void)snprintf(dst, size, "%" PRId64, n);
}

struct bk_place_text bk_place_text(const struct bk_place *place)
{
	struct bk_place_text text;

	put_number(text.txid, sizeof(text.txid), place->txid);
	put_number(text.transition_id, sizeof(text.transition_id), place->transition_id);
	put_number(text.item, sizeof(text.item), place->item);
	return text;
}

enum bk_rc bk_place_refused(struct bk_error *err)
{
	(void)bk_error_set(err, BK_E_REFUSED,
			   "the place lies behind every transaction of this database");
	return bk_error_hint(err, "it is of another database, or of this one before it was "
				  "restored from a dump: begin anew");
}

void bk_consumer_clear(struct bk_consumer *consumer)
{
	bk_fields_clear(fields, BK_COUNT(fields), consumer);
}

/* One statement of the schema, in a transaction of its own; *ret may be NULL. */
static enum bk_rc ask(struct bk_db *db, const struct bk_conf *conf, struct bk_stmt *stmt,
		      struct bk_rows **ret, struct bk_error *err)
{
	const struct bk_sql_var var = {"bk", bk_conf_str(conf, "schema")};
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	enum bk_rc rc = bk_sql_fill_file(&sql, stmt->name, &var, 1, err);

	if (rc)
		return rc;
	stmt->sql = bk_buf_cstr(&sql);
	return bk_tx_one(db, BK_TX_OWN, &limits, stmt, ret, err);
}

static enum bk_rc read_state(const struct bk_rows *rows, struct bk_consumer *consumer,
			     struct bk_error *err)
{
	bk_consumer_clear(consumer);
	return bk_rows_read(rows, 0, fields, BK_COUNT(fields), consumer, err);
}

/* Somebody had the lease a moment ago; who it is now is for people to know. */
static enum bk_rc busy(struct bk_db *db, const struct bk_consumer_request *request,
		       struct bk_error *err)
{
	const char *const params[] = {request->name};
	struct bk_stmt stmt = {"consumer_holder", NULL, params, 1, BK_MAYBE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = ask(db, request->conf, &stmt, &rows, err);
	const char *holder;

	if (rc)
		return rc;
	holder = bk_rows_count(rows) ? bk_rows_text(rows, 0, "holder") : NULL;
	(void)bk_error_set(err, BK_E_BUSY, "consumer %s is read by %s", request->name,
			   holder ? holder : "another process");
	if (!holder)
		return BK_E_BUSY;
	return bk_error_hint(err, "if that is dead, its lease ends at %s",
			     bk_rows_text(rows, 0, "lease_expires_at"));
}

enum bk_rc bk_consumer_claim(struct bk_db *db, const struct bk_consumer_request *request,
			     struct bk_consumer *ret, struct bk_error *err)
{
	const struct bk_place_text from = bk_place_text(
		request->from ? request->from : &(struct bk_place){0, 0, 0});
	BK_CLEAN(bk_free_str) char *lease = bk_asprintf("%d ms", BK_CONSUMER_LEASE_MS);
	const char *const params[] = {request->name,
				      request->holder,
				      lease,
				      request->from ? from.txid : NULL,
				      request->from ? from.transition_id : NULL,
				      request->from ? from.item : NULL};
	struct bk_stmt stmt = {"consumer_claim", NULL, params, BK_COUNT(params), BK_MAYBE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	BK_CLEAN(bk_consumer_clear)
	struct bk_consumer c = {.conf = request->conf, .name = request->name};
	enum bk_rc rc;

	if ((rc = ask(db, request->conf, &stmt, &rows, err)))
		return rc;
	if (!bk_rows_count(rows))
		return busy(db, request, err);
	if ((rc = bk_rows_read(rows, 0, &token_field, 1, &c, err)) ||
	    (rc = read_state(rows, &c, err)))
		return rc;
	if (*bk_rows_text(rows, 0, "ahead") == 't') {
		if ((rc = bk_consumer_release(db, &c, err)))
			return rc;
		return bk_place_refused(err);
	}
	*ret = c;
	c.lost_at = NULL;
	return BK_OK;
}

enum bk_rc bk_consumer_keep(struct bk_db *db, struct bk_consumer *consumer,
			    const struct bk_place *last, int64_t told, struct bk_error *err)
{
	const struct bk_place_text place = bk_place_text(last);
	BK_CLEAN(bk_free_str) char *lease = bk_asprintf("%d ms", BK_CONSUMER_LEASE_MS);
	BK_CLEAN(bk_free_str) char *token = bk_asprintf("%" PRId64, consumer->token);
	BK_CLEAN(bk_free_str) char *lost = bk_asprintf("%" PRId64, told);
	const char *const params[] = {consumer->name,      token,      lease, place.txid,
				      place.transition_id, place.item, lost};
	struct bk_stmt stmt = {"consumer_keep", NULL, params, BK_COUNT(params), BK_MAYBE_ROW};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	if ((rc = ask(db, consumer->conf, &stmt, &rows, err)))
		return rc;
	if (bk_rows_count(rows))
		return read_state(rows, consumer, err);
	return bk_error_set(err, BK_E_LEASE_LOST,
			    "consumer %s was taken over, nothing more was moved", consumer->name);
}

enum bk_rc bk_consumer_release(struct bk_db *db, const struct bk_consumer *consumer,
			       struct bk_error *err)
{
	BK_CLEAN(bk_free_str) char *token = bk_asprintf("%" PRId64, consumer->token);
	const char *const params[] = {consumer->name, token};
	struct bk_stmt stmt = {"consumer_release", NULL, params, BK_COUNT(params), BK_NO_ROWS};

	return ask(db, consumer->conf, &stmt, NULL, err);
}
