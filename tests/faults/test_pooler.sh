# shellcheck shell=bash
# Through PgBouncer in transaction mode: everything works, on sessions that strangers left in any
# state, when the pooler dies, and when there is no connection to be had.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

pool=$BK_TEST_DIR/pool
through=(-h "$pool" -p 6543)

# pooler SIZE: PgBouncer with so many server connections, in the foreground of a process of ours
pooler() {
	[ -d "$pool" ] || { mkdir "$pool" && chown "$(cluster_as_owner id -u)" "$pool"; }
	cat >"$pool/pgbouncer.ini" <<-END
		[databases]
		* = host=$PGHOST port=$PGPORT
		[pgbouncer]
		listen_port = 6543
		unix_socket_dir = $pool
		auth_type = trust
		auth_file = $pool/users
		admin_users = postgres
		pool_mode = transaction
		default_pool_size = $1
		max_client_conn = 100
		query_wait_timeout = 2
		server_login_retry = 1
	END
	printf '"%s" ""\n' postgres stranger >"$pool/users"
	cluster_as_owner "$(PATH=$PATH:/usr/sbin type -P pgbouncer)" -q "$pool/pgbouncer.ini" \
		>"$pool/log" 2>&1 </dev/null 9>&- &
	pooler=$!
	until pooled "select 1" >/dev/null 2>&1; do
		if ! kill -0 "$pooler"; then
			cat "$pool/log"
			exit 1
		fi
	done
}

# pooled STATEMENT...: as psql runs them, through the pooler
pooled() {
	local args=()
	for statement; do
		args+=(-c "$statement")
	done
	psql -XAtq "${through[@]}" "${args[@]}"
}

# hog: a client that keeps a server connection in a transaction, until let_go
hog() {
	mkfifo hog
	psql -XAtq "${through[@]}" <hog >hog.out 2>&1 &
	holder=$!
	exec 9>hog
	rm hog
	echo "begin; select 'hogged';" >&9
	until grep -q hogged hog.out; do
		kill -0 "$holder" || return 1
	done
}

some_of_each() {
	fresh 5
	bookings 4 PENDING '-2 hours' '1 hour'
	bookings 3 ACTIVE '-2 hours' '-1 hour' "'-2 hours'"
	bookings 2 CONFIRMED '-2 hours' '1 hour'
}
done_text="ACTIVE 5, COMPLETED 3, EXPIRED 4, NO_SHOW 2"

# all_jobs: each once, and what they did
all_jobs() {
	local command
	for command in "bkactivate --now" "bknoshow --now" "bkmaint update-completed" \
		"bkmaint update-expired"; do
		run $command "${through[@]}"
		is_rc 0
	done
	is "$(statuses)" "$done_text"
	ends_as "$(table)"
}

# session: what a session was left with
session() {
	pooled "select string_agg(name || '=' || setting, ' ' order by name) from pg_settings
			where source = 'session'" \
		"select count(*) from pg_prepared_statements" "select count(*) from pg_cursors" \
		"select count(*) from pg_locks where locktype = 'advisory'" \
		"select count(*) from pg_class where relpersistence = 't'" \
		"select current_user, pg_backend_pid()" | paste -sd ' '
}

audited_table
configure 'activate-due { batch-size = 3 retry-base = 10ms max-retries = 100 }' \
	'cancel-no-shows { retry-base = 10ms max-retries = 100 }'
pooler 1

t "every job, and nothing is left behind in the session"
some_of_each
before=$(session)
all_jobs
is "$(session)" "$before" "the pooled session"

t "dry runs, bkstatus, and the schema of a new database"
some_of_each
for command in "bkactivate -n" "bknoshow -n" "bkmaint update-completed -n" "bkmaint update-expired -n" \
	"bkstatus" "bkstatus job activate-due" "bkstatus history" "bkstatus config"; do
	run $command "${through[@]}" --json
	is_rc 0
	json_is .success true
done
run bkstatus health "${through[@]}"
[ "$RC" -le 1 ] || is_rc 0
sql "create database fresh"
run bkmaint migrate --reference-bookings "${through[@]}" -d fresh
is_rc 0
run bkactivate "${through[@]}" -d fresh
is_rc 0
run bkmaint migrate --check "${through[@]}" -d fresh
is_rc 0
is "$(session)" "$before" "the pooled session"

