/*
 * Who is to blame where a scan failed; see internal.h.
 */
#include "job/internal.h"

#include "rule/culprit.h"

/* A run that failed has a record to close; the search must not keep it from that for long. */
#define BLAME_MS 5000

enum bk_rc bk_job_blame(struct bk_job *job, const struct bk_blame *blame, size_t unit,
			struct bk_error *err)
{
	const struct bk_clock *clock = &blame->request->clock;
	int64_t end = clock->mono_ms(clock->self) + BLAME_MS;
	const struct bk_search search = {
		.db = blame->db,
		.mapping = job->mapping,
		.table = &job->table,
		.as_of = blame->as_of,
		.lower = blame->lower,
		.limits = {blame->request->statement_timeout_ms, blame->request->lock_timeout_ms,
			   true, &job->company},
		.clock = clock,
		.deadline_ms = end < blame->deadline_ms ? end : blame->deadline_ms,
	};
	struct bk_error ignored;

	/* The probe comes before anything was read. */
	if (bk_fault_of(err) != BK_FAULT_ROW ||
	    (!job->table.count && bk_table_load(blame->db, job->mapping, &job->table, &ignored)))
		return err->rc;
	for (size_t i = 0; i < job->units.count; i++)
		if ((unit == BK_ANY_UNIT || unit == i) &&
		    bk_culprit_blame(&search, &job->units.items[i], err))
			break;
	return err->rc;
}

enum bk_rc bk_run_blame(struct bk_job *job, const struct bk_run *run, size_t unit,
			struct bk_error *err)
{
	const struct bk_blame blame = {run->db, run->request, run->as_of, run->lower,
				       run->deadline_ms};

	return bk_job_blame(job, &blame, unit, err);
}
