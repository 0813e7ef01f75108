# shellcheck shell=bash
# bkmaint backup and restore: what was there comes back, row by row, safe, and under whatever role,
# name, version and cluster.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

umask 022
configure
mkdir safe
empty_table

# rows TABLE [COLUMN...]: every row of it, without these columns
rows() {
	local table=$1 names
	shift
	names=$(IFS=, && echo "$*")
	sql "select to_jsonb(t) - '{$names}'::text[] from bk.$table as t order by 1"
}

# all_rows: every table row by row, but for what a restore changes
all_rows() {
	local table
	for table in $(sql "select relname from pg_class where relnamespace = 'bk'::regnamespace
			and relkind = 'r' order by 1"); do
		echo "- $table"
		case $table in
		scheduler_job_info)
			rows $table lease_token status paused_until paused_reason updated_at ;;
		instances) rows $table mapping_fingerprint ;;
		event_consumers) rows $table lease_token lease_expires_at holder ;;
		maintenance_executions)
			sql "select to_jsonb(e) from bk.$table as e
				where operation not in ('backup', 'restore') order by id" ;;
		settings_history)
			sql "select to_jsonb(h) from bk.$table as h
				where reason is null or reason not like 'restored from %' order by id" ;;
		*) rows $table ;;
		esac
	done
}

# nothing_there: not a trace of the schema
nothing_there() {
	sql_is "select to_regnamespace('bk') is null" t
}

due 5
bkactivate --now
bkmaint hold 1 --reason='"quoted" \ and é' || exit 1
sql "insert into bk.event_consumers values ('mailer', (select max(txid) from (select txid::text::bigint
		as txid from bk.booking_transitions) as q)::text::xid8,
		(select max(id) from bk.booking_transitions), 3, 0, null, 7, now() + '1 h', 'host pid 1');
	insert into bk.settings_history (command, name, new_value, author, server_instance)
		values ('set', 'grace', '7m', 'me', 'here');
	insert into bk.settings values ('grace', '7m', 1);
	update bk.scheduler_job_info set settings_version = 1"

t "a backup is one file for its owner only, silent, and on record"
run bkmaint backup safe/a.dump
is_rc 0
out_is_empty
err_is_empty
is "$(stat -c '%a %F' safe/a.dump)" "600 regular file"
is "$(ls -A safe | tr '\n' ' ')" "a.dump a.dump.sha256 "
run bash -c 'cd safe && sha256sum --check a.dump.sha256'
is_rc 0
is "$(last_record operation status triggered_by)" "backup|SUCCESS|MANUAL"
is "$(last_record description)" \
	"back up to \"safe/a.dump\", sha256 $(sha256sum <safe/a.dump | cut -d ' ' -f 1)"

t "pg_restore reads it, and it holds bk's schema only"
run pg_restore --list safe/a.dump
is_rc 0
out_has 'TABLE DATA bk maintenance_executions'
out_lacks 'public'

t "at a terminal or with -v it says what it made"
run bkmaint backup safe/b.dump -v
is_rc 0
out_has "safe/b.dump holds schema bk at version 3: $(stat -c %s safe/b.dump) bytes, sha256 "
run bkmaint backup "$BK_TEST_DIR/safe/c.dump" --json
is_rc 0
json_is '.data.backup | [.file, .bytes, .sha256, .schemaVersion, .tables] | tojson' "$(jq -cn \
	--arg f "$BK_TEST_DIR/safe/c.dump" --argjson n "$(stat -c %s safe/c.dump)" \
	--arg s "$(sha256sum <safe/c.dump | cut -d ' ' -f 1)" --argjson t "$(sql "select count(*)
		from pg_class where relnamespace = 'bk'::regnamespace and relkind = 'r'")" \
	'[$f, $n, $s, 3, $t]')"

t "what is restored is what was there, row by row, over a schema that is gone"
before=$(all_rows)
bkmaint backup safe/whole.dump || exit 1
sql "drop schema bk cascade"
run bkmaint restore safe/whole.dump -v
is_rc 0
err_is_empty
out_has 'schema bk is restored from safe/whole.dump and at version 3 (execution '
out_has '; 5 jobs are paused until bkmaint resume --all, 0 executions closed'
is "$(all_rows)" "$before" "the rows"
is "$(last_record operation status triggered_by)" "restore|SUCCESS|MANUAL"
is "$(last_record description)" 'restore from "safe/whole.dump"'
run bkmaint migrate --check
is_rc 0

