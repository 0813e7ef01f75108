/*
 * The table of settings itself and the readers of its types.
 */
#include "conf/keys.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/jobs.h"
#include "conf/map.h"
#include "conf_files.h"
#include "suite.h"

static const char *const words[] = {"tracked", "untracked", "app", NULL};

static const struct bk_key string_key = {"k", BK_KEY_STRING, NULL, 0, 0, NULL, 0, ""};
static const struct bk_key short_key = {"k", BK_KEY_STRING, NULL, 0, 4, NULL, 0, ""};
static const struct bk_key name_key = {"k", BK_KEY_NAME, NULL, 0, 0, NULL, 0, ""};
static const struct bk_key bool_key = {"k", BK_KEY_BOOL, NULL, 0, 0, NULL, 0, ""};
static const struct bk_key int_key = {"k", BK_KEY_INT, NULL, 1, 1000, NULL, 0, ""};
static const struct bk_key auto_key = {"k", BK_KEY_INT_AUTO, NULL, 1, 1000, NULL, 0, ""};
static const struct bk_key time_key = {"k", BK_KEY_DURATION, NULL, 1000, 86400000, NULL, 0, ""};
static const struct bk_key none_key = {"k", BK_KEY_DURATION_NONE, NULL, 0, 86400000, NULL, 0, ""};
static const struct bk_key enum_key = {"k", BK_KEY_ENUM, NULL, 0, 0, words, 0, ""};

#define NO_DURATION " is no duration (write 500ms, 30s, 5m, 24h or 30d)"
#define NO_NUMBER " is no whole number (1 to 1000)"
#define TEN "0123456789"

static const struct {
	const struct bk_key *key;
	const char *text;
	int64_t number;
	const char *message; /* NULL = accepted */
} values[] = {
	{&string_key, "any text, UTF-8 \xC3\xA9 too", 0, NULL},
	{&string_key, "", 0, "is empty"},
	{&string_key, "a\tb", 0, "has a control character"},
	{&string_key, "a\x1b[2J", 0, "has a control character"},
	{&string_key,
	 "a\xE2\x80\xAE"
	 "b",
	 0, "has a control character"},
	{&string_key, "a\xFF", 0, "is not valid UTF-8"},
	{&short_key, "abcd", 0, NULL},
	{&short_key, "abcde", 0, "is 5 bytes long, at most 4 are allowed"},
	{&name_key, "My \"Table\"", 0, NULL},
	{&name_key, TEN TEN TEN TEN TEN TEN "123", 0, NULL},
	{&name_key, TEN TEN TEN TEN TEN TEN "1234", 0, "is 64 bytes long, at most 63 are allowed"},
	{&name_key, "", 0, "is empty"},
	{&bool_key, "yes", 1, NULL},
	{&bool_key, "true", 1, NULL},
	{&bool_key, "on", 1, NULL},
	{&bool_key, "no", 0, NULL},
	{&bool_key, "false", 0, NULL},
	{&bool_key, "off", 0, NULL},
	{&bool_key, "1", 0, "\"1\" is neither yes nor no"},
	{&int_key, "1", 1, NULL},
	{&int_key, "1000", 1000, NULL},
	{&int_key, "0", 0, "\"0\" is out of range (1 to 1000)"},
	{&int_key, "1001", 0, "\"1001\" is out of range (1 to 1000)"},
	{&int_key, "99999999999999999999", 0,
	 "\"99999999999999999999\" is out of range (1 to 1000)"},
	{&int_key, "010", 0, "\"010\"" NO_NUMBER},
	{&int_key, "0x10", 0, "\"0x10\"" NO_NUMBER},
	{&int_key, "-1", 0, "\"-1\"" NO_NUMBER},
	{&int_key, "+1", 0, "\"+1\"" NO_NUMBER},
	{&int_key, " 1", 0, "\" 1\"" NO_NUMBER},
	{&int_key, "1 ", 0, "\"1 \"" NO_NUMBER},
	{&int_key, "1e2", 0, "\"1e2\"" NO_NUMBER},
	{&int_key, "", 0, "\"\"" NO_NUMBER},
	{&int_key, "auto", 0, "\"auto\"" NO_NUMBER},
	{&auto_key, "auto", 0, NULL},
	{&auto_key, "7", 7, NULL},
	{&auto_key, "0", 0, "\"0\" is out of range (1 to 1000, or auto)"},
	{&time_key, "1s", 1000, NULL},
	{&time_key, "1500ms", 1500, NULL},
	{&time_key, "24h", 86400000, NULL},
	{&time_key, "0", 0, "\"0\" is out of range (1s to 1d)"},
	{&time_key, "999ms", 0, "\"999ms\" is out of range (1s to 1d)"},
	{&time_key, "25h", 0, "\"25h\" is out of range (1s to 1d)"},
	{&time_key, "106751991d", 0, "\"106751991d\" is out of range (1s to 1d)"},
	{&time_key, "9223372036854775807h", 0,
	 "\"9223372036854775807h\" is out of range (1s to 1d)"},
	{&time_key, "none", 0, "\"none\"" NO_DURATION},
	{&time_key, "30", 0, "\"30\"" NO_DURATION},
	{&time_key, "-5m", 0, "\"-5m\"" NO_DURATION},
	{&time_key, "1.5h", 0, "\"1.5h\"" NO_DURATION},
	{&time_key, "1h30m", 0, "\"1h30m\"" NO_DURATION},
	{&time_key, "5 m", 0, "\"5 m\"" NO_DURATION},
	{&time_key, "5M", 0, "\"5M\"" NO_DURATION},
	{&time_key, "1e9d", 0, "\"1e9d\"" NO_DURATION},
	{&time_key, "05m", 0, "\"05m\"" NO_DURATION},
	{&time_key, "", 0, "\"\"" NO_DURATION},
	{&none_key, "none", -1, NULL},
	{&none_key, "0", 0, NULL},
	{&none_key, "0s", 0, NULL},
	{&none_key, "2d", 0, "\"2d\" is out of range (0s to 1d, or none)"},
	{&none_key, "never", 0,
	 "\"never\" is no duration (write 500ms, 30s, 5m, 24h or 30d, or none)"},
	{&enum_key, "tracked", 0, NULL},
	{&enum_key, "app", 2, NULL},
	{&enum_key, "App", 0, "\"App\" is none of tracked, untracked or app"},
	{&enum_key, "\x1b[2J", 0, "\"\\x1b[2J\" is none of tracked, untracked or app"},
	{&int_key, TEN TEN TEN TEN TEN TEN "abc", 0,
	 "\"" TEN TEN TEN TEN TEN TEN "...\"" NO_NUMBER},
};

