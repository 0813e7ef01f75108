/*
 * The settings of the database, and the trail of their changes and of those of the
 * states of jobs: page by page, newest first, stable under new rows.
 */
#ifndef BK_VIEW_SETTING_H
#define BK_VIEW_SETTING_H

#include "view/booking.h"

/* Times are RFC 3339 UTC with milliseconds; NULL = absent. */
struct bk_stored_view {
	char *name;
	char *value;
	bool in_use; /* it is what counts on this host */
	char *change_id;
	char *changed_at;
	char *author; /* operating system's user/database user */
	char *server_instance;
	char *client_address; /* NULL = over a Unix socket */
	char *reason;
};

struct bk_stored_list {
	struct bk_stored_view *items;
	size_t count;
};

void bk_stored_list_clear(struct bk_stored_list *list);
/* conf has the settings of the database in it: it says which count. */
enum bk_rc bk_view_settings(struct bk_db *db, const struct bk_conf *conf,
			    struct bk_stored_list *ret, struct bk_error *err) BK_NODISCARD;

struct bk_trail_view {
	char *id;
	char *changed_at;
	char *command; /* set unset rollback enable disable pause resume */
	char *name;    /* a setting, or a job */
	char *old_value;
	char *new_value;
	char *reason;
	char *author;
	char *server_instance;
	char *client_address;
	char *rolled_back; /* of rollback: the change that it took back */
	struct bk_cursor position;
};

struct bk_trail {
	struct bk_trail_view *items;
	size_t count;
	char *next_cursor; /* NULL = this is the last page */
};

void bk_trail_clear(struct bk_trail *trail);
enum bk_rc bk_view_settings_history(struct bk_db *db, const struct bk_conf *conf,
				    const struct bk_page *page, struct bk_trail *ret,
				    struct bk_error *err) BK_NODISCARD;

#endif
