/*
 * CSV as it is written and read.
 */
#include "base/csv.h"

#include <string.h>

#include "suite.h"

static struct bk_error err;

/* Records as "a|b;c|NULL;". */
static enum bk_rc note(void *arg, const char *const *cells, size_t count, struct bk_error *e)
{
	(void)e;
	for (size_t i = 0; i < count; i++)
		bk_buf_fmt(arg, "%s%s", i ? "|" : "", cells[i] ? cells[i] : "NULL");
	bk_buf_char(arg, ';');
	return BK_OK;
}

static const char *const hostile[] = {
	"plain",
	"",
	NULL,
	"a\"b",
	"\"",
	"\"\"",
	",",
	"\n",
	"\r\n",
	"a\r",
	"=1+1",
	"\x1b[2J",
	"\t",
	" ",
	"NULL",
	"\\N",
	"\xff\xfe",
	"\xc2\x85\xe2\x80\xae",
	"a,b\n\"c\",,",
};

START_TEST(any_text_survives_csv)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf wanted = BK_BUF_INIT;
	struct bk_csv csv;

	for (int i = 0; i < 2; i++) {
		bk_csv_write(&text, hostile, BK_COUNT(hostile));
		(void)note(&wanted, hostile, BK_COUNT(hostile), &err);
	}
	bk_csv_init(&csv, note, &got);
	/* Cut anywhere. */
	for (size_t i = 0; i < text.len; i++)
		ck_assert_int_eq(bk_csv_feed(&csv, text.data + i, 1, &err), BK_OK);
	ck_assert_int_eq(bk_csv_end(&csv, &err), BK_OK);
	bk_csv_clear(&csv);
	ck_assert_str_eq(bk_buf_cstr(&got), bk_buf_cstr(&wanted));
}
END_TEST

START_TEST(what_is_no_csv_is_refused)
{
	static const char *const bad[] = {"a\"b\n", "\"a\"b\n", "a\rb\n"};
	static const char *const cut[] = {"a", "a,", "\"a\n", "\"a\""};
	BK_CLEAN(bk_buf_clear) struct bk_buf got = BK_BUF_INIT;
	struct bk_csv csv;

	for (size_t i = 0; i < BK_COUNT(bad); i++) {
		bk_csv_init(&csv, note, &got);
		ck_assert_int_eq(bk_csv_feed(&csv, bad[i], strlen(bad[i]), &err), BK_E_IO);
		bk_csv_clear(&csv);
	}
	for (size_t i = 0; i < BK_COUNT(cut); i++) {
		bk_csv_init(&csv, note, &got);
		ck_assert_int_eq(bk_csv_feed(&csv, cut[i], strlen(cut[i]), &err), BK_OK);
		ck_assert_int_eq(bk_csv_end(&csv, &err), BK_E_IO);
		bk_csv_clear(&csv);
	}
	bk_csv_init(&csv, note, &got);
	ck_assert_int_eq(bk_csv_feed(&csv, "a\0b\n", 4, &err), BK_E_IO);
	bk_csv_clear(&csv);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("csv");
	TCase *tc = tcase_create("csv");

	ADD(tc, any_text_survives_csv);
	ADD(tc, what_is_no_csv_is_refused);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
