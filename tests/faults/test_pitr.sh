# shellcheck shell=bash
# Point-in-time recovery with pgBackRest, as bk(7) has it: a run did the wrong thing, the whole cluster
# goes back to the moment before it, and bk goes on from there.
# shellcheck source=tests/faults/faults.sh
. "$BK_SRC/tests/faults/faults.sh"

own_server
mkdir "$server/repo" "$server/work" &&
	chown --reference="$server/data" "$server/repo" "$server/work" || exit 1
cat >"$server/pgbackrest.conf" <<-END
	[global]
	repo1-path=$server/repo
	log-path=$server/work
	lock-path=$server/work
	spool-path=$server/work
	log-level-console=warn
	log-level-file=off
	start-fast=y
	archive-timeout=60
	[bk]
	pg1-path=$server/data
	pg1-socket-path=$PGHOST
	pg1-port=$PGPORT
	pg1-user=postgres
END
chmod 0644 "$server/pgbackrest.conf"

# pgbackrest_run COMMAND [OPTION...]: as the owner of the cluster
pgbackrest_run() {
	cluster_as_owner env -u PGHOST -u PGPORT -u PGUSER -u PGDATABASE \
		pgbackrest --config="$server/pgbackrest.conf" --stanza=bk "$@" 9>&-
}

# go_back OPTION...: the server is stopped, brought to that moment, and started, with the gate closed
# for members of booking_update, as the page says
go_back() {
	server_is stop -m fast
	run pgbackrest_run --delta --target-action=promote "$@" restore
	is_rc 0
	close_gate
	server_is start
	wait_for "not pg_is_in_recovery()"
}

gate='local all +booking_update reject'
close_gate() {
	sed -i "1i $gate" "$server/data/pg_hba.conf"
}

open_gate() {
	sed -i "\\#^$gate\$#d" "$server/data/pg_hba.conf"
	sql "select pg_reload_conf()" >/dev/null
	wait_until psql -XAtq -U worker -c ""
}

sql "alter system set archive_mode = on"
sql "alter system set archive_command =
	'pgbackrest --config=$server/pgbackrest.conf --stanza=bk archive-push %p'"
server_is stop -m fast
server_is start

configure 'activate-due { batch-size = 2 }'
empty_table
sql "create role worker login; grant booking_update to worker"

t "a full backup, with the WAL since then in the archive"
run pgbackrest_run stanza-create
is_rc 0
run pgbackrest_run --type=full backup
is_rc 0
run pgbackrest_run check
is_rc 0

# The right run, and what is to happen to these bookings: nobody came, but it is too early to say so.
due 5
bookings 4 CONFIRMED '-10 minutes'
run bkactivate --now -U worker
is_rc 0
right=$(table)
right_statuses=$(statuses)
sql "select pg_create_restore_point('before the wrong run')" >/dev/null

t "a wrong run is undone by going back to a restore point"
configure 'activate-due { batch-size = 2 } grace = 1m cancel-no-shows { batch-size = 3 }'
run bknoshow --now -U worker
is_rc 0
[ "$(table)" != "$right" ] || harness_fail "the wrong run" "other bookings" "$(statuses)"
wrong=$(last_record id)
go_back --type=name --target='before the wrong run'
is "$(table)" "$right"
is "$(statuses)" "$right_statuses"
sql_is "select count(*) from bk.maintenance_executions where operation = 'cancel-no-shows'" 0

t "until the gate is opened no host can go on with it"
run bknoshow --now -U worker
is_rc 77
run bkmaint pause --all --reason='recovered to before execution 2' -U postgres
is_rc 0
open_gate
run bknoshow --now -U worker
is_rc 4
is "$(table)" "$right"

t "with the fault mended the jobs go on"
configure 'activate-due { batch-size = 2 } cancel-no-shows { batch-size = 3 }'
run bkmaint resume --all -U worker
is_rc 0
run bknoshow --now -U worker
is_rc 0
is "$(table)" "$right"
due 3
run bkactivate --now -U worker
is_rc 0
is "$(last_record status processed_count)" "SUCCESS|3"

t "a second wrong run is undone by its own transaction, up to which all is kept"
right=$(table)
configure 'grace = 1m cancel-no-shows { batch-size = 3 timeout = 2s lease = 3s statement-timeout = 1s
	lock-timeout = 500ms }'
run bknoshow --now -U worker
is_rc 0
[ "$(table)" != "$right" ] || harness_fail "the wrong run" "other bookings" "$(statuses)"
wrong=$(last_record id)
first=$(sql "select min(txid::text::bigint) from bk.booking_transitions where execution_id = $wrong")
[ "$(sql "select count(*) from bk.booking_transitions where execution_id = $wrong")" -gt 1 ] ||
	harness_fail "batches of the wrong run" "more than one" "$(all_records operation)"
go_back --type=xid --target="$first" --target-exclusive
is "$(table)" "$right"

t "its claim was before that: the run that was at work is taken over when its lease is over"
sql_is "select concat_ws(' ', operation, status) from bk.maintenance_executions where id = $wrong" \
	"cancel-no-shows RUNNING"
bkmaint pause --all --reason='recovered' -U postgres || exit 1
open_gate
wait_for "(select max(lease_expires_at) from bk.execution_workers) < clock_timestamp()"
configure ''
run bkmaint resume --all -U worker
is_rc 0
run bknoshow --now -U worker
is_rc 0
err_has "execution $wrong of cancel-no-shows had lost its lease and was closed as ABANDONED"
is "$(table)" "$right"
is "$(last_record operation status processed_count)" "cancel-no-shows|SUCCESS|0"
sql_is "$open_sql" 0

t "bkmaint backup and restore work there, too"
run bkmaint backup "$BK_TEST_DIR/bk.dump" -U postgres
is_rc 0
sql "drop schema bk cascade"
run bkmaint restore "$BK_TEST_DIR/bk.dump" -U postgres
is_rc 0
run bkmaint resume --all -U worker
is_rc 0
run bkactivate --now -U worker
is_rc 0

done_testing
