/*
 * Clocks and the one calendar of the program: days since 1970 by the civil
 * calendar algorithm (years from March, 400-year eras), no time zone database.
 */
#include "base/clock.h"

#include <inttypes.h>
#include <stddef.h>
#include <time.h>

/* The first and the last microsecond of the years 1 to 9999. */
#define FIRST_US INT64_C(-62135596800000000)
#define LAST_US INT64_C(253402300799999999)

static int64_t system_mono_ms(void *self)
{
	struct timespec ts = {0, 0};

	(void)self;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_wall_us(void *self)
{
	struct timespec ts = {0, 0};

	(void)self;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void system_sleep_ms(void *self, int64_t ms)
{
	const struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

	(void)self;
	if (ms > 0)
		(void)nanosleep(&ts, NULL);
}

struct bk_clock bk_clock_system(void)
{
	return (struct bk_clock){system_mono_ms, system_wall_us, NULL, system_sleep_ms};
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_div(y, 400);
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

static void civil_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
	int64_t era = floor_div(days + 719468, 146097);
	int64_t doe = days + 719468 - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

void bk_format_time(struct bk_buf *out, int64_t us)
{
	int64_t days = floor_div(us, 86400000000);
	int64_t rest = us - days * 86400000000;
	int64_t year;
	int64_t month;
	int64_t day;

	civil_from_days(days, &year, &month, &day);
	bk_buf_fmt(out,
		   "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64
		   ":%02" PRId64 ".%03" PRId64 "Z",
		   year, month, day, rest / 3600000000, rest / 60000000 % 60, rest / 1000000 % 60,
		   rest / 1000 % 1000);
}

/* Exactly `width` digits. */
static bool take_digits(const char **p, int width, int64_t *ret)
{
	int64_t n = 0;

	for (int i = 0; i < width; i++) {
		if ((*p)[i] < '0' || (*p)[i] > '9')
			return false;
		n = n * 10 + ((*p)[i] - '0');
	}
	*p += width;
	*ret = n;
	return true;
}

static bool take_char(const char **p, const char *any)
{
	for (; *any; any++)
		if (**p == *any) {
			(*p)++;
			return true;
		}
	return false;
}

static bool take_fraction(const char **p, int64_t *ret_us)
{
	int64_t unit = 100000;

	*ret_us = 0;
	if (!take_char(p, "."))
		return true;
	if (**p < '0' || **p > '9')
		return false;
	for (; **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		*ret_us += unit * (**p - '0');
	return true;
}

/* "Z" or "+01:00"; the offset east of UTC in minutes. */
static bool take_zone(const char **p, int64_t *ret_minutes)
{
	int64_t hours;
	int64_t minutes;
	bool west;

	*ret_minutes = 0;
	if (take_char(p, "Zz"))
		return true;
	west = **p == '-';
	if (!take_char(p, "+-") || !take_digits(p, 2, &hours))
		return false;
	if (!take_char(p, ":") || !take_digits(p, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
	return true;
}

static bool take_date(const char **p, int64_t *ret_days)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t y;
	int64_t m;
	int64_t d;
	bool leap;

	if (!take_digits(p, 4, &y) || !take_char(p, "-") || !take_digits(p, 2, &m))
		return false;
	if (!take_char(p, "-") || !take_digits(p, 2, &d) || y < 1 || m < 1 || m > 12)
		return false;
	leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
	if (d < 1 || d > lengths[m - 1] + (m == 2 && leap))
		return false;
	*ret_days = days_from_civil(y, m, d);
	return true;
}

bool bk_parse_time(const char *text, int64_t *ret_us)
{
	const char *p = text;
	int64_t days;
	int64_t h;
	int64_t min;
	int64_t s;
	int64_t us;
	int64_t zone;

	if (!take_date(&p, &days))
		return false;
	if (!*p) {
		*ret_us = days * 86400000000;
		return true;
	}
	if (!take_char(&p, "Tt ") || !take_digits(&p, 2, &h) || !take_char(&p, ":"))
		return false;
	if (!take_digits(&p, 2, &min) || !take_char(&p, ":") || !take_digits(&p, 2, &s))
		return false;
	if (h > 23 || min > 59 || s > 59 || !take_fraction(&p, &us) || !take_zone(&p, &zone) || *p)
		return false;
	us += ((days * 24 + h) * 60 + min - zone) * 60000000 + s * 1000000;
	/* The zone may have moved it out of the years that were written. */
	if (us < FIRST_US || us > LAST_US)
		return false;
	*ret_us = us;
	return true;
}
