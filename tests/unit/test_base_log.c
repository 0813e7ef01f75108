/*
 * Log records: both forms, the levels, the file, and a log that fails.
 */
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static char path[256];

static void make_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char dir[200];

	(void)snprintf(dir, sizeof(dir), "%s/bk-log.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/bk.log", dir);
}

static void remove_dir(void)
{
	(void)unlink(path);
	*strrchr(path, '/') = '\0';
	ck_assert_int_eq(rmdir(path), 0);
}

static struct bk_log new_log(enum bk_log_target target, enum bk_log_format format)
{
	struct bk_log log = bk_log_default("bkmaint");

	log.target = target;
	log.format = format;
	log.clock = suite_clock();
	return log;
}

static const struct bk_error refused = {
	.rc = BK_E_UNAVAILABLE, .sqlstate = "08006", .message = "claim: connection refused"};

static const struct {
	struct bk_log_record record;
	const char *text;
	const char *json; /* behind the logger */
} records[] = {
	{{.level = BK_LOG_WARN, .message = "late", .execution_time_ms = -1},
	 "WARN bkmaint late",
	 "\"message\":\"late\"}"},
	{{.level = BK_LOG_INFO,
	  .message = "run ended",
	  .operation = "update-expired",
	  .execution_id = "17",
	  .execution_time_ms = 84,
	  .status = "SUCCESS"},
	 "INFO bkmaint run ended operation=update-expired executionId=17 status=SUCCESS "
	 "executionTimeMs=84",
	 "\"message\":\"run ended\",\"operation\":\"update-expired\",\"executionId\":\"17\","
	 "\"executionTimeMs\":84,\"status\":\"SUCCESS\"}"},
	{{.level = BK_LOG_ERROR, .message = "failed", .execution_time_ms = 0, .error = &refused},
	 "ERROR bkmaint failed executionTimeMs=0 error=\"claim: connection refused\" "
	 "sqlstate=08006",
	 "\"message\":\"failed\",\"executionTimeMs\":0,\"error\":\"claim: connection refused\","
	 "\"sqlstate\":\"08006\",\"stackTrace\":[\"claim\",\"connection refused\"]}"},
	{{.level = BK_LOG_DEBUG,
	  .message = "a\nb \x1b[2J \xFF",
	  .operation = "x \"y\" \\",
	  .execution_time_ms = -1},
	 "DEBUG bkmaint a\\nb \\x1b[2J \\xff operation=\"x \\\"y\\\" \\\\\"",
	 "\"message\":\"a\\nb \\u001b[2J \xEF\xBF\xBD\",\"operation\":\"x \\\"y\\\" \\\\\"}"},
};

START_TEST(a_record_is_one_line_of_text)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf wanted = BK_BUF_INIT;
	struct bk_log log = new_log(BK_LOG_STDERR, BK_LOG_TEXT);

	bk_log_render(&log, &records[_i].record, &out);
	bk_buf_fmt(&wanted, "2026-11-23T06:30:00.097Z %s\n", records[_i].text);
	ck_assert_str_eq(bk_buf_cstr(&out), bk_buf_cstr(&wanted));
}
END_TEST

START_TEST(syslog_puts_time_and_name_in_front_itself)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	struct bk_log log = new_log(BK_LOG_SYSLOG, BK_LOG_TEXT);

	bk_log_render(&log, &records[0].record, &out);
	ck_assert_str_eq(bk_buf_cstr(&out), "late\n");
}
END_TEST

START_TEST(a_record_is_one_object_of_json)
{
	static const char *const levels[] = {"DEBUG", "INFO", "WARN", "ERROR"};
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf wanted = BK_BUF_INIT;
	struct bk_log log = new_log(BK_LOG_STDERR, BK_LOG_JSON);

	bk_log_render(&log, &records[_i].record, &out);
	bk_buf_fmt(&wanted,
		   "{\"timestamp\":\"2026-11-23T06:30:00.097Z\",\"level\":\"%s\","
		   "\"logger\":\"bkmaint\",%s\n",
		   levels[records[_i].record.level], records[_i].json);
	ck_assert_str_eq(bk_buf_cstr(&out), bk_buf_cstr(&wanted));
}
END_TEST

