/*
 * The sentences; see verdict.h.
 */
#include "view/verdict.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

/* "2026-11-23T06:30:00.097Z" without its fraction. */
static void put_time(struct bk_buf *out, const char *text)
{
	size_t len = strcspn(text, ".");

	bk_buf_bytes(out, text, len);
	bk_buf_str(out, text[len] ? "Z" : "");
}

/* " at TIME", or nothing for an instant that has no calendar form. */
static void put_at(struct bk_buf *out, const char *words, const char *text)
{
	if (!text)
		return;
	bk_buf_str(out, words);
	bk_buf_char(out, ' ');
	put_time(out, text);
}

/* ACTIVE is active, and NO_SHOW is no-show. */
static bool is_word_of(const char *label, const char *class)
{
	for (; *label && *class; label++, class ++)
		if (tolower((unsigned char)*label) != *class && !(*label == '_' && *class == '-'))
			return false;
	return !*label && !*class;
}

/* A label, and its class where it does not say that by itself: "30 (active)". */
static void put_state(struct bk_buf *out, const char *label, const char *class)
{
	bk_buf_str(out, label);
	if (class && !is_word_of(label, class))
		bk_buf_fmt(out, " (%s)", class);
}

static const char *instant_of(const struct bk_lookup *found, const char *name)
{
	for (size_t i = 0; i < found->value_count; i++)
		if (strcmp(found->values[i].name, name) == 0)
			return found->values[i].instant;
	return NULL;
}

static bool is_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* --- what comes to pass --- */

/* What the due instant is, once it is reached and before. */
static const struct {
	const char *past;
	const char *future;
	const char *at;
} moments[] = {
	[BK_RULE_ACTIVATE] = {"it started", "it starts", " at"},
	[BK_RULE_NO_SHOW] = {"nobody had arrived by the deadline,",
			     "if nobody arrives before the deadline,", ""},
	[BK_RULE_COMPLETE] = {"it ended", "it ends", " at"},
	[BK_RULE_COMPLETE_ARRIVED] = {"it ended", "it ends", " at"},
	[BK_RULE_MISSED] = {"it ended", "it ends", " at"},
	[BK_RULE_EXPIRE_HOLD] = {"its hold ran out", "its hold runs out", " at"},
	[BK_RULE_OWN] = {"it became due", "it becomes due", " at"},
};

/* What else must be so by then. */
static void put_proviso(struct bk_buf *out, const struct bk_lookup *found,
			const struct bk_rule_view *r, bool past)
{
	if (r->kind == BK_RULE_EXPIRE_HOLD)
		bk_buf_str(out, past ? ", and it was not confirmed before"
				     : ", if it is not confirmed before");
	if (r->kind != BK_RULE_MISSED && (r->kind != BK_RULE_COMPLETE_ARRIVED || past))
		return;
	bk_buf_str(out, past ? ", still " : ", if it is still ");
	put_state(out, r->from_state, found->state);
	bk_buf_str(out, past ? "" : " then");
}

static void put_moment(struct bk_buf *out, const struct bk_lookup *found,
		       const struct bk_rule_view *r, bool past)
{
	bool at_start = r->kind == BK_RULE_EXPIRE_HOLD &&
			!is_same(r->due_at, instant_of(found, "hold"));
	enum bk_rule_kind kind = at_start ? BK_RULE_ACTIVATE : r->kind;

	bk_buf_str(out, past ? moments[kind].past : moments[kind].future);
	put_at(out, moments[kind].at, r->due_at);
	put_proviso(out, found, r, past);
}

static void put_lasting(struct bk_buf *out, const char *what, const char *until, const char *ever)
{
	bk_buf_str(out, what);
	if (until)
		put_at(out, " until", until);
	else
		bk_buf_str(out, ever);
}

/* Who keeps every job off it. */
static void put_hands_off(struct bk_buf *out, const struct bk_rule_view *r)
{
	if (r->held)
		put_lasting(out, "; it is on hold", r->held_until, " until somebody releases it");
	if (!r->aside)
		return;
	bk_buf_str(out, "; the database refused the change, and the next try is");
	put_at(out, " not before", r->next_try_at);
}

static void put_stopped(struct bk_buf *out, const struct bk_rule_view *r)
{
	if (!r->stopped)
		return;
	if (is_same(r->job_status, "DISABLED")) {
		bk_buf_fmt(out, "; the job %s is disabled, until bkmaint enable %s", r->job_name,
			   r->job_name);
		return;
	}
	bk_buf_fmt(out, "; the job %s is paused", r->job_name);
	put_lasting(out, "", r->stopped_until, " until somebody resumes it");
	if (r->job_reason)
		bk_buf_fmt(out, " (%s)", r->job_reason);
}

