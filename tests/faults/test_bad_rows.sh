# shellcheck shell=bash
# Rows whose change the database refuses: they are set aside with its reason, all others are changed.
# A fault of all rows is none of them: then nothing is set aside.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

audited_table
settings='first-run-limit = 0 retry-base = 10ms timeout = 2m'
configure "activate-due { $settings }"

# refuse CONDITION [SQLSTATE]: a trigger that raises it for these rows
refuse() {
	sql "create or replace function refuse() returns trigger language plpgsql as \$\$ begin
			if $1 then
				raise exception 'booking % is refused', new.id using errcode = '${2:-P0001}';
			end if;
			return new;
		end \$\$;
		drop trigger if exists refuse on bookings;
		create trigger refuse before update of status on bookings
			for each row execute function refuse()"
}

mend() {
	sql "drop trigger if exists refuse on bookings"
}

# set_aside: "77 P0001 1" for each, that is key, SQLSTATE, tries
set_aside() {
	sql "select string_agg(array_to_string(booking_key, ',') || ' ' || error_code || ' ' || tries, ', '
		order by booking_key[1]::bigint) from bk.quarantined_bookings"
}

try_again_now() {
	sql "update bk.quarantined_bookings set next_try_at = now() - interval '1 second'"
}

# all_but N: the others of 10,000 are changed, and the N are not
all_but() {
	ends_as "$(table)"
	is "$(statuses)" "ACTIVE $((10000 - $1)), CONFIRMED $1"
}

for bad in 1 5000 10000; do
	t "one bad row in 10,000: number $bad"
	fresh 10000
	refuse "new.id = $bad"
	run bkactivate --now --json
	is_rc 3
	json_is '[.data.status, .data.processedCount, .data.remaining, .error.code] | tojson' \
		'["PARTIAL",9999,1,"WORK_REMAINS"]'
	is "$(last_record status processed_count quarantined)" "PARTIAL|9999|1"
	all_but 1
	is "$(set_aside)" "$bad P0001 1"
	sql_is "select error_message like '%booking $bad is refused%' and operation = 'activate-due'
		and next_try_at > now() from bk.quarantined_bookings" t
done

t "the next run passes over it"
run bkactivate --now
is_rc 0
is "$(last_record status processed_count quarantined)" "SUCCESS|0|0"
is "$(set_aside)" "10000 P0001 1"

t "and does its other work"
due 3
run bkactivate --now
is_rc 0
is "$(last_record status processed_count quarantined)" "SUCCESS|3|0"

t "when its time has come it is tried again, and waits for longer"
wait_before=$(sql "select next_try_at - last_seen_at from bk.quarantined_bookings")
try_again_now
run bkactivate --now
is_rc 3
is "$(last_record status processed_count quarantined)" "PARTIAL|0|1"
is "$(set_aside)" "10000 P0001 2"
sql_is "select next_try_at - last_seen_at > '$wait_before'::interval and first_seen_at < last_seen_at
	from bk.quarantined_bookings" t

t "mended, it is changed and forgotten"
mend
try_again_now
run bkactivate --now
is_rc 0
is "$(last_record status processed_count quarantined)" "SUCCESS|1|0"
is "$(set_aside)" ""
is_sound
is "$(statuses)" "ACTIVE 10003"

t "100 bad rows in 10,000"
fresh 10000
refuse "new.id % 100 = 0"
run bkactivate --now
is_rc 3
is "$(last_record status processed_count quarantined)" "PARTIAL|9900|100"
all_but 100
sql_is "select count(*), min(booking_key[1]::int), max(booking_key[1]::int),
	bool_and(booking_key[1]::int % 100 = 0) from bk.quarantined_bookings" "100|100|10000|t"

t "one more than max-quarantine is a fault of all"
configure "activate-due { $settings max-quarantine = 9 }"
fresh 1000
run bkactivate --now --json
is_rc 1
json_is .data.status ERROR
err_has max-quarantine
is "$(set_aside)" ""
is_sound
configure "activate-due { $settings }"

