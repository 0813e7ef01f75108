/*
 * What keeps rules from a booking; see obstacle.h.
 */
#include "rule/obstacle.h"

#include <stdlib.h>

#include "base/mem.h"
#include "rule/pieces.h"

#define LT " OPERATOR(pg_catalog.<) "
#define LE " OPERATOR(pg_catalog.<=) "
#define GE " OPERATOR(pg_catalog.>=) "

/* Outside of what times_valid allows, NULL aside. */
static char *write_infinite(const struct bk_pieces *p)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

	if (!p->s)
		return NULL;
	bk_buf_fmt(&b, "(%s" LE BK_LOWEST_SQL " OR %s" GE BK_LIMIT_SQL, p->s, p->s);
	if (p->e)
		bk_buf_fmt(&b, " OR %s" GE BK_LIMIT_SQL " OR %s" LE BK_LOWEST_SQL, p->e, p->e);
	bk_buf_char(&b, ')');
	return bk_buf_take(&b);
}

static void write_faults(const struct bk_pieces *p, struct bk_faults *ret)
{
	*ret = (struct bk_faults){
		.no_start = p->s ? bk_asprintf("%s IS NULL", p->s) : NULL,
		.no_end = p->e ? bk_asprintf("%s IS NULL", p->e) : NULL,
		.infinite = write_infinite(p),
		.end_before_start = p->s && p->e ? bk_asprintf("%s" LT "%s", p->e, p->s) : NULL,
		.negative_grace = p->g ? bk_asprintf("%s" LT "0", p->g) : NULL,
	};
}

void bk_faults_write(const struct bk_policy *policy, struct bk_faults *ret)
{
	BK_CLEAN(bk_pieces_clear) struct bk_pieces p = {.s = NULL};

	bk_pieces_init(&p, policy);
	write_faults(&p, ret);
}

void bk_faults_clear(struct bk_faults *faults)
{
	free(faults->no_start);
	free(faults->no_end);
	free(faults->infinite);
	free(faults->end_before_start);
	free(faults->negative_grace);
	*faults = (struct bk_faults){.no_start = NULL};
}

void bk_obstacles_clear(struct bk_obstacles *obstacles)
{
	for (size_t i = 0; i < obstacles->count; i++)
		free(obstacles->items[i].condition);
	free(obstacles->items);
	*obstacles = (struct bk_obstacles){NULL, 0};
}

/* Takes the condition over; NULL = cannot be. */
static void add(struct bk_obstacles *list, const char *reason, char *condition)
{
	if (!condition)
		return;
	list->items = bk_realloc(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (struct bk_obstacle){reason, condition};
}

static void add_test(struct bk_obstacles *list, const char *reason, const char *sql,
		     const char *test)
{
	if (sql)
		add(list, reason, bk_asprintf("(%s) %s", sql, test));
}

/* That its values are no booking's. */
static void add_faults(struct bk_obstacles *list, const struct bk_pieces *p,
		       const struct bk_rule *rule)
{
	struct bk_faults faults;
	bool grace_counts = p->d && rule->kind != BK_RULE_EXPIRE_HOLD;

	write_faults(p, &faults);
	add(list, "no-start", BK_TAKE(faults.no_start));
	add(list, "infinite-time", BK_TAKE(faults.infinite));
	add(list, "end-before-start", BK_TAKE(faults.end_before_start));
	if (grace_counts)
		add(list, "negative-grace", BK_TAKE(faults.negative_grace));
	bk_faults_clear(&faults);
}

static void add_no_show(struct bk_obstacles *list, const struct bk_pieces *p, bool accepts_late)
{
	add_test(list, "no-deadline", p->d ? p->d : "NULL", "IS NULL");
	if (p->k)
		add_test(list, "arrived", accepts_late ? p->c : p->k,
			 accepts_late ? "IS NOT NULL" : "IS TRUE");
}

/* Of the rules that apply at the end. */
static void add_end(struct bk_obstacles *list, const struct bk_pieces *p,
		    const struct bk_rule *rule)
{
	add_test(list, "open-ended", p->e, "IS NULL");
	if (rule->kind != BK_RULE_MISSED) {
		add_test(list, "not-arrived", p->k, "IS NOT TRUE");
		return;
	}
	/* Who came in time is no absentee, whether or not there is a deadline. */
	add_test(list, "arrived", p->k, "IS TRUE");
	add_test(list, "has-deadline", p->d, "IS NOT NULL");
}

static void add_kind(struct bk_obstacles *list, const struct bk_pieces *p,
		     const struct bk_rule *rule, const struct bk_mapping *m)
{
	switch (rule->kind) {
	case BK_RULE_NO_SHOW:
		add_no_show(list, p, m->accept_late);
		break;
	case BK_RULE_COMPLETE:
	case BK_RULE_COMPLETE_ARRIVED:
	case BK_RULE_MISSED:
		add_end(list, p, rule);
		break;
	case BK_RULE_ACTIVATE:
	case BK_RULE_EXPIRE_HOLD:
	case BK_RULE_OWN:
		break;
	}
}

void bk_obstacles_write(const struct bk_policy *policy, const struct bk_rule *rule,
			struct bk_obstacles *ret)
{
	BK_CLEAN(bk_pieces_clear) struct bk_pieces p = {.s = NULL};

	*ret = (struct bk_obstacles){NULL, 0};
	add_test(ret, "excluded", policy->mapping->where, "IS NOT TRUE");
	if (rule->own) {
		add_test(ret, "conditions", rule->own->where, "IS NOT TRUE");
		add(ret, "infinite-time", bk_asprintf("%s" GE BK_LIMIT_SQL, rule->due));
		return;
	}
	bk_pieces_init(&p, policy);
	add_faults(ret, &p, rule);
	add_kind(ret, &p, rule, policy->mapping);
}

char *bk_deadline_sql(const struct bk_policy *policy)
{
	BK_CLEAN(bk_pieces_clear) struct bk_pieces p = {.s = NULL};

	bk_pieces_init(&p, policy);
	return p.d ? bk_asprintf("CASE WHEN %s THEN (%s) END", p.valid, p.d) : NULL;
}
