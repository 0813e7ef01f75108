-- min-program: 1.0.0
-- The core of bk's schema: jobs, executions, their workers' ledger, the
-- transitions of bookings, and the instances that tick. A script; :"bk" is the
-- schema's name. Every time is a timestamptz by the database's clock.

CREATE TABLE :"bk".scheduler_job_info (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	job_name text NOT NULL UNIQUE,
	description text NOT NULL,
	cron_expression text,
	delay_ms bigint NOT NULL DEFAULT 0 CHECK (delay_ms >= 0),
	last_execution_time timestamptz,
	next_execution_time timestamptz,
	status text NOT NULL DEFAULT 'IDLE'
		CHECK (status IN ('IDLE', 'PAUSED', 'DISABLED', 'ERROR')),
	last_execution_status text,
	last_success_time timestamptz,
	processed_count bigint NOT NULL DEFAULT 0,
	error_message text,
	is_active boolean NOT NULL DEFAULT true,
	retry_count integer NOT NULL DEFAULT 0 CHECK (retry_count >= 0),
	max_retries integer NOT NULL DEFAULT 0 CHECK (max_retries >= 0),
	timeout_ms bigint NOT NULL DEFAULT 0 CHECK (timeout_ms >= 0),
	lease_token bigint NOT NULL DEFAULT 0 CHECK (lease_token >= 0),
	paused_until timestamptz,
	paused_reason text,
	total_runs bigint NOT NULL DEFAULT 0,
	total_failures bigint NOT NULL DEFAULT 0,
	total_processed bigint NOT NULL DEFAULT 0,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	updated_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
) WITH (fillfactor = 50);

COMMENT ON TABLE :"bk".scheduler_job_info IS 'One row per job: its schedule, its state and its lease token.';
COMMENT ON COLUMN :"bk".scheduler_job_info.cron_expression IS 'How the job is usually called; descriptive only.';
COMMENT ON COLUMN :"bk".scheduler_job_info.delay_ms IS 'Milliseconds between two starts, as the last claim used them.';
COMMENT ON COLUMN :"bk".scheduler_job_info.last_execution_time IS 'When the last run was claimed.';
COMMENT ON COLUMN :"bk".scheduler_job_info.next_execution_time IS 'From when on the next tick runs the job (less a slack of a quarter of the delay, 30 s at most); NULL = at once.';
COMMENT ON COLUMN :"bk".scheduler_job_info.status IS 'IDLE, PAUSED, DISABLED or ERROR. RUNNING is never stored: see the view jobs.';
COMMENT ON COLUMN :"bk".scheduler_job_info.last_execution_status IS 'Status of the last finished execution.';
COMMENT ON COLUMN :"bk".scheduler_job_info.processed_count IS 'Bookings that the last finished execution changed.';
COMMENT ON COLUMN :"bk".scheduler_job_info.retry_count IS 'Failed executions in a row.';
COMMENT ON COLUMN :"bk".scheduler_job_info.max_retries IS 'Retries inside one run, as the last claim used them.';
COMMENT ON COLUMN :"bk".scheduler_job_info.timeout_ms IS 'Budget of one run in milliseconds, as the last claim used it.';
COMMENT ON COLUMN :"bk".scheduler_job_info.lease_token IS 'Fencing token of the newest execution; only grows.';
COMMENT ON COLUMN :"bk".scheduler_job_info.paused_until IS 'With status PAUSED: when the pause ends by itself; NULL = not by itself.';
COMMENT ON COLUMN :"bk".scheduler_job_info.total_runs IS 'Executions since the job exists; pruning the history does not lower it.';

CREATE TABLE :"bk".maintenance_executions (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	run_id uuid NOT NULL UNIQUE,
	operation text NOT NULL,
	description text NOT NULL,
	executed_at timestamptz NOT NULL,
	finished_at timestamptz,
	status text NOT NULL CHECK (status IN ('RUNNING', 'SUCCESS', 'PARTIAL', 'ERROR', 'TIMEOUT',
					       'CANCELLED', 'ABANDONED', 'REFUSED')),
	processed_count bigint NOT NULL DEFAULT 0,
	skipped_locked bigint NOT NULL DEFAULT 0,
	quarantined bigint NOT NULL DEFAULT 0,
	remaining bigint DEFAULT 0,
	error_code text,
	error_message text,
	execution_time_ms bigint,
	slowest_batch_ms bigint,
	retry_count integer NOT NULL DEFAULT 0,
	triggered_by text NOT NULL CHECK (triggered_by IN ('SCHEDULER', 'MANUAL')),
	invoked_by text NOT NULL,
	server_instance text NOT NULL,
	pid integer NOT NULL,
	version text NOT NULL,
	slot integer NOT NULL DEFAULT 0,
	lease_token bigint NOT NULL,
	as_of timestamptz NOT NULL,
	cancel_requested boolean NOT NULL DEFAULT false,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	updated_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	CHECK ((status = 'RUNNING') = (finished_at IS NULL))
);

CREATE UNIQUE INDEX maintenance_executions_one_running
	ON :"bk".maintenance_executions (operation, slot) WHERE status = 'RUNNING';
CREATE INDEX maintenance_executions_time
	ON :"bk".maintenance_executions (executed_at, id);
CREATE INDEX maintenance_executions_operation
	ON :"bk".maintenance_executions (operation, executed_at, id);
CREATE INDEX maintenance_executions_unusual
	ON :"bk".maintenance_executions (status, executed_at, id, operation) WHERE status <> 'SUCCESS';