# What refuses a row, the SQLSTATE it gives, and how to make it.
kinds=(
	"a CHECK|23514|alter table bookings add constraint no check (id <> 500 or status <> 'ACTIVE')"
	"a unique index|23505|create unique index no on bookings (customer_id) where status = 'ACTIVE';
		update bookings set customer_id = id; update bookings set customer_id = 499 where id = 500"
	"an exclusion|23P01|alter table bookings add constraint no
		exclude using btree (customer_id with =) where (status = 'ACTIVE');
		update bookings set customer_id = id; update bookings set customer_id = 499 where id = 500"
	"a deferred constraint trigger|P0001|create constraint trigger no after update on bookings
		deferrable initially deferred for each row when (new.id = 500) execute function late()"
	"a foreign key|23503|create table places (id bigint, status text, primary key (id, status));
		insert into places select id, 'ACTIVE' from bookings where id <> 500;
		insert into places select id, status from bookings;
		alter table bookings add constraint no foreign key (id, status) references places
			deferrable initially deferred"
	"a value out of range|22012|create function no() returns trigger language plpgsql as
		\$\$ begin new.resource_id = 1 / (500 - new.id); return new; end \$\$;
		create trigger no before update of status on bookings for each row execute function no()"
)
unmake="drop trigger if exists no on bookings; drop function if exists no;
	alter table bookings drop constraint if exists no; drop index if exists no;
	drop table if exists places"
mend
sql "create function late() returns trigger language plpgsql as
	\$\$ begin raise exception 'too late'; end \$\$"
for kind in "${kinds[@]}"; do
	t "refused by ${kind%%|*}"
	state=${kind#*|}
	fresh 1000
	sql "${state#*|}"
	run bkactivate --now
	is_rc 3
	is "$(last_record status processed_count quarantined)" "PARTIAL|999|1"
	is "$(set_aside)" "500 ${state%%|*} 1"
	ends_as "$(table)"
	sql "$unmake"
done

t "a bad row is counted once, also when the run looks again for rows that others held"
fresh 100
refuse "new.id = 50"
hold "select from bookings where id = 20 for update"
run bkactivate --now
is_rc 3
is "$(last_record status processed_count quarantined skipped_locked)" "PARTIAL|98|1|1"
let_go
is "$(set_aside)" "50 P0001 1"

t "two workers, and bad rows for both"
configure "activate-due { $settings batch-size = 50 parallel = 2 }"
fresh 1000
refuse "new.id in (7, 300, 301, 999)"
run bkactivate --now
is_rc 3
is "$(last_record status processed_count quarantined)" "PARTIAL|996|4"
is "$(set_aside)" "7 P0001 1, 300 P0001 1, 301 P0001 1, 999 P0001 1"
ends_as "$(table)"
configure "activate-due { $settings }"

t "a trigger in maintenance mode refuses every row: ERROR, and nothing is set aside"
fresh 1000
refuse true
run bkactivate --now --json
is_rc 1
json_is '[.data.status, .data.processedCount, .error.sqlstate] | tojson' '["ERROR",0,"P0001"]'
is "$(last_record status processed_count quarantined)" "ERROR|0|0"
is "$(set_aside)" ""
is "$(statuses)" "CONFIRMED 1000"
mend
run bkactivate --now
is_rc 0
ends_as "$(table)"
is "$(statuses)" "ACTIVE 1000"

t "a trigger that drops the update of one row without a word: PARTIAL, and an end"
sql "create function veto() returns trigger language plpgsql as
	\$\$ begin return case when new.id <> 500 then new end; end \$\$;
	create trigger veto before update on bookings for each row execute function veto()"
fresh 1000
run bkactivate --now --json
is_rc 3
json_is '[.data.status, .data.processedCount, .data.remaining] | tojson' '["PARTIAL",999,1]'
is "$(set_aside)" ""
ends_as "$(table)"
sql "drop trigger veto on bookings"

t "a privilege that is lost in the middle of a run: what was committed stays, and nothing is set aside"
sql "create role worker login; grant booking_update to worker;
	create function pause() returns trigger language plpgsql as \$\$ begin
		if new.id = 4 then perform pg_advisory_xact_lock(4242); end if;
		return new;
	end \$\$;
	create trigger pause before update on bookings for each row execute function pause();
	alter function audit() security definer"
configure "activate-due { $settings batch-size = 3 }"
fresh 9
hold "select pg_advisory_lock(4242)"
launch bkactivate --now --json -U worker
wait_for "exists (select from pg_locks where locktype = 'advisory' and not granted)"
sql "revoke update on bookings from booking_update;
	revoke update (status, updated_at) on bookings from booking_update"
let_go
finish
is_rc 77
json_is '[.data.status, .data.processedCount, .error.sqlstate] | tojson' '["ERROR",6,"42501"]'
err_has GRANT
is "$(last_record status processed_count quarantined)" "ERROR|6|0"
is "$(set_aside)" ""
is "$(statuses)" "ACTIVE 6, CONFIRMED 3"
is_sound

done_testing
