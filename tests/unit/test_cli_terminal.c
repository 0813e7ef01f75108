/*
 * Who gets colour, and how wide a terminal is.
 */
#include "suite.h"

#include <fcntl.h>
#include <unistd.h>

#include "cli/terminal.h"

static const struct {
	const char *option;
	bool is_terminal;
	struct bk_color_env env; /* NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM */
	bool wanted;
} colors[] = {
	{NULL, true, {NULL, NULL, NULL, "xterm"}, true},
	{NULL, false, {NULL, NULL, NULL, "xterm"}, false},
	{NULL, true, {NULL, NULL, NULL, "dumb"}, false},
	{NULL, true, {NULL, NULL, NULL, NULL}, false},
	{NULL, true, {NULL, NULL, NULL, ""}, false},
	{NULL, true, {"1", NULL, NULL, "xterm"}, false},
	{NULL, true, {"", NULL, NULL, "xterm"}, true},
	{NULL, true, {NULL, "0", NULL, "xterm"}, false},
	{NULL, true, {NULL, "1", NULL, "xterm"}, true},
	{NULL, false, {NULL, "1", NULL, "xterm"}, false},
	{NULL, false, {NULL, NULL, "1", "dumb"}, true},
	{NULL, false, {NULL, NULL, "0", "xterm"}, false},
	{NULL, false, {NULL, NULL, "", "xterm"}, false},
	{NULL, true, {NULL, "0", "1", "xterm"}, true},
	{NULL, true, {"1", "1", "1", "xterm"}, false},
	{"auto", true, {NULL, NULL, NULL, "xterm"}, true},
	{"auto", true, {"1", NULL, NULL, "xterm"}, false},
	{"always", false, {"1", "0", "0", "dumb"}, true},
	{"never", true, {NULL, "1", "1", "xterm"}, false},
};

START_TEST(option_then_no_color_then_clicolor_then_the_terminal)
{
	ck_assert_int_eq(
		bk_color_wanted(colors[_i].option, colors[_i].is_terminal, &colors[_i].env),
		colors[_i].wanted);
}
END_TEST

static const struct {
	const char *columns;
	int width;
} widths[] = {
	{NULL, 80}, {"", 80},   {"132", 132},  {"1", 1},           {"10000", 10000},
	{"0", 80},  {"-5", 80}, {"10001", 80}, {"80 columns", 80},
};

START_TEST(without_a_terminal_columns_says_how_wide)
{
	int fd = open("/dev/null", O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bk_terminal_width(fd, widths[_i].columns), widths[_i].width);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

static const struct {
	const char *lines;
	int height;
} heights[] = {
	{NULL, 24}, {"", 24}, {"50", 50}, {"0", 24}, {"x", 24},
};

START_TEST(without_a_terminal_lines_says_how_high)
{
	int fd = open("/dev/null", O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bk_terminal_height(fd, heights[_i].lines), heights[_i].height);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(a_terminal_without_a_name_and_a_dumb_one_cannot_move_the_cursor)
{
	ck_assert(bk_terminal_can_move("xterm"));
	ck_assert(!bk_terminal_can_move("dumb"));
	ck_assert(!bk_terminal_can_move(""));
	ck_assert(!bk_terminal_can_move(NULL));
}
END_TEST

START_TEST(closed_descriptors_are_taken_and_cannot_be_written)
{
	int saved[3];
	bool good = true;

	for (int fd = 0; fd < 3; fd++)
		saved[fd] = fcntl(fd, F_DUPFD, 10);
	for (int fd = 0; fd < 3; fd++)
		(void)close(fd);
	bk_reserve_descriptors();
	for (int fd = 0; fd < 3; fd++)
		good = good && fcntl(fd, F_GETFD) >= 0 && write(fd, "x", 1) < 0;
	for (int fd = 0; fd < 3; fd++) {
		(void)dup2(saved[fd], fd);
		(void)close(saved[fd]);
	}
	ck_assert(good);
}
END_TEST

START_TEST(open_descriptors_are_left_alone)
{
	int before = fcntl(STDOUT_FILENO, F_GETFL);

	bk_reserve_descriptors();
	ck_assert_int_eq(fcntl(STDOUT_FILENO, F_GETFL), before);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli_terminal");
	TCase *tc = tcase_create("terminal");

	ADD_ROWS(tc, option_then_no_color_then_clicolor_then_the_terminal, colors);
	ADD_ROWS(tc, without_a_terminal_columns_says_how_wide, widths);
	ADD_ROWS(tc, without_a_terminal_lines_says_how_high, heights);
	ADD(tc, a_terminal_without_a_name_and_a_dumb_one_cannot_move_the_cursor);
	ADD(tc, closed_descriptors_are_taken_and_cannot_be_written);
	ADD(tc, open_descriptors_are_left_alone);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
