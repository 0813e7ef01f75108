/*
 * Answers from the cache; see status_cache.h.
 */
#include "cli/status_cache.h"

#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/safe_dir.h"
#include "view/cache.h"

/* Who finds somebody at work on the same answer waits for it as long as a connection
   may take, and then looks for itself. */
enum { WAIT_MS = 10000, POLL_MS = 25 };

extern char **environ;

static void mix(struct bk_sha256 *sum, const char *text)
{
	const char *shown = text ? text : "\x01";

	bk_sha256_add(sum, shown, strlen(shown) + 1);
}

static void mix_number(struct bk_sha256 *sum, int64_t n)
{
	bk_sha256_add(sum, &n, sizeof(n));
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The variables of libpq, in an order that does not depend on the shell. */
static void mix_environment(struct bk_sha256 *sum)
{
	size_t count = 0;
	char **found;

	while (environ[count])
		count++;
	found = bk_calloc(count + 1, sizeof(*found));
	count = 0;
	for (char **e = environ; *e; e++)
		if (strncmp(*e, "PG", 2) == 0 && strncmp(*e, "PGPASSWORD=", 11) != 0)
			found[count++] = *e;
	qsort(found, count, sizeof(*found), compare_texts);
	for (size_t i = 0; i < count; i++)
		mix(sum, found[i]);
	free(found);
}

static void mix_settings(struct bk_sha256 *sum, const struct bk_conf *conf)
{
	size_t count = 0;
	struct bk_conf_entry *entries = bk_conf_entries(conf, &count);

	for (size_t i = 0; i < count; i++) {
		mix(sum, entries[i].name);
		mix(sum, entries[i].value);
	}
	bk_conf_entries_free(entries, count);
}

/* Everything that the answer, or how it looks, depends on. */
static void make_key(const struct bk_app *app, char ret[BK_SHA256_HEX])
{
	const struct bk_options *o = &app->line.options;
	const char *texts[] = {
		BK_VERSION,
		app->line.command->name,
		o->host,
		o->port,
		o->user,
		o->dbname,
		o->job,
		o->status,
		o->since,
		o->until,
		o->trigger,
		o->after,
		setlocale(LC_CTYPE, NULL),
	};
	const int64_t numbers[] = {
		geteuid(),      app->format, app->out_is_terminal,
		app->out_color, o->verbose,  app->out_width,
		o->limit,       o->hours,    app->line.operand_count,
	};
	struct bk_sha256 sum;

	bk_sha256_init(&sum);
	for (size_t i = 0; i < BK_COUNT(texts); i++)
		mix(&sum, texts[i]);
	for (size_t i = 0; i < BK_COUNT(numbers); i++)
		mix_number(&sum, numbers[i]);
	for (int i = 0; i < app->line.operand_count; i++)
		mix(&sum, app->line.operands[i]);
	mix_environment(&sum);
	mix_settings(&sum, app->conf);
	bk_sha256_end(&sum, ret);
}

static void open_cache(struct bk_app *app, struct bk_cache *cache)
{
	BK_CLEAN(bk_free_str)
	char *path = bk_cache_path(getenv("XDG_RUNTIME_DIR"), getenv("XDG_CACHE_HOME"),
				   getenv("HOME"), (unsigned long)geteuid());
	struct bk_error err;
	enum bk_rc rc = bk_cache_open(path, cache, &err);

	if (rc == BK_E_REFUSED)
		bk_app_warn(app, "no answer is kept or taken from the cache: %s", err.message);
	else if (rc)
		bk_log_fmt(&app->log, BK_LOG_DEBUG, "no cache: %s", err.message);
}

static int64_t age_ms(const struct bk_app *app, const struct bk_answer *answer)
{
	return (app->clock.wall_us(app->clock.self) - answer->as_of_us) / 1000;
}

/* "2026-11-23T06:30:00.097Z, 4.0 s old". */
static void put_age(const struct bk_app *app, const struct bk_answer *answer, struct bk_buf *out)
{
	int64_t age = age_ms(app, answer);

	bk_format_time(out, answer->as_of_us);
	bk_buf_str(out, ", ");
	bk_human_duration(out, age < 0 ? 0 : age);
	bk_buf_str(out, " old");
}

static void repeat_warnings(struct bk_app *app, const char *notes)
{
	while (*notes) {
		size_t len = strcspn(notes, "\n");
		BK_CLEAN(bk_free_str) char *line = bk_strndup(notes, len);

		bk_app_warn(app, "%s", line);
		notes += len + (notes[len] == '\n');
	}
}

/* Says the answer again; with JSON it goes under "data". */
static enum bk_rc repeat(struct bk_app *app, const struct bk_answer *answer)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	if (app->format == BK_OUT_JSON) {
		app->data = bk_json_parse(answer->body);
		return app->data ? BK_OK
				 : bk_error_set(&app->err, BK_E_INTERNAL,
						"the cache holds an answer that is no JSON");
	}
	bk_buf_str(&text, answer->body);
	return bk_app_write(app, &text);
}

