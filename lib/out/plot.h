/*
 * Plots over time as inline SVG, for a page that has the style of report_style.c.
 *
 * A plot has no width of its own: across it is measured in per cent, down in pixels, so
 * that it fills a phone as well as a screen and its texts keep their size. A script is
 * not needed either: each step of time has a transparent column over it, whose title a
 * browser shows.
 */
#ifndef BK_OUT_PLOT_H
#define BK_OUT_PLOT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum bk_plot_kind {
	BK_PLOT_BARS,  /* counts, one on top of the other, on a scale from 0 */
	BK_PLOT_LINES, /* durations in ms, on a logarithmic scale */
};

struct bk_series {
	const char *name;      /* may come from outside */
	size_t color;          /* 0 to 7 */
	size_t shade;          /* 0 the colour itself; 1, 2 ... others of its kind */
	int64_t total;         /* shown beside the name */
	const int64_t *values; /* one a step; below 0 = none */
};

struct bk_plot {
	const char *id;    /* unique in the page, a word */
	const char *title; /* may come from outside */
	const char *unit;  /* what the vertical axis counts: "runs per hour" */
	enum bk_plot_kind kind;
	int64_t start_us; /* microseconds since 1970, of the first step */
	int64_t step_us;
	size_t step_count; /* above 0 */
	const struct bk_series *series;
	size_t series_count;
};

/* The colours and what they stand for, as a list. */
void bk_plot_legend(struct bk_buf *out, const struct bk_plot *plot);

/* The drawing. */
void bk_plot_draw(struct bk_buf *out, const struct bk_plot *plot);

/* One bar a row, with its name above and a text behind it. */
struct bk_bar {
	const char *name; /* may come from outside */
	const char *text;
	size_t color;
	size_t shade;
	int64_t value; /* below 0 = not known */
};

void bk_plot_bars(struct bk_buf *out, const char *id, const char *title, const struct bk_bar *bars,
		  size_t count);

/* --- scales --- */

enum { BK_PLOT_TICKS = 12 };

/* Round numbers from 0 on, the last one not below `max`; returns how many. */
size_t bk_plot_count_ticks(int64_t max, int64_t ret[BK_PLOT_TICKS]);

/* Round durations in ms, the first not above `min` and the last not below `max`, where that
   is within 1 ms and 1000 hours; returns how many, 2 at least. */
size_t bk_plot_time_ticks(int64_t min, int64_t max, int64_t ret[BK_PLOT_TICKS]);

/* Where v is between the decades lo and hi on a logarithmic scale: 0 at lo, 1 at hi. */
double bk_plot_log(double v, double lo, double hi);

/* "23 Nov", "23 Nov 06:00" with `clock`, "23 Nov 2026" with `year`. */
void bk_plot_time(struct bk_buf *out, int64_t us, int clock, int year);

#endif