t "every job is paused, says why, and its token is beyond any old one"
sql_is "select distinct concat_ws(' ', status, paused_reason, paused_until)
	from bk.scheduler_job_info" 'PAUSED restored from "safe/whole.dump"'
sql_is "select bool_and(lease_token >= 1000000) from bk.scheduler_job_info" t
sql_is "select count(*) from bk.settings_history where command = 'pause'
	and reason = 'restored from \"safe/whole.dump\"' and new_value = 'PAUSED'" 5
sql_is "select concat_ws(' ', lease_token, lease_expires_at, holder) from bk.event_consumers" 1000007
due 2
run bkactivate --now
is_rc 4
err_has "error: activate-due is paused"
is "$(statuses)" "ACTIVE 5, CONFIRMED 2"
run bkmaint resume --all
is_rc 0
run bkactivate --now
is_rc 0
is "$(statuses)" "ACTIVE 7"

t "the roles may what they could"
sql_is "select has_table_privilege('booking_read', 'bk.settings', 'SELECT')
	and has_table_privilege('booking_update', 'bk.execution_workers', 'DELETE')
	and not has_table_privilege('booking_update', 'bk.settings', 'INSERT')" t

t "nothing is restored over what is there: 4"
before=$(all_rows)
run bkmaint restore safe/whole.dump
is_rc 4
err_has "error: schema bk is not empty, nothing was changed"
err_has "hint: "
run bkmaint restore safe/whole.dump --json
json_is '[.success, .error.code, .data] | tojson' '[false,"REFUSED",null]'
is "$(all_rows)" "$before" "the rows"

t "a run that was at work is closed as of its lease, and what it had done is counted"
running activate-due '1 minute'
running update-expired '1 hour'
sql "update bk.execution_workers set processed = 4, lease_expires_at = now() - interval '1 second'
	where execution_id = (select min(execution_id) from bk.execution_workers);
	update bk.maintenance_executions set executed_at = now() - interval '3 seconds'
		where status = 'RUNNING';
	update bk.scheduler_job_info set total_processed = 0, total_failures = 0, retry_count = 0"
bkmaint backup safe/running.dump || exit 1
sql "drop schema bk cascade"
run bkmaint restore safe/running.dump --json
is_rc 0
json_is '.data.restore | [.closedExecutions, .pausedJobs, .fromSchemaVersion, .schemaVersion]
	| tojson' '[2,5,3,3]'
sql_is "select count(*) from bk.execution_workers" 0
sql_is "select string_agg(concat_ws(' ', operation, status, error_code, processed_count,
		execution_time_ms between 1900 and 2100, remaining), ', ' order by id)
	from bk.maintenance_executions where error_message ~ 'at work when the backup was made'" \
	"activate-due ABANDONED ABANDONED 4 t, update-expired ABANDONED ABANDONED 0 f"
sql_is "select concat_ws(' ', total_processed, total_failures, retry_count)
	from bk.scheduler_job_info where job_name = 'activate-due'" "4 1 1"
run bkmaint resume --all
is_rc 0
run bkactivate --now
is_rc 0

t "a pause that was there is told of, and a disabled job stays disabled"
bkmaint pause activate-due --reason='the app is upgraded' && bkmaint disable cleanup || exit 1
bkmaint backup safe/paused.dump || exit 1
sql "drop schema bk cascade"
run bkmaint restore safe/paused.dump
is_rc 0
sql_is "select paused_reason from bk.scheduler_job_info where job_name = 'activate-due'" \
	'restored from "safe/paused.dump"; it was paused before: the app is upgraded'
sql_is "select status from bk.scheduler_job_info where job_name = 'cleanup'" DISABLED
sql_is "select count(*) from bk.scheduler_job_info where status = 'PAUSED'" 4

t "a job that came later is paused, too"
sql "delete from bk.scheduler_job_info where job_name = 'cancel-no-shows'"
bkmaint backup safe/fewer.dump || exit 1
sql "drop schema bk cascade"
run bkmaint restore safe/fewer.dump
is_rc 0
sql_is "select concat_ws(' ', status, settings_version) from bk.scheduler_job_info
	where job_name = 'cancel-no-shows'" "PAUSED 1"

