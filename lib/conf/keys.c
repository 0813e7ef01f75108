/*
 * The table of settings and the readers of their types; see keys.h.
 */
#include "conf/keys.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"
#include "conf/jobs.h"

enum { MAX_STRING = 1024, MAX_NAME = 63 };

#define MS INT64_C(1)
#define SECOND (1000 * MS)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* What describes this host comes from its file and its environment, not from a
   database that other hosts share. */
#define FROM_HOST (BK_FROM_FILE | BK_FROM_ENVIRONMENT)
#define FROM_ALL (BK_FROM_FILE | BK_FROM_DATABASE | BK_FROM_ENVIRONMENT)

static const char *const log_targets[] = {"stderr", "file", "syslog", NULL};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const standbys[] = {"fail", "skip", NULL};
static const char *const excesses[] = {"refuse", "trickle", NULL};
static const char *const lates[] = {"run", "skip", NULL};
static const char *const leaders[] = {"any", "sticky", NULL};

const struct bk_key bk_global_keys[] = {
	/* Not from the environment: libpq has its own variables there, PGHOST and so on. */
	{"database", BK_KEY_STRING, NULL, 0, 0, NULL, BK_FROM_FILE | BK_FROM_COMMAND_LINE,
	 "libpq connection string or URI"},
	{"schema", BK_KEY_NAME, "bk", 0, 0, NULL, BK_FROM_FILE, "schema of bk's own tables"},
	{"instance", BK_KEY_STRING, NULL, 0, 64, NULL, FROM_HOST | BK_FROM_COMMAND_LINE,
	 "name of this host in the records; unset = the host name"},
	{"grace", BK_KEY_DURATION_NONE, "15m", 0, 3650 * DAY, NULL, FROM_ALL,
	 "how late a check-in may be where a booking has no grace of its own"},
	{"defaults", BK_KEY_BOOL, "yes", 0, 0, NULL, BK_FROM_FILE,
	 "whether the built-in rules are made; no = only the file's rules count"},
	{"on-standby", BK_KEY_ENUM, "fail", 0, 0, standbys, FROM_HOST,
	 "what a tick does when the database is a read-only standby"},
	{"clock-skew", BK_KEY_DURATION, "5s", 100 * MS, DAY, NULL, FROM_ALL,
	 "difference between the clocks of host and database that is warned about"},
	{"max-history-records", BK_KEY_INT, "10000", 1, 1000000000, NULL, FROM_ALL,
	 "executions kept of each job that succeeded and changed nothing"},
	{"history-retention", BK_KEY_DURATION, "30d", HOUR, 36500 * DAY, NULL, FROM_ALL,
	 "how long executions are kept that failed or changed something"},
	{"undo-window", BK_KEY_DURATION, "30d", HOUR, 36500 * DAY, NULL, FROM_ALL,
	 "how long executions are kept, at least, that can be taken back"},
	{"events-max-lag", BK_KEY_DURATION, "7d", 0, 36500 * DAY, NULL, FROM_ALL,
	 "how much longer changes are kept that a consumer of events has not read"},
	{"stats-retention", BK_KEY_DURATION, "400d", 25 * HOUR, 36500 * DAY, NULL, FROM_ALL,
	 "how long the figures by job and hour are kept"},
	{"archive.dir", BK_KEY_STRING, NULL, 0, 0, NULL, BK_FROM_FILE,
	 "directory into whose files goes what is pruned"},
	{"archive.table", BK_KEY_BOOL, "no", 0, 0, NULL, BK_FROM_FILE,
	 "whether what is pruned goes into tables of bk's schema"},
	{"log-target", BK_KEY_ENUM, "stderr", 0, 0, log_targets, FROM_HOST, "where the log goes"},
	{"log-file", BK_KEY_STRING, NULL, 0, 0, NULL, FROM_HOST,
	 "absolute path of the log, for log-target = file"},
	{"log-format", BK_KEY_ENUM, "text", 0, 0, log_formats, FROM_HOST,
	 "lines for people or JSON for machines"},
	{"log-level", BK_KEY_ENUM, "warn", 0, 0, log_levels, FROM_HOST,
	 "the least grave records that are written"},
	{"metrics.textfile-dir", BK_KEY_STRING, NULL, 0, 0, NULL, BK_FROM_FILE,
	 "absolute path of the directory that ticks write metrics into; unset = none"},
};
const size_t bk_global_keys_count = BK_COUNT(bk_global_keys);

