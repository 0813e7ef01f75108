/*
 * Plots as inline SVG; see plot.h.
 */
#include "out/plot.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "base/attr.h"
#include "base/number.h"
#include "out/html.h"

enum {
	HEIGHT = 170, /* of what is drawn, in pixels */
	TOP = 22,     /* above it: what the axis counts */
	BOTTOM = 42,  /* below it: times, and what they are */
	LABELS = 9,   /* times at most; every other one is left out on a phone */
	COLORS = 8,
	SHADES = 3,
	GAPS_UP_TO = 60, /* bars */
	BAR_ROW = 46,    /* of a list of bars */
	BAR_WIDEST = 50  /* per cent: the text behind the bar needs the rest on a phone */
};

#define HOUR_US INT64_C(3600000000)
#define DAY_US (24 * HOUR_US)

/* --- scales --- */

size_t bk_plot_count_ticks(int64_t max, int64_t ret[BK_PLOT_TICKS])
{
	static const int64_t nice[] = {2, 5, 10};
	int64_t power = 1;
	int64_t step = 1;
	size_t n = 0;

	max = max < INT64_MAX / 4 ? max : INT64_MAX / 4;
	for (size_t i = 0; max > 4 * step; i++) {
		step = nice[i % 3] * power;
		power *= i % 3 == 2 ? 10 : 1;
	}
	do {
		ret[n] = (int64_t)n * step;
		n++;
	} while (n < 2 || (n < BK_PLOT_TICKS && ret[n - 1] < max));
	return n;
}

size_t bk_plot_time_ticks(int64_t min, int64_t max, int64_t ret[BK_PLOT_TICKS])
{
	static const int64_t round[] = {1,      10,      100,      1000,      10000,     60000,
					600000, 3600000, 36000000, 360000000, 3600000000};
	size_t last = BK_COUNT(round) - 1;
	size_t first = 0;
	size_t n = 0;

	while (last > 1 && round[last - 1] >= max)
		last--;
	while (first + 1 < last && round[first + 1] <= min)
		first++;
	while (first <= last)
		ret[n++] = round[first++];
	return n;
}

/* To the base of 2, digit by digit: enough for pixels, and no library of its own. */
static double log_2(double v)
{
	double result = 0;
	double digit = 0.5;

	for (; v >= 2; v /= 2)
		result += 1;
	for (; v < 1; v *= 2)
		result -= 1;
	for (int i = 0; i < 20; i++, digit /= 2) {
		v *= v;
		if (v >= 2) {
			v /= 2;
			result += digit;
		}
	}
	return result;
}

double bk_plot_log(double v, double lo, double hi)
{
	if (v <= lo)
		return 0;
	return v >= hi ? 1 : log_2(v / lo) / log_2(hi / lo);
}

void bk_plot_time(struct bk_buf *out, int64_t us, int clock, int year)
{
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t s = (time_t)(us / 1000000);
	struct tm tm;

	if (!gmtime_r(&s, &tm))
		return;
	bk_buf_fmt(out, "%d %s", tm.tm_mday, months[tm.tm_mon]);
	if (year)
		bk_buf_fmt(out, " %d", tm.tm_year + 1900);
	if (clock)
		bk_buf_fmt(out, " %02d:%02d", tm.tm_hour, tm.tm_min);
}

/* How far apart times are named. */
static int64_t label_distance(int64_t span_us)
{
	static const int64_t hours[] = {1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 672};

	for (size_t i = 0; i < BK_COUNT(hours); i++)
		if (span_us / (hours[i] * HOUR_US) < LABELS)
			return hours[i] * HOUR_US;
	return (span_us / (LABELS * DAY_US) + 1) * DAY_US;
}

/* --- what a plot shows --- */

struct scale {
	int64_t ticks[BK_PLOT_TICKS];
	size_t count;
	bool is_log;
};

static int64_t value_at(const struct bk_series *series, size_t step)
{
	return series->values[step] > 0 ? series->values[step] : 0;
}

static int64_t stack_at(const struct bk_plot *plot, size_t step)
{
	int64_t sum = 0;

	for (size_t i = 0; i < plot->series_count; i++)
		sum += value_at(&plot->series[i], step);
	return sum;
}

