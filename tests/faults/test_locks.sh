# shellcheck shell=bash
# Other sessions hold locks, and transactions that the server ends because of others: tried again
# while there are retries and time, and nothing is done by halves.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

quick='lock-timeout = 100ms retry-base = 10ms'
audited_table
configure "activate-due { batch-size = 3 $quick }"
fresh 5
bkactivate --now
undisturbed=$(table)

waiting="from pg_stat_activity where application_name like 'bk:%' and wait_event_type = 'Lock'"

# waits_again: the run has waited for a lock, given up, and waits anew
waits_again() {
	local first
	wait_for "exists (select $waiting)"
	first=$(sql "select max(query_start) $waiting")
	wait_for "exists (select $waiting and query_start > '${first:--infinity}')"
}

t "the table is locked for longer than all retries: ERROR, and nothing is changed"
fresh 5
hold "lock table bookings in share row exclusive mode"
run bkactivate --now --json
is_rc 1
json_is '[.success, .error.sqlstate, .data.status] | tojson' '[false,"55P03","ERROR"]'
let_go
is "$(all_records status processed_count retry_count)" "ERROR 0 3"
is "$(statuses)" "CONFIRMED 5"
is_sound
sql_is "select status || ' ' || retry_count from bk.scheduler_job_info
	where job_name = 'activate-due'" "ERROR 1"

for known in no yes; do
	t "a lock against readers as well keeps it from looking (mapping checked: $known): ERROR"
	fresh 5
	[ $known = no ] || bkactivate
	sql "update bookings set status = 'CONFIRMED';
		update bk.scheduler_job_info set retry_count = 0, total_failures = 0"
	hold "lock table bookings"
	run bkactivate --now --json
	is_rc 1
	json_is '[.success, .error.sqlstate, .data.status, .data.remaining] | tojson' \
		'[false,"55P03","ERROR",null]'
	json_is '.error.message | contains("lock timeout")' true
	let_go
	is "$(last_record status processed_count retry_count)" "ERROR|0|3"
	is "$(statuses)" "CONFIRMED 5"
	sql_is "select status || ' ' || retry_count || ' ' || total_failures
		from bk.scheduler_job_info where job_name = 'activate-due'" "ERROR 1 1"
	run bkactivate --now
	is_rc 0
	is "$(statuses)" "ACTIVE 5"
done

t "a tick that is not due is not failed by it"
fresh 5
bkactivate
hold "lock table bookings"
run bkactivate --json
is_rc 0
json_is .data.outcome not-due
let_go
is "$(all_records status)" "SUCCESS"

configure "activate-due { batch-size = 3 max-retries = 100 $quick }"
for mode in "share row exclusive" "access exclusive"; do
	t "the table is locked ($mode) and let go in time: done, at a later try"
	fresh 5
	hold "lock table bookings in $mode mode"
	launch bkactivate --now
	waits_again
	let_go
	finish
	is_rc 0
	ends_as "$undisturbed"
	is "$(all_records status processed_count)" "SUCCESS 5"
done

t "rows that another session holds are passed over, and done by the next run"
fresh 5
hold "select from bookings where id in (2, 4) for update"
run bkactivate --now --json
is_rc 0
json_is '[.data.status, .data.processedCount, .data.skippedLocked, .data.remaining] | tojson' \
	'["SUCCESS",3,2,2]'
is "$(statuses)" "ACTIVE 3, CONFIRMED 2"
let_go
run bkactivate --now
is_rc 0
ends_as "$undisturbed"

t "every row is held: a run that ends, with nothing done"
fresh 5
hold "select from bookings for update"
run bkactivate --now --json
is_rc 0
json_is '[.data.status, .data.processedCount, .data.skippedLocked] | tojson' '["SUCCESS",0,5]'
let_go
is_sound

t "a deadlock with another session: tried again, and done"
sql "create table other (id int primary key, n int default 0);
	insert into other values (1);
	create function touch() returns trigger language plpgsql as \$\$ begin
		perform pg_advisory_xact_lock_shared(4242);
		update public.other set n = n + 1;
		return new;
	end \$\$;
	create trigger touch before update on bookings for each row execute function touch();
	alter database $PGDATABASE set deadlock_timeout = '50ms'"
configure 'activate-due { batch-size = 3 retry-base = 10ms }'
fresh 5
hold "select pg_advisory_xact_lock(4242)"
launch bkactivate --now
wait_for "exists (select $waiting)"
psql -XAtq -c "set deadlock_timeout = '1min'" -c "set application_name = 'rival'" \
	-c "begin" -c "update other set n = 100" \
	-c "update bookings set resource_id = 7 where id = 1" -c "commit" 9>&- &
rival=$!
wait_for "exists (select from pg_stat_activity where application_name = 'rival'
	and wait_event_type = 'Lock')"
let_go
finish
wait "$rival"
is_rc 0
ends_as "$undisturbed"
is "$(all_records status retry_count)" "SUCCESS 1"
sql_is "select n || ' ' || resource_id from other, bookings where bookings.id = 1" "106 7"
sql "drop trigger touch on bookings; drop table other;
	alter database $PGDATABASE reset deadlock_timeout"

t "the database's default isolation does not matter"
sql "alter table audit add isolation text default current_setting('transaction_isolation');
	alter database $PGDATABASE set default_transaction_isolation = 'repeatable read'"
fresh 5
run bkactivate --now
is_rc 0
sql_is "select distinct isolation from audit" "read committed"
ends_as "$undisturbed"
sql "alter database $PGDATABASE reset default_transaction_isolation"

# A sequence remembers across a rollback.
sql "create sequence strikes;
	create function strike() returns trigger language plpgsql as \$\$ begin
		if new.id = 4 and nextval('strikes') <= tg_argv[1]::int then
			raise exception 'struck' using errcode = tg_argv[0];
		end if;
		return new;
	end \$\$"

# struck SQLSTATE TIMES: that error, so many times, in the second batch
struck() {
	fresh 5
	sql "drop trigger if exists strike on bookings; alter sequence strikes restart;
		create trigger strike before update on bookings
			for each row execute function strike('$1', $2)"
}

for sqlstate in 40001 40P01 55P03 53100 53200 53400; do
	t "$sqlstate once: tried again, and done"
	struck $sqlstate 1
	run bkactivate --now
	is_rc 0
	ends_as "$undisturbed"
	is "$(all_records status processed_count retry_count)" "SUCCESS 5 1"
done

t "40001 each time: ERROR after max-retries, and what was committed stays"
struck 40001 1000
run bkactivate --now --json
is_rc 1
json_is '[.error.sqlstate, .data.status] | tojson' '["40001","ERROR"]'
is "$(all_records status processed_count retry_count)" "ERROR 3 3"
is "$(statuses)" "ACTIVE 3, CONFIRMED 2"
is_sound

t "what no retry mends is tried once"
struck 42P17 1000
run bkactivate --now
is_rc 1
is "$(all_records status processed_count retry_count)" "ERROR 3 0"
sql_is "select nextval('strikes')" 2
sql "drop trigger strike on bookings"

t "a batch that takes longer than statement-timeout is tried with less"
sql "create function dawdle() returns trigger language plpgsql as
	\$\$ begin perform pg_sleep(0.02); return new; end \$\$;
	create trigger dawdle before update on bookings for each row execute function dawdle()"
configure "activate-due { batch-size = 20 statement-timeout = 200ms $quick }"
fresh 20
run bkactivate --now
is_rc 0
is "$(statuses)" "ACTIVE 20"
ends_as "$(table)"
is "$(all_records status processed_count "retry_count > 0")" "SUCCESS 20 t"

done_testing
