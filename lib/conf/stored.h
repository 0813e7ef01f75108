/*
 * The layer of the database: settings that were made at run time and hold for
 * every host, over its files and under its environment. Who reads them from the
 * database is above; here they meet the other layers.
 *
 *     bk_stored_apply(conf, items, count, check, ignored, arg);
 *
 * They come from other hosts, other days and maybe another version of bk, so one
 * that is of no use here is left out and told of: a host whose file does not go
 * with it, or whose program does not know it, goes on with what it has.
 */
#ifndef BK_CONF_STORED_H
#define BK_CONF_STORED_H

#include "conf/conf.h"

struct bk_stored {
	char *name;
	char *value;
	char *origin; /* "database (change 17 by root/bk)" */
};

/* Whether the layers go together: bk_conf_check() and what the caller adds. */
typedef enum bk_rc (*bk_stored_check_fn)(const struct bk_conf *conf, struct bk_error *err);
typedef void (*bk_stored_ignored_fn)(void *arg, const char *name, const struct bk_error *why);

/* Puts these in place of the layer, all that can be used together; the rest is
   told of through `ignored` (may be NULL). */
void bk_stored_apply(struct bk_conf *conf, const struct bk_stored *items, size_t count,
		     bk_stored_check_fn check, bk_stored_ignored_fn ignored, void *arg);

/* Whether somebody may set it in the database: its name, its source, and unless
   that is NULL its value. BK_E_CONFIG. */
enum bk_rc bk_stored_typed(const struct bk_conf *conf, const char *name, const char *value,
			   struct bk_error *err) BK_NODISCARD;

/* Puts a value that passed bk_stored_typed() into the layer, or none (NULL): what
   would be if it were stored. Messages call it "new value". */
void bk_stored_try(struct bk_conf *conf, const char *name, const char *value);

/* Forgets what the environment of this process says of settings that the database
   may hold: other hosts do not have it. */
void bk_stored_without_environment(struct bk_conf *conf);

/* Whether the database's value is the one that counts here; false also for a name
   that is none. */
bool bk_stored_counts(const struct bk_conf *conf, const char *name);

/* Where the value comes from that counts instead of the database's: the origin of a
   higher layer; NULL = nothing is above it. */
const char *bk_stored_overridden(const struct bk_conf *conf, const char *name);

#endif
