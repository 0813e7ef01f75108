#!/bin/bash
# A run never calls itself a success while due bookings were left: keys that do not name one
# booking, triggers that drop the update, ends that nobody could count.
. "$BK_SRC/tests/cli/harness.sh"

sql 'create schema app'
bkmaint migrate 2>/dev/null

# config NAME KEY: a mapping onto app.NAME with that key
config() {
	cat >"$BK_TEST_DIR/$1.conf" <<-END
		update-completed { enabled = no }
		update-expired { enabled = no }
		cancel-no-shows { enabled = no }
		activate-due { batch-size = 7 }
		bookings {
			table = "app.$1"  key = {$2}  status = "status"  start = "s"
			check-in-mode = untracked
			states { confirmed = {"C"} active = {"A"} }
		}
	END
}

t "a key that is not unique is a mapping error, and nothing is changed"
sql "create table app.twice (id int not null, status text, s timestamptz)"
sql "insert into app.twice select 5, 'C', now() from generate_series(1, 20)"
config twice '"id"'
run bkactivate --config="$BK_TEST_DIR/twice.conf"
is_rc 78
err_has 'bookings.key: no unique index'
sql_is "select count(*) from app.twice where status = 'C'" 20

t "nor is a unique index enough that NULLs may pass"
sql "update app.twice as t set s = now() - n * interval '1 second'
	from (select ctid, row_number() over () as n from app.twice) as x where x.ctid = t.ctid;
create unique index twice_unique on app.twice (id, s)"
sql_is "select count(*) from pg_indexes where indexname = 'twice_unique'" 1
config twice '"id", "s"'
run bkactivate --config="$BK_TEST_DIR/twice.conf"
is_rc 78
err_has 'bookings.key: column "s" may be NULL'
err_has 'ALTER TABLE "app"."twice" ALTER COLUMN "s" SET NOT NULL;'

t "and one without NULLs is"
sql "alter table app.twice alter s set not null"
run bkactivate --config="$BK_TEST_DIR/twice.conf" --json
is_rc 0
json_is .data.processedCount 20

t "a key of an extension's type with an order of its own is a mapping error"
sql "create extension citext;
create table app.folded (id citext primary key, status text, s timestamptz)"
config folded '"id"'
run bkactivate --config="$BK_TEST_DIR/folded.conf"
is_rc 78
err_has 'order of its own'

t "a trigger that drops the update leaves work, and the run says so"
sql "create table app.vetoed (id int primary key, status text, s timestamptz);
insert into app.vetoed select g, 'C', now() from generate_series(1, 20) as g;
create function app.no() returns trigger language plpgsql as
	'begin if new.id % 2 = 0 then return null; end if; return new; end';
create trigger no before update on app.vetoed for each row execute function app.no()"
config vetoed '"id"'
run bkactivate --config="$BK_TEST_DIR/vetoed.conf" --now --json
is_rc 3
json_is '.data.status' PARTIAL
json_is '.data.processedCount' 10
json_is '.data.remaining' 10
json_is '.data.skippedLocked' 0
err_has '10 due bookings were locked and yet not changed'

t "a run refused by the guard says how much is left"
sql "create table app.many (id int primary key, status text, s timestamptz);
insert into app.many select g, 'C', now() from generate_series(1, 30) as g"
config many '"id"'
sed -i 's/batch-size = 7/first-run-limit = 20/' "$BK_TEST_DIR/many.conf"
sql "update bk.scheduler_job_info set last_success_time = null"
run bkactivate --config="$BK_TEST_DIR/many.conf" --now --json
is_rc 4
json_is '.data.remaining' 30
sql_is "select remaining from bk.maintenance_executions where status = 'REFUSED'" 30

t "a negative key comes out of csv as it is"
sql "create table app.below (id int primary key, status text, s timestamptz);
insert into app.below values (-50, 'C', '2026-01-01')"
config below '"id"'
run bkactivate --config="$BK_TEST_DIR/below.conf" -n -o csv
sed -i 's/batch-size = 7/max-age = 36500d/' "$BK_TEST_DIR/below.conf"
run bkactivate --config="$BK_TEST_DIR/below.conf" -n -o csv
is_rc 0
out_has '-50,C,A,activate,2026-01-01T00:00:00.000Z'

t "an instance checks its mapping again in another hour"
sql "update bk.instances set mapping_fingerprint = 'of an hour ago'; drop table app.below"
run bkactivate --config="$BK_TEST_DIR/below.conf" --now
is_rc 78
err_has 'table "app.below" does not exist'

t "a mapping that does not fit is no empty queue"
config many '"id"'
sed -i 's/{"C"}/{"Confirmed"}/' "$BK_TEST_DIR/many.conf"
sql "alter table app.many add check (status in ('C', 'A'))"
run bkstatus --config="$BK_TEST_DIR/many.conf" --json
is_rc 0
err_has "bookings.states.confirmed: column \"status\" can never hold 'Confirmed'"
json_is '.data.items | map(.queueDepth) | unique | tostring' '[null]'

t "migrations whose notes are gone are a fault of the schema"
sql "delete from bk.schema_migrations"
run bkmaint migrate
is_rc 78

done_testing
