/*
 * What the doctor reads in the catalogs about the mapped table.
 */
#include "job/doctor_checks.h"

#include <string.h>

#include "base/mem.h"
#include "db/sqlfile.h"
#include "db/sqltext.h"
#include "rule/privilege.h"

static void add_misfit(struct bk_exam *x, const char *origin, const char *key,
		       const struct bk_error *err)
{
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_ERROR,
			.code = "mapping",
			.subject = bk_strdup(key),
			.what = bk_asprintf("%s%s%s", origin ? origin : "", origin ? ": " : "",
					    err->message),
			.why = "every job ends with this error (78); what depends on the mapping "
			       "was not checked",
			.fix = bk_strdup(err->hint[0] ? err->hint
						      : "mend that setting in bk.conf, then "
							"bkmaint doctor"),
			.count = BK_NULL_INT,
		});
}

/* Who may not read has been told what to grant; else it is a table that the server found
   behind what the expression names, as a view. */
static void hear_misfit(void *arg, const char *origin, const char *key, const struct bk_error *err)
{
	struct bk_exam *x = arg;

	if (err->rc == BK_E_MAPPING)
		add_misfit(x, origin, key, err);
	else if (x->can_read)
		(void)bk_exam_failed(x, BK_LEVEL_ERROR, "statement-fails", key, err);
}

static enum bk_rc load_jobs(struct bk_exam *x, struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	for (size_t i = 0; i < x->job_count && !rc; i++) {
		struct bk_exam_job *j = &x->jobs[i];

		rc = bk_table_load(x->db, j->job->mapping, &j->job->table, err);
		if (!rc)
			rc = bk_bounds_read(
				x->db, bk_conf_job_num(x->request->conf, j->job->name, "max-age"),
				&x->limits, &j->bounds, err);
	}
	return rc;
}

/* Every fault, and not the first one only: who maps a table wants to mend them together. */
enum bk_rc bk_check_mapping(struct bk_exam *x, struct bk_error *err)
{
	struct bk_misfits misfits = {.hear = hear_misfit, .arg = x};
	enum bk_rc rc = bk_table_look(x->db, x->mapping, &misfits, &x->table, err);

	if (rc || misfits.count)
		return rc;
	rc = load_jobs(x, err);
	x->mapping_fits = rc == BK_OK;
	return rc;
}

/* States of live bookings that stay as they are for ever. */
enum bk_rc bk_check_states(struct bk_exam *x, struct bk_error *err)
{
	bool gaps[BK_STATE_COUNT];

	(void)err;
	if (!bk_rules_gaps(&x->policy, gaps))
		return BK_OK;
	for (int s = 0; s < BK_STATE_COUNT; s++) {
		if (!gaps[s])
			continue;
		bk_diagnosis_add(
			x->found,
			(struct bk_finding){
				.level = BK_LEVEL_WARNING,
				.code = "state-without-end",
				.subject = bk_asprintf("bookings.states.%s", bk_state_names[s]),
				.what = bk_asprintf("no enabled job ends every booking in the "
						    "state %s",
						    bk_state_names[s]),
				.why = "such bookings stay in it for ever",
				.fix = bk_strdup("enable the job that ends it, see STATES THAT "
						 "NOBODY ENDS in bk(7)"),
				.count = BK_NULL_INT,
			});
	}
	return BK_OK;
}

static bool is_true(const char *text)
{
	return text && *text == 't';
}

static void add_no_identity(struct bk_exam *x, const char *schema, const char *table)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf fix = BK_BUF_INIT;

	bk_buf_str(&fix, "ALTER TABLE ");
	bk_sql_ident(&fix, schema);
	bk_buf_char(&fix, '.');
	bk_sql_ident(&fix, table);
	bk_buf_str(&fix, " REPLICA IDENTITY FULL;");
	bk_diagnosis_add(x->found,
			 (struct bk_finding){
				 .level = BK_LEVEL_ERROR,
				 .code = "replica-identity",
				 .subject = bk_asprintf("%s.%s", schema, table),
				 .what = bk_strdup("the table is published with its updates and "
						   "has no replica identity"),
				 .why = "the server refuses every update of it; a primary key, or "
					"REPLICA IDENTITY USING INDEX, is cheaper than FULL",
				 .fix = bk_buf_take(&fix),
				 .count = BK_NULL_INT,
			 });
}

enum bk_rc bk_check_identity(struct bk_exam *x, struct bk_error *err)
{
	const char *params[] = {x->mapping->table_schema, x->mapping->table_name};
	const struct bk_stmt stmt = {"doctor_relations", bk_sql_text("doctor_relations"), params, 2,
				     BK_ANY_ROWS};
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc = bk_tx_one(x->db, BK_TX_READ, &x->limits, &stmt, &rows, err);

	for (int i = 0; !rc && i < bk_rows_count(rows); i++) {
		if (!is_true(bk_rows_text(rows, i, "published")) ||
		    strcmp(bk_rows_text(rows, i, "kind"), "p") == 0 ||
		    is_true(bk_rows_text(rows, i, "has_identity")))
			continue;
		add_no_identity(x, bk_rows_text(rows, i, "schema_name"),
				bk_rows_text(rows, i, "table_name"));
		/* No statement that changes a booking has even a plan then. */
		x->can_update = false;
	}
	return rc;
}

enum bk_rc bk_check_fires(struct bk_exam *x, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf reads = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf writes = BK_BUF_INIT;
	BK_CLEAN(bk_buf_clear) struct bk_buf list = BK_BUF_INIT;
	BK_CLEAN(bk_rows_clean) struct bk_rows *rows = NULL;
	enum bk_rc rc;

	bk_mapped_columns(x->mapping, true, &reads, &writes);
	const char *params[] = {x->mapping->table_schema, x->mapping->table_name,
				x->mapping->status, bk_buf_cstr(&writes)};
	const struct bk_stmt stmt = {"doctor_fires", bk_sql_text("doctor_fires"), params, 4,
				     BK_ANY_ROWS};

	if ((rc = bk_tx_one(x->db, BK_TX_READ, &x->limits, &stmt, &rows, err)))
		return rc;
	for (int i = 0; i < bk_rows_count(rows); i++)
		bk_buf_fmt(&list, "%s%s", i ? "; " : "", bk_rows_text(rows, i, "what"));
	if (!list.len)
		return BK_OK;
	bk_diagnosis_add(
		x->found,
		(struct bk_finding){
			.level = BK_LEVEL_NOTE,
			.code = "change-fires",
			.subject = bk_exam_table(x),
			.what = bk_asprintf("each change of a booking also asks: %s",
					    bk_buf_cstr(&list)),
			.why = "they run in the transaction of the batch, as the role and at the "
			       "cost of the job; what they refuse is set aside",
			.fix = bk_strdup("see that each is right for changes that the clock makes"),
			.count = BK_NULL_INT,
		});
	return BK_OK;
}
