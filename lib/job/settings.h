/*
 * Settings at run time: kept in the database, over the files of every host and
 * under its environment. Reading them is for everybody, and cheap: a number, kept
 * in the row of each job, says whether they are still those that were read.
 * Changing them is for the owner of bk's schema, one command at a time; each is
 * recorded as an execution, and in settings_history for ever.
 *
 *     int64_t version = 0;
 *     rc = bk_settings_load(db, conf, &version, warn, app, err);
 *
 *     struct bk_setting_change change = {.name = NULL};
 *     rc = bk_settings_set(db, &control, conf, "grace", "5m", "long queues", &change, err);
 *     bk_setting_change_clear(&change);
 */
#ifndef BK_JOB_SETTINGS_H
#define BK_JOB_SETTINGS_H

#include "conf/stored.h"
#include "job/control.h"

/* Whether all layers go together, the rules that come of them included: BK_E_CONFIG. */
enum bk_rc bk_settings_check(const struct bk_conf *conf, struct bk_error *err) BK_NODISCARD;

/* bk_stored_typed() for what was typed: BK_E_USAGE. */
enum bk_rc bk_settings_typed(const struct bk_conf *conf, const char *name, const char *value,
			     struct bk_error *err) BK_NODISCARD;

/*
 * Puts the settings of the database into conf, unless *version says that they are
 * there already (0 = none are, as after loading), and sets *version. `ignored` is
 * told of each that is of no use here. The connection may be read-only.
 */
enum bk_rc bk_settings_load(struct bk_db *db, struct bk_conf *conf, int64_t *version,
			    bk_stored_ignored_fn ignored, void *arg,
			    struct bk_error *err) BK_NODISCARD;

/* What a command did. */
struct bk_setting_change {
	char *name;
	char *old_value; /* NULL = there was none */
	char *new_value; /* NULL = there is none */
	char *change;    /* its number in settings_history; NULL = it was so already */
	char *rolled_back;
	char *overridden_by; /* what stands over the database on this host; NULL = nothing */
	struct bk_recorded recorded;
};

void bk_setting_change_clear(struct bk_setting_change *change);

/*
 * The three commands. They change conf, which is then to be thrown away: it holds
 * what was tried, and nothing of the environment. BK_E_USAGE for a name or value
 * that cannot be; BK_E_CONFIG where the configuration of this host, its environment
 * aside, would not be valid with it; BK_E_PERMISSION for anybody but the owner.
 */
enum bk_rc bk_settings_set(struct bk_db *db, const struct bk_control *control, struct bk_conf *conf,
			   const char *name, const char *value, const char *reason,
			   struct bk_setting_change *ret, struct bk_error *err) BK_NODISCARD;
/* Also of a setting that this version of bk does not know. */
enum bk_rc bk_settings_unset(struct bk_db *db, const struct bk_control *control,
			     struct bk_conf *conf, const char *name, const char *reason,
			     struct bk_setting_change *ret, struct bk_error *err) BK_NODISCARD;
/* Gives the setting of that change the value that it had before. BK_E_NOT_FOUND;
   BK_E_REFUSED for a change that is none of a setting, and for one that a later
   change of the same setting has overtaken. */
enum bk_rc bk_settings_rollback(struct bk_db *db, const struct bk_control *control,
				struct bk_conf *conf, int64_t change, const char *reason,
				struct bk_setting_change *ret, struct bk_error *err) BK_NODISCARD;

#endif