static int64_t highest_at(const struct bk_plot *plot, size_t step)
{
	int64_t max = -1;

	if (plot->kind == BK_PLOT_BARS)
		return stack_at(plot, step);
	for (size_t i = 0; i < plot->series_count; i++)
		if (plot->series[i].values[step] > max)
			max = plot->series[i].values[step];
	return max;
}

static size_t peak_step(const struct bk_plot *plot)
{
	size_t peak = 0;

	for (size_t i = 1; i < plot->step_count; i++)
		if (highest_at(plot, i) > highest_at(plot, peak))
			peak = i;
	return peak;
}

static int64_t least(const struct bk_plot *plot)
{
	int64_t min = INT64_MAX;

	for (size_t i = 0; i < plot->series_count; i++)
		for (size_t s = 0; s < plot->step_count; s++)
			if (plot->series[i].values[s] >= 0 && plot->series[i].values[s] < min)
				min = plot->series[i].values[s];
	return min;
}

static struct scale scale_of(const struct bk_plot *plot)
{
	struct scale scale = {.is_log = plot->kind == BK_PLOT_LINES};
	int64_t max = highest_at(plot, peak_step(plot));

	scale.count = scale.is_log ? bk_plot_time_ticks(least(plot), max, scale.ticks)
				   : bk_plot_count_ticks(max, scale.ticks);
	return scale;
}

/* Pixels from the top of what is drawn. */
static double y_of(const struct scale *scale, int64_t v)
{
	double hi = (double)scale->ticks[scale->count - 1];
	double lo = (double)scale->ticks[0];

	return HEIGHT * (1 - (scale->is_log ? bk_plot_log((double)v, lo, hi) : (double)v / hi));
}

static void put_value(struct bk_buf *out, const struct bk_plot *plot, int64_t v)
{
	if (plot->kind == BK_PLOT_LINES)
		bk_human_duration(out, v);
	else
		bk_human_count(out, v);
}

static void put_class(struct bk_buf *out, const struct bk_series *series)
{
	bk_buf_fmt(out, "c%zu d%zu", series->color % COLORS, series->shade % SHADES);
}

/* --- drawing --- */

static void put_tick_text(struct bk_buf *out, const struct scale *scale, int64_t v)
{
	if (scale->is_log)
		bk_format_duration(out, v);
	else if (v && v % 1000000 == 0)
		bk_buf_fmt(out, "%" PRId64 " M", v / 1000000);
	else
		bk_human_count(out, v);
}

static void put_grid(struct bk_buf *out, const struct bk_plot *plot, const struct scale *scale)
{
	bk_buf_fmt(out, "<text class=\"unit\" x=\"-50\" y=\"-10\">%s</text>\n", plot->unit);
	for (size_t i = 0; i < scale->count; i++) {
		double y = y_of(scale, scale->ticks[i]);

		bk_buf_fmt(out, "<line class=\"%s\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>",
			   i ? "grid" : "axis", y, y);
		bk_buf_fmt(out, "<text class=\"y\" x=\"-7\" y=\"%.1f\">", y + 4);
		put_tick_text(out, scale, scale->ticks[i]);
		bk_buf_str(out, "</text>\n");
	}
}

static void put_times(struct bk_buf *out, const struct bk_plot *plot)
{
	int64_t span = plot->step_us * (int64_t)plot->step_count;
	int64_t apart = label_distance(span);
	int64_t at = plot->start_us + (apart - plot->start_us % apart) % apart;

	for (int i = 0; at < plot->start_us + span; at += apart, i++) {
		double x = 100.0 * (double)(at - plot->start_us) / (double)span;

		bk_buf_fmt(out,
			   "<line class=\"tick\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%d\""
			   " y2=\"%d\"/>",
			   x, x, HEIGHT, HEIGHT + 4);
		bk_buf_fmt(out, "<text class=\"x%s\" x=\"%.2f%%\" y=\"%d\">", i % 2 ? " odd" : "",
			   x, HEIGHT + 20);
		if (at % DAY_US)
			bk_buf_fmt(out, "%02d:00", (int)(at % DAY_US / HOUR_US));
		else
			bk_plot_time(out, at, 0, 0);
		bk_buf_str(out, "</text>\n");
	}
	bk_buf_fmt(out, "<text class=\"x end\" x=\"100%%\" y=\"%d\">time (UTC)</text>\n",
		   HEIGHT + 36);
}

