/*
 * The guard: how many bookings a run may change, judged before its first write,
 * and afterwards what came of it.
 */
#include "run/internal.h"

#include <inttypes.h>
#include <string.h>

/* A refusal gives the number up to here, beyond that "more than". */
#define COUNT_AT_LEAST 10000

static void allow(struct bk_crew *crew, int64_t n, const char *key)
{
	crew->allowance = n;
	crew->bound = n;
	crew->bound_key = key;
}

struct bk_bound bk_run_bound(const struct bk_run_request *request, bool first)
{
	struct bk_bound bound = {NULL, -1, false};

	if (first && request->first_run_limit)
		bound = (struct bk_bound){"first-run-limit", request->first_run_limit, false};
	if (request->max_changes && (!bound.key || request->max_changes < bound.allowed))
		bound = (struct bk_bound){"max-changes", request->max_changes, request->trickle};
	if (bound.key && request->allow > bound.allowed)
		bound.allowed = request->allow;
	/* A run that cannot change more needs no leave. */
	if (bound.key && request->limit >= 0 && request->limit <= bound.allowed)
		bound = (struct bk_bound){NULL, -1, false};
	return bound;
}

static enum bk_rc refuse(const struct bk_crew *crew, const struct bk_due *due, int64_t counted_to,
			 struct bk_error *err)
{
	bool more = due->total >= counted_to;

	bk_error_set(err, BK_E_REFUSED,
		     "%s%s would change %s%" PRId64 " bookings, %s allows %" PRId64
		     " (rule %s: %s%" PRId64 ")",
		     crew->first ? "the first run of " : "", crew->request->job,
		     more ? "more than " : "", more ? counted_to - 1 : due->total, crew->bound_key,
		     crew->bound, due->rule, more && due->by_rule == due->total ? "more than " : "",
		     more && due->by_rule == due->total ? counted_to - 1 : due->by_rule);
	return bk_error_hint(
		err, "look at them with --dry-run, then let it through once with --allow=N");
}

enum bk_rc bk_guard(struct bk_crew *crew, struct bk_worker *w, struct bk_error *err)
{
	const struct bk_run_request *q = crew->request;
	struct bk_due due = {0, NULL, 0};
	const struct bk_bound bound = bk_run_bound(q, crew->first);
	int64_t count_to;
	enum bk_rc rc;

	if (!bound.key) {
		allow(crew, q->limit, NULL);
		return BK_OK;
	}
	w->attempt = 0;
	count_to = bound.allowed >= COUNT_AT_LEAST ? bound.allowed + 1 : COUNT_AT_LEAST + 1;
	for (;;) {
		rc = w->work.count(w->work.self, &w->run, count_to, &due, err);
		if (!rc || (rc = bk_worker_again(w, err)))
			break;
	}
	if (rc)
		return rc;
	/* Kept also where it is not exceeded: more may become due while it runs. */
	allow(crew, bound.allowed, bound.key);
	if (due.total <= bound.allowed || bound.trickle)
		return BK_OK;
	return refuse(crew, &due, count_to, err);
}

static enum bk_rc bound_reached(const struct bk_crew *crew, struct bk_error *err)
{
	const struct bk_run_request *q = crew->request;

	if (!crew->bound_key)
		return bk_error_set(err, BK_E_PARTIAL,
				    "the limit of %" PRId64 " bookings is reached, work remains",
				    crew->bound);
	if (q->trickle && strcmp(crew->bound_key, "max-changes") == 0)
		return bk_error_set(err, BK_E_PARTIAL,
				    "the %" PRId64 " bookings that max-changes allows are changed, "
				    "work remains",
				    crew->bound);
	bk_error_set(err, BK_E_REFUSED,
		     "%s changed the %" PRId64 " bookings that %s allows, and more became due",
		     q->job, crew->bound, crew->bound_key);
	return bk_error_hint(err, "look at them with --dry-run, then let them through once with "
				  "--allow=N");
}

enum bk_rc bk_judge_rest(const struct bk_crew *crew, struct bk_error *err)
{
	bool known = crew->rest.remaining != BK_NULL_INT;
	int64_t left = known ? crew->rest.remaining - crew->rest.skipped_locked : 0;

	if ((left > 0 || !known) && crew->bound_reached)
		return bound_reached(crew, err);
	if (crew->aside) {
		bool undo = crew->request->beside; /* which sets nothing aside */

		bk_error_set(err, BK_E_PARTIAL,
			     "%" PRId64 " booking%s %s, the database refuses the change: %s",
			     crew->aside, crew->aside == 1 ? " was" : "s were",
			     undo ? "left" : "set aside", crew->refusal.message);
		memcpy(err->sqlstate, crew->refusal.sqlstate, sizeof(err->sqlstate));
		return undo ? err->rc : bk_error_hint(err, "bkstatus quarantine lists them");
	}
	if (left > 0 && crew->vetoed > 0) {
		bk_error_set(err, BK_E_PARTIAL,
			     "%" PRId64 " due bookings were locked and yet not changed", left);
		return bk_error_hint(err, "look for a trigger of the table that drops the update");
	}
	return BK_OK;
}
