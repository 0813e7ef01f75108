/*
 * The one table of settings. The file parser, the environment, `bkstatus
 * config`, bk.conf(5)'s test and later `bkmaint set` all come from it.
 *
 * A setting of a job exists once per job and is written "activate-due.delay",
 * in the file as delay inside the section activate-due { }, in the environment
 * as BK_ACTIVATE_DUE_DELAY. A setting without a dot stands at the top level of
 * the file; one of no job with a dot, "archive.dir", in a section archive { }.
 */
#ifndef BK_CONF_KEYS_H
#define BK_CONF_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum bk_key_type {
	BK_KEY_STRING,        /* text of 1 to `max` bytes (0 = 1024), no control characters */
	BK_KEY_NAME,          /* an SQL identifier, 1 to 63 bytes, taken as it is (quoted later) */
	BK_KEY_BOOL,          /* yes no true false on off; stored 1 or 0 */
	BK_KEY_INT,           /* base 10, min to max */
	BK_KEY_INT_AUTO,      /* the same, or "auto", stored as 0 */
	BK_KEY_DURATION,      /* 500ms 30s 5m 24h 30d; milliseconds, min to max */
	BK_KEY_DURATION_NONE, /* the same, or "none", stored as -1 */
	BK_KEY_ENUM,          /* one word of `words`; stored as its index */
};

/* Where a setting may come from, beside the built-in default. */
enum bk_key_source {
	BK_FROM_FILE = 1,
	BK_FROM_DATABASE = 2,
	BK_FROM_ENVIRONMENT = 4,
	BK_FROM_COMMAND_LINE = 8,
};

struct bk_key {
	const char *name; /* without the job's part: "delay" */
	enum bk_key_type type;
	const char *fallback; /* the built-in default in file syntax; NULL = unset;
				     of a job's key where job_fallbacks has no entry */
	int64_t min;
	int64_t max;              /* both in the stored unit */
	const char *const *words; /* NULL-terminated, of BK_KEY_ENUM */
	unsigned sources;         /* bits of enum bk_key_source */
	const char *help;         /* one line, lower case, no full stop */
};

/* Keys of the top level, and keys that each job has. */
extern const struct bk_key bk_global_keys[];
extern const size_t bk_global_keys_count;
extern const struct bk_key bk_job_keys[];
extern const size_t bk_job_keys_count;

/* The default of a job's key: its own where jobs differ (delay), else fallback. */
const char *bk_job_key_default(const char *job, const struct bk_key *key);

/* A value read from text: `text` as it was given, `number` in the stored unit. */
struct bk_value {
	char *text; /* NULL = unset */
	int64_t number;
};

/* Reads text as the key's type says. The message names the value and what is
   allowed, not the key: "\"5x\" is no duration (write 500ms, 30s, 5m, 24h or
   30d)". ret->text is a copy. BK_E_CONFIG. */
enum bk_rc bk_key_parse(const struct bk_key *key, const char *text, struct bk_value *ret,
			struct bk_error *err) BK_NODISCARD;

/* "activate-due.batch-size" -> "BK_ACTIVATE_DUE_BATCH_SIZE", appended. */
void bk_key_env_name(struct bk_buf *out, const char *full_name);

/* Appends "10 to 86400000" style text of what the key accepts, for help and
   bkstatus config: "1s to 1d", "1 to 100000, or auto", "tracked, untracked or app". */
void bk_key_range(struct bk_buf *out, const struct bk_key *key);

#endif
