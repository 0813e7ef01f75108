/*
 * Gathering and judging the signs; see signs.h.
 */
#include "view/signs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/number.h"
#include "view/read.h"

/* Ticks are kept to the minute. */
#define TICK_GRAIN_MS 60000

#define FIELD(kind, column)                                                                        \
	{                                                                                          \
#column, BK_FIELD_##kind, offsetof(struct bk_signs, column)                        \
	}

static const struct bk_field fields[] = {
	FIELD(BOOL, standby),      FIELD(BOOL, read_only),      FIELD(INT, lag_ms),
	FIELD(INT, expired),       FIELD(TEXT, expired_which),  FIELD(INT, expired_age_ms),
	FIELD(INT, quarantined),   FIELD(BOOL, archives),       FIELD(BOOL, archives_nowhere),
	FIELD(INT, failed_age_ms), FIELD(INT, archived_age_ms), FIELD(TEXT, last_failed_wal),
	FIELD(INT, backup_age_ms),
};

static const struct bk_field tick_fields[] = {
	{"job_name", BK_FIELD_TEXT, offsetof(struct bk_tick_view, job_name)},
	{"instance", BK_FIELD_TEXT, offsetof(struct bk_tick_view, instance)},
	{"age_ms", BK_FIELD_INT, offsetof(struct bk_tick_view, age_ms)},
};

void bk_signs_clear(struct bk_signs *signs)
{
	for (size_t i = 0; i < signs->tick_count; i++)
		bk_fields_clear(tick_fields, BK_COUNT(tick_fields), &signs->ticks[i]);
	free(signs->ticks);
	bk_fields_clear(fields, BK_COUNT(fields), signs);
	*signs = (struct bk_signs){.tick_count = 0};
}

static enum bk_rc read_ticks(const struct bk_rows *rows, struct bk_signs *signs,
			     struct bk_error *err)
{
	int count = bk_rows_count(rows);
	enum bk_rc rc = BK_OK;

	signs->ticks = bk_calloc((size_t)count + 1, sizeof(*signs->ticks));
	for (int i = 0; i < count && !rc; i++)
		rc = bk_rows_read(rows, i, tick_fields, BK_COUNT(tick_fields),
				  &signs->ticks[signs->tick_count++], err);
	return rc;
}

enum bk_rc bk_view_signs(struct bk_db *db, const struct bk_conf *conf, struct bk_signs *ret,
			 struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf sql = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf ticks = BK_BUF_INIT;
	BK_CLEAN(bk_free_str) char *most = bk_asprintf("%d", BK_QUARANTINE_COUNT);
	BK_CLEAN(bk_signs_clear) struct bk_signs signs = {.tick_count = 0};
	const char *params[] = {most};
	struct bk_rows *rows[2];
	enum bk_rc rc;

	if ((rc = bk_view_sql(&sql, conf, "view_health", err)) ||
	    (rc = bk_view_sql(&ticks, conf, "view_ticks", err)))
		return rc;
	const struct bk_stmt stmts[] = {
		{"view_health", bk_buf_cstr(&sql), params, 1, BK_ONE_ROW},
		{"view_ticks", bk_buf_cstr(&ticks), NULL, 0, BK_ANY_ROWS},
	};

	if ((rc = bk_view_read(db, stmts, BK_COUNT(stmts), rows, err)))
		return rc;
	rc = bk_rows_read(rows[0], 0, fields, BK_COUNT(fields), &signs, err);
	if (!rc)
		rc = read_ticks(rows[1], &signs, err);
	bk_rows_free(rows[0]);
	bk_rows_free(rows[1]);
	if (rc)
		return rc;
	*ret = signs;
	signs = (struct bk_signs){.tick_count = 0};
	return BK_OK;
}

static void judge_primary(struct bk_health *health, const struct bk_signs *signs, bool fine)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	enum bk_health_state state = fine ? BK_HEALTH_OK : BK_HEALTH_WARNING;

	if (!signs->standby && !signs->read_only) {
		bk_health_add(health, "primary", BK_HEALTH_OK, "can be written to");
		return;
	}
	bk_buf_str(&text, signs->standby ? "is a standby, where no job can run"
					 : "the server refuses writes, so no job can run");
	if (signs->standby && signs->lag_ms != BK_NULL_INT) {
		bk_buf_str(&text, "; last change replayed ");
		bk_human_duration(&text, signs->lag_ms < 0 ? 0 : signs->lag_ms);
		bk_buf_str(&text, " old");
	}
	bk_health_add(health, "primary", state, "%s", bk_buf_cstr(&text));
}

static int64_t since(const struct bk_tick_view *tick)
{
	return tick->age_ms < 0 ? 0 : tick->age_ms;
}

static void put_silence(struct bk_buf *out, const struct bk_job_view *job,
			const struct bk_tick_view *tick, const char *what)
{
	bk_buf_fmt(out, "%s%s ", out->len ? "; " : "", job->job_name);
	bk_buf_str(out, what);
	bk_human_duration(out, since(tick));
	bk_buf_fmt(out, " ago, by %s", tick->instance);
}

