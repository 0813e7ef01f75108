/*
 * What a support engineer reads out: a sentence for each reason, and the instants that stay beside
 * it.
 */
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "view/verdict.h"

#define AS_OF "2026-11-23T12:00:00.000Z"
#define TEN "2026-11-23T10:00:00.000Z"
#define QUARTER_PAST "2026-11-23T10:15:00.500Z"
#define ELEVEN "2026-11-23T11:00:00.000Z"
#define ONE "2026-11-23T13:00:00.000Z"
#define TWO "2026-11-23T14:00:00.000Z"

/* A text that nobody changes. */
#define T(text) ((char *)(uintptr_t)(text))

/* The booking: its arrival, hold deadline and D. */
struct facts {
	const char *check_in;
	const char *hold;
	const char *deadline;
};

struct sentence {
	struct facts facts;
	struct bk_rule_view rule;
	const char *text;
};

#define BASE                                                                                       \
	.rule = T("x"), .job_name = T("the-job"), .from_state = T("Confirmed"), .to_state = T("NEW")
#define IDLE BASE, .job_status = T("IDLE")
#define REASON(word) .reason = T(word)

static const struct sentence sentences[] = {
	/* What applies. */
	{{NULL, NULL, NULL},
	 {IDLE, .applies = true, .kind = BK_RULE_ACTIVATE, .due_at = T(TEN), .will_at = T(AS_OF)},
	 "it started at 2026-11-23T10:00:00Z; the next run of the-job makes it NEW"},
	{{NULL, NULL, NULL},
	 {IDLE, .applies = true, .kind = BK_RULE_ACTIVATE, .due_at = T(TEN), .will_at = T(AS_OF),
	  .job_next_run_at = T(ONE)},
	 "it started at 2026-11-23T10:00:00Z; the next run of the-job, due at "
	 "2026-11-23T13:00:00Z, "
	 "makes it NEW"},
	{{NULL, NULL, NULL},
	 {IDLE, .applies = true, .kind = BK_RULE_COMPLETE, .due_at = T(TEN), .will_at = T(AS_OF),
	  .job_next_run_at = T(ELEVEN)},
	 "it ended at 2026-11-23T10:00:00Z; the next run of the-job, due since "
	 "2026-11-23T11:00:00Z, "
	 "makes it NEW"},
	{{NULL, NULL, NULL},
	 {BASE, .applies = true, .kind = BK_RULE_OWN, .due_at = T(TEN), .will_at = T(AS_OF)},
	 "it became due at 2026-11-23T10:00:00Z; the next run of the-job, which is not registered "
	 "(bkmaint migrate), makes it NEW"},
	{{NULL, NULL, NULL},
	 {BASE, .job_status = T("ERROR"), .applies = true, .kind = BK_RULE_NO_SHOW,
	  .due_at = T(QUARTER_PAST), .will_at = T(AS_OF)},
	 "nobody had arrived by the deadline, 2026-11-23T10:15:00Z; the next run of the-job makes "
	 "it NEW, but the last one failed (bkstatus job the-job)"},
	{{NULL, NULL, NULL},
	 {BASE, .job_status = T("DISABLED"), .applies = true, .kind = BK_RULE_MISSED,
	  .due_at = T(TEN), .stopped = true},
	 "it ended at 2026-11-23T10:00:00Z, still Confirmed; the job "
	 "the-job is disabled, until "
	 "bkmaint enable the-job"},
	{{NULL, TEN, NULL},
	 {BASE, .job_status = T("PAUSED"), .applies = true, .kind = BK_RULE_EXPIRE_HOLD,
	  .due_at = T(TEN), .stopped = true, .stopped_until = T(ONE), .ready_at = T(ONE),
	  .will_at = T(ONE), .job_reason = T("an upgrade")},
	 "its hold ran out at 2026-11-23T10:00:00Z, and it was not confirmed before; "
	 "the job the-job is paused until "
	 "2026-11-23T13:00:00Z (an upgrade)"},
	{{NULL, NULL, NULL},
	 {BASE, .job_status = T("PAUSED"), .applies = true, .kind = BK_RULE_ACTIVATE,
	  .due_at = T(TEN), .stopped = true, .stopped_until = T(TWO), .ready_at = T(TWO),
	  .end_at = T(ONE)},
	 "it started at 2026-11-23T10:00:00Z; the job the-job is paused until "
	 "2026-11-23T14:00:00Z; "
	 "by then the rule will be over"},
	{{NULL, NULL, NULL},
	 {BASE, .job_status = T("PAUSED"), .applies = true, .kind = BK_RULE_ACTIVATE,
	  .due_at = T(TEN), .stopped = true},
	 "it started at 2026-11-23T10:00:00Z; the job the-job is paused until somebody resumes it"},
	{{NULL, TWO, NULL},
	 {IDLE, .applies = true, .kind = BK_RULE_EXPIRE_HOLD, .due_at = T(TEN)},
	 "it started at 2026-11-23T10:00:00Z, and it was not confirmed before; the "
	 "next run of the-job makes it NEW"},
	/* A code is told with its class. */
	{{NULL, NULL, NULL},
	 {.rule = T("x"),
	  .job_name = T("the-job"),
	  .from_state = T("20"),
	  .to_state = T("30"),
	  .to_class = "active",
	  .job_status = T("IDLE"),
	  .applies = true,
	  .kind = BK_RULE_ACTIVATE,
	  .due_at = T(TEN)},
	 "it started at 2026-11-23T10:00:00Z; the next run of the-job makes it 30 (active)"},
	{{NULL, NULL, NULL},
	 {.rule = T("x"),
	  .job_name = T("the-job"),
	  .from_state = T("20"),
	  .to_state = T("No_Show"),
	  .to_class = "no-show",
	  .job_status = T("IDLE"),
	  .applies = true,
	  .kind = BK_RULE_ACTIVATE,
	  .due_at = T(TEN)},
	 "it started at 2026-11-23T10:00:00Z; the next run of the-job makes it No_Show"},
	{{NULL, NULL, NULL},
	 {.rule = T("x"),
	  .job_name = T("the-job"),
	  .from_state = T("CONFIRM"),
	  .to_state = T("30"),
	  .job_status = T("IDLE"),
	  REASON("not-yet-due"),
	  .kind = BK_RULE_MISSED,
	  .due_at = T(ONE)},
	 "it ends at 2026-11-23T13:00:00Z, if it is still CONFIRM (confirmed) then"},
	/* What is due, and kept off. */
	{{NULL, NULL, NULL},
	 {IDLE, REASON("on-hold"), .kind = BK_RULE_ACTIVATE, .due_at = T(TEN), .held = true},
	 "it started at 2026-11-23T10:00:00Z; it is on hold until somebody releases it"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("on-hold"), .kind = BK_RULE_ACTIVATE, .due_at = T(TEN), .held = true,
	  .held_until = T(ONE), .ready_at = T(ONE), .will_at = T(ONE)},
	 "it started at 2026-11-23T10:00:00Z; it is on hold until 2026-11-23T13:00:00Z"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("in-quarantine"), .kind = BK_RULE_ACTIVATE, .due_at = T(TEN), .aside = true,
	  .next_try_at = T(ONE), .ready_at = T(ONE), .will_at = T(ONE)},
	 "it started at 2026-11-23T10:00:00Z; the database refused the change, and the next try is "
	 "not before 2026-11-23T13:00:00Z"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("stale"), .kind = BK_RULE_COMPLETE, .due_at = T(TEN), .is_due = true},
	 "it ended at 2026-11-23T10:00:00Z, and its time is older than max-age: "
	 "only bkmaint the-job "
	 "--backlog makes it NEW"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("stale"), .kind = BK_RULE_COMPLETE, .due_at = T(TEN), .is_due = true,
	  .held = true, .held_until = T(ONE), .ready_at = T(ONE)},
	 "it ended at 2026-11-23T10:00:00Z, and its time is older than max-age: "
	 "only bkmaint the-job "
	 "--backlog makes it NEW; it is on hold until 2026-11-23T13:00:00Z"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("stale"), .kind = BK_RULE_NO_SHOW, .due_at = T(ONE)},
	 "if nobody arrives before the deadline, 2026-11-23T13:00:00Z, but its time will be older "
	 "than max-age then: only bkmaint the-job --backlog makes it NEW"},
	/* What is to come. */
	{{NULL, NULL, NULL},
	 {IDLE, REASON("not-yet-due"), .kind = BK_RULE_ACTIVATE, .due_at = T(ONE),
	  .will_at = T(ONE)},
	 "it starts at 2026-11-23T13:00:00Z"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("not-yet-due"), .kind = BK_RULE_NO_SHOW, .due_at = T(ONE),
	  .will_at = T(ONE)},
	 "if nobody arrives before the deadline, 2026-11-23T13:00:00Z"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("not-yet-due"), .kind = BK_RULE_COMPLETE_ARRIVED, .due_at = T(ONE),
	  .will_at = T(ONE)},
	 "it ends at 2026-11-23T13:00:00Z, if it is still Confirmed then"},
	{{NULL, ONE, NULL},
	 {IDLE, REASON("not-yet-due"), .kind = BK_RULE_EXPIRE_HOLD, .due_at = T(ONE),
	  .will_at = T(ONE)},
	 "its hold runs out at 2026-11-23T13:00:00Z, if it is not confirmed before"},
	{{NULL, TWO, NULL},
	 {IDLE, REASON("not-yet-due"), .kind = BK_RULE_EXPIRE_HOLD, .due_at = T(ONE),
	  .will_at = T(ONE)},
	 "it starts at 2026-11-23T13:00:00Z, if it is not confirmed before"},
	{{NULL, NULL, NULL},
	 {BASE, .job_status = T("DISABLED"), REASON("not-yet-due"), .kind = BK_RULE_OWN,
	  .due_at = T(ONE), .held = true, .held_until = T(TWO), .stopped = true},
	 "it becomes due at 2026-11-23T13:00:00Z; it is on hold until "
	 "2026-11-23T14:00:00Z; the job "
	 "the-job is disabled, until bkmaint enable the-job"},
	/* What is over. */
	{{NULL, NULL, NULL},
	 {IDLE, REASON("over"), .kind = BK_RULE_ACTIVATE, .over_by = T("until"),
	  .until_at = T(QUARTER_PAST)},
	 "nobody had arrived by the deadline, 2026-11-23T10:15:00Z"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("over"), .kind = BK_RULE_ACTIVATE, .over_by = T("end"), .end_at = T(ELEVEN)},
	 "it ended at 2026-11-23T11:00:00Z"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("over"), .kind = BK_RULE_ACTIVATE, .over_by = T("end-first"),
	  .end_at = T(ONE)},
	 "it ends when it starts, 2026-11-23T13:00:00Z"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("over"), .kind = BK_RULE_ACTIVATE, .over_by = T("until-first"),
	  .until_at = T(ONE)},
	 "without a grace its deadline is the start, 2026-11-23T13:00:00Z, and nobody has arrived"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("over"), .kind = BK_RULE_OWN, .over_by = T("until"), .until_at = T(TEN)},
	 "its until is past, 2026-11-23T10:00:00Z"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("over"), .kind = BK_RULE_OWN, .over_by = T("until-first"),
	  .until_at = T(ONE)},
	 "its until is not after its due instant, 2026-11-23T13:00:00Z"},
	/* What its data say. */
	{{TEN, NULL, QUARTER_PAST},
	 {IDLE, REASON("arrived"), .kind = BK_RULE_NO_SHOW},
	 "the customer arrived at 2026-11-23T10:00:00Z, before the deadline 2026-11-23T10:15:00Z"},
	{{ELEVEN, NULL, QUARTER_PAST},
	 {IDLE, REASON("arrived"), .kind = BK_RULE_NO_SHOW},
	 "the customer arrived at 2026-11-23T11:00:00Z"},
	{{NULL, NULL, QUARTER_PAST},
	 {IDLE, REASON("arrived"), .kind = BK_RULE_NO_SHOW},
	 "the customer has arrived"},
	{{NULL, NULL, QUARTER_PAST},
	 {IDLE, REASON("not-arrived"), .kind = BK_RULE_COMPLETE},
	 "nobody has arrived"},
	{{ELEVEN, NULL, QUARTER_PAST},
	 {IDLE, REASON("not-arrived"), .kind = BK_RULE_COMPLETE},
	 "the customer arrived at 2026-11-23T11:00:00Z, not before the deadline "
	 "2026-11-23T10:15:00Z, which is too late"},
	{{NULL, NULL, QUARTER_PAST},
	 {IDLE, REASON("has-deadline"), .kind = BK_RULE_MISSED},
	 "it has a deadline for the arrival, 2026-11-23T10:15:00Z: who has not "
	 "arrived by then is a no-show"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("no-due-instant"), .kind = BK_RULE_OWN},
	 "its due instant is NULL"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("no-due-instant"), .kind = BK_RULE_EXPIRE_HOLD},
	 "it has no hold deadline"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("job-off"), .kind = BK_RULE_COMPLETE},
	 "the job the-job is disabled in the configuration, so there is no such rule"},
	{{NULL, NULL, NULL},
	 {BASE, REASON("expression-fails"), .kind = BK_RULE_OWN, .fault = T("rule x: due: (1/0)")},
	 "it cannot be judged, and a run of the-job that meets it fails: rule x: due: (1/0)"},
	{{NULL, NULL, NULL},
	 {IDLE, REASON("no-deadline"), .kind = BK_RULE_NO_SHOW},
	 "it has no deadline for the arrival"},
};

