/*
 * The life of a tool, from its descriptors to its exit status; see app.h.
 */
#include "cli/app.h"

#include <inttypes.h>
#include <locale.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/command.h"
#include "cli/plugin.h"
#include "cli/report.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "db/sqltext.h"
#include "job/settings.h"
#include "rule/privilege.h"

extern char **environ;

/* Texts that the app points into. */
struct names {
	char host[256];
	char user[64];
};

/* Tables need to know how wide a character is. Only this category: messages and
   numbers must not follow the user's language. */
static void set_locale(void)
{
	const char *name = setlocale(LC_CTYPE, "");

	if (!name || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
}

/* A core file would hold passwords and bookings. */
static void forbid_core(void)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
}

static enum bk_format format_of(const char *word)
{
	static const struct {
		const char *word;
		enum bk_format format;
	} formats[] = {
		{"table", BK_OUT_TABLE},           {"json", BK_OUT_JSON},
		{"jsonl", BK_OUT_JSONL},           {"csv", BK_OUT_CSV},
		{"prometheus", BK_OUT_PROMETHEUS},
	};

	for (size_t i = 0; word && i < BK_COUNT(formats); i++)
		if (strcmp(formats[i].word, word) == 0)
			return formats[i].format;
	return BK_OUT_DEFAULT;
}

static void look_at_terminal(struct bk_app *app)
{
	const char *option = app->line.options.color;
	const struct bk_color_env env = bk_color_env();

	app->out_is_terminal = isatty(STDOUT_FILENO);
	app->out_color = bk_color_wanted(option, app->out_is_terminal, &env);
	app->err_color = bk_color_wanted(option, isatty(STDERR_FILENO), &env);
	if (app->out_is_terminal)
		app->out_width = bk_terminal_width(STDOUT_FILENO, getenv("COLUMNS"));
}

static void set_progress(struct bk_app *app)
{
	const struct bk_progress_when when = {
		.option = app->line.options.progress,
		.is_terminal = isatty(STDERR_FILENO),
		.term = getenv("TERM"),
		.quiet = app->line.options.quiet,
		.machine = app->format == BK_OUT_JSON || app->format == BK_OUT_JSONL,
	};

	app->progress = (struct bk_progress_state){
		.mode = bk_progress_mode_of(&when),
		.fd = STDERR_FILENO,
		.tool = app->tool->name,
		.clock = app->clock,
		.interrupted = app->interrupted,
	};
}

/* --instance is the user's typing, not a file's fault. */
static enum bk_rc set_instance(struct bk_app *app, struct bk_conf *conf)
{
	const char *name = app->line.options.instance;
	struct bk_error why;

	if (!name || !bk_conf_set(conf, BK_ORIGIN_COMMAND_LINE, "instance", name, &why))
		return BK_OK;
	return bk_error_set(&app->err, BK_E_USAGE, "%s", why.message);
}

static enum bk_rc load_config(struct bk_app *app)
{
	const struct bk_conf_args args = {
		.file = app->line.options.config,
		.profile = app->line.options.profile,
		.env = (const char *const *)environ,
	};
	BK_CLEAN(bk_conf_clean) struct bk_conf *conf = NULL;
	enum bk_rc rc;

	if ((rc = bk_conf_load(&args, &conf, &app->err)) || (rc = set_instance(app, conf)) ||
	    (rc = bk_settings_check(conf, &app->err)))
		return rc;
	app->conf = BK_TAKE(conf);
	return BK_OK;
}

static enum bk_log_level log_level(const struct bk_app *app)
{
	const struct bk_options *o = &app->line.options;
	enum bk_log_level level = (enum bk_log_level)bk_conf_num(app->conf, "log-level");

	if (o->quiet)
		return BK_LOG_ERROR;
	/* One -v asks for the line of result, which is no log record. */
	return o->verbose > 1 ? BK_LOG_DEBUG : level;
}

/* A log that cannot be opened is a warning: the run matters more. */
static void open_log(struct bk_app *app)
{
	struct bk_error err;

	app->log.level = log_level(app);
	app->log.target = (enum bk_log_target)bk_conf_num(app->conf, "log-target");
	app->log.format = (enum bk_log_format)bk_conf_num(app->conf, "log-format");
	if (bk_log_open(&app->log, bk_conf_str(app->conf, "log-file"), &err))
		bk_app_warn(app, "%s", err.message);
}

static void name_us(struct bk_app *app, struct names *names)
{
	const char *instance = bk_conf_str(app->conf, "instance");
	const struct passwd *user = getpwuid(geteuid());

	/* What is cut off has no NUL. */
	if (gethostname(names->host, sizeof(names->host) - 1) || !names->host[0])
		(void)snprintf(names->host, sizeof(names->host), "localhost");
	names->host[sizeof(names->host) - 1] = '\0';
	if (user)
		(void)snprintf(names->user, sizeof(names->user), "%s", user->pw_name);
	else
		(void)snprintf(names->user, sizeof(names->user), "%ju", (uintmax_t)geteuid());
	app->instance = instance ? instance : names->host;
	app->os_user = names->user;
}

