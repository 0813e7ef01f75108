# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # run.sh and its parts share their variables
# The databases of the bench. One is made once per kind and size, as a template; before each
# measurement the database `work` becomes a copy of its files, so every measurement finds the same
# pages, the same indexes and the same statistics, with nothing dead and everything in the cache.

# sql DATABASE STATEMENT...: each in a transaction of its own
sql() {
	local database=$1 statements=()
	shift
	for statement; do
		statements+=(-c "$statement")
	done
	PGOPTIONS='-c client_min_messages=warning' "$psql" -XAtq -v ON_ERROR_STOP=1 -d "$database" \
		"${statements[@]}"
}

# Who runs the jobs and the application: no superuser.
make_role() {
	sql postgres "create role bench login" "grant booking_update to bench"
}

# template NAME COMMAND...: makes the database where it is missing; COMMAND fills it
template() {
	local name=$1
	shift
	[ "$(sql postgres "select 1 from pg_database where datname = '$name'")" != 1 ] || return 0
	say "making $name"
	sql postgres "create database $name" &&
		sql "$name" "create extension pg_prewarm" &&
		PGDATABASE=$name bkmaint --config="$work/empty.conf" migrate --reference-bookings &&
		"$@" "$name"
}

# forget NAME: frees the room that a large template takes
forget() {
	sql postgres "drop database if exists work with (force)" \
		"drop database if exists $1 with (force)"
}

# fresh NAME: the database work as a copy of the template
fresh() {
	sql postgres "drop database if exists work with (force)" \
		"create database work template $1 strategy $strategy" && warm work
}

# warm DATABASE: what the measurement reads is in the cache, and nothing is left to write
warm() {
	sql "$1" "select count(pg_prewarm(oid::regclass)) from pg_class where relkind in ('r', 'i', 't')" \
		"checkpoint" >/dev/null
}

# without_indexes DATABASE TABLE STATEMENT: fills the table, then makes its indexes anew (those of no
# constraint), which takes a fraction of the time
without_indexes() {
	local indexes="from pg_index as i join pg_class as c on c.oid = i.indexrelid
		where i.indrelid = '$2'::regclass
		and not exists (select from pg_constraint as k where k.conindid = i.indexrelid)"
	local make drop
	mapfile -t make < <(sql "$1" "select pg_get_indexdef(i.indexrelid) $indexes")
	mapfile -t drop < <(sql "$1" "select format('drop index %s', i.indexrelid::regclass) $indexes")
	[ ${#make[@]} -gt 0 ] && [ ${#make[@]} -eq ${#drop[@]} ] &&
		sql "$1" "${drop[@]}" "$3" "${make[@]}" "vacuum (freeze, analyze) $2"
}

# due_bookings JOB: the bookings that a job has to change, as SQL of row i, of which `age` says how
# long it has been due: status|starts_at|ends_at|checked_in_at|hold_expires_at
due_bookings() {
	case $1 in
	activate-due)
		echo "'CONFIRMED'|now() - age|now() + interval '20 days'" \
			"|now() - age - interval '5 minutes'|null"
		;;
	cancel-no-shows)
		echo "case when i % 2 = 0 then 'CONFIRMED' else 'ACTIVE' end" \
			"|now() - age - interval '1 hour'|now() + interval '20 days'|null|null"
		;;
	update-completed)
		echo "case when i % 6 = 0 then 'CONFIRMED' else 'ACTIVE' end" \
			"|now() - age - interval '2 hours'|now() - age" \
			"|now() - age - interval '125 minutes'|null"
		;;
	update-expired)
		echo "'PENDING'|case when i % 3 = 0 then now() - age else now() + interval '20 days' end" \
			"|now() + interval '21 days'|null" \
			"|case when i % 3 > 0 then now() - age end"
		;;
	esac
}

