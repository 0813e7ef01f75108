-- min-program: 1.2.0
-- What the people on call and the auditors need: figures by job and hour, settings
-- at run time with their trail, what undo needs, durable readers of events. A
-- script; :"bk" is the schema's name. An older program would not heed the settings,
-- hence min-program.

CREATE TABLE :"bk".execution_stats (
	operation text NOT NULL,
	hour timestamptz NOT NULL,
	runs bigint NOT NULL DEFAULT 0,
	empty bigint NOT NULL DEFAULT 0,
	successes bigint NOT NULL DEFAULT 0,
	partial bigint NOT NULL DEFAULT 0,
	errors bigint NOT NULL DEFAULT 0,
	timeouts bigint NOT NULL DEFAULT 0,
	cancelled bigint NOT NULL DEFAULT 0,
	abandoned bigint NOT NULL DEFAULT 0,
	refused bigint NOT NULL DEFAULT 0,
	processed bigint NOT NULL DEFAULT 0,
	skipped_locked bigint NOT NULL DEFAULT 0,
	quarantined bigint NOT NULL DEFAULT 0,
	retries bigint NOT NULL DEFAULT 0,
	idle_with_rest bigint NOT NULL DEFAULT 0,
	total_ms bigint NOT NULL DEFAULT 0,
	max_ms bigint NOT NULL DEFAULT 0,
	buckets integer[] NOT NULL,
	error_codes jsonb NOT NULL DEFAULT '{}',
	PRIMARY KEY (operation, hour)
) WITH (fillfactor = 70);
CREATE INDEX execution_stats_hour ON :"bk".execution_stats (hour);

COMMENT ON TABLE :"bk".execution_stats IS 'Finished executions by job and hour of their start: what the history says, in a size that does not grow with it. Of the hour at hand the empty runs are in scheduler_job_info still: see the view job_hours.';
COMMENT ON COLUMN :"bk".execution_stats.empty IS 'Of the successes those that found nothing due.';
COMMENT ON COLUMN :"bk".execution_stats.idle_with_rest IS 'Runs that changed nothing while bookings were due.';
COMMENT ON COLUMN :"bk".execution_stats.buckets IS 'Number of executions by execution time: buckets[1 + v], where v is the time in ms up to 15, then each doubling in eight equal parts: v = 8k - 24 + ms / 2^(k-3) with k = floor(log2(ms)).';
COMMENT ON COLUMN :"bk".execution_stats.error_codes IS 'Error code (SQLSTATE, or a word of bk) to number of executions.';

