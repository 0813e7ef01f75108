/*
 * The progress line on a terminal of the test's own, and the answer to SIGUSR1.
 */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include "cli/progress.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/attr.h"
#include "cli/signals.h"
#include "db/rows.h"
#include "suite.h"

#define LINE "activate-due  120,000 / 300,000  40 %  115,052/s  1.5 s left"
#define SENTENCE                                                                                   \
	"bkactivate: activate-due: execution 17, 120,000 of 300,000 bookings, 115,052/s, "         \
	"1.0 s so far\n"
#define CLEAR "\r\033[K"

static const struct bk_progress some = {120000, 300000, 1043};
static char number[] = "17";

static struct bk_progress_state p;
static volatile sig_atomic_t interrupted;
static int64_t now_ms;
static int master = -1; /* what was written to p.fd is read here */
static char *execution;

static int64_t mono_ms(void *self)
{
	(void)self;
	return now_ms;
}

static void set_state(enum bk_progress_mode mode, int fd)
{
	p = (struct bk_progress_state){
		.mode = mode,
		.fd = fd,
		.tool = "bkactivate",
		.clock = {.mono_ms = mono_ms},
		.interrupted = &interrupted,
	};
	now_ms = 5000;
	execution = number;
	(void)bk_signals_install(false);
}

/* A terminal that changes nothing of what is written to it. */
static void open_terminal(void)
{
	struct termios raw;
	int fd;

	master = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(tcgetattr(fd, &raw), 0);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	ck_assert_int_eq(tcsetattr(fd, TCSANOW, &raw), 0);
	set_state(BK_PROGRESS_LINE, fd);
}

static void open_pipe(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	master = ends[0];
	set_state(BK_PROGRESS_OFF, ends[1]);
}

static void close_all(void)
{
	(void)close(p.fd);
	(void)close(master);
}