static enum bk_rc say_cached(struct bk_app *app, const struct bk_answer *answer)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf note = BK_BUF_INIT;
	enum bk_rc rc = repeat(app, answer);

	if (rc)
		return rc;
	repeat_warnings(app, answer->notes);
	app->cached_us = answer->as_of_us;
	if (app->format == BK_OUT_JSON)
		return BK_OK;
	bk_buf_str(&note, "from the cache, as of ");
	put_age(app, answer, &note);
	bk_app_note(app, bk_buf_cstr(&note));
	return BK_OK;
}

/* In front of JSON lines, which have no other place for it. */
static enum bk_rc write_stale_line(struct bk_app *app, const char *as_of)
{
	BK_CLEAN(bk_json_clean) struct bk_json *line = bk_json_object();
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_json_set_str(line, "type", "stale");
	bk_json_set_str(line, "asOf", as_of);
	bk_json_render(line, &text);
	bk_buf_char(&text, '\n');
	return bk_app_write(app, &text);
}

/* The last known answer, and the error that is the reason why it is shown. */
static enum bk_rc say_stale(struct bk_app *app, const struct bk_answer *answer)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf as_of = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf age = BK_BUF_INIT;
	const struct bk_error cause = app->err;

	bk_format_time(&as_of, answer->as_of_us);
	if (app->format == BK_OUT_JSONL && write_stale_line(app, bk_buf_cstr(&as_of)))
		return app->err.rc;
	if (repeat(app, answer))
		return app->err.rc;
	if (app->format == BK_OUT_JSON) {
		bk_json_set_bool(app->data, "stale", true);
		if (!bk_json_has(app->data, "asOf"))
			bk_json_set_str(app->data, "asOf", bk_buf_cstr(&as_of));
	}
	app->err = cause;
	put_age(app, answer, &age);
	return bk_error_hint(&app->err, "%s%sstale: this is the last known answer, as of %s",
			     cause.hint, cause.hint[0] ? "; " : "", bk_buf_cstr(&age));
}

static bool fresh(const struct bk_app *app, const struct bk_cache *cache, const char *key,
		  struct bk_answer *ret)
{
	BK_CLEAN(bk_answer_clear) struct bk_answer answer = {.as_of_us = 0};
	int64_t age;

	if (!bk_cache_get(cache, key, &answer))
		return false;
	age = age_ms(app, &answer);
	/* A clock that was set back must not keep it for ever. */
	if (age < 0 || age > app->line.options.max_age_ms)
		return false;
	*ret = answer;
	answer = (struct bk_answer){.as_of_us = 0};
	return true;
}

/* True with a young answer; false with the lock, to look for oneself. */
static bool find_fresh(struct bk_app *app, const struct bk_cache *cache, const char *key,
		       int *ret_lock, struct bk_answer *ret)
{
	int64_t end = app->clock.mono_ms(app->clock.self) + WAIT_MS;

	for (;;) {
		bool locked = bk_cache_lock(cache, key, ret_lock);

		/* Looked at with the lock: it may have been filled meanwhile. */
		if (fresh(app, cache, key, ret))
			return true;
		if (locked || *app->interrupted || app->clock.mono_ms(app->clock.self) >= end)
			return false;
		app->clock.sleep_ms(app->clock.self, POLL_MS);
	}
}

static void keep(struct bk_app *app, const struct bk_cache *cache, const char *key,
		 struct bk_app_capture *capture)
{
	struct bk_answer answer = {.as_of_us = capture->began_us};
	struct bk_error err;

	if (app->format == BK_OUT_JSON)
		bk_json_render(app->data, &capture->text);
	if (capture->text.broken || capture->notes.broken)
		return;
	answer.notes = bk_buf_take(&capture->notes);
	answer.body = bk_buf_take(&capture->text);
	if (bk_cache_put(cache, key, &answer, &err))
		bk_log_fmt(&app->log, BK_LOG_DEBUG, "the answer was not kept: %s", err.message);
	bk_answer_clear(&answer);
}

static enum bk_rc look(struct bk_app *app, const struct bk_cache *cache, const char *key,
		       bk_app_fn run)
{
	BK_CLEAN(bk_answer_clear) struct bk_answer last = {.as_of_us = 0};
	struct bk_app_capture capture = {.began_us = app->clock.wall_us(app->clock.self)};
	enum bk_rc rc;

	app->capture = &capture;
	rc = run(app);
	app->capture = NULL;
	if (!rc)
		keep(app, cache, key, &capture);
	else if (rc == BK_E_UNAVAILABLE && !capture.text.len && bk_cache_get(cache, key, &last))
		rc = say_stale(app, &last);
	bk_buf_clear(&capture.text);
	bk_buf_clear(&capture.notes);
	return rc;
}

enum bk_rc bk_status_cached(struct bk_app *app, bk_app_fn run)
{
	BK_CLEAN(bk_cache_close) struct bk_cache cache = BK_CACHE_INIT;
	BK_CLEAN(bk_answer_clear) struct bk_answer answer = {.as_of_us = 0};
	BK_CLEAN(bk_close_fd) int lock = -1;
	char key[BK_SHA256_HEX];

	/* Its own files are at hand, and need no database. */
	if (app->line.options.archive)
		return run(app);
	open_cache(app, &cache);
	if (cache.dir < 0)
		return run(app);
	make_key(app, key);
	if (app->line.options.max_age_ms >= 0 && find_fresh(app, &cache, key, &lock, &answer))
		return say_cached(app, &answer);
	return look(app, &cache, key, run);
}
