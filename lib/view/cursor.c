/*
 * Cursors; see cursor.h. The form is "1", the time and the id as 16 lower-case
 * hexadecimal digits each, and a check digit over them, so that a cursor that
 * lost a character or has a wrong one is refused instead of leading elsewhere.
 */
#include "view/cursor.h"

#include <inttypes.h>
#include <string.h>

#define VERSION '1'

enum { DIGITS = 16, CHECKED = 1 + 2 * DIGITS };

static const char hex[] = "0123456789abcdef";

/* The years 1 to 9999: the database can compare with any of them. */
#define AT_MIN_US (INT64_C(-62135596800) * 1000000)
#define AT_MAX_US (INT64_C(253402300800) * 1000000)

/* Odd weights: a wrong digit always gives another sum. */
static char check_digit(const char *text)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < CHECKED; i++)
		sum += (2 * i + 1) * (unsigned)(strchr(hex, text[i]) - hex);
	return hex[sum % 16];
}

void bk_cursor_write(struct bk_buf *out, const struct bk_cursor *cursor)
{
	size_t start = out->len;

	bk_buf_fmt(out, "%c%016" PRIx64 "%016" PRIx64, VERSION, (uint64_t)cursor->at_us,
		   (uint64_t)cursor->id);
	if (!out->broken)
		bk_buf_char(out, check_digit(out->data + start));
}

static int64_t read_hex(const char *text)
{
	uint64_t n = 0;

	for (int i = 0; i < DIGITS; i++)
		n = n << 4 | (uint64_t)(strchr(hex, text[i]) - hex);
	return (int64_t)n;
}

bool bk_cursor_parse(const char *text, struct bk_cursor *ret)
{
	struct bk_cursor c;

	if (strlen(text) != CHECKED + 1 || strspn(text, hex) != CHECKED + 1 || text[0] != VERSION)
		return false;
	if (text[CHECKED] != check_digit(text))
		return false;
	c.at_us = read_hex(text + 1);
	c.id = read_hex(text + 1 + DIGITS);
	if (c.id <= 0 || c.at_us < AT_MIN_US || c.at_us >= AT_MAX_US)
		return false;
	*ret = c;
	return true;
}
