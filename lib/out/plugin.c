/*
 * Monitoring plugins; see plugin.h.
 */
#include "out/plugin.h"

#include <inttypes.h>

#include "base/text.h"

/* A bar would start the performance data. */
static void put_text(struct bk_buf *out, const char *text)
{
	size_t start = out->len;

	bk_escape_line(out, text);
	for (size_t i = start; i < out->len; i++)
		if (out->data[i] == '|')
			out->data[i] = '/';
}

void bk_out_problems(struct bk_buf *out, const struct bk_health *health)
{
	const char *between = "";

	for (size_t i = 0; i < health->count; i++) {
		const struct bk_check *check = &health->items[i];

		if (check->state == BK_HEALTH_OK)
			continue;
		bk_buf_fmt(out, "%s%s: %s", between, check->name, check->message);
		between = "; ";
	}
}

static void put_summary(struct bk_buf *out, const struct bk_health *health)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf problems = BK_BUF_INIT;

	bk_out_problems(&problems, health);
	if (problems.len)
		put_text(out, bk_buf_cstr(&problems));
	else
		bk_buf_fmt(out, "%zu job%s fresh", health->job_count,
			   health->job_count == 1 ? "" : "s");
}

/* 'activate-due age'=12s;;90;0: no age warns, above 90 s it is critical. Then
   'quarantine'=0;0;;0: any is warned of. */
static void put_measures(struct bk_buf *out, const struct bk_health *health)
{
	const char *before = " | ";

	for (size_t i = 0; i < health->count; i++) {
		const struct bk_check *check = &health->items[i];

		if (check->age_ms == BK_NULL_INT)
			continue;
		bk_buf_fmt(out, "%s'%s age'=%" PRId64 "s;%s%" PRId64 ";%s0", before, check->name,
			   check->age_ms / 1000, check->age_warns ? "" : ";",
			   check->max_age_ms / 1000, check->age_warns ? ";" : "");
		before = " ";
	}
	for (size_t i = 0; i < health->count; i++) {
		const struct bk_check *check = &health->items[i];

		if (check->count == BK_NULL_INT)
			continue;
		bk_buf_fmt(out, "%s'%s%s'=%" PRId64 ";0;;0", before, check->name,
			   check->age_ms == BK_NULL_INT ? "" : " failures", check->count);
		before = " ";
	}
}

void bk_out_plugin(struct bk_buf *out, const struct bk_health *health, bool all)
{
	bk_buf_fmt(out, "BK %s - ", bk_health_word(bk_health_worst(health)));
	put_summary(out, health);
	put_measures(out, health);
	bk_buf_char(out, '\n');
	for (size_t i = 0; all && i < health->count; i++) {
		bk_buf_fmt(out, "%s %s: ", health->items[i].state_word, health->items[i].name);
		put_text(out, health->items[i].message);
		bk_buf_char(out, '\n');
	}
}

void bk_out_plugin_unknown(struct bk_buf *out, const char *why)
{
	bk_buf_fmt(out, "BK %s - ", bk_health_word(BK_HEALTH_UNKNOWN));
	put_text(out, why);
	bk_buf_char(out, '\n');
}
