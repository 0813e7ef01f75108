/*
 * Bad rows: a batch that the database refuses is tried in halves until each
 * refused row is alone. A fault of all rows must not be mistaken for many bad
 * ones: that is asked first, of single rows spread over the page.
 */
#include "run/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { SAMPLE = 8 };

struct page {
	struct bk_worker *w;
	struct bk_batch *sum;
};

/* A row is to blame, or there are too many of them for the time of a statement. */
static bool is_to_be_split(const struct page *p, int64_t count, const struct bk_error *why)
{
	enum bk_fault fault = bk_fault_of(why);

	return fault == BK_FAULT_ROW || (fault == BK_FAULT_SLOW && count > 1 &&
					 bk_crew_now(p->w->crew) < p->w->run.deadline_ms);
}

/* One part; a refused one is BK_OK with *ret_refused set and *why filled. */
static enum bk_rc try_part(struct page *p, int64_t first, int64_t count, bool *ret_refused,
			   struct bk_error *why)
{
	struct bk_batch part = {.locked = 0};
	enum bk_rc rc = bk_worker_step(p->w, first, count, &part, why);

	*ret_refused = rc && is_to_be_split(p, count, why);
	if (*ret_refused)
		return BK_OK;
	p->sum->changed += part.changed;
	p->sum->cancel = p->sum->cancel || part.cancel;
	return rc;
}

/* More than the configuration takes for bad rows. */
static enum bk_rc too_many(const struct bk_run_request *q, const struct bk_error *why,
			   struct bk_error *err)
{
	struct bk_error cause = *why;

	bk_error_set(err, BK_E_RUN,
		     "more than %" PRId64 " bookings are refused (max-quarantine): %s",
		     q->max_aside, cause.message);
	memcpy(err->sqlstate, cause.sqlstate, sizeof(err->sqlstate));
	return bk_error_hint(err, "nothing was set aside; look for the constraint or trigger");
}

/* Those that are tried again do not count: they may well be refused together. */
static enum bk_rc set_aside(struct page *p, int64_t item, const struct bk_error *why,
			    struct bk_error *err)
{
	const struct bk_work *work = &p->w->work;
	struct bk_crew *crew = p->w->crew;
	int64_t n;

	if (!work->set_aside(work->self, item, why))
		return BK_OK;
	(void)pthread_mutex_lock(&crew->lock);
	if (++crew->aside == 1)
		crew->refusal = *why;
	crew->newly_aside += !work->was_aside(work->self, item);
	n = crew->newly_aside;
	(void)pthread_mutex_unlock(&crew->lock);
	return n > crew->request->max_aside ? too_many(crew->request, why, err) : BK_OK;
}

/* A part that was refused as a whole. */
static enum bk_rc split(struct page *p, int64_t first, int64_t count,
			const struct bk_error *refusal, struct bk_error *err)
{
	const int64_t sizes[] = {count / 2, count - count / 2};

	if (count == 1)
		return set_aside(p, first, refusal, err);
	for (int i = 0; i < 2; i++) {
		struct bk_error why;
		bool refused = false;
		enum bk_rc rc = try_part(p, first, sizes[i], &refused, &why);

		if (!rc && refused)
			rc = split(p, first, sizes[i], &why, err);
		else if (rc)
			*err = why;
		if (rc)
			return rc;
		first += sizes[i];
	}
	return BK_OK;
}

/* The items of a page that no earlier run set aside; *ret gets their numbers. */
static int64_t find_new(struct page *p, int64_t count, int64_t **ret)
{
	const struct bk_work *work = &p->w->work;
	int64_t n = 0;

	*ret = bk_calloc((size_t)count + 1, sizeof(**ret));
	for (int64_t i = 0; i < count; i++)
		if (!work->was_aside(work->self, i))
			(*ret)[n++] = i;
	return n;
}

/* Eight rows spread over the page, each alone: when all of them are refused with
   one SQLSTATE the fault is not theirs. */
static enum bk_rc check_sample(struct page *p, const int64_t *items, int64_t count,
			       struct bk_error *err)
{
	struct bk_error first_why = {.rc = BK_OK};

	for (int64_t i = 0; i < SAMPLE; i++) {
		int64_t item = items[i * (count - 1) / (SAMPLE - 1)];
		struct bk_error why;
		bool refused = false;
		enum bk_rc rc = try_part(p, item, 1, &refused, &why);

		if (rc) {
			*err = why;
			return rc;
		}
		if (!refused || (i && strcmp(why.sqlstate, first_why.sqlstate) != 0))
			return BK_OK;
		if (!i)
			first_why = why;
	}
	*err = first_why;
	bk_error_prefix(err, "each of %d bookings tried alone is refused", SAMPLE);
	return bk_error_hint(err, "nothing was set aside; look for the constraint or trigger");
}

/* A fault of all rows must not be mistaken for many bad ones. */
static enum bk_rc check_page(struct page *p, int64_t count, struct bk_error *err)
{
	int64_t *items = NULL;
	int64_t n = find_new(p, count, &items);
	enum bk_rc rc = n >= SAMPLE ? check_sample(p, items, n, err) : BK_OK;

	free(items);
	return rc;
}

enum bk_rc bk_worker_bisect(struct bk_worker *w, int64_t max, struct bk_batch *ret,
			    struct bk_error *err)
{
	struct page p = {w, ret};
	struct bk_error refusal = *err;
	int64_t count = 0;
	bool refused = true;
	enum bk_rc rc;

	w->attempt = 0;
	for (;;) {
		rc = w->work.page(w->work.self, &w->run, max, &count, err);
		if (!rc || (rc = bk_worker_again(w, err)))
			break;
	}
	if (!rc)
		rc = check_page(&p, count, err);
	/* The one that is left need not be the one that was refused. */
	if (!rc && count == 1 && (rc = try_part(&p, 0, 1, &refused, &refusal)))
		*err = refusal;
	if (!rc && count > 0 && refused)
		rc = split(&p, 0, count, &refusal, err);
	if (!rc)
		ret->done = w->work.page_done(w->work.self);
	return rc;
}
