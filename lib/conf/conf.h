/*
 * The configuration: every setting with its value and its origin.
 *
 * Layers, later wins: built-in defaults, the file (bk.conf), the profile's
 * overlay beside it (bk-dev.conf, bk-test.conf, bk-prod.conf), settings stored
 * in the database, the environment (BK_*), the command line. Each layer keeps
 * its own value, so the order in which they are read does not matter, and
 * nothing is half-applied: on any error there is no struct bk_conf.
 *
 *     struct bk_conf_args args = {.file = NULL, .profile = "prod", .env = environ};
 *     if ((rc = bk_conf_load(&args, &conf, err))) ...
 *     if ((rc = bk_conf_set(conf, BK_ORIGIN_COMMAND_LINE, "instance", "host-2", err))) ...
 *     if ((rc = bk_conf_check(conf, err))) ...           cross-field checks, once all layers are in
 *     timeout = bk_conf_job_num(conf, "activate-due", "timeout");
 */
#ifndef BK_CONF_CONF_H
#define BK_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "conf/keys.h"
#include "conf/mapping.h"

struct bk_conf;

struct bk_conf_args {
	const char *file;       /* --config; NULL = $BK_CONFIG, else BK_SYSCONFDIR "/bk/bk.conf" */
	const char *profile;    /* --profile; NULL = $BK_PROFILE, else none */
	const char *const *env; /* as environ */
};

enum bk_origin {
	BK_ORIGIN_DEFAULT,
	BK_ORIGIN_FILE,
	BK_ORIGIN_PROFILE,
	BK_ORIGIN_DATABASE,
	BK_ORIGIN_ENVIRONMENT,
	BK_ORIGIN_COMMAND_LINE,
	BK_ORIGIN_COUNT
};

/*
 * Reads defaults, file, profile and environment. A missing default file is
 * fine; a missing one that was named, or a missing overlay of a profile that
 * was named, is an error. BK_E_CONFIG with "FILE:LINE: key: what is wrong";
 * the hint gives the mended form where there is one.
 */
enum bk_rc bk_conf_load(const struct bk_conf_args *args, struct bk_conf **ret,
			struct bk_error *err) BK_NODISCARD;
void bk_conf_free(struct bk_conf *conf);
/* For BK_CLEAN. */
void bk_conf_clean(struct bk_conf **conf);

/* One value into a layer. Unknown name, wrong type, or a layer the key may not
   come from: BK_E_CONFIG. */
enum bk_rc bk_conf_set(struct bk_conf *conf, enum bk_origin origin, const char *name,
		       const char *text, struct bk_error *err) BK_NODISCARD;

/* Cross-field checks of the effective values: lock-timeout < statement-timeout
   < timeout < lease, retry-base <= retry-cap, one leader or several instances,
   for each job, and what design section 3 refuses about
   check-in modes and jobs. BK_E_CONFIG naming file and both keys. */
enum bk_rc bk_conf_check(const struct bk_conf *conf, struct bk_error *err) BK_NODISCARD;

/* Effective values. The name must exist: anything else is a bug and aborts.
   num: numbers, durations in ms (-1 none), booleans 1/0, enum index, 0 = auto. */
int64_t bk_conf_num(const struct bk_conf *conf, const char *name);
/* NULL where unset. Owned by conf. */
const char *bk_conf_str(const struct bk_conf *conf, const char *name);
int64_t bk_conf_job_num(const struct bk_conf *conf, const char *job, const char *key);
bool bk_conf_job_enabled(const struct bk_conf *conf, const char *job);

/* The mapping with the effective `grace`. Owned by conf. */
const struct bk_mapping *bk_conf_mapping(const struct bk_conf *conf);

/* The main file that was read, or NULL when there was none; and the profile. */
const char *bk_conf_file(const struct bk_conf *conf);
const char *bk_conf_profile(const struct bk_conf *conf);

/* BK_* variables of the environment that name no setting, for a warning: the
   i-th, NULL at the end. */
const char *bk_conf_stray_variable(const struct bk_conf *conf, size_t i);

/* For `bkstatus config`: every setting, mapping included, in table order. */
struct bk_conf_entry {
	char *name;   /* "activate-due.delay", "bookings.table" */
	char *value;  /* effective, in file syntax; NULL = unset; passwords masked as "***" */
	char *origin; /* "default", "/etc/bk/bk.conf:12", "environment BK_GRACE", "command line" */
	char *range;  /* what is allowed, bk_key_range() */
	char *help;
};
struct bk_conf_entry *bk_conf_entries(const struct bk_conf *conf, size_t *ret_count);
void bk_conf_entries_free(struct bk_conf_entry *entries, size_t count);

#endif
