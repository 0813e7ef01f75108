/*
 * What struct bk_conf is made of, for the files of this folder only.
 */
#ifndef BK_CONF_LAYERS_H
#define BK_CONF_LAYERS_H

#include "conf/conf.h"
#include "conf/jobs.h"
#include "conf/map.h"

/* One setting with a value for each layer. */
struct bk_setting {
	const struct bk_key *key;
	const char *job; /* NULL = top level */
	char *name;      /* the full one */
	struct {
		char *origin; /* NULL = the layer has no value */
		struct bk_value value;
	} layers[BK_ORIGIN_COUNT];
};

struct bk_conf {
	struct bk_setting *settings; /* those of the top level, then job by job */
	size_t count;
	struct bk_map map;
	struct bk_mapping mapping;
	struct bk_job_name **own_jobs; /* of the file, in its order */
	size_t own_job_count;
	char *file; /* NULL = none was read */
	char *profile;
	char **strays; /* NULL-terminated */
	size_t stray_count;
};

/* NULL for an unknown name. */
struct bk_setting *bk_setting_find(const struct bk_conf *conf, const char *name);
/* The name must exist. */
const struct bk_setting *bk_setting_get(const struct bk_conf *conf, const char *job,
					const char *key);

/* The layer whose value counts. */
enum bk_origin bk_setting_origin(const struct bk_setting *s);

/* The effective number; computes the defaults that depend on other settings. */
int64_t bk_setting_num(const struct bk_conf *conf, const struct bk_setting *s);

/* BK_E_CONFIG where the key may not come from that layer: where from it may. */
enum bk_rc bk_setting_check_source(const struct bk_setting *s, enum bk_origin layer,
				   struct bk_error *err) BK_NODISCARD;

/* Puts a value into a layer, if the key may come from there. `origin` is its
   text for people, which also starts the message: "FILE:LINE", and where it
   does not name the key already, "ORIGIN: KEY: ". */
enum bk_rc bk_setting_put(struct bk_conf *conf, struct bk_setting *s, enum bk_origin layer,
			  const char *origin, const char *text, struct bk_error *err) BK_NODISCARD;

/* Reads the environment's layer and collects the strays. */
enum bk_rc bk_conf_read_env(struct bk_conf *conf, const char *const *env,
			    struct bk_error *err) BK_NODISCARD;

/* The value of a variable, NULL where it is unset or empty. */
const char *bk_env_get(const char *const *env, const char *name);

/* The job of that name that the file makes, its settings at their defaults; made where
   there is none yet. BK_E_CONFIG where the name is taken. */
enum bk_rc bk_conf_own_job(struct bk_conf *conf, const char *name,
			   struct bk_error *err) BK_NODISCARD;

/* Reads one file into its layer. With `may_lack` a missing file is fine, and
   *ret_read false. */
enum bk_rc bk_conf_read_file(struct bk_conf *conf, enum bk_origin layer, const char *path,
			     bool may_lack, bool *ret_read, struct bk_error *err) BK_NODISCARD;

#endif
