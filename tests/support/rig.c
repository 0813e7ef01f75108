/*
 * A run under test; see rig.h. The work of the job is wrapped, so that the
 * seams lie exactly between the steps of lib/run.
 */
#include "rig.h"

#include "base/mem.h"
#include "db/sqlfile.h"

struct rig rig;
_Thread_local const struct bk_run *rig_at;
static _Thread_local int batch_at;
static struct bk_work inner;

static int64_t mono_ms(void *self)
{
	struct bk_clock system = bk_clock_system();

	(void)self;
	return system.mono_ms(system.self) + rig.jump_ms;
}

static int64_t wall_us(void *self)
{
	struct bk_clock system = bk_clock_system();

	(void)self;
	return system.wall_us(system.self);
}

/* A pause passes at once, on the run's own clock. */
static void sleep_ms(void *self, int64_t ms)
{
	int n = ++rig.pauses;

	(void)self;
	rig.jump_ms += ms;
	if (rig.on_pause)
		rig.on_pause(n);
}

static enum bk_rc prepare(void *self, const struct bk_run *run, struct bk_error *err)
{
	rig_at = run;
	if (rig.before_prepare)
		rig.before_prepare();
	return inner.prepare(self, run, err);
}

static enum bk_rc count(void *self, const struct bk_run *run, int64_t limit, struct bk_due *ret,
			struct bk_error *err)
{
	return inner.count(self, run, limit, ret, err);
}

static enum bk_rc batch(void *self, const struct bk_run *run, int64_t max, struct bk_batch *ret,
			struct bk_error *err)
{
	enum bk_rc rc;

	rig_at = run;
	batch_at = ++rig.batches;
	if (rig.before_batch)
		rig.before_batch(batch_at);
	rc = inner.batch(self, run, max, ret, err);
	if (!rc && rig.before_commit)
		rig.before_commit(batch_at);
	return rc;
}

static enum bk_rc part(void *self, const struct bk_run *run, int64_t first, int64_t count,
		       struct bk_batch *ret, struct bk_error *err)
{
	int n = ++rig.parts;

	rig_at = run;
	if (rig.before_part)
		rig.before_part(n);
	return inner.part(self, run, first, count, ret, err);
}

static void committed(void *self)
{
	inner.committed(self);
	if (rig.after_commit)
		rig.after_commit(batch_at);
}

static enum bk_rc rest(void *self, const struct bk_run *run, struct bk_rest *ret,
		       struct bk_error *err)
{
	enum bk_rc rc = inner.rest(self, run, ret, err);

	rig_at = run;
	if (rig.before_end)
		rig.before_end();
	return rc;
}

static void free_all(void)
{
	bk_run_result_clear(&rig.result);
	bk_job_clean(&rig.job);
	bk_conf_clean(&rig.conf);
}

void rig_conf(const char *text)
{
	bk_job_clean(&rig.job);
	bk_conf_clean(&rig.conf);
	rig.conf = pg_conf(text);
}

void rig_open(void)
{
	rig = (struct rig){.jump_ms = 0};
	pg_open();
	rig.side = side_open();
	rig_conf("");
	side_exec(rig.side, "DROP TABLE IF EXISTS public.bookings, public.audit CASCADE");
	pg_fresh_schema(rig.conf);
	pg_script(bk_sql_text("reference_bookings"));
}

void rig_close(void)
{
	free_all();
	side_close(rig.side);
	pg_close();
}

void rig_job(const char *job)
{
	bk_job_clean(&rig.job);
	rig.job = bk_job_new(rig.conf, job);
	rig.request = bk_job_request(rig.conf, job);
	rig.request.instance = "host-1";
	rig.request.os_user = "tester";
	rig.request.fingerprint = "f1";
	rig.request.manual = true;
	rig.request.clock = (struct bk_clock){mono_ms, wall_us, NULL, sleep_ms};
	rig.request.random = bk_random_system();
}

/* A job keeps its positions: each run has one of its own. */
static void renew_job(void)
{
	const char *name = rig.request.job;

	bk_job_free(rig.job);
	rig.job = bk_job_new(rig.conf, name);
}

enum bk_rc rig_run(void)
{
	struct bk_work outer;
	enum bk_rc rc;