const struct bk_key bk_job_keys[] = {
	/* File only: the rules of the other jobs depend on it, so every host must agree. */
	{"enabled", BK_KEY_BOOL, "yes", 0, 0, NULL, BK_FROM_FILE, "whether the job exists at all"},
	{"delay", BK_KEY_DURATION, "5m", SECOND, 365 * DAY, NULL, FROM_ALL,
	 "time from the start of one run to the next"},
	{"timeout", BK_KEY_DURATION, "30s", SECOND, DAY, NULL, FROM_ALL, "time a run may take"},
	{"batch-size", BK_KEY_INT_AUTO, "auto", 1, 100000, NULL, FROM_ALL,
	 "bookings changed in one transaction"},
	{"lease", BK_KEY_DURATION, NULL, 2 * SECOND, 2 * DAY, NULL, FROM_ALL,
	 "silence after which another instance takes over; default timeout + 30s"},
	{"lock-timeout", BK_KEY_DURATION, "2s", 10 * MS, 10 * MINUTE, NULL, FROM_ALL,
	 "wait for a lock; default at most half of statement-timeout"},
	{"statement-timeout", BK_KEY_DURATION, "10s", 100 * MS, HOUR, NULL, FROM_ALL,
	 "time a statement may take; default at most half of timeout"},
	{"max-age", BK_KEY_DURATION, "30d", MINUTE, 36500 * DAY, NULL, FROM_ALL,
	 "bookings due for longer are left alone"},
	{"first-run-limit", BK_KEY_INT, "10000", 0, 1000000000, NULL, FROM_ALL,
	 "most changes of a job that never succeeded yet; 0 = no limit"},
	{"max-changes", BK_KEY_INT, "0", 0, 1000000000, NULL, FROM_ALL,
	 "most changes of one run; 0 = no limit"},
	{"on-exceed", BK_KEY_ENUM, "refuse", 0, 0, excesses, FROM_ALL,
	 "what a run does that would change more than max-changes"},
	{"max-quarantine", BK_KEY_INT, "100", 1, 10000, NULL, FROM_ALL,
	 "most bookings that one run may set aside; more is a fault of all"},
	{"max-retries", BK_KEY_INT, "3", 0, 100, NULL, FROM_ALL,
	 "times a batch is tried again after a fault that may pass"},
	{"retry-base", BK_KEY_DURATION, "250ms", MS, HOUR, NULL, FROM_ALL,
	 "longest pause before the first retry; it doubles; default at most retry-cap"},
	{"retry-cap", BK_KEY_DURATION, "5s", MS, HOUR, NULL, FROM_ALL,
	 "longest pause before any retry"},
	{"backoff-cap", BK_KEY_DURATION, "15m", SECOND, 365 * DAY, NULL, FROM_ALL,
	 "longest wait for the next run after failures in a row"},
	{"parallel", BK_KEY_INT, "1", 1, 16, NULL, FROM_ALL, "connections that work on one run"},
	{"instances", BK_KEY_INT, "1", 1, 16, NULL, FROM_ALL,
	 "hosts that may work on the job at once"},
	{"leader", BK_KEY_ENUM, "any", 0, 0, leaders, FROM_ALL,
	 "whether the job stays with the instance that ran it last"},
	{"leader-timeout", BK_KEY_DURATION, "5m", 2 * MINUTE, 30 * DAY, NULL, FROM_ALL,
	 "silence after which another instance becomes the leader"},
	{"late", BK_KEY_ENUM, "run", 0, 0, lates, FROM_ALL,
	 "whether a run that is late still takes place"},
	{"late-window", BK_KEY_DURATION, "5m", SECOND, 365 * DAY, NULL, FROM_ALL,
	 "how late a run may be with late = skip"},
	{"splay", BK_KEY_DURATION, "0s", 0, HOUR, NULL, FROM_HOST,
	 "ticks of this host start up to so much later, always by the same time"},
};
const size_t bk_job_keys_count = BK_COUNT(bk_job_keys);