/* All that was written since the last call. */
static const char *written(void)
{
	static char text[70000];
	ssize_t n = 0;
	size_t len = 0;

	ck_assert_int_eq(fcntl(master, F_SETFL, O_NONBLOCK), 0);
	while (len < sizeof(text) - 1 && (n = read(master, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return text;
}

static void set_columns(unsigned short columns)
{
	struct winsize size = {.ws_col = columns, .ws_row = 24};

	ck_assert_int_eq(ioctl(master, TIOCSWINSZ, &size), 0);
}

static void begin(void)
{
	bk_progress_begin(&p, "activate-due", &execution);
}

static void update(int64_t ms)
{
	now_ms += ms;
	bk_progress_update(&p, &some);
}

static const struct {
	struct bk_progress_when when;
	enum bk_progress_mode mode;
} modes[] = {
	{{NULL, true, "xterm", false, false}, BK_PROGRESS_LINE},
	{{"auto", true, "xterm", false, false}, BK_PROGRESS_LINE},
	{{NULL, false, "xterm", false, false}, BK_PROGRESS_OFF},
	{{NULL, true, "dumb", false, false}, BK_PROGRESS_OFF},
	{{NULL, true, "", false, false}, BK_PROGRESS_OFF},
	{{NULL, true, NULL, false, false}, BK_PROGRESS_OFF},
	{{NULL, true, "xterm", true, false}, BK_PROGRESS_OFF},
	{{NULL, true, "xterm", false, true}, BK_PROGRESS_OFF},
	{{"always", true, "xterm", true, true}, BK_PROGRESS_LINE},
	{{"always", false, "xterm", false, false}, BK_PROGRESS_LINES},
	{{"always", true, "dumb", false, false}, BK_PROGRESS_LINES},
	{{"never", true, "xterm", false, false}, BK_PROGRESS_OFF},
};

START_TEST(who_sees_progress)
{
	ck_assert_int_eq(bk_progress_mode_of(&modes[_i].when), modes[_i].mode);
}
END_TEST

START_TEST(where_somebody_looks_the_run_counts_soon)
{
	p.mode = BK_PROGRESS_LINE;
	ck_assert_int_eq(bk_progress_count_after_ms(&p), 1000);
	p.mode = BK_PROGRESS_OFF;
	ck_assert_int_eq(bk_progress_count_after_ms(&p), 5000);
}
END_TEST

START_TEST(a_run_of_less_than_a_second_shows_nothing)
{
	begin();
	bk_progress_update(&p, &(const struct bk_progress){100, 200, 999});
	bk_progress_end(&p);
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(a_line_is_drawn_at_once_and_then_ten_times_a_second)
{
	begin();
	update(0);
	ck_assert_str_eq(written(), "\r" LINE "\033[K");
	update(99);
	ck_assert_str_eq(written(), "");
	update(1);
	ck_assert_str_eq(written(), "\r" LINE "\033[K");
}
END_TEST

START_TEST(the_end_leaves_a_clean_line)
{
	begin();
	update(0);
	(void)written();
	bk_progress_end(&p);
	ck_assert_str_eq(written(), CLEAR);
	bk_progress_end(&p);
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(after_a_message_the_line_is_drawn_anew)
{
	begin();
	update(0);
	(void)written();
	bk_progress_erase(&p);
	bk_progress_erase(&p);
	ck_assert_str_eq(written(), CLEAR);
	update(1);
	ck_assert_str_eq(written(), "\r" LINE "\033[K");
}
END_TEST

START_TEST(the_line_follows_the_width_and_leaves_the_last_column_free)
{
	begin();
	set_columns((unsigned short)strlen(LINE) + 1);
	update(0);
	ck_assert_str_eq(written(), "\r" LINE "\033[K");
	set_columns((unsigned short)strlen(LINE));
	update(100);
	ck_assert_str_eq(written(), "\ractivate-due  120,000 / 300,000  40 %  115,052/s\033[K");
}
END_TEST

START_TEST(the_next_run_starts_afresh)
{
	begin();
	update(0);
	bk_progress_end(&p);
	(void)written();
	bk_progress_begin(&p, "update-expired", &execution);
	bk_progress_update(&p, &(const struct bk_progress){10, BK_NULL_INT, 1000});
	ck_assert_str_eq(written(), "\rupdate-expired  10 done  10/s  1.0 s so far\033[K");
}
END_TEST

START_TEST(who_asked_for_the_end_sees_no_line_any_more)
{
	begin();
	update(0);
	(void)written();
	interrupted = SIGINT;
	update(100);
	ck_assert_str_eq(written(), CLEAR);
	update(100);
	ck_assert_str_eq(written(), "");
	interrupted = 0;
}
END_TEST

START_TEST(a_terminal_that_is_stopped_holds_nothing_up)
{
	begin();
	ck_assert_int_eq(tcflow(p.fd, TCOOFF), 0);
	update(0);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	update(100);
	ck_assert_int_eq(tcflow(p.fd, TCOON), 0);
	ck_assert_str_eq(written(), "");
	update(100);
	ck_assert_str_eq(written(), SENTENCE "\r" LINE "\033[K");
}
END_TEST

START_TEST(a_signal_is_answered_above_the_line)
{
	begin();
	update(0);
	(void)written();
	ck_assert_int_eq(raise(SIGUSR1), 0);
	update(1);
	ck_assert_str_eq(written(), CLEAR SENTENCE "\r" LINE "\033[K");
	update(1);
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(elsewhere_there_is_a_line_a_second)
{
	p.mode = BK_PROGRESS_LINES;
	begin();
	update(0);
	ck_assert_str_eq(written(), LINE "\n");
	update(999);
	ck_assert_str_eq(written(), "");
	update(1);
	ck_assert_str_eq(written(), LINE "\n");
	bk_progress_end(&p);
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(without_a_line_a_signal_is_answered_all_the_same)
{
	begin();
	update(0);
	ck_assert_str_eq(written(), "");
	ck_assert_int_eq(raise(SIGUSR1), 0);
	update(0);
	ck_assert_str_eq(written(), SENTENCE);
	update(0);
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(before_the_claim_no_execution_is_named)
{
	execution = NULL;
	begin();
	ck_assert_int_eq(raise(SIGUSR1), 0);
	bk_progress_update(&p, &(const struct bk_progress){0, BK_NULL_INT, 0});
	ck_assert_str_eq(written(), "bkactivate: activate-due: 0 bookings, 0/s, 0 ms so far\n");
}
END_TEST

START_TEST(between_runs_it_is_waiting)
{
	bk_progress_waiting(&p);
	ck_assert_str_eq(written(), "");
	ck_assert_int_eq(raise(SIGUSR1), 0);
	bk_progress_waiting(&p);
	ck_assert_str_eq(written(), "bkactivate: waiting\n");
	bk_progress_waiting(&p);
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(what_sleeps_inside_a_run_leaves_the_answer_to_it)
{
	begin();
	ck_assert_int_eq(raise(SIGUSR1), 0);
	bk_progress_waiting(&p);
	ck_assert_str_eq(written(), "");
	update(0);
	ck_assert_str_eq(written(), SENTENCE);
}
END_TEST

START_TEST(a_full_pipe_holds_nothing_up_and_the_answer_comes_later)
{
	char block[4096];
	int flags = fcntl(p.fd, F_GETFL);

	memset(block, 'x', sizeof(block));
	ck_assert_int_eq(fcntl(p.fd, F_SETFL, O_NONBLOCK), 0);
	while (write(p.fd, block, sizeof(block)) > 0)
		continue;
	ck_assert_int_eq(fcntl(p.fd, F_SETFL, flags), 0);
	begin();
	ck_assert_int_eq(raise(SIGUSR1), 0);
	update(0);
	(void)written();
	update(0);
	ck_assert_str_eq(written(), SENTENCE);
}
END_TEST

static TCase *on_terminal(void)
{
	TCase *tc = tcase_create("terminal");

	tcase_add_checked_fixture(tc, open_terminal, close_all);
	ADD(tc, a_run_of_less_than_a_second_shows_nothing);
	ADD(tc, a_line_is_drawn_at_once_and_then_ten_times_a_second);
	ADD(tc, the_end_leaves_a_clean_line);
	ADD(tc, after_a_message_the_line_is_drawn_anew);
	ADD(tc, the_line_follows_the_width_and_leaves_the_last_column_free);
	ADD(tc, the_next_run_starts_afresh);
	ADD(tc, who_asked_for_the_end_sees_no_line_any_more);
	ADD(tc, a_terminal_that_is_stopped_holds_nothing_up);
	ADD(tc, a_signal_is_answered_above_the_line);
	return tc;
}

static TCase *on_pipe(void)
{
	TCase *tc = tcase_create("pipe");

	tcase_add_checked_fixture(tc, open_pipe, close_all);
	ADD_ROWS(tc, who_sees_progress, modes);
	ADD(tc, where_somebody_looks_the_run_counts_soon);
	ADD(tc, elsewhere_there_is_a_line_a_second);
	ADD(tc, without_a_line_a_signal_is_answered_all_the_same);
	ADD(tc, before_the_claim_no_execution_is_named);
	ADD(tc, between_runs_it_is_waiting);
	ADD(tc, what_sleeps_inside_a_run_leaves_the_answer_to_it);
	ADD(tc, a_full_pipe_holds_nothing_up_and_the_answer_comes_later);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("cli_progress");

	suite_add_tcase(suite, on_terminal());
	suite_add_tcase(suite, on_pipe());
	return suite_run(suite);
}