/* What keeps the job off although, or when, the rule applies. True where there is something. */
static bool put_in_the_way(struct bk_buf *out, const struct bk_rule_view *r)
{
	bool any = r->held || r->aside || r->stopped;

	put_hands_off(out, r);
	put_stopped(out, r);
	if (any && r->ready_at && !r->will_at)
		bk_buf_str(out, "; by then the rule will be over");
	return any;
}

static void put_next_run(struct bk_buf *out, const struct bk_lookup *found,
			 const struct bk_rule_view *r)
{
	bk_buf_fmt(out, "; the next run of %s", r->job_name);
	if (!r->job_status) {
		bk_buf_str(out, ", which is not registered (bkmaint migrate),");
	} else if (r->job_next_run_at) {
		/* Long ago where nobody ticks. */
		put_at(out,
		       strcmp(r->job_next_run_at, found->as_of) > 0 ? ", due at" : ", due since",
		       r->job_next_run_at);
		bk_buf_char(out, ',');
	}
	bk_buf_str(out, " makes it ");
	put_state(out, r->to_state, r->to_class);
	if (is_same(r->job_status, "ERROR"))
		bk_buf_fmt(out, ", but the last one failed (bkstatus job %s)", r->job_name);
}

static void say_applies(struct bk_buf *out, const struct bk_lookup *found,
			const struct bk_rule_view *r)
{
	put_moment(out, found, r, true);
	if (!put_in_the_way(out, r))
		put_next_run(out, found, r);
}

static void say_kept_off(struct bk_buf *out, const struct bk_lookup *found,
			 const struct bk_rule_view *r)
{
	put_moment(out, found, r, true);
	(void)put_in_the_way(out, r);
}

static void say_not_yet(struct bk_buf *out, const struct bk_lookup *found,
			const struct bk_rule_view *r)
{
	put_moment(out, found, r, false);
	(void)put_in_the_way(out, r);
}

static void say_stale(struct bk_buf *out, const struct bk_lookup *found,
		      const struct bk_rule_view *r)
{
	if (r->is_due) {
		put_moment(out, found, r, true);
		bk_buf_str(out, ", and its time is older than max-age");
	} else {
		put_moment(out, found, r, false);
		bk_buf_str(out, ", but its time will be older than max-age then");
	}
	bk_buf_fmt(out, ": only bkmaint %s --backlog makes it ", r->job_name);
	put_state(out, r->to_state, r->to_class);
	put_hands_off(out, r);
}

/* --- what does not --- */

static void say_over(struct bk_buf *out, const struct bk_lookup *found,
		     const struct bk_rule_view *r)
{
	bool is_own = r->kind == BK_RULE_OWN;

	(void)found;
	if (is_same(r->over_by, "until")) {
		bk_buf_str(out,
			   is_own ? "its until is past," : "nobody had arrived by the deadline,");
		put_at(out, "", r->until_at);
	} else if (is_same(r->over_by, "end")) {
		bk_buf_str(out, "it ended");
		put_at(out, " at", r->end_at);
	} else if (is_same(r->over_by, "end-first")) {
		bk_buf_str(out, "it ends when it starts,");
		put_at(out, "", r->end_at);
	} else {
		bk_buf_str(out, is_own ? "its until is not after its due instant,"
				       : "without a grace its deadline is the start,");
		put_at(out, "", r->until_at);
		bk_buf_str(out, is_own ? "" : ", and nobody has arrived");
	}
}

static void say_arrived(struct bk_buf *out, const struct bk_lookup *found,
			const struct bk_rule_view *r)
{
	const char *arrival = instant_of(found, "check-in");

	(void)r;
	bk_buf_str(out, arrival ? "the customer arrived" : "the customer has arrived");
	put_at(out, " at", arrival);
	/* Where late ones are accepted it may be behind it. */
	if (arrival && found->deadline_at && strcmp(arrival, found->deadline_at) < 0)
		put_at(out, ", before the deadline", found->deadline_at);
}

static void say_not_arrived(struct bk_buf *out, const struct bk_lookup *found,
			    const struct bk_rule_view *r)
{
	const char *arrival = instant_of(found, "check-in");

	(void)r;
	if (!arrival) {
		bk_buf_str(out, "nobody has arrived");
		return;
	}
	bk_buf_str(out, "the customer arrived");
	put_at(out, " at", arrival);
	put_at(out, ", not before the deadline", found->deadline_at);
	bk_buf_str(out, ", which is too late");
}