START_TEST(each_value_is_read_or_refused_in_these_words)
{
	struct bk_value value = {NULL, -7};
	struct bk_error err = {0};
	enum bk_rc rc = bk_key_parse(values[_i].key, values[_i].text, &value, &err);

	if (values[_i].message) {
		ck_assert_int_eq(rc, BK_E_CONFIG);
		ck_assert_str_eq(err.message, values[_i].message);
		ck_assert_ptr_null(value.text);
		ck_assert_int_eq(value.number, -7);
	} else {
		ck_assert_msg(rc == BK_OK, "%s", err.message);
		ck_assert_str_eq(value.text, values[_i].text);
		ck_assert_int_eq(value.number, values[_i].number);
		free(value.text);
	}
}
END_TEST

START_TEST(a_word_that_is_nearly_right_gets_a_hint)
{
	struct bk_value value;
	struct bk_error err = {0};

	ck_assert_int_eq(bk_key_parse(&enum_key, "traked", &value, &err), BK_E_CONFIG);
	ck_assert_str_eq(err.hint, "did you mean \"tracked\"?");
	ck_assert_int_eq(bk_key_parse(&enum_key, "nothing", &value, &err), BK_E_CONFIG);
	ck_assert_str_eq(err.hint, "");
}
END_TEST

/* Every setting's full name, mapping included, then NULL. */
static char **all_names(size_t *ret_count)
{
	size_t most = bk_global_keys_count + bk_job_names_count * bk_job_keys_count + BK_MAP_COUNT;
	char **names = bk_calloc(most + 1, sizeof(*names));
	size_t n = 0;

	for (size_t i = 0; i < bk_global_keys_count; i++)
		names[n++] = bk_strdup(bk_global_keys[i].name);
	for (size_t j = 0; j < bk_job_names_count; j++)
		for (size_t i = 0; i < bk_job_keys_count; i++)
			names[n++] = bk_asprintf("%s.%s", bk_job_names[j].name,
						 bk_job_keys[i].name);
	for (size_t i = 0; i < BK_MAP_COUNT; i++)
		names[n++] = bk_strdup(bk_map_keys[i].name);
	ck_assert_uint_eq(n, most);
	*ret_count = n;
	return names;
}