/* What the file holds. */
static void expect_file(const char *text)
{
	char got[1024] = "";
	FILE *f = fopen(path, "r");

	ck_assert_ptr_nonnull(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_str_eq(got, text);
}

START_TEST(a_file_is_appended_to_and_the_level_filters)
{
	struct bk_log log = new_log(BK_LOG_FILE, BK_LOG_TEXT);
	struct bk_error err;
	struct stat st;

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(bk_log_open(&log, path, &err), BK_OK);
		bk_log_fmt(&log, BK_LOG_INFO, "too little");
		bk_log_fmt(&log, BK_LOG_WARN, "number %d", i);
		bk_log_close(&log);
	}
	expect_file("2026-11-23T06:30:00.097Z WARN bkmaint number 0\n"
		    "2026-11-23T06:30:00.097Z WARN bkmaint number 1\n");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07137, 0); /* nothing beyond 0640 */
}
END_TEST

START_TEST(a_message_too_long_for_a_record_is_cut_off)
{
	struct bk_log log = new_log(BK_LOG_FILE, BK_LOG_TEXT);
	struct bk_error err;
	char text[3000];
	struct stat st;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(bk_log_open(&log, path, &err), BK_OK);
	bk_log_fmt(&log, BK_LOG_ERROR, "%s", text);
	bk_log_close(&log);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_lt(st.st_size, 1200);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_leaves_standard_error)
{
	struct bk_log log = new_log(BK_LOG_FILE, BK_LOG_TEXT);
	struct bk_error err = {0};

	ck_assert_int_eq(bk_log_open(&log, "/nonexistent/bk.log", &err), BK_E_IO);
	ck_assert_str_eq(err.message, "cannot open log file \"/nonexistent/bk.log\": "
				      "No such file or directory");
	ck_assert_int_eq(log.target, BK_LOG_STDERR);
	bk_log_close(&log);
}
END_TEST

START_TEST(a_pipe_that_nobody_reads_is_no_log_file)
{
	struct bk_log log = new_log(BK_LOG_FILE, BK_LOG_TEXT);
	struct bk_error err;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(bk_log_open(&log, path, &err), BK_E_IO);
}
END_TEST

/* Sends standard error into the file for the calls between. */
static int catch_stderr(void)
{
	int saved = dup(STDERR_FILENO);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(saved, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	(void)close(fd);
	return saved;
}

static void release_stderr(int saved)
{
	ck_assert_int_eq(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	(void)close(saved);
}

START_TEST(a_log_that_fails_is_mentioned_once)
{
	struct bk_log log = new_log(BK_LOG_FILE, BK_LOG_TEXT);
	struct bk_error err;
	int saved;

	ck_assert_int_eq(bk_log_open(&log, "/dev/full", &err), BK_OK);
	saved = catch_stderr();
	bk_log_fmt(&log, BK_LOG_ERROR, "one");
	bk_log_fmt(&log, BK_LOG_ERROR, "two");
	release_stderr(saved);
	bk_log_close(&log);
	expect_file("bkmaint: warning: the log file cannot be written\n");
}
END_TEST

START_TEST(standard_error_is_the_default)
{
	struct bk_log log = bk_log_default("bkmaint");
	struct bk_error err;
	int saved;

	log.clock = suite_clock();
	ck_assert_int_eq(bk_log_open(&log, NULL, &err), BK_OK);
	saved = catch_stderr();
	bk_log_fmt(&log, BK_LOG_WARN, "here");
	release_stderr(saved);
	bk_log_close(&log);
	expect_file("2026-11-23T06:30:00.097Z WARN bkmaint here\n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base_log");
	TCase *pure = tcase_create("render");
	TCase *files = tcase_create("write");

	ADD_ROWS(pure, a_record_is_one_line_of_text, records);
	ADD(pure, syslog_puts_time_and_name_in_front_itself);
	ADD_ROWS(pure, a_record_is_one_object_of_json, records);
	tcase_add_checked_fixture(files, make_dir, remove_dir);
	ADD(files, a_file_is_appended_to_and_the_level_filters);
	ADD(files, a_message_too_long_for_a_record_is_cut_off);
	ADD(files, a_file_that_cannot_be_opened_leaves_standard_error);
	ADD(files, a_pipe_that_nobody_reads_is_no_log_file);
	ADD(files, a_log_that_fails_is_mentioned_once);
	ADD(files, standard_error_is_the_default);
	suite_add_tcase(suite, pure);
	suite_add_tcase(suite, files);
	return suite_run(suite);
}
