/*
 * The log: one record, one line, one write(2). Text for people or JSON for
 * machines; to standard error, to a file that is opened for each run (so
 * logrotate needs nothing), or to syslog. A log that cannot be written never
 * fails a run: the first failure is said once on standard error.
 *
 * The library itself logs nothing above debug; cmd/ and cli/ do.
 */
#ifndef BK_BASE_LOG_H
#define BK_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"

enum bk_log_level { BK_LOG_DEBUG, BK_LOG_INFO, BK_LOG_WARN, BK_LOG_ERROR };
enum bk_log_target { BK_LOG_STDERR, BK_LOG_FILE, BK_LOG_SYSLOG };
enum bk_log_format { BK_LOG_TEXT, BK_LOG_JSON };

struct bk_log {
	enum bk_log_level level; /* records below it are dropped */
	enum bk_log_target target;
	enum bk_log_format format;
	const char *logger; /* the program's name */
	struct bk_clock clock;
	int fd; /* of target FILE, else -1 */
	bool complained;
};

/* One record; pointers may be NULL, execution_time_ms negative = absent. */
struct bk_log_record {
	enum bk_log_level level;
	const char *message;
	const char *operation;
	const char *execution_id;
	int64_t execution_time_ms;
	const char *status;
	const struct bk_error *error;
};

/* Standard error, text, warnings and errors. */
struct bk_log bk_log_default(const char *logger);

/* Opens the file (append, created 0640) or the syslog connection for `log`'s
   target. On failure the log stays on standard error. BK_E_IO. */
enum bk_rc bk_log_open(struct bk_log *log, const char *path, struct bk_error *err) BK_NODISCARD;
void bk_log_close(struct bk_log *log);

void bk_log_write(struct bk_log *log, const struct bk_log_record *record);

/* A record with a message only. */
void bk_log_fmt(struct bk_log *log, enum bk_log_level level, const char *fmt, ...) BK_PRINTF(3, 4);

/* Appends the record's line with its newline: pure, for tests. */
void bk_log_render(const struct bk_log *log, const struct bk_log_record *record,
		   struct bk_buf *out);

#endif
