/*
 * Passwords in connection strings: masked for people, noticed in files.
 */
#include "conf/secret.h"

#include <string.h>

#include "conf_files.h"
#include "suite.h"

static const struct {
	const char *text;
	const char *masked; /* NULL = there is nothing to mask */
} cases[] = {
	/* keywords */
	{"host=h dbname=d", NULL},
	{"", NULL},
	{"  host = h  ", NULL},
	{"password=x", "password=***"},
	{"host=h password=x dbname=d", "host=h password=*** dbname=d"},
	{"host=h password = x dbname=d", "host=h password = *** dbname=d"},
	{"password='a b' dbname=d", "password=*** dbname=d"},
	{"password='a\\' b' dbname=d", "password=*** dbname=d"},
	{"password=a\\ b dbname=d", "password=*** dbname=d"},
	{"password= dbname=d", "password= ***"},
	{"sslpassword=x sslkey=k", "sslpassword=*** sslkey=k"},
	{"PassWord=x", "PassWord=***"},
	{"passfile=/etc/pass host=h", NULL},
	{"application_name='a password=x'", NULL},
	{"host=h password='open", "***"},
	{"host=h password", "***"},
	{"password x", "***"},
	{"just-a-name", NULL},
	/* URIs */
	{"postgresql://h/d", NULL},
	{"postgresql://u@h:5432/d", NULL},
	{"postgresql://u:x@h/d", "postgresql://u:***@h/d"},
	{"postgres://u:x@h/d", "postgres://u:***@h/d"},
	{"postgresql://u:@h/d", "postgresql://u:***@h/d"},
	{"postgresql://:x@h/d", "postgresql://:***@h/d"},
	{"postgresql://u:a:b@h/d", "postgresql://u:***@h/d"},
	{"postgresql://u:a@b@h/d", "postgresql://u:***@h/d"},
	{"postgresql://u:a/b@h/d", "postgresql://u:***@h/d"},
	{"postgresql://[::1]:5432/d", NULL},
	{"postgresql:///d?user=u&password=x", "postgresql:///d?user=u&password=***"},
	{"postgresql:///d?password=x&user=u", "postgresql:///d?password=***&user=u"},
	{"postgresql:///d?sslpassword=x&a=b", "postgresql:///d?sslpassword=***&a=b"},
	{"postgresql:///d?pass%77ord=x", "postgresql:///d?pass%77ord=***"},
	{"postgresql://u:x@h/d?password=y", "postgresql://u:***@h/d?password=***"},
	{"postgresql:///d?options=-c%20a%3Db&x", NULL},
};

START_TEST(each_password_is_masked_and_nothing_else)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;
	bool found = bk_secret_mask(&out, cases[_i].text);

	ck_assert_str_eq(bk_buf_cstr(&out), cases[_i].masked ? cases[_i].masked : cases[_i].text);
	ck_assert_msg(found == (cases[_i].masked != NULL), "%s", cases[_i].text);
}
END_TEST

START_TEST(a_string_cut_off_anywhere_never_shows_the_password)
{
	static const char *const texts[] = {
		"host=h password='hunter2 hunter2' dbname=d sslpassword = hunter2",
		"postgresql://u:hunter2@h/d?a=b&password=hunter2",
	};

	for (size_t t = 0; t < BK_COUNT(texts); t++) {
		/* A URI cut off before its '@' has a port there, not a password. */
		size_t first = strchr(texts[t], '@')
				       ? (size_t)(strchr(texts[t], '@') - texts[t]) + 1
				       : 0;

		for (size_t n = first; n <= strlen(texts[t]); n++) {
			BK_CLEAN(bk_buf_clear) struct bk_buf cut = BK_BUF_INIT;
			BK_CLEAN(bk_buf_clear) struct bk_buf out = BK_BUF_INIT;

			bk_buf_bytes(&cut, texts[t], n);
			(void)bk_secret_mask(&out, bk_buf_cstr(&cut));
			ck_assert_msg(!strstr(bk_buf_cstr(&out), "hunter"), "%s",
				      bk_buf_cstr(&out));
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conf_secret");
	TCase *tc = tcase_create("secret");

	tcase_add_loop_test(tc, each_password_is_masked_and_nothing_else, 0, (int)BK_COUNT(cases));
	tcase_add_test(tc, a_string_cut_off_anywhere_never_shows_the_password);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