static const struct {
	const char *job;
	const char *key;
	const char *fallback;
} job_fallbacks[] = {
	{BK_JOB_ACTIVATE, "delay", "30s"},
	{BK_JOB_NO_SHOW, "delay", "60s"},
	{BK_JOB_CLEANUP, "delay", "24h"},
	{BK_JOB_CLEANUP, "timeout", "15m"},
	/* It changes no bookings: its first run is as harmless as any. */
	{BK_JOB_CLEANUP, "first-run-limit", "0"},
};

const char *bk_job_key_default(const char *job, const struct bk_key *key)
{
	for (size_t i = 0; i < BK_COUNT(job_fallbacks); i++)
		if (strcmp(job_fallbacks[i].job, job) == 0 &&
		    strcmp(job_fallbacks[i].key, key->name) == 0)
			return job_fallbacks[i].fallback;
	return key->fallback;
}

/* "VALUE WHAT (RANGE)" */
static enum bk_rc bad_value(const struct bk_key *key, const char *text, const char *what,
			    struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf value = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf range = BK_BUF_INIT;

	bk_quote(&value, text);
	bk_key_range(&range, key);
	return bk_error_set(err, BK_E_CONFIG, "%s %s (%s)", bk_buf_cstr(&value), what,
			    bk_buf_cstr(&range));
}

/* Text itself never appears in the message: it may be a connection string. */
static enum bk_rc check_string(const struct bk_key *key, const char *text, struct bk_error *err)
{
	size_t len = strlen(text);
	size_t most = key->type == BK_KEY_NAME ? MAX_NAME
		      : key->max               ? (size_t)key->max
					       : MAX_STRING;

	if (!len)
		return bk_error_set(err, BK_E_CONFIG, "is empty");
	if (!bk_utf8_valid(text, len))
		return bk_error_set(err, BK_E_CONFIG, "is not valid UTF-8");
	for (const char *p = text; *p; p += bk_utf8_len(p, 4))
		if (bk_is_control(bk_utf8_decode(p, bk_utf8_len(p, 4))))
			return bk_error_set(err, BK_E_CONFIG, "has a control character");
	if (len > most)
		return bk_error_set(err, BK_E_CONFIG, "is %zu bytes long, at most %zu are allowed",
				    len, most);
	return BK_OK;
}

static enum bk_rc parse_bool(const char *text, int64_t *ret, struct bk_error *err)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};
	BK_CLEAN(bk_buf_clear) struct bk_buf value = BK_BUF_INIT;

	for (size_t i = 0; i < BK_COUNT(words); i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret = i % 2;
			return BK_OK;
		}
	}
	bk_quote(&value, text);
	return bk_error_set(err, BK_E_CONFIG, "%s is neither yes nor no", bk_buf_cstr(&value));
}

static enum bk_rc parse_enum(const struct bk_key *key, const char *text, int64_t *ret,
			     struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf value = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf range = BK_BUF_INIT;
	const char *near;

	for (int64_t i = 0; key->words[i]; i++) {
		if (strcmp(text, key->words[i]) == 0) {
			*ret = i;
			return BK_OK;
		}
	}
	bk_quote(&value, text);
	bk_none_of(&range, key->words);
	(void)bk_error_set(err, BK_E_CONFIG, "%s %s", bk_buf_cstr(&value), bk_buf_cstr(&range));
	near = bk_nearest(text, key->words);
	if (near)
		(void)bk_error_hint(err, "did you mean \"%s\"?", near);
	return err->rc;
}

static enum bk_rc parse_int(const struct bk_key *key, const char *text, int64_t *ret,
			    struct bk_error *err)
{
	size_t digits = strspn(text, "0123456789");
	int64_t n = -1;

