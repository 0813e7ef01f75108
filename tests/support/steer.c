/*
 * Steering under test; see steer.h.
 */
#include "steer.h"

#include "base/random.h"
#include "rig.h"

struct bk_error steer_err;

struct bk_control steer(void)
{
	static char run_id[BK_UUID_SIZE];
	struct bk_random random = bk_random_system();

	bk_random_uuid(&random, run_id);
	return (struct bk_control){
		.conf = rig.conf,
		.instance = "host-1",
		.os_user = "tester",
		.run_id = run_id,
		.clock = bk_clock_system(),
	};
}

const char *steer_record(void)
{
	return side_text(rig.side, "SELECT coalesce((SELECT concat(operation, ' ', processed_count,"
				   " ': ', description) FROM bk.maintenance_executions"
				   " WHERE triggered_by = 'MANUAL' ORDER BY id DESC LIMIT 1), '')");
}

int64_t steer_records(void)
{
	return side_int(rig.side, "SELECT count(*) FROM bk.maintenance_executions"
				  " WHERE triggered_by = 'MANUAL'");
}

void steer_when_waited_for(const char *sql)
{
	side_send(rig.side,
		  "DO $$ BEGIN"
		  " WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP"
		  "  IF clock_timestamp() > now() + interval '60 s' THEN"
		  "   RAISE EXCEPTION 'nobody waits'; END IF;"
		  " END LOOP;"
		  " %s; END $$; COMMIT",
		  sql);
}
