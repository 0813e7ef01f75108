/*
 * Strict readers of numbers and durations; see number.h.
 */
#include "base/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"

#define MAX_DURATION_MS ((int64_t)36500 * 86400 * 1000)

static const struct {
	const char *unit;
	int64_t ms;
} units[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};

/* Digits at *text; moves *text behind them. */
static bool read_digits(const char **text, int64_t *ret)
{
	const char *p = *text;
	int64_t n = 0;

	if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9'))
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (n > (INT64_MAX - (*p - '0')) / 10)
			return false;
		n = n * 10 + (*p - '0');
	}
	*text = p;
	*ret = n;
	return true;
}

bool bk_parse_u63(const char *text, int64_t *ret)
{
	int64_t n;

	if (!read_digits(&text, &n) || *text)
		return false;
	*ret = n;
	return true;
}

bool bk_parse_duration(const char *text, int64_t *ret_ms)
{
	int64_t n;

	if (!read_digits(&text, &n))
		return false;
	if (!*text && n == 0) {
		*ret_ms = 0;
		return true;
	}
	for (size_t i = 0; i < BK_COUNT(units); i++) {
		if (strcmp(text, units[i].unit) != 0)
			continue;
		if (n > MAX_DURATION_MS / units[i].ms)
			return false;
		*ret_ms = n * units[i].ms;
		return true;
	}
	return false;
}

void bk_format_duration(struct bk_buf *out, int64_t ms)
{
	if (ms == 0) {
		bk_buf_str(out, "0s");
		return;
	}
	for (size_t i = 0; i < BK_COUNT(units); i++) {
		if (ms % units[i].ms)
			continue;
		bk_buf_fmt(out, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
		return;
	}
}

void bk_human_duration(struct bk_buf *out, int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms < 0) {
		bk_buf_char(out, '-');
		bk_human_duration(out, ms == INT64_MIN ? INT64_MAX : -ms);
	} else if (ms < 1000) {
		bk_buf_fmt(out, "%" PRId64 " ms", ms);
	} else if (s < 60) {
		bk_buf_fmt(out, "%" PRId64 ".%" PRId64 " s", s, ms % 1000 / 100);
	} else if (s < 3600) {
		bk_buf_fmt(out, "%" PRId64 "m %" PRId64 "s", s / 60, s % 60);
	} else if (s < 86400) {
		bk_buf_fmt(out, "%" PRId64 "h %" PRId64 "m", s / 3600, s / 60 % 60);
	} else {
		bk_buf_fmt(out, "%" PRId64 "d %" PRId64 "h", s / 86400, s / 3600 % 24);
	}
}

void bk_human_count(struct bk_buf *out, int64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRId64, n);
	int first = n < 0 ? 1 : 0; /* the sign stands before the groups */

	for (int i = 0; i < len; i++) {
		if (i > first && (len - i) % 3 == 0)
			bk_buf_char(out, ',');
		bk_buf_char(out, digits[i]);
	}
}
