/*
 * Progress in words; see progress.h.
 */
#include "out/progress.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/number.h"

#define BETWEEN_MS 500
#define STEADY_MS 2000
#define GAP "  "

void bk_out_progress_note(struct bk_out_samples *samples, const struct bk_progress *progress)
{
	size_t newest = (samples->next + BK_OUT_SAMPLES - 1) % BK_OUT_SAMPLES;

	samples->last = *progress;
	if (progress->processed > samples->grown.processed)
		samples->grown = *progress;
	if (samples->count && progress->elapsed_ms - samples->items[newest].elapsed_ms < BETWEEN_MS)
		return;
	samples->items[samples->next].processed = progress->processed;
	samples->items[samples->next].elapsed_ms = progress->elapsed_ms;
	samples->next = (samples->next + 1) % BK_OUT_SAMPLES;
	if (samples->count < BK_OUT_SAMPLES)
		samples->count++;
}

struct bk_pace bk_out_progress_pace(const struct bk_out_samples *samples)
{
	bool steady = samples->last.elapsed_ms - samples->grown.elapsed_ms < STEADY_MS;
	const struct bk_progress *last = steady ? &samples->grown : &samples->last;

	/* Until the ring is full its oldest sample is the start of the run. */
	if (samples->count < BK_OUT_SAMPLES)
		return (struct bk_pace){last->processed, last->elapsed_ms};
	return (struct bk_pace){last->processed - samples->items[samples->next].processed,
				last->elapsed_ms - samples->items[samples->next].elapsed_ms};
}

/* Appends a field with a gap in front if both fit; false, also for all later
   ones, when they do not. */
static bool put_field(struct bk_buf *out, size_t start, const struct bk_buf *field, int width)
{
	size_t used = out->len - start + strlen(GAP) + field->len;

	if (width && used > (size_t)width)
		return false;
	bk_buf_str(out, GAP);
	bk_buf_str(out, bk_buf_cstr(field));
	return true;
}

static void put_rate(struct bk_buf *out, const struct bk_pace *pace)
{
	int64_t rate = bk_pace_per_second(pace);

	bk_human_count(out, rate == BK_PACE_UNKNOWN ? 0 : rate);
	bk_buf_str(out, "/s");
}

static void put_time(struct bk_buf *out, const struct bk_progress *p, const struct bk_pace *pace)
{
	int64_t rest = p->total < 0 ? 0 : p->total - p->processed;
	int64_t left = bk_pace_left_ms(pace, rest);

	if (rest > 0 && left != BK_PACE_UNKNOWN) {
		bk_human_duration(out, left);
		bk_buf_str(out, " left");
		return;
	}
	bk_human_duration(out, p->elapsed_ms);
	bk_buf_str(out, " so far");
}

static void put_count(struct bk_buf *out, const struct bk_progress *p)
{
	bk_human_count(out, p->processed);
	if (p->total < 0) {
		bk_buf_str(out, " done");
		return;
	}
	bk_buf_str(out, " / ");
	bk_human_count(out, p->total);
}

void bk_out_progress_line(struct bk_buf *out, const char *job, const struct bk_progress *progress,
			  const struct bk_pace *pace, int width)
{
	int64_t percent = bk_pace_percent(progress->processed, progress->total);
	BK_CLEAN(bk_buf_clear) struct bk_buf count = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf share = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf rate = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf time = BK_BUF_INIT;
	size_t start = out->len;
	size_t len = strlen(job);

	bk_buf_bytes(out, job, width && len > (size_t)width ? (size_t)width : len);
	put_count(&count, progress);
	if (percent != BK_PACE_UNKNOWN)
		bk_buf_fmt(&share, "%" PRId64 " %%", percent);
	put_rate(&rate, pace);
	put_time(&time, progress, pace);
	if (put_field(out, start, &count, width) &&
	    (!share.len || put_field(out, start, &share, width)) &&
	    put_field(out, start, &rate, width))
		(void)put_field(out, start, &time, width);
}

void bk_out_progress_sentence(struct bk_buf *out, const char *job, const char *execution,
			      const struct bk_progress *progress, const struct bk_pace *pace)
{
	bk_buf_fmt(out, "%s: ", job);
	if (execution)
		bk_buf_fmt(out, "execution %s, ", execution);
	bk_human_count(out, progress->processed);
	if (progress->total >= 0) {
		bk_buf_str(out, " of ");
		bk_human_count(out, progress->total);
	}
	bk_buf_str(out, " bookings, ");
	put_rate(out, pace);
	bk_buf_str(out, ", ");
	bk_human_duration(out, progress->elapsed_ms);
	bk_buf_str(out, " so far");
}
