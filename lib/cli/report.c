/*
 * What a tool says at its end; see report.h. Results and the JSON envelope go
 * to standard output, messages to standard error and the log.
 */
#include "cli/report.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/plugin.h"

#define RED "\x1b[31m"
#define PURPLE "\x1b[35m"
#define PLAIN "\x1b[m"

static const char success[] = "Operation completed successfully";

void bk_report_command(const struct bk_app *app, struct bk_buf *out)
{
	const struct bk_command *command = app->line.command;

	bk_buf_str(out, app->tool->name);
	if (command && command->name)
		bk_buf_fmt(out, " %s", command->name);
}

static enum bk_exit failed_status(const struct bk_app *app, enum bk_rc rc)
{
	return app->plugin ? bk_plugin_status(app) : bk_rc_info(rc)->exit_status;
}

static void set_error(const struct bk_app *app, struct bk_json *object, const struct bk_error *err)
{
	bk_json_set_str(object, "code", bk_rc_info(err->rc)->code);
	bk_json_set_int(object, "exitCode", failed_status(app, err->rc));
	bk_json_set_str(object, "sqlstate", err->sqlstate[0] ? err->sqlstate : NULL);
	bk_json_set_str(object, "message", err->message);
	bk_json_set_str(object, "hint", err->hint[0] ? err->hint : NULL);
}

static struct bk_json *meta(const struct bk_app *app)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf command = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf now = BK_BUF_INIT;
	struct bk_json *o = bk_json_object();

	bk_report_command(app, &command);
	bk_format_time(&now, app->clock.wall_us(app->clock.self));
	bk_json_set_str(o, "schema", "bk/1");
	bk_json_set_str(o, "command", bk_buf_cstr(&command));
	bk_json_set_str(o, "version", BK_VERSION);
	bk_json_set_str(o, "generatedAt", bk_buf_cstr(&now));
	if (app->cached_us) {
		bk_buf_reset(&now);
		bk_format_time(&now, app->cached_us);
		bk_json_set_str(o, "asOf", bk_buf_cstr(&now));
		bk_json_set_bool(o, "cached", true);
	}
	return o;
}

struct bk_json *bk_report_envelope(struct bk_app *app, const struct bk_error *err)
{
	struct bk_json *o = bk_json_object();
	const char *message = app->message ? app->message : success;

	bk_json_set_bool(o, "success", !err);
	bk_json_set_str(o, "message", err ? err->message : message);
	bk_json_set(o, "data", BK_TAKE(app->data));
	if (err) {
		struct bk_json *error = bk_json_object();

		set_error(app, error, err);
		bk_json_set(o, "error", error);
	}
	bk_json_set(o, "meta", meta(app));
	return o;
}

struct bk_json *bk_report_error_line(const struct bk_app *app, const struct bk_error *err)
{
	struct bk_json *o = bk_json_object();

	bk_json_set_str(o, "type", "error");
	set_error(app, o, err);
	return o;
}

/* One line, one write(2); NULL `what` = the text alone. Standard error that cannot be
   written is nobody's business: there is no place left to say so. */
static void say(const struct bk_app *app, const char *what, const char *color, const char *text)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf line = BK_BUF_INIT;
	ssize_t ignored;

	bk_buf_fmt(&line, "%s: ", app->tool->name);
	if (what)
		bk_buf_fmt(&line, "%s%s:%s ", app->err_color ? color : "", what,
			   app->err_color ? PLAIN : "");
	bk_escape_line(&line, text);
	bk_buf_char(&line, '\n');
	ignored = write(STDERR_FILENO, line.data, line.len);
	(void)ignored;
}

static bool json_on_stderr(const struct bk_log *log)
{
	return log->target == BK_LOG_STDERR && log->format == BK_LOG_JSON;
}

static void log_error(struct bk_app *app, const struct bk_error *err,
		      const struct bk_log_record *about)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf message = BK_BUF_INIT;
	struct bk_log_record record = {.execution_time_ms = -1};

	if (about)
		record = *about;
	bk_report_command(app, &message);
	bk_buf_str(&message, " failed");
	record.level = BK_LOG_ERROR;
	record.message = bk_buf_cstr(&message);
	record.error = err;
	bk_log_write(&app->log, &record);
}

void bk_app_fail(struct bk_app *app, const struct bk_error *err, const struct bk_log_record *about)
{
	app->reported = true;
	bk_progress_erase(&app->progress);
	if (app->log.target != BK_LOG_STDERR || json_on_stderr(&app->log))
		log_error(app, err, about);
	if (json_on_stderr(&app->log))
		return;
	say(app, "error", RED, err->message);
	if (err->hint[0])
		say(app, "hint", PURPLE, err->hint);
}