static void put_stack(struct bk_buf *out, const struct bk_plot *plot, const struct scale *scale,
		      size_t step)
{
	double width = 100.0 / (double)plot->step_count;
	/* On a phone a gap between many bars would be less than a pixel. */
	double filled = plot->step_count > GAPS_UP_TO ? 1 : 0.82;
	int64_t below = 0;

	for (size_t i = 0; i < plot->series_count; i++) {
		int64_t v = value_at(&plot->series[i], step);
		double top = y_of(scale, below + v);
		double height = y_of(scale, below) - top;

		below += v;
		if (!v)
			continue;
		bk_buf_str(out, "<rect class=\"f ");
		put_class(out, &plot->series[i]);
		bk_buf_fmt(out,
			   "\" x=\"%.3f%%\" width=\"%.3f%%\" y=\"%.1f\""
			   " height=\"%.1f\"/>\n",
			   width * ((double)step + (1 - filled) / 2), width * filled, top,
			   height < 0.5 ? 0.5 : height);
	}
}

/* A line between neighbours. */
static void put_line(struct bk_buf *out, const struct bk_plot *plot, const struct scale *scale,
		     const struct bk_series *series)
{
	bool open = false;

	bk_buf_str(out, "<path class=\"l ");
	put_class(out, series);
	bk_buf_str(out, "\" vector-effect=\"non-scaling-stroke\" d=\"");
	for (size_t s = 0; s < plot->step_count; s++) {
		int64_t v = series->values[s];

		if (v >= 0)
			bk_buf_fmt(out, "%s%zu %.1f", open ? "L" : "M", 10 * s + 5, y_of(scale, v));
		open = v >= 0;
	}
	bk_buf_str(out, "\"/>\n");
}

static bool is_alone(const struct bk_plot *plot, const struct bk_series *series, size_t step)
{
	return series->values[step] >= 0 && (step == 0 || series->values[step - 1] < 0) &&
	       (step + 1 == plot->step_count || series->values[step + 1] < 0);
}

/* What no line leads to or from; outside of the picture that is drawn out of shape. */
static void put_points(struct bk_buf *out, const struct bk_plot *plot, const struct scale *scale,
		       const struct bk_series *series)
{
	for (size_t s = 0; s < plot->step_count; s++) {
		if (!is_alone(plot, series, s))
			continue;
		bk_buf_str(out, "<circle class=\"f ");
		put_class(out, series);
		bk_buf_fmt(out, "\" r=\"3\" cx=\"%.3f%%\" cy=\"%.1f\"/>\n",
			   100.0 * ((double)s + 0.5) / (double)plot->step_count,
			   y_of(scale, series->values[s]));
	}
}

static void put_lines(struct bk_buf *out, const struct bk_plot *plot, const struct scale *scale)
{
	bk_buf_fmt(out,
		   "<svg width=\"100%%\" height=\"%d\" viewBox=\"0 0 %zu %d\" "
		   "preserveAspectRatio=\"none\">\n",
		   HEIGHT, 10 * plot->step_count, HEIGHT);
	for (size_t i = 0; i < plot->series_count; i++)
		put_line(out, plot, scale, &plot->series[i]);
	bk_buf_str(out, "</svg>\n");
	for (size_t i = plot->series_count; i-- > 0;)
		put_points(out, plot, scale, &plot->series[i]);
}

/* What the pointer is told over a step. */
static void put_column(struct bk_buf *out, const struct bk_plot *plot, size_t step)
{
	double width = 100.0 / (double)plot->step_count;

	if (highest_at(plot, step) < (plot->kind == BK_PLOT_BARS))
		return;
	bk_buf_fmt(out,
		   "<rect class=\"at\" x=\"%.3f%%\" width=\"%.3f%%\" y=\"0\""
		   " height=\"%d\"><title>",
		   width * (double)step, width, HEIGHT);
	bk_plot_time(out, plot->start_us + plot->step_us * (int64_t)step, 1, 0);
	for (size_t i = 0; i < plot->series_count; i++) {
		int64_t v = plot->series[i].values[step];

		if (v < (plot->kind == BK_PLOT_BARS))
			continue;
		bk_buf_char(out, '\n');
		bk_html_cut(out, plot->series[i].name, 60);
		bk_buf_str(out, ": ");
		put_value(out, plot, v);
	}
	bk_buf_str(out, "</title></rect>\n");
}

