/*
 * Child processes: what they read, write and say, how they end, and how they are ended.
 */
#include "base/child.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

static const char *const env[] = {"PATH=/usr/bin:/bin", "WORD=from the caller", NULL};

static void ignore_pipe(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
}

/* A shell as the child, for what no other program does on demand. */
static struct bk_child_spec script(const char **argv, const char *text)
{
	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = text;
	argv[3] = NULL;
	return (struct bk_child_spec){argv, env, -1, -1};
}

static enum bk_rc run_script(const char *text, struct bk_buf *out, bk_stop stop,
			     struct bk_error *err)
{
	const char *argv[4];
	const struct bk_child_spec spec = script(argv, text);

	return bk_child_run(&spec, out, stop, err);
}

START_TEST(it_has_the_environment_of_its_caller_and_nothing_to_read)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	struct bk_error err;

	ck_assert_int_eq(run_script("cat; echo \"$WORD\"; env | wc -l", &out, NULL, &err), BK_OK);
	ck_assert_ptr_nonnull(strstr(bk_buf_cstr(&out), "from the caller\n"));
	ck_assert_ptr_null(strstr(bk_buf_cstr(&out), "HOME"));
}
END_TEST

static const struct {
	const char *text;
	const char *message;
} ends[] = {
	{"exit 3", "sh ended with status 3"},
	{"kill -KILL $$", "sh was killed by signal 9"},
	{"echo 'x: error: it fell' >&2; echo 'x: hint: up' >&2; exit 1", "sh: it fell"},
	{"echo 'x:5: ERROR:  42501: no' >&2; echo 'LOCATION: y' >&2; exit 3", "sh: 42501: no"},
	{"echo first >&2; echo last >&2; echo >&2; exit 1", "sh: last"},
	{"exec 2>&-; exit 4", "sh ended with status 4"},
};

START_TEST(how_it_failed_is_told_in_its_own_words)
{
	struct bk_error err;

	ck_assert_int_eq(run_script(ends[_i].text, NULL, NULL, &err), BK_E_RUN);
	ck_assert_str_eq(err.message, ends[_i].message);
}
END_TEST

START_TEST(words_without_a_failure_are_none)
{
	struct bk_error err;

	ck_assert_int_eq(run_script("echo 'x: error: not so' >&2", NULL, NULL, &err), BK_OK);
}
END_TEST

START_TEST(a_program_that_is_not_there_is_an_error_of_the_configuration)
{
	const char *const argv[] = {"bk-nosuch-program", NULL};
	const struct bk_child_spec spec = {argv, env, -1, -1};
	struct bk_error err;

	ck_assert_int_eq(bk_child_run(&spec, NULL, NULL, &err), BK_E_CONFIG);
	ck_assert_str_eq(err.message, "cannot start bk-nosuch-program: No such file or directory");
}
END_TEST

/* More of both streams than a pipe holds. */
START_TEST(neither_stream_stops_it)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	struct bk_error err;

	ck_assert_int_eq(run_script("i=0; while [ $i -lt 3000 ]; do i=$((i + 1));"
				    " echo 0123456789012345678901234567890123456789;"
				    " echo 0123456789012345678901234567890123456789 >&2; done",
				    &out, NULL, &err),
			 BK_OK);
	ck_assert_uint_eq(out.len, 3000 * 41);
}
END_TEST

START_TEST(what_it_is_fed_comes_back)
{
	enum { SIZE = 300000 };
	BK_CLEAN(bk_child_end) struct bk_child child = {.pid = 0};
	static char text[SIZE];
	const char *argv[4];
	struct bk_child_spec spec = script(argv, "wc -c | grep -qx 300000");
	struct bk_error err;
	int pipe_ends[2];

	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(bk_pipe(pipe_ends, &err), BK_OK);
	spec.in = pipe_ends[0];
	ck_assert_int_eq(bk_child_start(&spec, &child, &err), BK_OK);
	(void)close(pipe_ends[0]);
	ck_assert_int_eq(bk_child_feed(&child, pipe_ends[1], text, SIZE, NULL, &err), BK_OK);
	(void)close(pipe_ends[1]);
	ck_assert_int_eq(bk_child_wait(&child, NULL, &err), BK_OK);
}
END_TEST

static const struct {
	const char *text;
	const char *message;
} gones[] = {
	{"echo 'x: error: enough' >&2; exit 1", "sh: enough"},
	{"exit 0", "sh ended too early"},
};

START_TEST(one_that_reads_no_more_is_heard)
{
	enum { SIZE = 300000 };
	BK_CLEAN(bk_child_end) struct bk_child child = {.pid = 0};
	static char text[SIZE];
	const char *argv[4];
	struct bk_child_spec spec = script(argv, gones[_i].text);
	struct bk_error err;
	int pipe_ends[2];

	ck_assert_int_eq(bk_pipe(pipe_ends, &err), BK_OK);
	spec.in = pipe_ends[0];
	ck_assert_int_eq(bk_child_start(&spec, &child, &err), BK_OK);
	(void)close(pipe_ends[0]);
	ck_assert_int_eq(bk_child_feed(&child, pipe_ends[1], text, SIZE, NULL, &err), BK_E_RUN);
	ck_assert_str_eq(err.message, gones[_i].message);
	(void)close(pipe_ends[1]);
}
END_TEST

static const struct {
	int number;
	enum bk_rc rc;
} signals[] = {
	{SIGINT, BK_E_INTERRUPTED},
	{SIGTERM, BK_E_TERMINATED},
};

START_TEST(a_signal_ends_it)
{
	const volatile sig_atomic_t stop = signals[_i].number;
	struct bk_error err;

	ck_assert_int_eq(run_script("exec tail -f /dev/null", NULL, &stop, &err), signals[_i].rc);
	ck_assert_str_eq(err.message, "ended while sh was at work");
}
END_TEST

START_TEST(one_that_is_forgotten_is_ended)
{
	const char *argv[4];
	const struct bk_child_spec spec = script(argv, "exec tail -f /dev/null");
	struct bk_child child = {.pid = 0};
	struct bk_error err;
	pid_t pid;

	ck_assert_int_eq(bk_child_start(&spec, &child, &err), BK_OK);
	pid = child.pid;
	bk_child_end(&child);
	ck_assert_int_eq(child.pid, 0);
	ck_assert_int_eq(kill(pid, 0), -1);
	bk_child_end(&child);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base_child");
	TCase *tc = tcase_create("child");

	tcase_add_checked_fixture(tc, ignore_pipe, NULL);
	ADD(tc, it_has_the_environment_of_its_caller_and_nothing_to_read);
	ADD_ROWS(tc, how_it_failed_is_told_in_its_own_words, ends);
	ADD(tc, words_without_a_failure_are_none);
	ADD(tc, a_program_that_is_not_there_is_an_error_of_the_configuration);
	ADD(tc, neither_stream_stops_it);
	ADD(tc, what_it_is_fed_comes_back);
	ADD_ROWS(tc, one_that_reads_no_more_is_heard, gones);
	ADD_ROWS(tc, a_signal_ends_it, signals);
	ADD(tc, one_that_is_forgotten_is_ended);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
