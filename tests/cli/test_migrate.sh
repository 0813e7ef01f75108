# shellcheck shell=bash
# bkmaint migrate: the first time, again, looking only, by two at once, without the privileges, over
# a table that is there.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure
migrations=$(find "$BK_SRC/sql/schema" -name '*.sql' -printf '%f\n' | sed 's/\.sql$//' | sort)
newest=$(tail -n 1 <<<"$migrations" | sed 's/^0*\([0-9]*\).*/\1/')

t "--check says what is missing and changes nothing: 78"
run bkmaint migrate --check
is_rc 78
out_is_empty
err_has "error: "
err_has "$(head -n 1 <<<"$migrations")"
err_has "hint: run bkmaint migrate"
sql_is "select to_regnamespace('bk') is null" t
run bkmaint migrate --check --json
is_rc 78
json_is '.data.pending | join("\n")' "$migrations"
json_is '[.success, .error.code, .data.schemaVersion, .data.applied] | tojson' \
	'[false,"SCHEMA",0,[]]'

t "the first time it makes everything, silently, and records itself"
run bkmaint migrate
is_rc 0
out_is_empty
sql_is "select string_agg(name, E'\n' order by version) from bk.schema_migrations" "$migrations"
sql_is "select string_agg(job_name, ' ' order by job_name) from bk.scheduler_job_info" \
	"activate-due cancel-no-shows cleanup update-completed update-expired"
sql_is "select string_agg(rolname, ' ' order by 1) from pg_roles where rolname ~ '^booking_'" \
	"booking_read booking_update"
is "$(last_record operation status triggered_by processed_count)" \
	"migrate|SUCCESS|MANUAL|$(wc -l <<<"$migrations")"
sql_is "select to_regclass('public.bookings') is null" t

t "--check is content now: 0"
run bkmaint migrate --check
is_rc 0
out_is_empty
err_is_empty
run bkmaint migrate --check --json
json_is '[.success, .data.schemaVersion, .data.pending] | tojson' "[true,$newest,[]]"

t "again it has nothing to do and records nothing"
run bkmaint migrate -v
is_rc 0
out_is "migrate: schema \"bk\" is at version $newest, nothing to do"
is "$(records)" 1
run bkmaint migrate --json
json_is '[.data.applied, .data.bookingsCreated, .data.executionId] | tojson' '[[],false,null]'

t "what somebody changed at a job stays"
sql "update bk.scheduler_job_info set status = 'PAUSED', delay_ms = 7, description = 'mine'"
run bkmaint migrate
is_rc 0
sql_is "select distinct concat_ws(' ', status, delay_ms) from bk.scheduler_job_info" "PAUSED 7"
sql "update bk.scheduler_job_info set status = 'IDLE'"

t "--reference-bookings makes the empty table and grants what is needed"
run bkmaint migrate --reference-bookings
is_rc 0
sql_is "select count(*) from bookings" 0
sql_is "select has_column_privilege('booking_update', 'bookings', 'status', 'UPDATE')
	and has_column_privilege('booking_read', 'bookings', 'starts_at', 'SELECT')
	and not has_column_privilege('booking_update', 'bookings', 'starts_at', 'UPDATE')
	and not has_table_privilege('booking_read', 'bookings', 'INSERT')" t

t "a view gets the same grants, but for the place of a row, which it does not have"
sql "create view seen as select id, status, starts_at from bookings"
configure 'bookings { table = "public.seen" key = {"id"} status = "status" start = "starts_at"' \
	'check-in-mode = untracked states { confirmed = {"C"} active = {"A"} completed = {"D"} } }' \
	'cancel-no-shows { enabled = no }' 'update-expired { enabled = no }' \
	'update-completed { enabled = no }'
run bkmaint migrate
is_rc 0
err_is_empty
sql_is "select concat_ws(' ', has_column_privilege('booking_read', 'seen', 'id', 'select'),
	has_column_privilege('booking_update', 'seen', 'status', 'update'))" "t t"
configure
sql "drop view seen"

t "an existing table is never overwritten: 4"
due 3
before=$(sql "select md5(string_agg(b::text, '' order by id)) from bookings as b")
for option in --sample --reference-bookings; do
	run bkmaint migrate $option
	is_rc 4
	err_has "error: public.bookings exists already, nothing was changed"
	run bkmaint migrate $option --json
	is_rc 4
	json_is '[.success, .error.code, .error.exitCode] | tojson' '[false,"REFUSED",4]'
done
sql_is "select md5(string_agg(b::text, '' order by id)) from bookings as b" "$before"

