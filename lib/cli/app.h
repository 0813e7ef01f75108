/*
 * What every tool does alike, before and after its own work: standard
 * descriptors, signals, command line, configuration, log, connection; and at
 * the end the message, the JSON envelope, the check of standard output and the
 * exit status.
 *
 *     int main(int argc, char **argv)
 *     {
 *             return bk_app_main(&tool, argc, argv, run);
 *     }
 *
 * `run` gets a started app: options and configuration are read; it connects
 * when it wants (bk_app_connect), prints results through app->out, and returns
 * an rc with app->err filled. Nothing else prints or exits.
 */
#ifndef BK_CLI_APP_H
#define BK_CLI_APP_H

#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/random.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "conf/conf.h"
#include "db/db.h"

enum bk_format {
	BK_OUT_DEFAULT,
	BK_OUT_TABLE,
	BK_OUT_JSON,
	BK_OUT_JSONL,
	BK_OUT_CSV,
	BK_OUT_PROMETHEUS
};

/* What is said, for whoever keeps it. */
struct bk_app_capture {
	int64_t began_us;    /* by the wall clock */
	struct bk_buf text;  /* of standard output */
	struct bk_buf notes; /* warnings, one a line */
};

struct bk_app {
	const struct bk_tool *tool;
	struct bk_cmdline line;
	struct bk_conf *conf; /* NULL until read */
	struct bk_db *db;     /* NULL until connected */
	const char *role;     /* whose privileges do for what is done; NULL = the owner's */
	struct bk_log log;
	struct bk_clock clock;
	struct bk_random random;
	const volatile sig_atomic_t *interrupted; /* SIGINT or SIGTERM once it has come */
	const char *instance;                     /* configured, else the host name */
	const char *os_user;
	enum bk_format format; /* DEFAULT = none was asked */
	bool out_is_terminal;
	bool out_color; /* colour on standard output */
	bool err_color;
	int out_width;         /* columns of the terminal, 0 = unlimited */
	struct bk_json *data;  /* what goes under "data" with --json; owned */
	const char *message;   /* of success, with --json; "Operation completed successfully" */
	bool plugin;           /* a plugin's command is asked for */
	enum bk_exit status;   /* exit status of a successful return, usually 0; of a plugin's
				  failed one too, where it is not 0 */
	char *checked_mapping; /* what this instance checked last, from preflight; NULL = nothing */
	struct bk_progress_state progress; /* of the run at work */
	int64_t settings_version;          /* of the database's settings in conf; 0 = none are */
	bool schema_checked;               /* on this connection */
	bool clock_warned;                 /* of the clock of this host, once */
	bool metrics_warned;               /* that they are not written, once */
	struct bk_app_capture *capture;    /* NULL = nobody keeps it */
	int64_t cached_us;                 /* instant of an answer that was kept; 0 = it is new */
	bool reported;                     /* the failure was said already, see bk_app_fail */
	struct bk_error err;
};

typedef enum bk_rc (*bk_app_fn)(struct bk_app *app);

/* The whole life of a tool; returns the exit status. */
int bk_app_main(const struct bk_tool *tool, int argc, char **argv, bk_app_fn run);

/*
 * Connects with the settings and options, `what` completing application_name
 * "bk:what", checks the schema: BK_E_SCHEMA when it is missing, older than the
 * program needs, or wants a newer program; and reads the settings of the database.
 * `read_only`: a standby will do.
 */
enum bk_rc bk_app_connect(struct bk_app *app, const char *what, bool read_only);

/* Looks at the schema as bk_app_connect does, once per connection. */
enum bk_rc bk_app_check_schema(struct bk_app *app, bool read_only);

/* Puts the settings of the database into app->conf, where they have changed since.
   What is of no use on this host is left out, with a warning. bk_app_connect() does
   it, too. */
enum bk_rc bk_app_read_settings(struct bk_app *app);

/* Connects without looking at the schema: for migrate, and for ticks, most of which
   need no look. */
enum bk_rc bk_app_connect_raw(struct bk_app *app, const char *what);

/* Another connection like the first, in *ret, without a look at the schema: for a
   run that lost its own, and for parallel workers, also from other threads. */
enum bk_rc bk_app_connect_more(const struct bk_app *app, const char *what, int64_t timeout_ms,
			       bool hold, struct bk_db **ret, struct bk_error *err) BK_NODISCARD;

/* Names the grant that may be lacking, in app->err, while the connection still knows
   its user. */
void bk_app_hint_grant(struct bk_app *app);

/* The end of what only a signal ends, which is no mishap to be told of: BK_E_INTERRUPTED or
   BK_E_TERMINATED. */
enum bk_rc bk_app_stopped(struct bk_app *app);

/* Whether the text of a success is for nobody: no format was asked, and there is no
   terminal, or -q was given. */
bool bk_app_is_quiet(const struct bk_app *app);

/* Writes text to standard output; BK_E_IO when that fails. */
enum bk_rc bk_app_write(struct bk_app *app, const struct bk_buf *text);

/* Says an error and its hint now, on standard error and in the log, with what
   `about` says of the run (NULL = nothing); the end will not say it again. */
void bk_app_fail(struct bk_app *app, const struct bk_error *err, const struct bk_log_record *about);

/* Says lines of text on standard error that are part of the result and have no place on
   standard output; not with --quiet. */
void bk_app_note(struct bk_app *app, const char *text);

/* Logs a warning (also to the terminal when the log is elsewhere). */
void bk_app_warn(struct bk_app *app, const char *fmt, ...) BK_PRINTF(2, 3);

#endif
