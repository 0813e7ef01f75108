/*
 * The doctor's round: the checks in their order, and what of a failed check is
 * a finding; see doctor.h.
 */
#include "job/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "job/doctor_checks.h"

/* How long one look may take. */
enum { STATEMENT_MS = 5000, LOCK_MS = 2000 };

/* What must be known before a check has a meaning; what is missing then is a finding
   already. */
enum need { NEEDS_NOTHING, NEEDS_TABLE, NEEDS_MAPPING, NEEDS_READING };

static const struct {
	const char *subject; /* of the finding when it fails as a whole */
	enum need need;
	bk_check_fn run;
} checks[] = {
	{"server", NEEDS_NOTHING, bk_check_server},
	{"privileges", NEEDS_NOTHING, bk_check_privileges},
	{"bookings", NEEDS_NOTHING, bk_check_mapping},
	{"states", NEEDS_NOTHING, bk_check_states},
	{"keys", NEEDS_TABLE, bk_check_keys},
	{"replica identity", NEEDS_MAPPING, bk_check_identity},
	{"triggers", NEEDS_MAPPING, bk_check_fires},
	{"indexes", NEEDS_READING, bk_check_indexes},
	{"statements", NEEDS_READING, bk_check_statements},
	{"data", NEEDS_READING, bk_check_faults},
	{"old bookings", NEEDS_READING, bk_check_stale},
	{"late bookings", NEEDS_READING, bk_check_late},
	{"competing rules", NEEDS_READING, bk_check_both},
};

static void clear_finding(struct bk_finding *f)
{
	free(f->subject);
	free(f->what);
	free(f->fix);
	bk_array_clear(&f->example);
}

void bk_diagnosis_clear(struct bk_diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->count; i++)
		clear_finding(&diagnosis->items[i]);
	free(diagnosis->items);
	*diagnosis = (struct bk_diagnosis){.items = NULL};
}

void bk_diagnosis_add(struct bk_diagnosis *diagnosis, struct bk_finding finding)
{
	static const char *const words[BK_LEVEL_COUNT] = {"note", "warning", "error"};

	finding.level_word = words[finding.level];
	diagnosis->items = bk_realloc(diagnosis->items, diagnosis->count + 1,
				      sizeof(*diagnosis->items));
	diagnosis->items[diagnosis->count++] = finding;
	diagnosis->by_level[finding.level]++;
}

/* A job of each name that has rules, in the order of the rules. */
static void add_job(struct bk_exam *x, const char *name)
{
	for (size_t i = 0; i < x->job_count; i++)
		if (strcmp(x->jobs[i].job->name, name) == 0)
			return;
	x->jobs = bk_realloc(x->jobs, x->job_count + 1, sizeof(*x->jobs));
	x->jobs[x->job_count++] = (struct bk_exam_job){.job = bk_job_new(x->request->conf, name),
						       .bounds = {NULL, NULL}};
}

void bk_exam_open(struct bk_exam *x, struct bk_db *db, const struct bk_doctor_request *request,
		  struct bk_diagnosis *found)
{
	BK_CLEAN(bk_rules_clear) struct bk_rules rules;

	*x = (struct bk_exam){
		.db = db,
		.request = request,
		.mapping = bk_conf_mapping(request->conf),
		.schema = bk_conf_str(request->conf, "schema"),
		.policy = bk_policy_of(request->conf),
		.found = found,
	};
	bk_company_of(x->mapping, &x->session, &x->company);
	x->limits = (struct bk_tx_limits){STATEMENT_MS, LOCK_MS, false, &x->company};
	bk_rules_build(&x->policy, &rules);
	for (size_t i = 0; i < rules.count; i++)
		add_job(x, rules.items[i].job);
}

void bk_exam_close(struct bk_exam *x)
{
	bk_buf_clear(&x->session);
	for (size_t i = 0; i < x->job_count; i++) {
		bk_job_free(x->jobs[i].job);
		bk_bounds_clear(&x->jobs[i].bounds);
	}
	free(x->jobs);
	bk_table_clear(&x->table);
	free(x->server.version_shown);
	free(x->server.role);
	*x = (struct bk_exam){.db = NULL};
}