static void warn_of_strays(struct bk_app *app)
{
	const char *name;

	for (size_t i = 0; (name = bk_conf_stray_variable(app->conf, i)); i++)
		bk_app_warn(app, "environment variable %s names no setting", name);
}

static enum bk_rc show_help(struct bk_app *app)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_cmdline_help(app->tool, &text);
	return bk_app_write(app, &text);
}

static enum bk_rc show_version(struct bk_app *app)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf libpq = BK_BUF_INIT;

	bk_db_library_version(&libpq);
	if (app->format == BK_OUT_JSON) {
		app->data = bk_json_object();
		bk_json_set_str(app->data, "version", BK_VERSION);
		bk_json_set_str(app->data, "libpq", bk_buf_cstr(&libpq));
		bk_json_set_str(app->data, "jsonC", bk_json_library_version());
		return BK_OK;
	}
	bk_buf_fmt(&text, "%s (bk) %s\n", app->tool->name, BK_VERSION);
	if (app->line.options.verbose)
		bk_buf_fmt(&text, "libpq %s, json-c %s\n", bk_buf_cstr(&libpq),
			   bk_json_library_version());
	return bk_app_write(app, &text);
}

static enum bk_rc live(struct bk_app *app, int argc, char **argv, struct names *names,
		       bk_app_fn run)
{
	bool lines = bk_command_speaks_lines(app->tool, argc, argv);
	enum bk_rc rc = bk_cmdline_parse(app->tool, argc, argv, &app->line, &app->err);

	app->format = format_of(app->line.options.output);
	if (app->format == BK_OUT_DEFAULT && lines)
		app->format = BK_OUT_JSONL;
	look_at_terminal(app);
	set_progress(app);
	if (rc)
		return rc;
	if (app->plugin && (app->line.options.help || app->line.options.version))
		app->status = bk_plugin_status(app);
	if (app->line.options.help) {
		app->format = BK_OUT_DEFAULT;
		return show_help(app);
	}
	if (app->line.options.version)
		return show_version(app);
	if ((rc = load_config(app)))
		return rc;
	open_log(app);
	name_us(app, names);
	warn_of_strays(app);
	return run(app);
}

void bk_app_hint_grant(struct bk_app *app)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf user = BK_BUF_INIT;

	if (!app->role || !app->db || !bk_db_user(app->db)[0] || app->err.hint[0])
		return;
	if (!bk_db_lost(app->db))
		bk_explain_permission(app->db, bk_conf_str(app->conf, "schema"),
				      bk_conf_mapping(app->conf),
				      strcmp(app->role, "booking_update") == 0, &app->err);
	if (app->err.hint[0])
		return;
	bk_sql_ident(&user, bk_db_user(app->db));
	(void)bk_error_hint(&app->err,
			    "let the owner run bkmaint migrate, and type: GRANT %s TO %s",
			    app->role, bk_buf_cstr(&user));
}

enum bk_rc bk_app_stopped(struct bk_app *app)
{
	bool term = *app->interrupted == SIGTERM;

	app->reported = true;
	return bk_error_set(&app->err, term ? BK_E_TERMINATED : BK_E_INTERRUPTED, "stopped by %s",
			    term ? "SIGTERM" : "SIGINT");
}

/* As the system's, but that SIGUSR1 is answered between two runs, whoever waits
   there. */
static void sleep_and_answer(void *self, int64_t ms)
{
	struct bk_app *app = self;
	const struct bk_clock clock = bk_clock_system();

	clock.sleep_ms(clock.self, ms);
	bk_progress_waiting(&app->progress);
}

int bk_app_main(const struct bk_tool *tool, int argc, char **argv, bk_app_fn run)
{
	struct names names = {.host = ""};
	struct bk_app app = {
		.tool = tool,
		.log = bk_log_default(tool->name),
		.clock = bk_clock_system(),
		.random = bk_random_system(),
		.plugin = bk_plugin_asked(tool, argc, argv),
	};
	enum bk_rc rc;
	int status;

	bk_reserve_descriptors();
	forbid_core();
	/* A tool that only shows is not asked how far it is. */
	if (!tool->quiet_pipe) {
		app.clock.self = &app;
		app.clock.sleep_ms = sleep_and_answer;
	}
	app.interrupted = bk_signals_install(tool->quiet_pipe);
	set_locale();
	rc = live(&app, argc, argv, &names, run);
	if (rc == BK_E_PERMISSION)
		bk_app_hint_grant(&app);
	bk_db_clean(&app.db);
	status = bk_report_end(&app, rc);
	bk_log_close(&app.log);
	bk_json_clean(&app.data);
	free(app.checked_mapping);
	bk_conf_clean(&app.conf);
	return status;
}