START_TEST(no_two_settings_share_a_name_in_the_environment)
{
	size_t count;
	char **names = all_names(&count);

	for (size_t i = 0; i < count; i++) {
		BK_CLEAN(bk_buf_clear) struct bk_buf a = BK_BUF_INIT;

		bk_key_env_name(&a, names[i]);
		ck_assert_str_ne(bk_buf_cstr(&a), "BK_CONFIG");
		ck_assert_str_ne(bk_buf_cstr(&a), "BK_PROFILE");
		for (size_t k = 0; k < i; k++) {
			BK_CLEAN(bk_buf_clear) struct bk_buf b = BK_BUF_INIT;

			bk_key_env_name(&b, names[k]);
			ck_assert_str_ne(bk_buf_cstr(&a), bk_buf_cstr(&b));
		}
	}
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}
END_TEST

static void check_key(const struct bk_key *key, const char *fallback)
{
	struct bk_value value = {NULL, 0};
	struct bk_error err = {0};
	BK_CLEAN(bk_buf_clear) struct bk_buf range = BK_BUF_INIT;

	ck_assert_msg(key->sources & BK_FROM_FILE, "%s: not from the file", key->name);
	ck_assert_msg((key->type == BK_KEY_ENUM) == (key->words != NULL), "%s: words", key->name);
	ck_assert_int_le(key->min, key->max);
	for (const char *p = key->name; *p; p++)
		ck_assert_msg(islower((unsigned char)*p) || *p == '-' || *p == '.', "%s",
			      key->name);
	ck_assert_msg(islower((unsigned char)key->help[0]), "%s: %s", key->name, key->help);
	ck_assert_msg(!strpbrk(key->help, "\n\t"), "%s: %s", key->name, key->help);
	ck_assert_int_ne(key->help[strlen(key->help) - 1], '.');
	bk_key_range(&range, key);
	ck_assert_uint_gt(range.len, 0);
	if (!fallback)
		return;
	ck_assert_msg(bk_key_parse(key, fallback, &value, &err) == BK_OK, "%s: %s", key->name,
		      err.message);
	free(value.text);
}

START_TEST(every_row_of_the_tables_is_sound)
{
	for (size_t i = 0; i < bk_global_keys_count; i++)
		check_key(&bk_global_keys[i], bk_global_keys[i].fallback);
	for (size_t j = 0; j < bk_job_names_count; j++)
		for (size_t i = 0; i < bk_job_keys_count; i++)
			check_key(&bk_job_keys[i],
				  bk_job_key_default(bk_job_names[j].name, &bk_job_keys[i]));
	for (size_t i = 0; i < BK_MAP_COUNT; i++)
		check_key(&bk_map_keys[i], bk_map_keys[i].fallback);
}
END_TEST

static const struct {
	const struct bk_key *key;
	const char *range;
} ranges[] = {
	{&string_key, "1 to 1024 bytes"},
	{&short_key, "1 to 4 bytes"},
	{&name_key, "1 to 63 bytes"},
	{&bool_key, "yes or no"},
	{&int_key, "1 to 1000"},
	{&auto_key, "1 to 1000, or auto"},
	{&time_key, "1s to 1d"},
	{&none_key, "0s to 1d, or none"},
	{&enum_key, "tracked, untracked or app"},
};

START_TEST(a_range_is_written_for_people)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf range = BK_BUF_INIT;

	bk_key_range(&range, ranges[_i].key);
	ck_assert_str_eq(bk_buf_cstr(&range), ranges[_i].range);
}
END_TEST

START_TEST(a_name_in_the_environment_is_upper_case_with_underscores)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf name = BK_BUF_INIT;

	bk_key_env_name(&name, "activate-due.batch-size");
	ck_assert_str_eq(bk_buf_cstr(&name), "BK_ACTIVATE_DUE_BATCH_SIZE");
}
END_TEST

START_TEST(jobs_are_found_by_their_whole_name_only)
{
	for (size_t i = 0; i < bk_job_names_count; i++)
		ck_assert_ptr_eq(bk_job_find(bk_job_names[i].name), &bk_job_names[i]);
	ck_assert_ptr_null(bk_job_find("activate"));
	ck_assert_ptr_null(bk_job_find(""));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_keys");
	TCase *tc = tcase_create("keys");

	tcase_add_loop_test(tc, each_value_is_read_or_refused_in_these_words, 0,
			    (int)BK_COUNT(values));
	tcase_add_test(tc, a_word_that_is_nearly_right_gets_a_hint);
	tcase_add_test(tc, no_two_settings_share_a_name_in_the_environment);
	tcase_add_test(tc, every_row_of_the_tables_is_sound);
	tcase_add_loop_test(tc, a_range_is_written_for_people, 0, (int)BK_COUNT(ranges));
	tcase_add_test(tc, a_name_in_the_environment_is_upper_case_with_underscores);
	tcase_add_test(tc, jobs_are_found_by_their_whole_name_only);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