t "an empty schema that is there already will do"
sql "drop schema bk cascade; create schema bk"
run bkmaint restore safe/whole.dump
is_rc 0
sql_is "select count(*) from bk.scheduler_job_info" 5

# --- roles ---

t "roles that the cluster lacks are made, and the grants are bk's own"
sql "drop schema bk cascade; drop owned by booking_read, booking_update;
	drop role booking_read, booking_update"
run bkmaint restore safe/whole.dump
is_rc 0
err_is_empty
sql_is "select has_table_privilege('booking_update', 'bk.execution_workers', 'DELETE')" t

t "who does not own the schema may not back it up: 77"
sql "create role worker login; grant booking_update to worker;
	create role owner login; grant create on database $PGDATABASE to owner"
run bkmaint backup safe/worker.dump -U worker
is_rc 77
err_has "error: only the owner of schema bk may back it up"
err_has "hint: connect as postgres"
err_lacks GRANT
[ ! -e safe/worker.dump ] || harness_fail "file" none "there is one"
sql "drop schema bk cascade"
run bkmaint restore safe/whole.dump -U worker
is_rc 77
err_has "permission denied for database"
err_has "hint: connect as postgres, or let it type: GRANT CREATE ON DATABASE $PGDATABASE TO worker"
nothing_there

t "an owner without superpowers restores it, and backs it up"
run bkmaint restore safe/whole.dump -U owner
is_rc 0
sql_is "select nspowner::regrole from pg_namespace where nspname = 'bk'" owner
run bkmaint backup safe/owner.dump -U owner
is_rc 0

t "a member that does not inherit is not told to type what is granted already"
sql "create role lazy login noinherit in role owner"
run bkmaint backup safe/lazy.dump -U lazy
is_rc 77
err_has "hint: connect as owner"
err_lacks GRANT
sql "drop schema bk cascade"

# --- another schema name, another version ---

t "a backup goes back under its own name only"
configure 'schema = "My \"own\" *schema"'
bkmaint migrate && bkmaint backup safe/own.dump || exit 1
sql 'drop schema "My ""own"" *schema" cascade'
run bkmaint restore safe/own.dump
is_rc 0
run bkstatus jobs --json
json_is '.data.items | length' 5
sql 'drop schema "My ""own"" *schema" cascade'
configure
run bkmaint restore safe/own.dump
is_rc 4
err_has 'error: the file is no backup of a schema bk of bk'\''s'
err_has 'hint: it holds the schema "My "own" *schema", owned by "postgres"; a backup goes back'
nothing_there

# old_schema: bk's as the second migration left it, with a run and a run at work
old_schema() {
	local file
	for file in schema_bootstrap schema/001_core schema/002_years; do
		psql -XAtq -v ON_ERROR_STOP=1 -v bk=bk -f "$BK_SRC/sql/$file.sql" || return 1
	done
	for file in 001_core 002_years; do
		sql "insert into bk.schema_migrations values (${file%%_*}, '$file',
			'$(sha256sum <"$BK_SRC/sql/schema/$file.sql" | cut -d ' ' -f 1)', '1.0.0')"
	done
	sql "insert into bk.scheduler_job_info (job_name, description, lease_token)
			values ('activate-due', 'x', 9);
		insert into bk.maintenance_executions (run_id, operation, description, executed_at,
				status, triggered_by, invoked_by, server_instance, pid, version,
				lease_token, as_of)
			values (gen_random_uuid(), 'activate-due', 'x', now(), 'RUNNING',
				'SCHEDULER', 'u/u', 'host-7', 17, '1.1.0', 9, now());
		insert into bk.booking_transitions (execution_id, worker, batch_no, rule, from_state,
				to_state, row_count, keys, key_hashes, txid, at)
			values (1, 0, 1, 'activate', 'CONFIRMED', 'ACTIVE', 1, '{{1}}', '{1}', '99999999',
				now())"
}

t "a backup of an older version is restored and migrated"
old_schema || exit 1
pg_dump -Fc -n bk >safe/old.dump && sql "drop schema bk cascade"
run bkmaint restore safe/old.dump --json
is_rc 0
json_is '.data.restore | [.fromSchemaVersion, .schemaVersion, .closedExecutions, .pausedJobs]
	| tojson' '[2,3,1,5]'
