/*
 * Rendering and writing of log records; see log.h.
 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

static const char *const level_names[] = {"DEBUG", "INFO", "WARN", "ERROR"};

struct bk_log bk_log_default(const char *logger)
{
	return (struct bk_log){
		.level = BK_LOG_WARN,
		.target = BK_LOG_STDERR,
		.format = BK_LOG_TEXT,
		.logger = logger,
		.clock = bk_clock_system(),
		.fd = -1,
	};
}

enum bk_rc bk_log_open(struct bk_log *log, const char *path, struct bk_error *err)
{
	if (log->target == BK_LOG_SYSLOG)
		openlog(log->logger, LOG_PID, LOG_DAEMON);
	if (log->target != BK_LOG_FILE)
		return BK_OK;
	log->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		       0640);
	if (log->fd >= 0)
		return BK_OK;
	log->target = BK_LOG_STDERR;
	return bk_error_set(err, BK_E_IO, "cannot open log file \"%s\": %s", path, strerror(errno));
}

void bk_log_close(struct bk_log *log)
{
	if (log->fd >= 0)
		(void)close(log->fd);
	log->fd = -1;
}

/* The message splits into contexts at ": "; outermost first. */
static void set_stack(struct bk_json *o, const char *message)
{
	struct bk_json *stack = bk_json_array();

	for (;;) {
		const char *colon = strstr(message, ": ");
		char *part = colon ? bk_strndup(message, (size_t)(colon - message))
				   : bk_strdup(message);

		bk_json_push_str(stack, part);
		bk_free_str(&part);
		if (!colon)
			break;
		message = colon + 2;
	}
	bk_json_set(o, "stackTrace", stack);
}

static void render_json(const struct bk_log *log, const struct bk_log_record *r, struct bk_buf *out)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf time = BK_BUF_INIT;
	struct bk_json *o = bk_json_object();

	bk_format_time(&time, log->clock.wall_us(log->clock.self));
	bk_json_set_str(o, "timestamp", bk_buf_cstr(&time));
	bk_json_set_str(o, "level", level_names[r->level]);
	bk_json_set_str(o, "logger", log->logger);
	bk_json_set_str(o, "message", r->message);
	if (r->operation)
		bk_json_set_str(o, "operation", r->operation);
	if (r->execution_id)
		bk_json_set_str(o, "executionId", r->execution_id);
	if (r->execution_time_ms >= 0)
		bk_json_set_int(o, "executionTimeMs", r->execution_time_ms);
	if (r->status)
		bk_json_set_str(o, "status", r->status);
	if (r->error) {
		bk_json_set_str(o, "error", r->error->message);
		if (r->error->sqlstate[0])
			bk_json_set_str(o, "sqlstate", r->error->sqlstate);
		set_stack(o, r->error->message);
	}
	bk_json_render(o, out);
	bk_json_free(o);
	bk_buf_char(out, '\n');
}

static void add_pair(struct bk_buf *out, const char *key, const char *value)
{
	bool quoted = strpbrk(value, " =\"") != NULL;

	bk_buf_fmt(out, " %s=%s", key, quoted ? "\"" : "");
	for (const char *p = value; *p; p++) {
		if (*p == '"' || *p == '\\')
			bk_buf_char(out, '\\');
		bk_buf_char(out, *p);
	}
	if (quoted)
		bk_buf_char(out, '"');
}

static void render_text(const struct bk_log *log, const struct bk_log_record *r, struct bk_buf *out)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf line = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf ms = BK_BUF_INIT;

	if (log->target != BK_LOG_SYSLOG) {
		bk_format_time(&line, log->clock.wall_us(log->clock.self));
		bk_buf_fmt(&line, " %s %s ", level_names[r->level], log->logger);
	}
	bk_buf_str(&line, r->message);
	if (r->operation)
		add_pair(&line, "operation", r->operation);
	if (r->execution_id)
		add_pair(&line, "executionId", r->execution_id);
	if (r->status)
		add_pair(&line, "status", r->status);
	if (r->execution_time_ms >= 0) {
		bk_buf_fmt(&ms, "%" PRId64, r->execution_time_ms);
		add_pair(&line, "executionTimeMs", bk_buf_cstr(&ms));
	}
	if (r->error) {
		add_pair(&line, "error", r->error->message);
		if (r->error->sqlstate[0])
			add_pair(&line, "sqlstate", r->error->sqlstate);
	}
	bk_escape_line(out, bk_buf_cstr(&line));
	bk_buf_char(out, '\n');
}

void bk_log_render(const struct bk_log *log, const struct bk_log_record *record, struct bk_buf *out)
{
	if (log->format == BK_LOG_JSON)
		render_json(log, record, out);
	else
		render_text(log, record, out);
}

static int syslog_priority(enum bk_log_level level)
{
	static const int priority[] = {LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR};

	return priority[level];
}

static void complain(struct bk_log *log)
{
	static const char text[] = ": warning: the log file cannot be written\n";
	ssize_t ignored;

	if (log->complained)
		return;
	log->complained = true;
	ignored = write(STDERR_FILENO, log->logger, strlen(log->logger));
	ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)ignored;
}

/* What a signal interrupts has written nothing yet. */
static bool write_line(int fd, const struct bk_buf *line)
{
	ssize_t written;

	do
		written = write(fd, bk_buf_cstr(line), line->len);
	while (written < 0 && errno == EINTR);
	return written == (ssize_t)line->len;
}

void bk_log_write(struct bk_log *log, const struct bk_log_record *record)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf line = BK_BUF_INIT;
	int fd = log->target == BK_LOG_FILE ? log->fd : STDERR_FILENO;

	if (record->level < log->level)
		return;
	bk_log_render(log, record, &line);
	if (log->target == BK_LOG_SYSLOG)
		syslog(syslog_priority(record->level), "%s", bk_buf_cstr(&line));
	else if (!write_line(fd, &line))
		complain(log);
}

void bk_log_fmt(struct bk_log *log, enum bk_log_level level, const char *fmt, ...)
{
	char message[1024];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	bk_log_write(log, &(struct bk_log_record){
				  .level = level, .message = message, .execution_time_ms = -1});
}