t "sessions that a stranger left behind change nothing, in 20 runs"
sql "create schema evil;
	create table evil.bookings (id bigint);
	create function evil.clock_timestamp() returns timestamptz language sql as
		\$\$ select 'infinity'::timestamptz \$\$;
	create function evil.now() returns timestamptz language sql as
		\$\$ select 'infinity'::timestamptz \$\$;
	create function evil.set_config(text, text, boolean) returns text language sql as
		\$\$ select 'no'::text \$\$;
	create role stranger;
	grant usage on schema evil to stranger"
poisons=("create temporary table bookings (id bigint, status text)"
	"create temporary table maintenance_executions (id bigint)"
	"set DateStyle = 'SQL, DMY'" "set IntervalStyle = sql_standard" "set bytea_output = escape"
	"set default_transaction_isolation = serializable" "set default_transaction_deferrable = on"
	"set synchronous_commit = off" "set standard_conforming_strings = off"
	"set lock_timeout = 1" "set idle_in_transaction_session_timeout = 1"
	"set enable_indexscan = off" "set extra_float_digits = -15" "set TimeZone = 'Asia/Kolkata'"
	"set search_path = evil, pg_catalog, public" "set default_transaction_read_only = on"
	"set role stranger" "show search_path" "show role" "set statement_timeout = 1")
for _ in 1 2 3 4 5; do
	some_of_each
	is "$(pooled "${poisons[@]}" | paste -sd ';')" "evil, pg_catalog, public;stranger" "poison"
	all_jobs
	run bkactivate "${through[@]}" -n --json
	is_rc 0
	pooled "reset statement_timeout" "reset role" "reset all" "discard temp"
done

t "the pooler dies in the middle of a run and comes back"
sql "create function pause() returns trigger language plpgsql as \$\$ begin
		if new.id = 4 then perform pg_advisory_xact_lock(4242); end if;
		return new;
	end \$\$;
	create trigger pause before update on bookings for each row execute function pause()"
for signal in KILL TERM; do
	some_of_each
	hold "select pg_advisory_lock(4242)"
	launch bkactivate --now "${through[@]}"
	wait_for "exists (select from pg_locks where locktype = 'advisory' and not granted)"
	kill -"$signal" "$pooler"
	wait "$pooler" 2>/dev/null
	rm -f "$pool/.s.PGSQL.6543"
	let_go
	pooler 1
	finish
	is_rc 0
	is "$(statuses)" "ACTIVE 8, CONFIRMED 2, PENDING 4"
	ends_as "$(table)"
	is "$(all_records status processed_count)" "SUCCESS 5"
done
sql "drop trigger pause on bookings"

# frozen_midway: a run through the pooler that is stopped between its two batches. Where that is does
# not change, so it is looked for once.
midway=20
frozen_midway() {
	for ((; midway < 100; midway++)); do
		fresh 5
		stopped_at "$midway" bkactivate --now "${through[@]}" || return 1
		sessions_settle
		[ "$(sql "select max(batch_no) from bk.execution_workers")" != 1 ] || return 0
		kill -KILL "$pid"
		finish
	done
}

t "told to connect anew, or its server connection ended: the run goes on"
for ending in "-d pgbouncer -c reconnect" "-c select+pg_terminate_backend(pg_backend_pid())"; do
	frozen_midway
	psql -XAtq "${through[@]}" ${ending//+/ } >/dev/null 2>&1
	go_on
	is_rc 0
	ends_as "$(table)"
	is "$(all_records status processed_count)" "SUCCESS 5"
done

t "every connection is taken: a run says so within its time"
fresh 5
hog
began=$(date +%s%3N)
run bkactivate --now --json "${through[@]}"
took=$(($(date +%s%3N) - began))
is_rc 69
json_is .error.code DATABASE_UNAVAILABLE
err_has query_wait_timeout
[ "$took" -lt 8000 ] || harness_fail "milliseconds" "less than 8000" "$took"
let_go
is "$(records)" 0

t "every connection is taken in the middle of a run: it goes on when there is one"
frozen_midway
hog
kill -CONT "$pid"
until [ "$(psql -XAtq "${through[@]}" -d pgbouncer -c "show pools" | grep -c '|1|1|')" = 1 ]; do
	kill -0 "$pid" || break
done
let_go
finish
is_rc 0
ends_as "$(table)"
is "$(all_records status processed_count)" "SUCCESS 5"

t "more workers than the pool has connections"
configure 'activate-due { batch-size = 20 parallel = 4 retry-base = 10ms }'
fresh 500
run bkactivate --now "${through[@]}"
is_rc 0
is "$(statuses)" "ACTIVE 500"
ends_as "$(table)"

done_testing
