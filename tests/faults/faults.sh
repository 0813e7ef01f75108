# shellcheck shell=bash disable=SC2034 # variables are for the tests that source this
# What the fault suite is written in, beside harness.sh and bookings.sh, which this sources: an audit
# of every change of a status, the invariants that hold whatever failed, programs that die or freeze
# at a point, servers and networks of one's own.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"
# shellcheck source=etc/dev/cluster.sh
. "$BK_SRC/etc/dev/cluster.sh"

# one_session: from now on sql() uses one session of a psql that stays, for tests that ask a thousand
# times and leave the server alone. \gexec sends the statements as they are, in one go, as -c does.
one_session() {
	mkfifo "$BK_TEST_DIR/.sql.in" "$BK_TEST_DIR/.sql.out"
	exec 5<>"$BK_TEST_DIR/.sql.in" 6<>"$BK_TEST_DIR/.sql.out"
	PGOPTIONS='-c client_min_messages=warning' psql -XAtq -U postgres <&5 >&6 2>&1 &
	sql() {
		local line
		printf 'select $sql$%s$sql$ \\gexec\n\\echo .end :ERROR\n' "$1" >&5
		while IFS= read -r -t 60 -u 6 line && [ "${line#.end }" = "$line" ]; do
			printf '%s\n' "$line"
		done
		[ "$line" = ".end false" ]
	}
}

# audited_table: empty_table, an audit that is none of bk's, and a view that lists whatever must not
# be, at any time: each change was made once, by one execution that was still open, and is counted
# and recorded once
audited_table() {
	empty_table
	sql "create table audit (booking bigint, old text, new text,
			at timestamptz default clock_timestamp(),
			run text default substring(current_setting('application_name'), '^bk:.*:(\d+)\$'));
		create function audit() returns trigger language plpgsql as \$\$ begin
			insert into public.audit values (new.id, old.status, new.status);
			return null;
		end \$\$;
		create trigger audit after update of status on bookings
			for each row execute function audit();
		create view counted as
			select e.id::text as run, e.finished_at, case when e.status = 'RUNNING'
				then (select sum(processed) from bk.execution_workers
					where execution_id = e.id)
				else e.processed_count end as n
			from bk.maintenance_executions as e;
		create view changed as
			select booking::text, old, new, run from audit where run is not null;
		create view recorded as
			select k, from_state, to_state, execution_id::text
			from bk.booking_transitions, unnest(keys[1:1]) as k;
		create view unsound as
			select 'booking ' || booking || ' changed twice' as what
				from audit where run is not null
				group by booking, old, new having count(*) > 1
			union all select format('execution %s counts %s, audit says %s',
					coalesce(c.run, a.run), c.n, a.n)
				from counted as c full join (select run, count(*) as n
					from audit where run is not null group by 1) as a using (run)
				where coalesce(c.n, 0) <> coalesce(a.n, 0)
			union all select format('execution %s changed booking %s after its end', run, booking)
				from counted join audit using (run) where at > finished_at
			union all select 'record without change: ' || r::text
				from (table recorded except all table changed) as r
			union all select 'change without record: ' || r::text
				from (table changed except all table recorded) as r
			union all select 'ledger of a closed execution ' || w.execution_id
				from bk.execution_workers as w join bk.maintenance_executions as e
					on e.id = w.execution_id where e.status <> 'RUNNING'
			union all select format('%s: %s begun, %s on record', job_name, total_runs, n)
				from bk.scheduler_job_info cross join lateral (
					select count(*) as n from bk.maintenance_executions
					where operation = job_name) as e
				where total_runs <> n"
}

# fresh N: N due bookings, and nothing that happened before
fresh() {
	sql "truncate bookings, audit, bk.maintenance_executions, bk.execution_workers,
			bk.booking_transitions, bk.instances, bk.quarantined_bookings, bk.booking_holds
			restart identity;
		update bk.scheduler_job_info set status = 'IDLE', next_execution_time = null,
			last_success_time = null, retry_count = 0, total_runs = 0;
		insert into bookings (status, starts_at, ends_at)
			select 'CONFIRMED', now() - interval '1 minute', now() + interval '1 day'
			from generate_series(1, $1)"
}

# every booking and its status, in few characters
table_sql="select count(*) || ' ' || coalesce(md5(string_agg(id || status, ',' order by id)), '')
	from bookings"
unsound_sql="select coalesce(string_agg(what, ', '), 'sound') from unsound"
open_sql="select count(*) from bk.maintenance_executions where status = 'RUNNING'"

table() {
	sql "$table_sql"
}

is_sound() {
	is "$(sql "$unsound_sql")" sound
}