static void put_head(struct bk_buf *out, const char *kind, const char *id, const char *title,
		     int height)
{
	bk_buf_fmt(out,
		   "<svg class=\"%s\" id=\"%s\" role=\"img\" aria-labelledby=\"%s-t %s-d\" "
		   "height=\"%d\">\n<title id=\"%s-t\">",
		   kind, id, id, id, height, id);
	bk_html_text(out, title);
	bk_buf_fmt(out, "</title>\n<desc id=\"%s-d\">", id);
}

void bk_plot_draw(struct bk_buf *out, const struct bk_plot *plot)
{
	const struct scale scale = scale_of(plot);
	size_t peak = peak_step(plot);

	put_head(out, "plot", plot->id, plot->title, TOP + HEIGHT + BOTTOM);
	bk_buf_fmt(out, "%s; the highest is ", plot->unit);
	put_value(out, plot, highest_at(plot, peak));
	bk_buf_str(out, " at ");
	bk_plot_time(out, plot->start_us + plot->step_us * (int64_t)peak, 1, 0);
	bk_buf_fmt(out,
		   " UTC. The figures are in the table below.</desc>\n<g"
		   " transform=\"translate(0 %d)\">\n",
		   TOP);
	put_grid(out, plot, &scale);
	put_times(out, plot);
	if (plot->kind == BK_PLOT_LINES)
		put_lines(out, plot, &scale);
	for (size_t s = 0; s < plot->step_count; s++) {
		if (plot->kind == BK_PLOT_BARS)
			put_stack(out, plot, &scale, s);
		put_column(out, plot, s);
	}
	bk_buf_str(out, "</g>\n</svg>\n");
}

void bk_plot_legend(struct bk_buf *out, const struct bk_plot *plot)
{
	bk_buf_str(out, "<ul class=\"legend\">\n");
	for (size_t i = 0; i < plot->series_count; i++) {
		const struct bk_series *series = &plot->series[i];

		bk_buf_str(out, "<li><svg class=\"key\" aria-hidden=\"true\">");
		bk_buf_str(out, plot->kind == BK_PLOT_LINES
					? "<path d=\"M1 6h20\" class=\"l "
					: "<rect width=\"12\" height=\"12\" x=\"5\""
					  " class=\"f ");
		put_class(out, series);
		bk_buf_str(out, "\"/></svg> ");
		bk_html_cut(out, series->name, 60);
		bk_buf_str(out, " <b>");
		put_value(out, plot, series->total);
		bk_buf_str(out, "</b></li>\n");
	}
	bk_buf_str(out, "</ul>\n");
}

/* --- a list of bars --- */

static void put_bar(struct bk_buf *out, const struct bk_bar *bar, int64_t max, size_t row)
{
	int y = BAR_ROW * (int)row;
	double width = bar->value > 0 ? (double)BAR_WIDEST * (double)bar->value / (double)max : 0;

	bk_buf_fmt(out, "<text class=\"name\" x=\"0\" y=\"%d\">", y + 13);
	bk_html_cut(out, bar->name, 40);
	bk_buf_str(out, "</text>");
	if (width > 0)
		bk_buf_fmt(out,
			   "<rect class=\"f c%zu d%zu\" x=\"0\" width=\"%.2f%%\" y=\"%d\""
			   " height=\"14\"/>",
			   bar->color % COLORS, bar->shade % SHADES, width, y + 20);
	bk_buf_fmt(out, "<text class=\"value\" x=\"%.2f%%\" dx=\"%d\" y=\"%d\">", width,
		   width > 0 ? 7 : 0, y + 31);
	bk_html_cut(out, bar->text, 40);
	bk_buf_str(out, "</text>\n");
}

void bk_plot_bars(struct bk_buf *out, const char *id, const char *title, const struct bk_bar *bars,
		  size_t count)
{
	int64_t max = 1;

	for (size_t i = 0; i < count; i++)
		max = bars[i].value > max ? bars[i].value : max;
	put_head(out, "bars", id, title, BAR_ROW * (int)count);
	bk_buf_str(out, "One bar each. The figures are in the table below.</desc>\n");
	for (size_t i = 0; i < count; i++)
		put_bar(out, &bars[i], max, i);
	bk_buf_str(out, "</svg>\n");
}