# Where a booking lies in the table. `ordered`: the order of keys is that of time: the past, what has
# become due in the last ten days, the future. `scattered`: no order at all, as where people book
# long ahead.
#	due|age of the due|seconds from now to the start of the others
lay_out() {
	local past="($1 - $2) * 4 / 7" chance="(hashint4(i)::bigint + 2147483648)"
	case $layout in
	ordered)
		echo "i > $past and i <= $past + $2|($past + $2 - i) * 864000.0 / $2" \
			"|case when i > $past + $2 then i - $past else i - $1 end"
		;;
	scattered)
		echo "i * $2::bigint % $1 < $2|$chance % 864000" \
			"|$chance % 5000000 * case when i % 7 < 4 then -1 else 1 end"
		;;
	esac
}

# fill_bookings JOB COUNT DUE DATABASE: DUE of COUNT bookings are due for the job, for weeks to come;
# the others are cancelled or to come, and due for no job
fill_bookings() {
	local status start end there hold due age other
	IFS='|' read -r status start end there hold <<<"$(due_bookings "$1")"
	IFS='|' read -r due age other <<<"$(lay_out "$2" "$3")"
	# Nothing is divided by 0 where nothing is due.
	[ "$3" -gt 0 ] || age=0
	without_indexes "$4" public.bookings "
		insert into public.bookings (id, resource_id, customer_id, reference, status,
			starts_at, ends_at, checked_in_at, hold_expires_at)
		select i, 1 + i % 200, 1 + i % 20000, 'BK-' || i,
			case when due then $status when other < 0 then 'CANCELLED' else 'CONFIRMED' end,
			case when due then ($start)::timestamptz else at end,
			case when due then ($end)::timestamptz else at + interval '2 hours' end,
			case when due then ($there)::timestamptz end,
			case when due then ($hold)::timestamptz end
		from generate_series(1, $2) as i,
			lateral (select $due as due, ($age) * interval '1 second' as age,
				$other as other) as p,
			lateral (select now() + other * interval '1 second'
				+ case when other < 0 then interval '-1 day' else interval '1 day' end
				as at) as q"
}

# fill_executions COUNT DATABASE: COUNT executions, one every six seconds until now
fill_executions() {
	fill_bookings activate-due "$SMALL" 0 "$2" && fill_runs "$1" "$2"
}

# fill_runs COUNT DATABASE: the executions alone
fill_runs() {
	local jobs="(array['activate-due', 'cancel-no-shows', 'update-completed', 'update-expired'])"
	without_indexes "$2" bk.maintenance_executions "
		insert into bk.maintenance_executions (run_id, operation, description, executed_at,
			finished_at, status, processed_count, execution_time_ms, triggered_by,
			invoked_by, server_instance, pid, version, lease_token, as_of)
		select lpad(to_hex(i), 32, '0')::uuid, ${jobs}[1 + i % 4], 'Bench', at,
			at + interval '20 ms', case when i % 97 = 0 then 'ERROR' else 'SUCCESS' end,
			i % 50, 20, case when i % 1009 = 0 then 'MANUAL' else 'SCHEDULER' end,
			'bk/bk', 'host-' || i % 3, 1000 + i % 5000, '1.0.0', i, at
		from generate_series(1, $1) as i,
			lateral (select now() - ($1 - i) * interval '6 seconds' as at) as q"
}

# fill_transitions COUNT KEYS DATABASE: COUNT recorded changes of bookings, KEYS in each batch, a batch
# every minute until now; what is changed when has nothing to do with its key
fill_transitions() {
	local batches=$(($1 / $2))
	fill_bookings activate-due "$SMALL" 0 "$3" && fill_runs "$batches" "$3" &&
		without_indexes "$3" bk.booking_transitions "
		insert into bk.booking_transitions (execution_id, worker, batch_no, rule, from_state,
			to_state, row_count, keys, key_hashes, txid, at)
		select b, 0, 1, 'activate', 'CONFIRMED', 'ACTIVE', $2, array[q.keys], q.hashes,
			pg_current_xact_id(), now() - ($batches - b) * interval '1 minute'
		from generate_series(1, $batches) as b,
			lateral (select array_agg(k) as keys, array_agg(hashtext(k)) as hashes
				from (select ((b + i * $batches::bigint) * 7919 % $1)::text as k
					from generate_series(1, $2) as i) as r) as q"
}