/* Members that may be dropped, as texts of their own. */
static void copy(struct bk_rule_view *rule)
{
	rule->due_at = bk_strdup(rule->due_at);
	rule->until_at = bk_strdup(rule->until_at);
	rule->end_at = bk_strdup(rule->end_at);
	rule->job_status = bk_strdup(rule->job_status);
}

static void drop(struct bk_rule_view *rule)
{
	free(rule->due_at);
	free(rule->until_at);
	free(rule->end_at);
	free(rule->job_status);
	free(rule->explanation);
}

static struct bk_lookup lookup_of(const struct facts *facts, struct bk_value_view values[2])
{
	values[0] = (struct bk_value_view){.name = "check-in", .instant = T(facts->check_in)};
	values[1] = (struct bk_value_view){.name = "hold", .instant = T(facts->hold)};
	return (struct bk_lookup){.as_of = T(AS_OF),
				  .state = T("confirmed"),
				  .deadline_at = T(facts->deadline),
				  .values = values,
				  .value_count = 2};
}

START_TEST(each_reason_is_a_sentence)
{
	const struct sentence *s = &sentences[_i];
	struct bk_value_view values[2];
	struct bk_lookup found = lookup_of(&s->facts, values);
	struct bk_rule_view rule = s->rule;

	copy(&rule);
	bk_verdict_finish(&found, &rule);
	ck_assert_str_eq(rule.explanation, s->text);
	drop(&rule);
}
END_TEST

