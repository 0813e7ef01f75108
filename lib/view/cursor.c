/*
 * Cursors; see cursor.h. The form is "1", the time and the id as 16 lower-case
 * hexadecimal digits each, or "2", transaction, row and item, and a check digit
 * over them, so that a cursor that lost a character or has a wrong one is refused
 * instead of leading elsewhere.
 */
#include "view/cursor.h"

#include <inttypes.h>
#include <string.h>

enum kind { OF_TIME = '1', OF_EVENT = '2' };

enum { DIGITS = 16, MOST = 3 };

static const char hex[] = "0123456789abcdef";

/* The years 1 to 9999: the database can compare with any of them. */
#define AT_MIN_US (INT64_C(-62135596800) * 1000000)
#define AT_MAX_US (INT64_C(253402300800) * 1000000)

/* Odd weights: a wrong digit always gives another sum. */
static char check_digit(const char *text, size_t checked)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < checked; i++)
		sum += (2 * i + 1) * (unsigned)(strchr(hex, text[i]) - hex);
	return hex[sum % 16];
}

static void put(struct bk_buf *out, enum kind kind, const int64_t *numbers, size_t count)
{
	size_t start = out->len;

	bk_buf_char(out, (char)kind);
	for (size_t i = 0; i < count; i++)
		bk_buf_fmt(out, "%016" PRIx64, (uint64_t)numbers[i]);
	if (!out->broken)
		bk_buf_char(out, check_digit(out->data + start, out->len - start));
}

static int64_t read_hex(const char *text)
{
	uint64_t n = 0;

	for (int i = 0; i < DIGITS; i++)
		n = n << 4 | (uint64_t)(strchr(hex, text[i]) - hex);
	return (int64_t)n;
}

static bool take(const char *text, enum kind kind, int64_t *ret, size_t count)
{
	size_t checked = 1 + DIGITS * count;

	if (strlen(text) != checked + 1 || strspn(text, hex) != checked + 1 ||
	    text[0] != (char)kind || text[checked] != check_digit(text, checked))
		return false;
	for (size_t i = 0; i < count; i++)
		ret[i] = read_hex(text + 1 + DIGITS * i);
	return true;
}

void bk_cursor_write(struct bk_buf *out, const struct bk_cursor *cursor)
{
	put(out, OF_TIME, (const int64_t[]){cursor->at_us, cursor->id}, 2);
}

bool bk_cursor_parse(const char *text, struct bk_cursor *ret)
{
	int64_t n[MOST];

	if (!take(text, OF_TIME, n, 2) || n[1] <= 0 || n[0] < AT_MIN_US || n[0] >= AT_MAX_US)
		return false;
	*ret = (struct bk_cursor){n[0], n[1]};
	return true;
}

void bk_event_cursor_write(struct bk_buf *out, const struct bk_place *place)
{
	put(out, OF_EVENT, (const int64_t[]){place->txid, place->transition_id, place->item}, 3);
}

/* The start of all and the moment "now" have neither row nor item. */
bool bk_event_cursor_parse(const char *text, struct bk_place *ret)
{
	int64_t n[MOST];

	if (!take(text, OF_EVENT, n, 3) || n[0] < 0 || n[1] < 0 || n[2] < 0 || n[2] > INT32_MAX)
		return false;
	*ret = (struct bk_place){n[0], n[1], n[2]};
	return true;
}