	if (key->type == BK_KEY_INT_AUTO && strcmp(text, "auto") == 0) {
		*ret = 0;
		return BK_OK;
	}
	if (!bk_parse_u63(text, &n) && (!digits || text[digits] || *text == '0'))
		return bad_value(key, text, "is no whole number", err);
	if (n < key->min || n > key->max)
		return bad_value(key, text, "is out of range", err);
	*ret = n;
	return BK_OK;
}

/* True for a well-formed duration that bk_parse_duration() refuses as too long. */
static bool too_long(const char *text)
{
	const char *unit = text + strspn(text, "0123456789");

	return *text > '0' && *text <= '9' &&
	       (strcmp(unit, "ms") == 0 || (*unit && strchr("smhd", *unit) && !unit[1]));
}

static enum bk_rc parse_duration(const struct bk_key *key, const char *text, int64_t *ret,
				 struct bk_error *err)
{
	bool none = key->type == BK_KEY_DURATION_NONE;
	int64_t ms = -1;

	if (none && strcmp(text, "none") == 0) {
		*ret = -1;
		return BK_OK;
	}
	if (!bk_parse_duration(text, &ms) && !too_long(text)) {
		BK_CLEAN(bk_buf_clear) struct bk_buf value = BK_BUF_INIT;

		bk_quote(&value, text);
		return bk_error_set(err, BK_E_CONFIG,
				    "%s is no duration (write 500ms, 30s, 5m, 24h or 30d%s)",
				    bk_buf_cstr(&value), none ? ", or none" : "");
	}
	if (ms < key->min || ms > key->max)
		return bad_value(key, text, "is out of range", err);
	*ret = ms;
	return BK_OK;
}

enum bk_rc bk_key_parse(const struct bk_key *key, const char *text, struct bk_value *ret,
			struct bk_error *err)
{
	int64_t number = 0;
	enum bk_rc rc = BK_OK;

	switch (key->type) {
	case BK_KEY_STRING:
	case BK_KEY_NAME:
		rc = check_string(key, text, err);
		break;
	case BK_KEY_BOOL:
		rc = parse_bool(text, &number, err);
		break;
	case BK_KEY_INT:
	case BK_KEY_INT_AUTO:
		rc = parse_int(key, text, &number, err);
		break;
	case BK_KEY_DURATION:
	case BK_KEY_DURATION_NONE:
		rc = parse_duration(key, text, &number, err);
		break;
	case BK_KEY_ENUM:
		rc = parse_enum(key, text, &number, err);
		break;
	}
	if (rc != BK_OK)
		return rc;
	ret->text = bk_strdup(text);
	ret->number = number;
	return BK_OK;
}

void bk_key_env_name(struct bk_buf *out, const char *full_name)
{
	bk_buf_str(out, "BK_");
	for (const char *p = full_name; *p; p++)
		bk_buf_char(out, *p == '.' || *p == '-' ? '_' : (char)toupper((unsigned char)*p));
}

void bk_key_range(struct bk_buf *out, const struct bk_key *key)
{
	switch (key->type) {
	case BK_KEY_STRING:
		bk_buf_fmt(out, "1 to %" PRId64 " bytes", key->max ? key->max : MAX_STRING);
		break;
	case BK_KEY_NAME:
		bk_buf_fmt(out, "1 to %d bytes", MAX_NAME);
		break;
	case BK_KEY_BOOL:
		bk_buf_str(out, "yes or no");
		break;
	case BK_KEY_INT:
	case BK_KEY_INT_AUTO:
		bk_buf_fmt(out, "%" PRId64 " to %" PRId64, key->min, key->max);
		break;
	case BK_KEY_DURATION:
	case BK_KEY_DURATION_NONE:
		bk_format_duration(out, key->min);
		bk_buf_str(out, " to ");
		bk_format_duration(out, key->max);
		break;
	case BK_KEY_ENUM:
		bk_list_words(out, key->words);
		break;
	}
	if (key->type == BK_KEY_INT_AUTO)
		bk_buf_str(out, ", or auto");
	if (key->type == BK_KEY_DURATION_NONE)
		bk_buf_str(out, ", or none");
}