static const struct {
	const char *reason; /* NULL = it applies */
	bool due;
	bool end;
} kept[] = {
	{NULL, true, true},
	{"not-yet-due", true, true},
	{"on-hold", true, true},
	{"in-quarantine", true, true},
	{"stale", true, false},
	{"over", false, false},
	{"arrived", false, false},
	{"not-arrived", false, false},
	{"no-start", false, false},
	{"infinite-time", false, false},
	{"end-before-start", false, false},
	{"negative-grace", false, false},
	{"open-ended", false, false},
	{"no-deadline", false, false},
	{"has-deadline", false, false},
	{"excluded", false, false},
	{"conditions", false, false},
	{"no-due-instant", false, false},
	{"job-off", false, false},
	{"expression-fails", false, false},
};

START_TEST(only_instants_that_matter_stay)
{
	const struct facts facts = {NULL, NULL, NULL};
	struct bk_value_view values[2];
	struct bk_lookup found = lookup_of(&facts, values);
	struct bk_rule_view rule = {IDLE,
				    .applies = !kept[_i].reason,
				    .reason = T(kept[_i].reason),
				    .kind = BK_RULE_OWN,
				    .over_by = T("until"),
				    .due_at = T(TEN),
				    .until_at = T(ONE),
				    .end_at = T(TWO),
				    .fault = T("x")};

	copy(&rule);
	bk_verdict_finish(&found, &rule);
	ck_assert_str_ne(rule.explanation, "");
	ck_assert_int_eq(rule.due_at != NULL, kept[_i].due);
	ck_assert_int_eq(rule.until_at != NULL, kept[_i].end);
	ck_assert_int_eq(rule.end_at != NULL, kept[_i].end);
	if (kept[_i].reason && strcmp(kept[_i].reason, "job-off") == 0)
		ck_assert_str_eq(rule.job_status, "DISABLED");
	drop(&rule);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("view_verdict");
	TCase *tc = tcase_create("verdict");

	ADD_ROWS(tc, each_reason_is_a_sentence, sentences);
	ADD_ROWS(tc, only_instants_that_matter_stay, kept);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
