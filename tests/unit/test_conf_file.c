/*
 * What may be opened as a configuration file, and what not.
 */
#include "conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "conf_files.h"
#include "suite.h"

/* Loads bk.conf of the directory and compares. */
static void expect(const char *message, const char *hint)
{
	struct bk_error err;

	ck_assert_str_eq(conf_message(NULL, NULL, &err), message);
	if (hint)
		ck_assert_msg(strncmp(err.hint, hint, strlen(hint)) == 0, "%s", err.hint);
}

START_TEST(a_missing_file_that_was_named_is_refused)
{
	expect("bk.conf: cannot open: No such file or directory", "");
}
END_TEST

START_TEST(a_missing_file_is_fine_where_it_may_lack)
{
	struct bk_file file = {0};
	struct bk_error err = {0};

	ck_assert_int_eq(bk_file_read(conf_path("none"), true, &file, &err), BK_OK);
	ck_assert_ptr_null(file.data);
	ck_assert_int_eq(bk_file_read(conf_path("none/none"), true, &file, &err), BK_OK);
	ck_assert_ptr_null(file.data);
}
END_TEST

START_TEST(an_empty_name_is_shown_as_such)
{
	struct bk_file file = {0};
	struct bk_error err = {0};

	ck_assert_int_eq(bk_file_read("", false, &file, &err), BK_E_CONFIG);
	ck_assert_str_eq(err.message, "\"\": cannot open: No such file or directory");
}
END_TEST

START_TEST(a_directory_is_refused)
{
	ck_assert_int_eq(mkdir(conf_path("bk.conf"), 0755), 0);
	expect("bk.conf: is a directory, not a file", "");
}
END_TEST

START_TEST(a_fifo_without_a_writer_is_refused_at_once)
{
	ck_assert_int_eq(mkfifo(conf_path("bk.conf"), 0600), 0);
	expect("bk.conf: is not a regular file", "");
}
END_TEST

START_TEST(a_socket_is_refused)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	const char *path = conf_path("bk.conf");

	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	expect("bk.conf: cannot open: No such device or address", "");
	(void)close(fd);
}
END_TEST

START_TEST(an_endless_device_is_refused_at_once)
{
	ck_assert_int_eq(symlink("/dev/zero", conf_path("bk.conf")), 0);
	expect("bk.conf: is not a regular file", "");
}
END_TEST

START_TEST(a_loop_of_symbolic_links_is_refused)
{
	ck_assert_int_eq(symlink("bk.conf", conf_path("bk.conf")), 0);
	expect("bk.conf: cannot open: Too many levels of symbolic links", "");
}
END_TEST

START_TEST(a_symbolic_link_to_a_good_file_is_followed)
{
	conf_write("real.conf", "grace = 7m\n");
	ck_assert_int_eq(symlink("real.conf", conf_path("bk.conf")), 0);
	expect("", NULL);
}
END_TEST

static const struct {
	mode_t mode;
	const char *message;
} modes[] = {
	{0600, ""},
	{0400, ""},
	{0640, ""},
	{0644, ""},
	{0755, ""},
	{0660, "bk.conf: may be written by its group"},
	{0664, "bk.conf: may be written by its group"},
	{0620, "bk.conf: may be written by its group"},
	{0646, "bk.conf: may be written by everybody"},
	{0666, "bk.conf: may be written by everybody"},
	{0777, "bk.conf: may be written by everybody"},
};

START_TEST(a_file_that_others_may_write_is_refused)
{
	conf_write("bk.conf", "grace = 7m\n");
	ck_assert_int_eq(chmod(conf_path("bk.conf"), modes[_i].mode), 0);
	expect(modes[_i].message, *modes[_i].message ? "chmod go-w " : NULL);
}
END_TEST

