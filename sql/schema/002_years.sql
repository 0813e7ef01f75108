-- min-program: 1.1.0
-- What runs for years need: bookings on hold, bookings set aside because the
-- database refuses their change, a way to stop a run from another host, progress
-- that others can see, the clock of each host. A script; :"bk" is the schema's
-- name. An older program would change bookings on hold, hence min-program.

ALTER TABLE :"bk".scheduler_job_info ADD COLUMN last_instance text;
COMMENT ON COLUMN :"bk".scheduler_job_info.last_instance IS 'Instance of the newest execution; with leader = sticky the job stays there.';

ALTER TABLE :"bk".maintenance_executions ADD COLUMN due_total bigint;
COMMENT ON COLUMN :"bk".maintenance_executions.due_total IS 'Bookings that the run has to change in all, counted once when it takes long; NULL = not counted.';
COMMENT ON COLUMN :"bk".maintenance_executions.cancel_requested IS 'bkmaint cancel asked for its end; its workers see their own copy.';
COMMENT ON COLUMN :"bk".maintenance_executions.quarantined IS 'Bookings that this run set aside because the database refused their change.';
COMMENT ON COLUMN :"bk".maintenance_executions.retry_count IS 'Times that this run tried a batch again after a fault that may pass.';

ALTER TABLE :"bk".execution_workers ADD COLUMN cancel_requested boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN :"bk".execution_workers.cancel_requested IS 'The worker reads it with each batch and stops.';

ALTER TABLE :"bk".instances ADD COLUMN clock_difference_ms bigint;
COMMENT ON COLUMN :"bk".instances.clock_difference_ms IS 'Clock of the host minus clock of the database at its last tick; above 0 = the host is ahead.';

CREATE TABLE :"bk".booking_holds (
	booking_key text[] PRIMARY KEY,
	held_until timestamptz,
	reason text NOT NULL,
	author text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
COMMENT ON TABLE :"bk".booking_holds IS 'Hands off: bookings that no job changes.';
COMMENT ON COLUMN :"bk".booking_holds.booking_key IS 'Key of the booking, one text per key column, in the form of booking_transitions.keys.';
COMMENT ON COLUMN :"bk".booking_holds.held_until IS 'From then on jobs may change it again; NULL = until it is released.';
COMMENT ON COLUMN :"bk".booking_holds.author IS 'User of the operating system and of the database: "root/bk".';

CREATE TABLE :"bk".quarantined_bookings (
	rule text NOT NULL,
	booking_key text[] NOT NULL,
	operation text NOT NULL,
	execution_id bigint NOT NULL,
	error_code text NOT NULL,
	error_message text NOT NULL,
	first_seen_at timestamptz NOT NULL,
	last_seen_at timestamptz NOT NULL,
	tries integer NOT NULL DEFAULT 1 CHECK (tries > 0),
	next_try_at timestamptz NOT NULL,
	PRIMARY KEY (rule, booking_key)
);
COMMENT ON TABLE :"bk".quarantined_bookings IS 'Bookings set aside for a while because the database refused their change by a rule.';
COMMENT ON COLUMN :"bk".quarantined_bookings.booking_key IS 'As booking_holds.booking_key.';
COMMENT ON COLUMN :"bk".quarantined_bookings.execution_id IS 'The execution that found it last; it may be pruned.';
COMMENT ON COLUMN :"bk".quarantined_bookings.error_code IS 'SQLSTATE.';
COMMENT ON COLUMN :"bk".quarantined_bookings.next_try_at IS 'Until then the rule passes over the booking.';

-- A view cannot get columns in its middle, where j.* puts them.
DROP VIEW :"bk".jobs;
CREATE VIEW :"bk".jobs AS
SELECT j.*,
       CASE WHEN r.id IS NOT NULL THEN 'RUNNING'
	    WHEN NOT j.is_active THEN 'DISABLED'
	    WHEN j.status = 'PAUSED' AND j.paused_until <= pg_catalog.clock_timestamp() THEN 'IDLE'
	    ELSE j.status END AS current_status,
       r.id AS running_execution_id,
       r.processed AS running_processed,
       r.due_total AS running_total,
       r.executions AS running_executions
  FROM :"bk".scheduler_job_info AS j
  LEFT JOIN LATERAL (
	SELECT pg_catalog.max(a.id) AS id, pg_catalog.sum(a.processed)::bigint AS processed,
	       CASE WHEN pg_catalog.count(a.due_total) OPERATOR(pg_catalog.>) 0
		    THEN pg_catalog.max(a.due_total) END AS due_total,
	       pg_catalog.count(*) AS executions
	  FROM (SELECT e.id, e.due_total, pg_catalog.sum(w.processed) AS processed
		  FROM :"bk".maintenance_executions AS e
		  JOIN :"bk".execution_workers AS w ON w.execution_id = e.id
		 WHERE e.operation = j.job_name AND e.status = 'RUNNING'
		 GROUP BY e.id, e.due_total
		HAVING pg_catalog.max(w.lease_expires_at) > pg_catalog.clock_timestamp()) AS a
	HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0) AS r ON true;

COMMENT ON VIEW :"bk".jobs IS 'Jobs with their status as of now: RUNNING while a worker''s lease is alive; the newest such execution, and the bookings of all.';