char *bk_exam_table(const struct bk_exam *x)
{
	return bk_asprintf("%s.%s", x->mapping->table_schema, x->mapping->table_name);
}

char *bk_exam_unit(const struct bk_unit *unit)
{
	return bk_asprintf("rule %s, %s", unit->rule->name, unit->from);
}

/* What ends the round: nothing more can be learnt on this connection. */
static bool ends_all(const struct bk_exam *x, const struct bk_error *err)
{
	return bk_db_lost(x->db) || err->rc == BK_E_UNAVAILABLE || err->rc == BK_E_INTERRUPTED ||
	       err->rc == BK_E_TERMINATED || err->rc == BK_E_INTERNAL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);
	size_t n = strlen(end);

	return n <= len && strcmp(text + len - n, end) == 0;
}

/* The same message comes of every unit that meets the same fault; and what keeps a statement from
   running keeps checks from counting. */
static bool is_known(const struct bk_exam *x, const struct bk_finding *finding)
{
	const char *colon = strstr(finding->what, ": ");
	bool counts = strcmp(finding->code, "check-failed") == 0;

	for (size_t i = 0; i < x->found->count; i++) {
		const struct bk_finding *f = &x->found->items[i];

		if (strcmp(f->code, finding->code) == 0 && strcmp(f->what, finding->what) == 0)
			return true;
		if (counts && colon && f->level == BK_LEVEL_ERROR && ends_with(f->what, colon))
			return true;
	}
	return false;
}

/* What the failure of a statement means, by its error. */
static struct bk_finding finding_of(enum bk_level level, const char *code,
				    const struct bk_error *err)
{
	enum bk_fault fault = bk_fault_of(err);

	if (fault == BK_FAULT_PASSING || fault == BK_FAULT_SLOW)
		return (struct bk_finding){
			.level = BK_LEVEL_NOTE,
			.code = "not-checked",
			.why = "a fault may hide there, and in what comes after it",
			.fix = bk_strdup("bkmaint doctor, at another time"),
		};
	if (err->rc == BK_E_PERMISSION)
		return (struct bk_finding){
			.level = BK_LEVEL_ERROR,
			.code = "privilege-missing",
			.why = "the job fails with exit status 77",
			.fix = bk_strdup("grant the role what the message names; a trigger "
					 "function may be SECURITY DEFINER instead"),
		};
	return (struct bk_finding){
		.level = level,
		.code = code,
		.why = "a run of the job ends with this error",
		.fix = bk_strdup("mend what the message names, then bkmaint doctor"),
	};
}

enum bk_rc bk_exam_failed(struct bk_exam *x, enum bk_level level, const char *code,
			  const char *subject, const struct bk_error *err)
{
	struct bk_finding f;

	if (ends_all(x, err))
		return err->rc;
	/* Whoever has locked the table keeps it from every other look, too. */
	if (strcmp(err->sqlstate, "55P03") == 0)
		x->can_read = false;
	f = finding_of(level, code, err);
	f.subject = bk_strdup(subject);
	f.what = bk_strdup(err->message);
	f.count = BK_NULL_INT;
	if (is_known(x, &f))
		clear_finding(&f);
	else
		bk_diagnosis_add(x->found, f);
	return BK_OK;
}

static bool is_met(const struct bk_exam *x, enum need need)
{
	switch (need) {
	case NEEDS_NOTHING:
		break;
	case NEEDS_TABLE:
		return x->table.count && x->can_read;
	case NEEDS_MAPPING:
		return x->mapping_fits;
	case NEEDS_READING:
		return x->mapping_fits && x->can_read;
	}
	return true;
}

enum bk_rc bk_doctor(struct bk_db *db, const struct bk_doctor_request *request,
		     struct bk_diagnosis *ret, struct bk_error *err)
{
	BK_CLEAN(bk_exam_close) struct bk_exam x;
	enum bk_rc rc = BK_OK;

	bk_exam_open(&x, db, request, ret);
	for (size_t i = 0; i < BK_COUNT(checks) && !rc; i++) {
		if (!is_met(&x, checks[i].need))
			continue;
		rc = checks[i].run(&x, err);
		if (rc)
			rc = bk_exam_failed(&x, BK_LEVEL_ERROR, "check-failed", checks[i].subject,
					    err);
	}
	return rc;
}
