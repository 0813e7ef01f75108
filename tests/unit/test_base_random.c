/*
 * UUIDs: their form from a fixed sequence, and that the kernel's differ.
 */
#include "suite.h"

#include <string.h>

#include "base/random.h"

static uint64_t next_of(void *self)
{
	const uint64_t **p = self;

	return *(*p)++;
}

static const struct {
	uint64_t numbers[2];
	const char *uuid;
} uuids[] = {
	{{0, 0}, "00000000-0000-4000-8000-000000000000"},
	{{UINT64_MAX, UINT64_MAX}, "ffffffff-ffff-4fff-bfff-ffffffffffff"},
	{{UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)},
	 "01234567-89ab-4def-bedc-ba9876543210"},
};

START_TEST(a_uuid_has_version_4_and_its_variant)
{
	const uint64_t *at = uuids[_i].numbers;
	struct bk_random random = {next_of, &at};
	char text[BK_UUID_SIZE];

	bk_random_uuid(&random, text);
	ck_assert_str_eq(text, uuids[_i].uuid);
}
END_TEST

START_TEST(the_kernels_uuids_differ)
{
	struct bk_random random = bk_random_system();
	char a[BK_UUID_SIZE];
	char b[BK_UUID_SIZE];

	bk_random_uuid(&random, a);
	bk_random_uuid(&random, b);
	ck_assert_uint_eq(strlen(a), BK_UUID_SIZE - 1);
	ck_assert_str_ne(a, b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base_random");
	TCase *tc = tcase_create("random");

	ADD_ROWS(tc, a_uuid_has_version_4_and_its_variant, uuids);
	ADD(tc, the_kernels_uuids_differ);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