void bk_app_warn(struct bk_app *app, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (app->capture) {
		bk_escape_line(&app->capture->notes, text);
		bk_buf_char(&app->capture->notes, '\n');
	}
	if (app->log.level > BK_LOG_WARN)
		return;
	bk_progress_erase(&app->progress);
	if (app->log.target != BK_LOG_STDERR || json_on_stderr(&app->log))
		bk_log_fmt(&app->log, BK_LOG_WARN, "%s", text);
	if (app->log.target == BK_LOG_STDERR ? !json_on_stderr(&app->log) : isatty(STDERR_FILENO))
		say(app, "warning", PURPLE, text);
}

void bk_app_note(struct bk_app *app, const char *text)
{
	if (app->line.options.quiet)
		return;
	bk_progress_erase(&app->progress);
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		BK_CLEAN(bk_free_str) char *line = NULL;

		len = strcspn(text, "\n");
		line = bk_strndup(text, len);
		if (json_on_stderr(&app->log))
			bk_log_fmt(&app->log, BK_LOG_INFO, "%s", line);
		else
			say(app, NULL, NULL, line);
	}
}

static enum bk_rc output_error(struct bk_error *err, int number)
{
	return bk_error_set(err, BK_E_IO, "cannot write to standard output: %s",
			    number ? strerror(number) : "an earlier write failed");
}

/* A program gets the very bytes of a cell; a terminal never a control character. */
static void tame_lines(struct bk_buf *out, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		BK_CLEAN(bk_free_str) char *line = bk_strndup(text, len);

		bk_escape_line(out, line);
		if (text[len])
			bk_buf_char(out, '\n');
		text += len + (text[len] == '\n');
	}
}

bool bk_app_is_quiet(const struct bk_app *app)
{
	const struct bk_options *o = &app->line.options;

	return app->format == BK_OUT_DEFAULT &&
	       (o->quiet || (!app->out_is_terminal && !o->verbose));
}

enum bk_rc bk_app_write(struct bk_app *app, const struct bk_buf *text)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf tame = BK_BUF_INIT;

	if (app->format == BK_OUT_CSV && app->out_is_terminal) {
		tame_lines(&tame, bk_buf_cstr(text));
		tame.broken |= text->broken;
		text = &tame;
	}
	if (text->broken)
		return bk_error_set(&app->err, BK_E_INTERNAL, "the output is too large");
	if (app->capture)
		bk_buf_bytes(&app->capture->text, bk_buf_cstr(text), text->len);
	errno = 0;
	if (fwrite(bk_buf_cstr(text), 1, text->len, stdout) == text->len)
		return BK_OK;
	return output_error(&app->err, errno);
}

static void write_json(struct bk_json *object)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	bk_json_render(object, &text);
	bk_json_free(object);
	bk_buf_char(&text, '\n');
	(void)fwrite(bk_buf_cstr(&text), 1, text.len, stdout); /* close_output() looks */
}

/* Only now is it known whether everything arrived: a full disk, or NFS at
   close(2). A stdout that was closed from the start has nothing to lose. */
static enum bk_rc close_output(struct bk_error *err)
{
	bool failed = ferror(stdout);
	int number = 0;

	if (fflush(stdout)) {
		number = errno;
		failed = true;
	}
	if (fclose(stdout) && !failed) {
		number = errno;
		failed = true;
	}
	return failed ? output_error(err, number) : BK_OK;
}

/* A failure while somebody asked for the end came of that. What had succeeded by
   then stays a success: its record says so too. */
static enum bk_rc apply_interrupt(struct bk_app *app, enum bk_rc rc)
{
	bool term = *app->interrupted == SIGTERM;
	enum bk_rc wanted = term ? BK_E_TERMINATED : BK_E_INTERRUPTED;

	/* 130 and 143 say that the record was closed: not so where nobody knows. */
	if (!*app->interrupted || rc == wanted || rc == BK_OK || rc == BK_E_UNKNOWN ||
	    rc == BK_E_LEASE_LOST || rc == BK_E_UNAVAILABLE)
		return rc;
	app->err.rc = wanted;
	return bk_error_prefix(&app->err, "interrupted by %s", term ? "SIGTERM" : "SIGINT");
}

int bk_report_end(struct bk_app *app, enum bk_rc rc)
{
	struct bk_error output;

	rc = apply_interrupt(app, rc);
	if (rc == BK_E_USAGE && !app->err.hint[0])
		(void)bk_error_hint(&app->err, "try \"%s --help\"", app->tool->name);
	if (app->format == BK_OUT_JSON)
		write_json(bk_report_envelope(app, rc ? &app->err : NULL));
	else if (app->format == BK_OUT_JSONL && rc)
		write_json(bk_report_error_line(app, &app->err));
	else if (app->plugin && rc)
		bk_plugin_say(app);
	if (close_output(&output) && rc == BK_OK) {
		rc = output.rc;
		app->err = output;
		app->status = BK_EXIT_OK; /* not the answer of a plugin that nobody got */
	}
	if (rc == BK_OK)
		return (int)app->status;
	/* Whoever called a plugin has the line on standard output. */
	if (!app->reported && (!app->plugin || rc == BK_E_IO || app->format == BK_OUT_CSV))
		bk_app_fail(app, &app->err, NULL);
	return (int)failed_status(app, rc);
}