sql_is "select string_agg(operation || ' ' || status, ', ' order by id)
	from bk.maintenance_executions" "activate-due ABANDONED, restore SUCCESS, migrate SUCCESS"
sql_is "select lease_token from bk.scheduler_job_info where job_name = 'activate-due'" 1000009
sql_is "select txid from bk.booking_transitions" 1

t "one of a newer bk is refused before anything is done: 78"
sql "insert into bk.schema_migrations values (999, '999_future', 'x', '9.0.0')"
pg_dump -Fc -n bk >safe/future.dump && sql "drop schema bk cascade"
run bkmaint restore safe/future.dump
is_rc 78
err_has "error: schema bk needs bk 9.0.0 or newer"
nothing_there

# --- events ---

# unread READER: what it has not read yet, each event as transition.item
unread="select c.name, t.id || '.' || i as event
	from bk.event_consumers as c, bk.booking_transitions as t, generate_series(1, t.row_count) as i
	where (t.txid, t.id, i) > (c.txid, c.transition_id, c.item)"

t "numbers of transactions that are another cluster's are past here, and no reader loses an event"
bkmaint migrate || exit 1
# Parallel workers: the order of the transactions is not that of the rows.
sql "select setseed(0.5);
	insert into bk.maintenance_executions (run_id, operation, description, executed_at, finished_at,
			status, triggered_by, invoked_by, server_instance, pid, version, lease_token, as_of)
		values (gen_random_uuid(), 'activate-due', 'x', now(), now(), 'SUCCESS', 'SCHEDULER',
			'u/u', 'host-7', 17, '1.2.0', 9, now());
	insert into bk.booking_transitions (execution_id, worker, batch_no, rule, from_state, to_state,
			row_count, keys, key_hashes, txid, at)
		select 1, 0, 1, 'activate', 'CONFIRMED', 'ACTIVE', 1 + n % 3, '{{1,2,3}}', '{1,2,3}',
			(4000000000 + n + (random() * 6)::bigint)::text::xid8, now()
		from generate_series(1, 40) as n;
	delete from bk.booking_transitions where id % 10 = 0;
	insert into bk.event_consumers (name, txid, transition_id, item)
		select concat_ws('.', 'reader', t.id, i), t.txid, t.id, i
			from bk.booking_transitions as t, generate_series(0, t.row_count) as i
		union all values ('new', '4000009999'::xid8, 0, 0), ('first', '3', 0, 0),
			('pruned', '4000000019', 20, 2);
	create table unread as $unread;
	create table done as select name from bk.event_consumers except select name from unread" >/dev/null
bkmaint backup safe/events.dump || exit 1
sql "drop schema bk cascade"
run bkmaint restore safe/events.dump
is_rc 0
sql_is "select bool_and(txid < pg_snapshot_xmin(pg_current_snapshot())) from bk.booking_transitions" t
sql_is "select count(*) > 500 from unread" t
sql_is "select count(*) from (table unread except ($unread)) as lost" 0
# Nor does one that is through read anything again.
sql_is "select count(*) from done" 2
sql_is "select count(*) from ($unread) as u join done using (name)" 0
# And none reads more again than what it had read out of the order of the rows.
sql_is "select max(n) < 20 from (select count(*) as n
	from ($unread except table unread) as again group by name) as q" t
sql_is "select count(*) from bk.event_consumers where transition_id = 1 and item = 1" 1

t "what changes from then on comes after it"
bkmaint resume --all && due 1 && bkactivate --now || exit 1
sql_is "select count(*) from ($unread) as u where event = (select max(id) || '.1'
	from bk.booking_transitions)" "$(sql "select count(*) from bk.event_consumers")"

t "numbers that are past here anyway stay, and with them the places of those who keep their own"
sql "drop table unread, done;
	update bk.booking_transitions set txid = (1 + id % 7)::text::xid8 where id <= 40"
before=$(rows booking_transitions; rows event_consumers lease_token)
bkmaint backup safe/same.dump || exit 1
sql "drop schema bk cascade"
run bkmaint restore safe/same.dump
is_rc 0
is "$(rows booking_transitions; rows event_consumers lease_token)" "$before"
sql "drop schema bk cascade"

done_testing