CREATE INDEX maintenance_executions_manual
	ON :"bk".maintenance_executions (executed_at, id, operation) WHERE triggered_by = 'MANUAL';

COMMENT ON TABLE :"bk".maintenance_executions IS 'One row per execution: every run of a job, and every changing command of bkmaint.';
COMMENT ON COLUMN :"bk".maintenance_executions.run_id IS 'Made by the client, so that a claim whose answer was lost can be found again.';
COMMENT ON COLUMN :"bk".maintenance_executions.as_of IS 'The instant at which every rule of the run is judged.';
COMMENT ON COLUMN :"bk".maintenance_executions.processed_count IS 'Bookings changed; of a RUNNING one see execution_workers.';
COMMENT ON COLUMN :"bk".maintenance_executions.skipped_locked IS 'Bookings due at the end of the run that it passed over because others held them locked.';
COMMENT ON COLUMN :"bk".maintenance_executions.remaining IS 'Bookings still due at the end of the run, counted up to 10000; NULL = not known.';
COMMENT ON COLUMN :"bk".maintenance_executions.slot IS 'Which of the instances that may work on the job at once; 0 is the first.';
COMMENT ON COLUMN :"bk".maintenance_executions.lease_token IS 'Fencing token; a writer whose token is not the newest writes nothing.';
COMMENT ON COLUMN :"bk".maintenance_executions.invoked_by IS 'User of the operating system and of the database: "root/bk".';
COMMENT ON COLUMN :"bk".maintenance_executions.server_instance IS 'Host name, or `instance` of the configuration.';

CREATE TABLE :"bk".execution_workers (
	execution_id bigint NOT NULL REFERENCES :"bk".maintenance_executions (id) ON DELETE CASCADE,
	worker integer NOT NULL,
	token bigint NOT NULL,
	batch_no integer NOT NULL DEFAULT 0,
	processed bigint NOT NULL DEFAULT 0,
	lease_expires_at timestamptz NOT NULL,
	PRIMARY KEY (execution_id, worker)
) WITH (fillfactor = 50);

COMMENT ON TABLE :"bk".execution_workers IS 'The ledger: one row per connection at work. Its guarded update is the last thing each batch does, so it is fence, heartbeat and progress at once; rows go when the execution ends.';
COMMENT ON COLUMN :"bk".execution_workers.batch_no IS 'Number of the last committed batch.';

CREATE TABLE :"bk".booking_transitions (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	execution_id bigint NOT NULL REFERENCES :"bk".maintenance_executions (id),
	worker integer NOT NULL,
	batch_no integer NOT NULL,
	rule text NOT NULL,
	from_state text NOT NULL,
	to_state text NOT NULL,
	row_count integer NOT NULL,
	keys text[] NOT NULL,
	key_hashes integer[] NOT NULL,
	txid xid8 NOT NULL,
	at timestamptz NOT NULL
);
ALTER TABLE :"bk".booking_transitions ALTER COLUMN key_hashes SET STORAGE EXTERNAL;

CREATE INDEX booking_transitions_execution ON :"bk".booking_transitions (execution_id, id);
CREATE INDEX booking_transitions_at ON :"bk".booking_transitions (at);

COMMENT ON TABLE :"bk".booking_transitions IS 'What was changed: one row per batch, rule and from-state.';
COMMENT ON COLUMN :"bk".booking_transitions.keys IS 'Keys of the bookings as text: keys[c][i] is key column c of the i-th booking.';
COMMENT ON COLUMN :"bk".booking_transitions.key_hashes IS 'hashtext() of each booking''s key (columns joined by U+001F), for the look-up of one booking without an index.';
COMMENT ON COLUMN :"bk".booking_transitions.txid IS 'Transaction that changed the bookings.';

CREATE TABLE :"bk".instances (
	instance text PRIMARY KEY,
	version text NOT NULL,
	mapping_fingerprint text,
	last_ticks jsonb NOT NULL DEFAULT '{}',
	first_seen_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	seen_at timestamptz NOT NULL
) WITH (fillfactor = 50);

COMMENT ON TABLE :"bk".instances IS 'Hosts that tick, so that a crontab which stopped is seen.';
COMMENT ON COLUMN :"bk".instances.mapping_fingerprint IS 'Of the mapping that this instance last checked against the bookings table.';
COMMENT ON COLUMN :"bk".instances.last_ticks IS 'Job name to the time of its last tick here, kept to the minute.';

CREATE VIEW :"bk".jobs AS
SELECT j.*,
       CASE WHEN r.id IS NOT NULL THEN 'RUNNING'
	    WHEN NOT j.is_active THEN 'DISABLED'
	    WHEN j.status = 'PAUSED' AND j.paused_until <= pg_catalog.clock_timestamp() THEN 'IDLE'
	    ELSE j.status END AS current_status,
       r.id AS running_execution_id,
       r.processed AS running_processed
  FROM :"bk".scheduler_job_info AS j
  LEFT JOIN LATERAL (
	SELECT e.id, pg_catalog.sum(w.processed)::bigint AS processed
	  FROM :"bk".maintenance_executions AS e
	  JOIN :"bk".execution_workers AS w ON w.execution_id = e.id
	 WHERE e.operation = j.job_name AND e.status = 'RUNNING'
	 GROUP BY e.id
	HAVING pg_catalog.max(w.lease_expires_at) > pg_catalog.clock_timestamp()
	 ORDER BY e.id DESC LIMIT 1) AS r ON true;

COMMENT ON VIEW :"bk".jobs IS 'Jobs with their status as of now: RUNNING while a worker''s lease is alive.';