/* Of one job: whether nobody calls it any more, and which hosts do not. */
static void judge_calls(const struct bk_signs *signs, const struct bk_job_view *job,
			struct bk_buf *dead, struct bk_buf *silent)
{
	int64_t limit = bk_health_patience_ms(job) + TICK_GRAIN_MS;
	bool first = true;

	for (size_t i = 0; i < signs->tick_count; i++) {
		const struct bk_tick_view *tick = &signs->ticks[i];

		if (strcmp(tick->job_name, job->job_name) != 0)
			continue;
		if (since(tick) > limit)
			put_silence(first ? dead : silent, job, tick, "was last called ");
		if (first && since(tick) > limit)
			return;
		first = false;
	}
}

static void judge_ticks(struct bk_health *health, const struct bk_signs *signs,
			const struct bk_job_list *jobs)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf dead = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf silent = BK_BUF_INIT;

	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->items[i].enabled && !jobs->items[i].is_foreign)
			judge_calls(signs, &jobs->items[i], &dead, &silent);
	if (dead.len)
		bk_health_add(health, "ticks", BK_HEALTH_WARNING, "%s", bk_buf_cstr(&dead));
	else if (silent.len)
		bk_health_add(health, "ticks", BK_HEALTH_OK, "come, but not from every host: %s",
			      bk_buf_cstr(&silent));
	else
		bk_health_add(health, "ticks", BK_HEALTH_OK, "%s",
			      signs->tick_count ? "come" : "none yet");
}

static void judge_leases(struct bk_health *health, const struct bk_signs *signs)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	if (!signs->expired) {
		bk_health_add(health, "leases", BK_HEALTH_OK, "none is past its end");
	} else {
		bk_human_duration(&text, signs->expired_age_ms);
		bk_health_add(health, "leases", BK_HEALTH_WARNING,
			      "%" PRId64 " past %s end, for %s at most, and nobody took over: %s%s",
			      signs->expired, signs->expired == 1 ? "its" : "their",
			      bk_buf_cstr(&text), signs->expired_which,
			      signs->expired > 3 ? " and others" : "");
	}
	bk_health_count(health, signs->expired);
}

static void judge_quarantine(struct bk_health *health, const struct bk_signs *signs)
{
	if (!signs->quarantined)
		bk_health_add(health, "quarantine", BK_HEALTH_OK, "is empty");
	else
		bk_health_add(health, "quarantine", BK_HEALTH_WARNING,
			      "%" PRId64 "%s set aside, see bkstatus quarantine",
			      signs->quarantined,
			      signs->quarantined == 1                     ? " booking"
			      : signs->quarantined == BK_QUARANTINE_COUNT ? " bookings or more"
									  : " bookings");
	bk_health_count(health, signs->quarantined);
}

static void judge_archiving(struct bk_health *health, const struct bk_signs *signs)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf ago = BK_BUF_INIT;
	bool failed = signs->failed_age_ms != BK_NULL_INT;
	bool succeeded = signs->archived_age_ms != BK_NULL_INT;

	if (!signs->archives)
		return;
	/* Which counts as no failure: the server does not even try. */
	if (signs->archives_nowhere) {
		bk_health_add(health, "archiving", BK_HEALTH_WARNING,
			      "archive_mode is on, but there is no archive_command");
		return;
	}
	if (failed && (!succeeded || signs->failed_age_ms < signs->archived_age_ms)) {
		bk_human_duration(&ago, signs->failed_age_ms < 0 ? 0 : signs->failed_age_ms);
		bk_health_add(health, "archiving", BK_HEALTH_WARNING,
			      "the last attempt failed %s ago, with WAL file %s", bk_buf_cstr(&ago),
			      signs->last_failed_wal ? signs->last_failed_wal : "unknown");
		return;
	}
	if (succeeded)
		bk_human_duration(&ago, signs->archived_age_ms < 0 ? 0 : signs->archived_age_ms);
	bk_health_add(health, "archiving", BK_HEALTH_OK, "%s%s%s",
		      succeeded ? "last WAL file " : "nothing to archive yet", bk_buf_cstr(&ago),
		      succeeded ? " ago" : "");
}

static void judge_backup(struct bk_health *health, const struct bk_signs *signs)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf ago = BK_BUF_INIT;
	int64_t age = signs->backup_age_ms < 0 ? 0 : signs->backup_age_ms;
	bool old = age > BK_BACKUP_MAX_AGE_MS;

	if (signs->backup_age_ms == BK_NULL_INT)
		return;
	bk_human_duration(&ago, age);
	bk_health_add(health, "backup", old ? BK_HEALTH_WARNING : BK_HEALTH_OK,
		      "last backup of bk's schema %s ago%s", bk_buf_cstr(&ago),
		      old ? ", allowed 8d 0h" : "");
	bk_health_age(health, age, BK_BACKUP_MAX_AGE_MS);
}

void bk_health_signs(struct bk_health *health, const struct bk_signs *signs,
		     const struct bk_job_list *jobs, bool standby_is_fine)
{
	judge_primary(health, signs, standby_is_fine);
	judge_ticks(health, signs, jobs);
	judge_leases(health, signs);
	judge_quarantine(health, signs);
	judge_archiving(health, signs);
	judge_backup(health, signs);
}
