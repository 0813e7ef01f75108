/*
 * Dead executions and the job cleanup; see dead.h.
 */
#include "dead.h"

#include "rig.h"

struct bk_run_result dead_elsewhere;

void dead_worker(int id, int worker, const char *lease, int processed)
{
	side_exec(rig.side,
		  "INSERT INTO bk.execution_workers (execution_id, worker, token, processed,"
		  " lease_expires_at) VALUES (%d, %d, 0, %d, now() + interval '%s')",
		  id, worker, processed, lease);
}

int dead_execution(const char *operation, int slot, const char *lease, int processed)
{
	int id = (int)side_int(
		rig.side,
		"INSERT INTO bk.maintenance_executions (run_id, operation, description,"
		" executed_at, status, triggered_by, invoked_by, server_instance, pid, version,"
		" slot, lease_token, as_of) VALUES (gen_random_uuid(), '%s', 'd',"
		" now() - interval '1 hour', 'RUNNING', 'SCHEDULER', 'u/u', 'host-7', 17, '1', %d,"
		" 0, now()) RETURNING id",
		operation, slot);

	if (lease)
		dead_worker(id, 0, lease, processed);
	return id;
}

int64_t dead_workers(int id)
{
	return side_int(rig.side,
			"SELECT count(*) FROM bk.execution_workers WHERE execution_id = %d", id);
}

int64_t dead_cleaned(void)
{
	enum bk_rc rc = rig_run();

	ck_assert_msg(rc == BK_OK, "%s", rig.err.message);
	ck_assert_int_eq(rig.result.outcome, BK_OUTCOME_RAN);
	ck_assert_str_eq(rig.result.status, "SUCCESS");
	return rig.result.processed;
}

enum bk_rc dead_run_elsewhere(const char *name)
{
	const struct bk_run_request mine = rig.request;
	enum bk_rc rc;

	bk_run_result_clear(&dead_elsewhere);
	rig.request = bk_job_request(rig.conf, name);
	rig.request.os_user = mine.os_user;
	rig.request.fingerprint = mine.fingerprint;
	rig.request.manual = true;
	rig.request.random = mine.random;
	rc = rig_run_elsewhere(&dead_elsewhere);
	rig.request = mine;
	return rc;
}

void dead_expire_newest(int n)
{
	(void)n;
	side_exec(rig.side, "UPDATE bk.execution_workers SET lease_expires_at = now() WHERE"
			    " execution_id = (SELECT max(id) FROM bk.maintenance_executions)");
}
