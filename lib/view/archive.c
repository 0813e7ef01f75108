/*
 * Reading archived executions; see archive.h. A month's files are in no order among each
 * other, so the newest rows of a month are kept in a sorted page while they go by; months
 * do not overlap.
 */
#include "view/archive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/archive.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/number.h"

struct page {
	const struct bk_history_filter *filter;
	int64_t since_us; /* INT64_MIN = any */
	int64_t until_us; /* INT64_MAX = any */
	int64_t most;     /* one more than a page, which says that there is a next one */
	struct bk_execution_list list;
};

/* Newest first: below 0 when a comes before b. */
static int compare(const struct bk_cursor *a, const struct bk_cursor *b)
{
	if (a->at_us != b->at_us)
		return a->at_us > b->at_us ? -1 : 1;
	return a->id == b->id ? 0 : a->id > b->id ? -1 : 1;
}

static bool is_full(const struct page *p)
{
	return (int64_t)p->list.count == p->most;
}

static const char *cell_of(const char *const *names, const char *const *cells, size_t count,
			   const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return cells[i];
	return NULL;
}

static bool is_any_or(const char *wanted, const char *text)
{
	return !wanted || (text && strcmp(wanted, text) == 0);
}

/* A file of which no row can come into the page. */
static bool is_wanted(void *arg, const struct bk_archive_file *file)
{
	const struct page *p = arg;
	int64_t first;
	int64_t last;

	if (!bk_parse_time(file->first_at, &first) || !bk_parse_time(file->last_at, &last))
		return true;
	if (last < p->since_us || first >= p->until_us)
		return false;
	if (p->filter->has_after && first > p->filter->after.at_us)
		return false;
	return !is_full(p) || last >= p->list.items[p->list.count - 1].position.at_us;
}

static bool passes(const struct page *p, const char *const *names, const char *const *cells,
		   size_t count, const struct bk_cursor *position)
{
	const struct bk_history_filter *f = p->filter;

	if (position->at_us < p->since_us || position->at_us >= p->until_us ||
	    (f->has_after && compare(position, &f->after) <= 0))
		return false;
	if (!is_any_or(f->job, cell_of(names, cells, count, "operation")) ||
	    !is_any_or(f->status, cell_of(names, cells, count, "status")) ||
	    !is_any_or(f->trigger, cell_of(names, cells, count, "triggered_by")))
		return false;
	return !is_full(p) || compare(position, &p->list.items[p->list.count - 1].position) < 0;
}

static enum bk_rc read_position(const char *const *names, const char *const *cells, size_t count,
				struct bk_cursor *ret, struct bk_error *err)
{
	const char *at = cell_of(names, cells, count, "executed_at");
	const char *id = cell_of(names, cells, count, "id");

	if (!at || !id || !bk_parse_time(at, &ret->at_us) || !bk_parse_u63(id, &ret->id))
		return bk_error_set(err, BK_E_IO, "has an execution without number or start");
	return BK_OK;
}

/* Puts it into its place, and the last one out where the page is full. */
static enum bk_rc insert(struct page *p, struct bk_execution_view *item)
{
	struct bk_execution_list *list = &p->list;
	size_t at = list->count;

	while (at > 0 && compare(&item->position, &list->items[at - 1].position) < 0)
		at--;
	/* Archived twice: what was behind the first time is the same. */
	if (at > 0 && compare(&item->position, &list->items[at - 1].position) == 0) {
		bk_execution_view_clear(item);
		return BK_OK;
	}
	if (is_full(p))
		bk_execution_view_clear(&list->items[--list->count]);
	memmove(&list->items[at + 1], &list->items[at], (list->count - at) * sizeof(*item));
	list->items[at] = *item;
	list->count++;
	return BK_OK;
}

static enum bk_rc on_record(void *arg, const char *const *names, const char *const *cells,
			    size_t count, struct bk_error *err)
{
	struct page *p = arg;
	struct bk_execution_view item = {.id = NULL};
	struct bk_cursor position;
	enum bk_rc rc = read_position(names, cells, count, &position, err);

	if (rc || !passes(p, names, cells, count, &position))
		return rc;
	if ((rc = bk_execution_view_of(names, cells, count, &item, err))) {
		bk_execution_view_clear(&item);
		return rc;
	}
	item.position = position;
	return insert(p, &item);
}

static int64_t instant(const struct bk_moment *m, int64_t now_us, int64_t none)
{
	switch (m->kind) {
	case BK_MOMENT_AT:
		return m->at_us;
	case BK_MOMENT_AGO:
		return now_us - m->ago_ms * 1000;
	case BK_MOMENT_NONE:
		break;
	}
	return none;
}

/* "2026-11" of an instant; its texts sort as the months do. */
static void month_of(struct bk_buf *out, int64_t us)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_format_time(&text, us);
	bk_buf_bytes(out, bk_buf_cstr(&text), strlen("2026-11"));
}

static bool month_is_wanted(const struct page *p, const char *month)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf first = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf last = BK_BUF_INIT;
	int64_t until = p->until_us;

	if (p->filter->has_after && p->filter->after.at_us < until)
		until = p->filter->after.at_us;
	if (p->since_us != INT64_MIN)
		month_of(&first, p->since_us);
	if (until != INT64_MAX)
		month_of(&last, until);
	return strcmp(month, bk_buf_cstr(&first)) >= 0 &&
	       (until == INT64_MAX || strcmp(month, bk_buf_cstr(&last)) <= 0);
}

static enum bk_rc read_months(struct page *p, const char *dir, struct bk_error *err)
{
	char **months = NULL;
	size_t count = 0;
	enum bk_rc rc = bk_archive_months(dir, &months, &count, err);

	for (size_t i = 0; i < count; i++) {
		if (!rc && !is_full(p) && month_is_wanted(p, months[i]))
			rc = bk_archive_read(dir, months[i], "executions", is_wanted, on_record, p,
					     err);
		free(months[i]);
	}
	free(months);
	return rc;
}

enum bk_rc bk_view_archive(const char *dir, const struct bk_history_filter *filter, int64_t now_us,
			   struct bk_execution_list *ret, struct bk_error *err)
{
	struct page p = {
		.filter = filter,
		.since_us = instant(&filter->since, now_us, INT64_MIN),
		.until_us = instant(&filter->until, now_us, INT64_MAX),
		.most = filter->limit + 1,
	};
	BK_CLEAN(bk_buf_clear) struct bk_buf cursor = BK_BUF_INIT;
	enum bk_rc rc;

	p.list.items = bk_calloc((size_t)p.most, sizeof(*p.list.items));
	if ((rc = read_months(&p, dir, err))) {
		bk_execution_list_clear(&p.list);
		return rc;
	}
	if (is_full(&p)) {
		bk_execution_view_clear(&p.list.items[--p.list.count]);
		bk_cursor_write(&cursor, &p.list.items[p.list.count - 1].position);
		p.list.next_cursor = bk_buf_take(&cursor);
	}
	*ret = p.list;
	return BK_OK;
}