CREATE TABLE :"bk".job_totals (
	operation text PRIMARY KEY,
	runs bigint NOT NULL DEFAULT 0,
	empty bigint NOT NULL DEFAULT 0,
	successes bigint NOT NULL DEFAULT 0,
	partial bigint NOT NULL DEFAULT 0,
	errors bigint NOT NULL DEFAULT 0,
	timeouts bigint NOT NULL DEFAULT 0,
	cancelled bigint NOT NULL DEFAULT 0,
	abandoned bigint NOT NULL DEFAULT 0,
	refused bigint NOT NULL DEFAULT 0,
	processed bigint NOT NULL DEFAULT 0,
	skipped_locked bigint NOT NULL DEFAULT 0,
	quarantined bigint NOT NULL DEFAULT 0,
	retries bigint NOT NULL DEFAULT 0,
	idle_with_rest bigint NOT NULL DEFAULT 0,
	total_ms bigint NOT NULL DEFAULT 0,
	buckets bigint[] NOT NULL,
	error_codes jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
COMMENT ON TABLE :"bk".job_totals IS 'What execution_stats counts, since the job exists and never pruned: counters of metrics that never fall. The empty runs of the hour at hand are in scheduler_job_info still.';
COMMENT ON COLUMN :"bk".job_totals.buckets IS 'Number of executions by execution time: buckets[1 + k], where k = floor(log2(ms)), 0 to 20.';

-- An idle tick adds to its job's row, which it changes anyway.
ALTER TABLE :"bk".scheduler_job_info
	ADD COLUMN idle_until timestamptz,
	ADD COLUMN idle_runs bigint NOT NULL DEFAULT 0,
	ADD COLUMN idle_ms bigint NOT NULL DEFAULT 0,
	ADD COLUMN idle_max_ms bigint NOT NULL DEFAULT 0,
	ADD COLUMN idle_buckets integer[],
	ADD COLUMN settings_version bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN :"bk".scheduler_job_info.idle_until IS 'End of the hour that the other columns idle_* count, which are not in execution_stats yet.';
COMMENT ON COLUMN :"bk".scheduler_job_info.idle_runs IS 'Runs of that hour that found nothing due.';
COMMENT ON COLUMN :"bk".scheduler_job_info.idle_ms IS 'Their execution time in all.';
COMMENT ON COLUMN :"bk".scheduler_job_info.idle_max_ms IS 'The longest of them.';
COMMENT ON COLUMN :"bk".scheduler_job_info.idle_buckets IS 'As execution_stats.buckets.';
COMMENT ON COLUMN :"bk".scheduler_job_info.settings_version IS 'The newest change of the settings, by its number in settings_history; 0 = there is no setting. A tick that read others reads them anew.';

-- A finished execution into the figures of its hour and into those of all time.
CREATE FUNCTION :"bk".count_run(own_schema text, operation text, executed_at timestamptz,
	status text, processed bigint, skipped_locked bigint, remaining bigint, quarantined bigint,
	retries bigint, execution_time_ms bigint, error_code text) RETURNS void LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
	ms bigint := greatest(0, coalesce(execution_time_ms, 0));
	k integer := 0;
	bucket integer;
BEGIN
	WHILE k < 27 AND (ms >> (k + 1)) > 0 LOOP
		k := k + 1;
	END LOOP;
	bucket := 1 + CASE WHEN ms < 16 THEN ms ELSE least(207, 8 * k - 24 + (ms >> (k - 3))) END;
	EXECUTE format($sql$
		INSERT INTO %I.execution_stats AS s
		       (operation, hour, runs, empty, successes, partial, errors, timeouts, cancelled,
			abandoned, refused, processed, skipped_locked, quarantined, retries, idle_with_rest,
			total_ms, max_ms, buckets, error_codes)
		VALUES ($1, $2, 1, ($3 = 'SUCCESS' AND $4 = 0 AND coalesce($6, 0) = 0)::integer,
			($3 = 'SUCCESS')::integer, ($3 = 'PARTIAL')::integer, ($3 = 'ERROR')::integer,
			($3 = 'TIMEOUT')::integer, ($3 = 'CANCELLED')::integer,
			($3 = 'ABANDONED')::integer, ($3 = 'REFUSED')::integer, $4, $5, $7, $8,
			coalesce($4 = 0 AND $6 > 0, false)::integer, $9, $9,
			array_fill(0, ARRAY[$11 - 1]) || 1 || array_fill(0, ARRAY[208 - $11]),
			CASE WHEN $10 IS NULL THEN '{}' ELSE jsonb_build_object($10, 1) END)
		ON CONFLICT (operation, hour) DO UPDATE
		   SET runs = s.runs + 1, empty = s.empty + excluded.empty,
		       successes = s.successes + excluded.successes, partial = s.partial + excluded.partial,
		       errors = s.errors + excluded.errors, timeouts = s.timeouts + excluded.timeouts,
		       cancelled = s.cancelled + excluded.cancelled,
		       abandoned = s.abandoned + excluded.abandoned, refused = s.refused + excluded.refused,
		       processed = s.processed + excluded.processed,
		       skipped_locked = s.skipped_locked + excluded.skipped_locked,
		       quarantined = s.quarantined + excluded.quarantined,
		       retries = s.retries + excluded.retries,
		       idle_with_rest = s.idle_with_rest + excluded.idle_with_rest,
		       total_ms = s.total_ms + excluded.total_ms,
		       max_ms = greatest(s.max_ms, excluded.max_ms),
		       buckets[$11] = s.buckets[$11] + 1,
		       error_codes = CASE WHEN $10 IS NULL THEN s.error_codes
			ELSE jsonb_set(s.error_codes, ARRAY[$10],
				to_jsonb(coalesce((s.error_codes ->> $10)::bigint, 0) + 1)) END
	$sql$, own_schema)
	USING operation, date_trunc('hour', executed_at, 'UTC'), status, processed, skipped_locked,
	      remaining, quarantined, retries, ms, error_code, bucket;
	bucket := 1 + least(20, k);
	EXECUTE format($sql$
		INSERT INTO %I.job_totals AS t
		       (operation, runs, empty, successes, partial, errors, timeouts, cancelled, abandoned,
			refused, processed, skipped_locked, quarantined, retries, idle_with_rest, total_ms,
			buckets, error_codes)
		VALUES ($1, 1, ($2 = 'SUCCESS' AND $3 = 0 AND coalesce($5, 0) = 0)::integer,
			($2 = 'SUCCESS')::integer, ($2 = 'PARTIAL')::integer, ($2 = 'ERROR')::integer,
			($2 = 'TIMEOUT')::integer, ($2 = 'CANCELLED')::integer,
			($2 = 'ABANDONED')::integer, ($2 = 'REFUSED')::integer, $3, $4, $6, $7,
			coalesce($3 = 0 AND $5 > 0, false)::integer, $8,
			array_fill(0::bigint, ARRAY[$10 - 1]) || 1::bigint
				|| array_fill(0::bigint, ARRAY[21 - $10]),
			CASE WHEN $9 IS NULL THEN '{}' ELSE jsonb_build_object($9, 1) END)
		ON CONFLICT (operation) DO UPDATE
		   SET runs = t.runs + 1, empty = t.empty + excluded.empty,
		       successes = t.successes + excluded.successes, partial = t.partial + excluded.partial,
		       errors = t.errors + excluded.errors, timeouts = t.timeouts + excluded.timeouts,
		       cancelled = t.cancelled + excluded.cancelled,
		       abandoned = t.abandoned + excluded.abandoned, refused = t.refused + excluded.refused,
		       processed = t.processed + excluded.processed,
		       skipped_locked = t.skipped_locked + excluded.skipped_locked,
		       quarantined = t.quarantined + excluded.quarantined,
		       retries = t.retries + excluded.retries,
		       idle_with_rest = t.idle_with_rest + excluded.idle_with_rest,
		       total_ms = t.total_ms + excluded.total_ms,
		       buckets[$10] = t.buckets[$10] + 1,
		       error_codes = CASE WHEN $9 IS NULL THEN t.error_codes
			ELSE jsonb_set(t.error_codes, ARRAY[$9],
				to_jsonb(coalesce((t.error_codes ->> $9)::bigint, 0) + 1)) END
	$sql$, own_schema)
	USING operation, status, processed, skipped_locked, remaining, quarantined, retries, ms,
	      error_code, bucket;
END
$body$;

-- A value as text that is the same in every session and reads back in every session.
CREATE FUNCTION :"bk".value_text(value anyelement) RETURNS text LANGUAGE sql STABLE
	SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD'
	SET IntervalStyle = 'postgres' SET extra_float_digits = 1 SET bytea_output = 'hex'
	AS 'SELECT value::pg_catalog.text';
COMMENT ON FUNCTION :"bk".value_text(anyelement) IS 'The text of a value, whatever the settings of the session.';

-- Every way in which an execution that was open ends passes here: its own end, a
-- takeover, cleanup.
CREATE FUNCTION :"bk".count_execution() RETURNS trigger LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
	EXECUTE format('SELECT %I.count_run($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', TG_TABLE_SCHEMA)
	USING TG_TABLE_SCHEMA::text, NEW.operation, NEW.executed_at, NEW.status, NEW.processed_count,
	      NEW.skipped_locked, NEW.remaining, NEW.quarantined, NEW.retry_count::bigint,
	      NEW.execution_time_ms, NEW.error_code;
	RETURN NULL;
END
$body$;
CREATE TRIGGER count_execution AFTER UPDATE OF status ON :"bk".maintenance_executions
	FOR EACH ROW WHEN (OLD.status = 'RUNNING' AND NEW.status <> 'RUNNING')
	EXECUTE FUNCTION :"bk".count_execution();

CREATE VIEW :"bk".job_hours AS
SELECT s.* FROM :"bk".execution_stats AS s
UNION ALL
SELECT j.job_name, j.idle_until - interval '1 hour', j.idle_runs, j.idle_runs, j.idle_runs,
       0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, j.idle_ms, j.idle_max_ms, j.idle_buckets, '{}'
  FROM :"bk".scheduler_job_info AS j
 WHERE j.idle_runs > 0;
COMMENT ON VIEW :"bk".job_hours IS 'execution_stats with the empty runs of the hour at hand: up to two rows a job and hour, to be added up.';

-- Empty runs are counted in it alone, without the table.
DROP INDEX :"bk".maintenance_executions_operation;
CREATE INDEX maintenance_executions_operation
	ON :"bk".maintenance_executions (operation, executed_at, id) INCLUDE (status, processed_count);
-- What is pruned by age. An idle tick does not come into it.
CREATE INDEX maintenance_executions_kept ON :"bk".maintenance_executions (executed_at, id)
	WHERE status <> 'RUNNING' AND (status <> 'SUCCESS' OR processed_count <> 0);

CREATE TABLE :"bk".settings_history (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	command text NOT NULL CHECK (command IN ('set', 'unset', 'rollback', 'enable', 'disable',
						 'pause', 'resume')),
	name text NOT NULL,
	old_value text,
	new_value text,
	reason text,
	author text NOT NULL,
	server_instance text NOT NULL,
	client_address inet,
	rolled_back bigint,
	changed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE INDEX settings_history_name ON :"bk".settings_history (name, id);
COMMENT ON TABLE :"bk".settings_history IS 'Every change of a setting or of a job''s state: who, when, from where, from what to what, and why. Never pruned.';
COMMENT ON COLUMN :"bk".settings_history.name IS 'The setting, or for enable, disable, pause and resume the job.';
COMMENT ON COLUMN :"bk".settings_history.old_value IS 'NULL = there was none.';
COMMENT ON COLUMN :"bk".settings_history.rolled_back IS 'With rollback the change that it took back.';

CREATE TABLE :"bk".settings (
	name text PRIMARY KEY,
	value text NOT NULL,
	change bigint NOT NULL REFERENCES :"bk".settings_history (id)
);
COMMENT ON TABLE :"bk".settings IS 'Settings at run time: each stands over the files of every host, and under its environment.';
COMMENT ON COLUMN :"bk".settings.change IS 'The row of settings_history that made it.';

ALTER TABLE :"bk".maintenance_executions ADD COLUMN undo_of bigint;
COMMENT ON COLUMN :"bk".maintenance_executions.undo_of IS 'The execution that this one took back; NULL = it is no undo.';

ALTER TABLE :"bk".booking_transitions
	ADD COLUMN set_columns text[],
	ADD COLUMN set_before text[],
	ADD COLUMN set_after text[];
CREATE INDEX booking_transitions_order ON :"bk".booking_transitions (txid, id);
COMMENT ON COLUMN :"bk".booking_transitions.set_columns IS 'Further columns that the rule set, without the one of the last change; NULL = none.';
COMMENT ON COLUMN :"bk".booking_transitions.set_before IS 'Their values before as text: set_before[c][i] is set_columns[c] of the i-th booking.';
COMMENT ON COLUMN :"bk".booking_transitions.set_after IS 'The values that the change wrote, after the table''s triggers, alike.';

CREATE TABLE :"bk".event_consumers (
	name text PRIMARY KEY,
	txid xid8 NOT NULL,
	transition_id bigint NOT NULL,
	item integer NOT NULL,
	lost bigint NOT NULL DEFAULT 0,
	lost_at timestamptz,
	lease_token bigint NOT NULL DEFAULT 0,
	lease_expires_at timestamptz,
	holder text,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	moved_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	lost_told bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE :"bk".event_consumers IS 'Readers of events that keep their place here. Events are read in the order of transaction, transition and place in it.';
COMMENT ON COLUMN :"bk".event_consumers.txid IS 'Transaction of the last event that was handed over.';
COMMENT ON COLUMN :"bk".event_consumers.transition_id IS 'Its row in booking_transitions.';
COMMENT ON COLUMN :"bk".event_consumers.item IS 'Its place in that row, from 1 on.';
COMMENT ON COLUMN :"bk".event_consumers.lost IS 'Events that were pruned before it read them, in all.';
COMMENT ON COLUMN :"bk".event_consumers.lost_told IS 'Those of them that it was told of.';
COMMENT ON COLUMN :"bk".event_consumers.lease_token IS 'Fences off a reader that was thought dead.';
COMMENT ON COLUMN :"bk".event_consumers.holder IS 'Who reads now: "host pid 17".';

-- Where archive { table = yes } puts what is pruned: copies of the two tables, in their
-- columns' order, without what new rows need.
CREATE TABLE :"bk".archived_executions (LIKE :"bk".maintenance_executions);
ALTER TABLE :"bk".archived_executions ADD PRIMARY KEY (id);
CREATE INDEX archived_executions_time ON :"bk".archived_executions (executed_at, id);
CREATE TABLE :"bk".archived_transitions (LIKE :"bk".booking_transitions);
ALTER TABLE :"bk".archived_transitions ADD PRIMARY KEY (id);
CREATE INDEX archived_transitions_execution ON :"bk".archived_transitions (execution_id, id);
COMMENT ON TABLE :"bk".archived_executions IS 'Executions that cleanup pruned: columns as in maintenance_executions. Nothing prunes it.';
COMMENT ON TABLE :"bk".archived_transitions IS 'Their transitions: columns as in booking_transitions.';

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