# ends_as TABLE: sound, nothing is left open, and the bookings are those
ends_as() {
	is "$(sql "select concat_ws(', ', ($unsound_sql), ($open_sql) || ' open', ($table_sql))")" \
		"sound, 0 open, $1" "the end"
}

# do_not_overlap: no execution of a job was begun while one that had work was open
do_not_overlap() {
	sql_is "select count(*) from bk.maintenance_executions as a
		join bk.maintenance_executions as b on b.operation = a.operation and b.id > a.id
			and b.executed_at < a.finished_at
		where a.processed_count > 0" 0
}

# sessions_settle: none of bk's is at work
sessions_settle() {
	wait_for "not exists (select from pg_stat_activity
		where application_name like 'bk:%' and state = 'active')"
}

# sessions_gone: the server has noticed that its clients are
sessions_gone() {
	wait_for "not exists (select from pg_stat_activity where application_name like 'bk:%')"
}

# expire: as if every lease had run out; until then all is sound
expire() {
	is "$(sql "with e as (update bk.execution_workers
			set lease_expires_at = now() - interval '1 second') $unsound_sql")" sound
}

# killed_at N COMMAND...: SIGKILL at the N-th point of its life, see lib/db/hook.h
killed_at() {
	local point=$1 command=$2
	shift 2
	# The shell's own word on a killed program is not wanted.
	run env BK_TEST_KILL_AT="$point" "$BK_HOOKS/$command" "$@" 2>/dev/null
}

# launch COMMAND...: in the background; $pid. Without the pipe of hold(), whose end it would keep open
launch() {
	"$@" >"$BK_TEST_DIR/.out" 2>"$BK_TEST_DIR/.err" </dev/null 9>&- &
	pid=$!
}

# finish: waits for it, as run() does
finish() {
	wait "$pid" 2>/dev/null
	RC=$?
	OUT=$(tr -d '\0' <"$BK_TEST_DIR/.out")
	ERR=$(tr -d '\0' <"$BK_TEST_DIR/.err")
}

# stopped_at N COMMAND...: in the background, until it has stopped itself at the N-th point; false
# when it ended before that
stopped_at() {
	local point=$1 command=$2 state
	shift 2
	launch env BK_TEST_STOP_AT="$point" "$BK_HOOKS/$command" "$@"
	while read -r _ _ state _ <"/proc/$pid/stat" && [ "$state" != Z ]; do
		[ "$state" != T ] || return 0
		sql "select pg_sleep(0.002)" >/dev/null
	done 2>/dev/null
	return 1
}

# go_on: lets it run again, to its end
go_on() {
	kill -CONT "$pid"
	finish
}

# own_server: from now on PGHOST is a server of this file, which it may stop and kill. What is committed
# there survives that, as it does on a server for use.
own_server() {
	server=$BK_TEST_DIR/own
	trap 'cluster_stop "$server"' EXIT
	cluster_start "$server" || exit 1
	eval "$(cluster_env "$server")"
	sql "alter system set synchronous_commit = on"
	sql "select pg_reload_conf()" >/dev/null
	wait_for "current_setting('synchronous_commit') = 'on'"
}

# server_is stop|start [OPTION...]: of pg_ctl, for the own server
server_is() {
	cluster_as_owner "$(cluster_bindir)/pg_ctl" -D "$server/data" -w -t 60 \
		-l "$server/log/postgresql.log" "$@" >/dev/null 2>&1 </dev/null 9>&-
}

# through_proxy FAULT N [AFTERWARDS]: a proxy in front of the server, see proxy.c; $proxied are the
# options that lead through it, $proxy its process
through_proxy() {
	local socket=$BK_TEST_DIR/.s.PGSQL.6000
	rm -f "$socket" "$BK_TEST_DIR/.proxy"
	"$BK_BIN/tests/faults/proxy" "$socket" "$PGHOST/.s.PGSQL.$PGPORT" "$@" \
		>"$BK_TEST_DIR/.proxy" 9>&- &
	proxy=$!
	proxied=(-h "$BK_TEST_DIR" -p 6000)
	proxy_says ready
}

# proxy_said LINE
proxy_said() {
	grep -qsx "$1" "$BK_TEST_DIR/.proxy"
}

# proxy_says LINE: waits until it has
proxy_says() {
	local tries
	for ((tries = 0; tries < 20000; tries++)); do
		! proxy_said "$1" || return 0
	done
	harness_fail "the proxy never said" "$1" "$(cat "$BK_TEST_DIR/.proxy")"
}

proxy_end() {
	kill "$proxy"
	wait "$proxy" 2>/dev/null
}