t "the same on a database without a schema: nothing at all is made"
sql "drop schema bk cascade"
run bkmaint migrate --sample
is_rc 4
sql_is "select to_regnamespace('bk') is null" t

t "a view of that name is in the way as well"
sql "drop table bookings; create view bookings as select 1 as id"
run bkmaint migrate --reference-bookings
is_rc 4
sql "drop view bookings"

t "an applied migration that was changed is an error: 78"
bkmaint migrate --reference-bookings || exit 1
sql "update bk.schema_migrations set checksum = 'x' where version = 1"
run bkmaint migrate
is_rc 78
err_has "error: migration 001_core was changed after it was applied"
run bkmaint migrate --check --json
is_rc 78
json_is .error.code SCHEMA
sql "drop schema bk cascade; drop table bookings"

t "a schema that wants a newer program: 78"
bkmaint migrate || exit 1
sql "insert into bk.schema_migrations values (999, '999_future', 'x', '9.0.0')"
run bkmaint migrate
is_rc 78
err_has "error: the schema needs bk 9.0.0 or newer"
sql "update bk.schema_migrations set min_program = '1.0.0' where version = 999"
run bkmaint migrate --check
is_rc 0
sql "drop schema bk cascade"

t "a migration that fails leaves nothing of itself"
sql "create schema bk; create table bk.booking_transitions (mine int)"
run bkmaint migrate
is_rc 78
err_has 'error: migration 001_core: '
sql_is "select count(*) from pg_class where relnamespace = 'bk'::regnamespace and relkind = 'r'" 1
sql "drop schema bk cascade"

t "two at once, many times over"
for _ in 1 2 3 4 5 6; do
	sql "drop schema if exists bk cascade; drop owned by booking_read, booking_update;
		drop role booking_read, booking_update"
	bkmaint migrate 2>"$BK_TEST_DIR/first" &
	run bkmaint migrate
	is_rc 0
	err_lacks "error"
	wait $!
	is $? 0 "the other one"
	is "$(grep -c error "$BK_TEST_DIR/first")" 0
	sql_is "select count(*) from bk.schema_migrations" "$(wc -l <<<"$migrations")"
	sql_is "select count(*) from bk.scheduler_job_info" 5
done

t "another name for the schema, with what hurts"
configure 'schema = "My \"own\" schema"'
run bkmaint migrate --json
is_rc 0
run bkstatus jobs --json
json_is '.data.items | length' 5
run bkmaint migrate --check
is_rc 0
sql "drop schema \"My \"\"own\"\" schema\" cascade"
configure

t "who may not create roles gets the SQL to type, and the rest is done"
sql "drop schema bk cascade; drop owned by booking_read, booking_update;
	drop role booking_read, booking_update; create role owner login;
	grant create on database $PGDATABASE to owner; grant create on schema public to owner"
run bkmaint migrate --reference-bookings -U owner
is_rc 0
out_is_empty
err_has "warning: "
err_has 'CREATE ROLE booking_read NOLOGIN;'
err_has 'GRANT SELECT ON ALL TABLES IN SCHEMA "bk" TO booking_read;'
err_has 'GRANT UPDATE ("status", "updated_at") ON "public"."bookings" TO booking_update;'
sql_is "select count(*) from bk.scheduler_job_info" 5
run bkmaint migrate -U owner --json
is_rc 0
json_is '.data.todo | length > 2' true
grep -v '^bkmaint: ' "$BK_TEST_DIR/.err" >todo.sql

t "typed, that SQL is all that was lacking"
run psql -XAtq -v ON_ERROR_STOP=1 -f todo.sql
is_rc 0
run bkmaint migrate -U owner
is_rc 0
err_is_empty
sql "create role worker login; grant booking_update to worker"
due 2
run bkactivate -U worker
is_rc 0
err_is_empty
is "$(statuses)" "ACTIVE 2"

t "functions are granted, too, where the database gives them to nobody"
sql "create database strict"
home=$PGDATABASE
export PGDATABASE=strict
sql "alter default privileges revoke execute on functions from public"
run bkmaint migrate --reference-bookings
is_rc 0
due 2
run bkactivate -U worker
is_rc 0
err_is_empty
is "$(statuses)" "ACTIVE 2"
export PGDATABASE=$home

t "who may not create a schema is told so: 77"
sql "create role nobody login"
sql "drop schema bk cascade"
run bkmaint migrate -U nobody
is_rc 77
err_has "error: migration 001_core: "
err_has "permission denied"
err_has "hint: "

done_testing