	renew_job();
	bk_run_result_clear(&rig.result);
	rig.batches = rig.parts = rig.pauses = 0;
	rc = bk_job_work(rig.job, &inner, &rig.err);
	ck_assert_msg(rc == BK_OK, "%s", rig.err.message);
	outer = inner;
	outer.prepare = prepare;
	outer.count = count;
	outer.batch = batch;
	outer.part = part;
	outer.committed = committed;
	outer.rest = rest;
	rc = bk_run(&pg_db, &rig.request, &outer, &rig.result, &rig.err);
	rig_at = NULL;
	return rc;
}

enum bk_outcome rig_tick_at(const char *at)
{
	rig.request.manual = false;
	rig.request.clock_override = at;
	ck_assert_msg(rig_run() == BK_OK, "%s", rig.err.message);
	return rig.result.outcome;
}

enum bk_rc rig_connect(void *arg, int64_t timeout_ms, bool hold, struct bk_db **ret,
		       struct bk_error *err)
{
	const struct bk_db_params params = {
		.application = "bk:again",
		.interrupted = rig.interrupted,
		.hold_interrupts = hold,
		.connect_timeout_ms = timeout_ms,
		.clock = bk_clock_system(),
	};

	(void)arg;
	return bk_db_connect(&params, ret, err);
}

enum bk_rc rig_run_elsewhere(struct bk_run_result *ret)
{
	BK_CLEAN(bk_db_clean) struct bk_db *db = NULL;
	BK_CLEAN(bk_job_clean) struct bk_job *job = bk_job_new(rig.conf, rig.request.job);
	struct bk_run_request request = rig.request;
	struct bk_work work;
	enum bk_rc rc;

	request.instance = "host-2";
	request.clock = bk_clock_system();
	if ((rc = rig_connect(NULL, 20000, false, &db, &rig.elsewhere_err)) ||
	    (rc = bk_job_work(job, &work, &rig.elsewhere_err)))
		return rc;
	return bk_run(&db, &request, &work, ret, &rig.elsewhere_err);
}

void rig_due(int n)
{
	side_exec(rig.side,
		  "INSERT INTO public.bookings (status, starts_at, ends_at, checked_in_at)"
		  " SELECT 'CONFIRMED', now() - interval '1 hour' + g * (interval '30 m' /"
		  " greatest(%d, 1)),"
		  " now() + interval '1 day', now() - interval '2 hours'"
		  " FROM generate_series(1, %d) AS g",
		  n, n);
}

void rig_refuse(void)
{
	side_exec(rig.side,
		  "CREATE OR REPLACE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS"
		  " $$ BEGIN RAISE EXCEPTION 'booking %% is refused', OLD.id; END $$;"
		  "CREATE TRIGGER refuse BEFORE UPDATE OF status ON public.bookings FOR EACH ROW"
		  " WHEN (OLD.resource_id = 666 AND NEW.status = 'ACTIVE') EXECUTE"
		  " FUNCTION public.refuse()");
}

void rig_spoil(const char *which)
{
	side_exec(rig.side, "UPDATE public.bookings SET resource_id = 666 WHERE %s", which);
}

const char *rig_aside(void)
{
	return side_text(rig.side, "SELECT coalesce(string_agg(booking_key[1], ' ' ORDER BY"
				   " booking_key[1]::bigint), '') FROM bk.quarantined_bookings");
}

void rig_audit(void)
{
	side_exec(rig.side,
		  "CREATE TABLE public.audit (n bigint GENERATED ALWAYS AS IDENTITY, id text,"
		  " from_state text, to_state text);"
		  "CREATE OR REPLACE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$"
		  " BEGIN INSERT INTO public.audit (id, from_state, to_state)"
		  " VALUES (OLD.id::text, OLD.status::text, NEW.status::text); RETURN NULL; END $$;"
		  "CREATE TRIGGER note AFTER UPDATE OF status ON public.bookings"
		  " FOR EACH ROW EXECUTE FUNCTION public.note()");
}

const char *rig_record(int id)
{
	return side_text(rig.side,
			 "SELECT concat_ws(' ', status, processed_count, error_code) FROM"
			 " bk.maintenance_executions WHERE id = %d",
			 id);
}

const char *rig_job_column(const char *column)
{
	return side_text(
		rig.side,
		"SELECT (%s)::text FROM bk.scheduler_job_info WHERE job_name = 'activate-due'",
		column);
}

int64_t rig_changed(void)
{
	return side_int(rig.side, "SELECT count(*) FROM audit");
}

int64_t rig_changed_twice(void)
{
	return side_int(rig.side, "SELECT count(*) - count(DISTINCT id) FROM audit");
}