static void say_before_start(struct bk_buf *out, const struct bk_lookup *found,
			     const struct bk_rule_view *r)
{
	(void)r;
	bk_buf_str(out, "its end");
	put_at(out, "", instant_of(found, "end"));
	bk_buf_str(out, " is before its start");
	put_at(out, "", instant_of(found, "start"));
	bk_buf_str(out, ": no rule applies to such a booking");
}

static void say_has_deadline(struct bk_buf *out, const struct bk_lookup *found,
			     const struct bk_rule_view *r)
{
	(void)r;
	bk_buf_str(out, "it has a deadline for the arrival,");
	put_at(out, "", found->deadline_at);
	bk_buf_str(out, ": who has not arrived by then is a no-show");
}

static void say_no_due(struct bk_buf *out, const struct bk_lookup *found,
		       const struct bk_rule_view *r)
{
	(void)found;
	bk_buf_str(out, r->kind == BK_RULE_EXPIRE_HOLD ? "it has no hold deadline"
						       : "its due instant is NULL");
}

static void say_infinite(struct bk_buf *out, const struct bk_lookup *found,
			 const struct bk_rule_view *r)
{
	(void)found;
	bk_buf_str(out,
		   r->kind == BK_RULE_OWN
			   ? "its due instant is infinite"
			   : "one of its times is infinite: no rule applies to such a booking");
}

static void say_off(struct bk_buf *out, const struct bk_lookup *found, const struct bk_rule_view *r)
{
	(void)found;
	bk_buf_fmt(out, "the job %s is disabled in the configuration, so there is no such rule",
		   r->job_name);
}

static void say_fails(struct bk_buf *out, const struct bk_lookup *found,
		      const struct bk_rule_view *r)
{
	(void)found;
	bk_buf_fmt(out, "it cannot be judged, and a run of %s that meets it fails: %s", r->job_name,
		   r->fault);
}

static const struct {
	const char *reason;
	void (*say)(struct bk_buf *out, const struct bk_lookup *found,
		    const struct bk_rule_view *r);
	const char *text; /* instead */
	bool keeps_due;
	bool keeps_end; /* the rule may still apply until then */
} sentences[] = {
	{"not-yet-due", say_not_yet, NULL, true, true},
	{"on-hold", say_kept_off, NULL, true, true},
	{"in-quarantine", say_kept_off, NULL, true, true},
	{"stale", say_stale, NULL, true, false},
	{"over", say_over, NULL, false, false},
	{"arrived", say_arrived, NULL, false, false},
	{"not-arrived", say_not_arrived, NULL, false, false},
	{"end-before-start", say_before_start, NULL, false, false},
	{"has-deadline", say_has_deadline, NULL, false, false},
	{"no-due-instant", say_no_due, NULL, false, false},
	{"infinite-time", say_infinite, NULL, false, false},
	{"job-off", say_off, NULL, false, false},
	{"expression-fails", say_fails, NULL, false, false},
	{"no-start", NULL, "it has no start: no rule applies to such a booking", false, false},
	{"negative-grace", NULL,
	 "its grace is negative: no rule that counts on a grace applies to such a booking", false,
	 false},
	{"open-ended", NULL, "it has no end, at which the rule would apply", false, false},
	{"no-deadline", NULL, "it has no deadline for the arrival", false, false},
	{"excluded", NULL, "the where of bookings { } leaves it out, so it is no booking for bk",
	 false, false},
	{"conditions", NULL, "the where of the rule is not true of it", false, false},
};

static void drop_instants(struct bk_rule_view *r, bool keeps_due, bool keeps_end)
{
	if (!keeps_due)
		bk_free_str(&r->due_at);
	if (keeps_end)
		return;
	bk_free_str(&r->until_at);
	bk_free_str(&r->end_at);
}

void bk_verdict_finish(const struct bk_lookup *found, struct bk_rule_view *rule)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;

	if (rule->applies) {
		say_applies(&text, found, rule);
		rule->explanation = bk_buf_take(&text);
		return;
	}
	for (size_t i = 0; i < BK_COUNT(sentences); i++) {
		if (!is_same(rule->reason, sentences[i].reason))
			continue;
		if (sentences[i].say)
			sentences[i].say(&text, found, rule);
		else
			bk_buf_str(&text, sentences[i].text);
		drop_instants(rule, sentences[i].keeps_due, sentences[i].keeps_end);
	}
	rule->explanation = bk_buf_take(&text);
	if (is_same(rule->reason, "job-off")) {
		bk_free_str(&rule->job_status);
		rule->job_status = bk_strdup("DISABLED");
	}
}