START_TEST(the_mode_of_the_target_counts_not_that_of_the_link)
{
	conf_write("real.conf", "grace = 7m\n");
	ck_assert_int_eq(chmod(conf_path("real.conf"), 0666), 0);
	ck_assert_int_eq(symlink("real.conf", conf_path("bk.conf")), 0);
	expect("bk.conf: may be written by everybody", "chmod go-w ");
}
END_TEST

/* Opens `path` as the user nobody, in a process of its own. */
static void expect_as_nobody(const char *path, const char *message)
{
	int status = 0;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct bk_file file = {0};
		struct bk_error err = {0};

		if (setuid(65534) != 0)
			_exit(3);
		if (bk_file_read(path, false, &file, &err) == BK_OK)
			_exit(*message ? 1 : 0);
		_exit(strstr(err.message, message) && *message ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

START_TEST(only_roots_and_ones_own_files_are_taken)
{
	const char *path = conf_path("bk.conf");

	if (geteuid() != 0)
		return;
	conf_write("bk.conf", "grace = 7m\n");
	ck_assert_int_eq(chmod(conf_path("."), 0755), 0);
	expect_as_nobody(path, "");
	ck_assert_int_eq(chown(path, 65534, 65534), 0);
	expect_as_nobody(path, "");
	expect("bk.conf: belongs to user 65534; it must belong to root or to you", "");
	ck_assert_int_eq(chown(path, 12345, 12345), 0);
	expect_as_nobody(path, "belongs to user 12345; it must belong to root or to you");
}
END_TEST

START_TEST(a_file_one_may_not_read_is_refused)
{
	conf_write("bk.conf", "grace = 7m\n");
	ck_assert_int_eq(chmod(conf_path("bk.conf"), 0200), 0);
	if (geteuid() != 0) {
		expect("bk.conf: cannot open: Permission denied", "");
		return;
	}
	ck_assert_int_eq(chmod(conf_path("."), 0755), 0);
	expect_as_nobody(conf_path("bk.conf"), "cannot open: Permission denied");
}
END_TEST

START_TEST(a_mebibyte_is_read_and_no_byte_more)
{
	char *text = bk_calloc(BK_FILE_MAX + 1, 1);

	memset(text, '\n', BK_FILE_MAX + 1);
	conf_write_bytes("bk.conf", text, BK_FILE_MAX);
	expect("", NULL);
	conf_write_bytes("bk.conf", text, BK_FILE_MAX + 1);
	expect("bk.conf: is larger than 1 MiB", "");
	free(text);
}
END_TEST

START_TEST(a_file_that_says_it_is_empty_is_read_to_its_end)
{
	struct bk_file file = {0};
	struct bk_error err = {0};

	/* Size 0 by fstat(), as all of /proc. */
	ck_assert_msg(bk_file_read("/proc/self/status", false, &file, &err) == BK_OK, "%s",
		      err.message);
	ck_assert_uint_gt(file.len, 100);
	ck_assert_int_eq(file.data[file.len], '\0');
	bk_file_clear(&file);
}
END_TEST

START_TEST(a_name_with_control_characters_is_shown_harmlessly)
{
	struct bk_file file = {0};
	struct bk_error err = {0};

	ck_assert_int_eq(bk_file_read("/none/\x1b[2J\n\xff", false, &file, &err), BK_E_CONFIG);
	ck_assert_str_eq(err.message,
			 "/none/\\x1b[2J\\n\\xff: cannot open: No such file or directory");
}
END_TEST

START_TEST(no_descriptor_is_left_open)
{
	int before = dup(0);
	struct bk_error err;

	ck_assert_int_eq(close(before), 0);
	conf_write("bk.conf", "grace = 7m\n");
	(void)conf_message(NULL, NULL, &err);
	ck_assert_int_eq(chmod(conf_path("bk.conf"), 0666), 0);
	(void)conf_message(NULL, NULL, &err);
	ck_assert_int_eq(dup(0), before);
	ck_assert_int_eq(close(before), 0);
}
END_TEST

static const struct {
	const char *text;
	mode_t mode;
	bool refused;
} secrets[] = {
	{"\ndatabase = \"host=h password=hunter2\"\n", 0644, true},
	{"\ndatabase = \"host=h password=hunter2\"\n", 0640, false},
	{"\ndatabase = \"host=h password=hunter2\"\n", 0600, false},
	{"\ndatabase = \"postgresql://u:hunter2@h/d\"\n", 0604, true},
	{"\ndatabase = \"postgresql://u:hunter2@h/d\"\n", 0600, false},
	{"\ndatabase = \"postgresql://u@h/d?sslpassword=hunter2\"\n", 0644, true},
	{"\ndatabase = \"postgresql://u@h/d\"\n", 0644, false},
	{"\ndatabase = \"host=h passfile=/etc/bk/pass\"\n", 0644, false},
};

START_TEST(a_password_in_a_file_that_everybody_reads_is_refused)
{
	conf_write("bk.conf", secrets[_i].text);
	ck_assert_int_eq(chmod(conf_path("bk.conf"), secrets[_i].mode), 0);
	expect(secrets[_i].refused
		       ? "bk.conf:2: database: a password in a file that everybody can read"
		       : "",
	       secrets[_i].refused ? "chmod o-r " : NULL);
}
END_TEST

START_TEST(the_overlay_is_held_to_the_same_rules)
{
	struct bk_error err;

	conf_write("bk.conf", "");
	ck_assert_str_eq(conf_message("prod", NULL, &err),
			 "bk-prod.conf: cannot open: No such file or directory");
	conf_write("bk-prod.conf", "database = 'password=hunter2'\n");
	ck_assert_str_eq(conf_message("prod", NULL, &err),
			 "bk-prod.conf:1: database: a password in a file that everybody can read");
	ck_assert_int_eq(chmod(conf_path("bk-prod.conf"), 0602), 0);
	ck_assert_str_eq(conf_message("prod", NULL, &err),
			 "bk-prod.conf: may be written by everybody");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_file");
	TCase *tc = tcase_create("file");

	/* Whatever the path names: within no time. */
	tcase_set_timeout(tc, 20);
	tcase_add_checked_fixture(tc, conf_dir_open, conf_dir_close);
	tcase_add_test(tc, a_missing_file_that_was_named_is_refused);
	tcase_add_test(tc, a_missing_file_is_fine_where_it_may_lack);
	tcase_add_test(tc, an_empty_name_is_shown_as_such);
	tcase_add_test(tc, a_directory_is_refused);
	tcase_add_test(tc, a_fifo_without_a_writer_is_refused_at_once);
	tcase_add_test(tc, a_socket_is_refused);
	tcase_add_test(tc, an_endless_device_is_refused_at_once);
	tcase_add_test(tc, a_loop_of_symbolic_links_is_refused);
	tcase_add_test(tc, a_symbolic_link_to_a_good_file_is_followed);
	tcase_add_loop_test(tc, a_file_that_others_may_write_is_refused, 0, (int)BK_COUNT(modes));
	tcase_add_test(tc, the_mode_of_the_target_counts_not_that_of_the_link);
	tcase_add_test(tc, only_roots_and_ones_own_files_are_taken);
	tcase_add_test(tc, a_file_one_may_not_read_is_refused);
	tcase_add_test(tc, a_mebibyte_is_read_and_no_byte_more);
	tcase_add_test(tc, a_file_that_says_it_is_empty_is_read_to_its_end);
	tcase_add_test(tc, a_name_with_control_characters_is_shown_harmlessly);
	tcase_add_test(tc, no_descriptor_is_left_open);
	tcase_add_loop_test(tc, a_password_in_a_file_that_everybody_reads_is_refused, 0,
			    (int)BK_COUNT(secrets));
	tcase_add_test(tc, the_overlay_is_held_to_the_same_rules);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
