/*
 * SHA-256 against the examples of FIPS 180-4 and lengths around the size of a block.
 */
#include "base/sha256.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite.h"

static const struct {
	const char *text;
	int times;
	const char *digest;
} digests[] = {
	{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"a", 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
	{"a", 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
	{"a", 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
	{"a", 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
	{"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

START_TEST(the_digest_is_that_of_the_standard)
{
	struct bk_sha256 s;
	char hex[BK_SHA256_HEX];

	bk_sha256_init(&s);
	for (int i = 0; i < digests[_i].times; i++)
		bk_sha256_add(&s, digests[_i].text, strlen(digests[_i].text));
	bk_sha256_end(&s, hex);
	ck_assert_str_eq(hex, digests[_i].digest);
}
END_TEST

START_TEST(a_file_is_read_from_its_beginning)
{
	FILE *file = tmpfile();
	char hex[BK_SHA256_HEX];
	int64_t bytes = 0;
	struct bk_error err;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fputs("abc", file) < 0 || fflush(file) != 0, 0);
	ck_assert_int_eq(bk_sha256_file(fileno(file), hex, &bytes, &err), BK_OK);
	ck_assert_str_eq(hex, digests[1].digest);
	ck_assert_int_eq(bytes, 3);
	ck_assert_int_eq(fclose(file), 0);
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
	char hex[BK_SHA256_HEX] = "";
	int64_t bytes;
	struct bk_error err;

	ck_assert_int_eq(bk_sha256_file(-1, hex, &bytes, &err), BK_E_IO);
	ck_assert_str_eq(err.message, "cannot read the file: Bad file descriptor");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base_sha256");
	TCase *tc = tcase_create("sha256");

	ADD_ROWS(tc, the_digest_is_that_of_the_standard, digests);
	ADD(tc, a_file_is_read_from_its_beginning);
	ADD(tc, what_cannot_be_read_is_an_error);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
