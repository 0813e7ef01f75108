# shellcheck shell=bash
# bkmaint set, unset, rollback and settings: what is refused and why, what is kept of a change, and
# that every tick and every look heeds it.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure 'activate-due {' '	timeout = 40s' '}'
empty_table

# setting KEY [OPTION...]: "60s|database (change 1 by root/postgres)", as bkstatus config has it
setting() {
	local key=$1
	shift
	bkstatus config --json "$@" | jq -r --arg key "$key" \
		'.data.items[] | select(.key == $key) | "\(.value)|\(.origin)"'
}

# change: the newest change, as its row has it
change() {
	sql "select command, name, old_value, new_value, reason, author, server_instance,
			client_address, rolled_back
		from bk.settings_history order by id desc limit 1"
}

versions() {
	sql "select distinct settings_version from bk.scheduler_job_info"
}

me=$(id -un)/postgres

t "without settings there are none, and the version is 0"
run bkmaint settings
is_rc 0
out_is "no settings in the database"
run bkmaint settings --json
json_is '.data | tojson' '{"items":[],"settingsVersion":"0"}'
run bkstatus config --json
json_is .data.settingsVersion 0

t "a setting is set, without a word, and kept with who, when, from where, old, new and why"
run bkmaint set activate-due.max-changes 5 --reason="import of old bookings" --instance=host-1
is_rc 0
out_is_empty
err_is_empty
is "$(change)" "set|activate-due.max-changes||5|import of old bookings|$me|host-1||"
is "$(versions)" 1
is "$(last_record operation status triggered_by processed_count description invoked_by)" \
	"set|SUCCESS|MANUAL|1|set activate-due.max-changes = 5: import of old bookings|$me"
is "$(setting activate-due.max-changes)" "5|database (change 1 by $me)"
run bkmaint set activate-due.max-changes 6 --reason=x -v
is_rc 0
out_is "activate-due.max-changes is 6, it was 5 (change 2, execution 2)"

t "what is already so is said, and not recorded"
run bkmaint set activate-due.max-changes 6 --reason=y -v
is_rc 0
out_is "activate-due.max-changes was 6 already"
run bkmaint unset activate-due.delay --reason=y -v
is_rc 0
out_is "activate-due.delay was not set"
is "$(records)" 2
is "$(versions)" 2

t "the next tick heeds it, and so does that of a host that has no such file"
sql "update bk.scheduler_job_info set last_success_time = now()"
due 7
run bkactivate
is_rc 4
err_has "activate-due would change 7 bookings, max-changes allows 6"
: >"$BK_TEST_DIR/other.conf"
run bkactivate --now --instance=host-2 --config="$BK_TEST_DIR/other.conf"
is_rc 4
bkmaint set activate-due.max-changes 7 --reason=x || exit 1
run bkactivate --now
is_rc 0
is "$(statuses)" "ACTIVE 7"

t "the usual tick, with nothing due, heeds it, and stays the usual tick"
bkmaint set activate-due.delay 2h --reason=x || exit 1
sql "update bk.scheduler_job_info set next_execution_time = null"
bkactivate
is "$(sql "select delay_ms, next_execution_time - last_execution_time from bk.scheduler_job_info
	where job_name = 'activate-due'")" '7200000|02:00:00'
sql "update bk.scheduler_job_info set next_execution_time = null"
run bkactivate --json
json_is '[.data.outcome, .data.status] | tojson' '["ran","SUCCESS"]'

t "environment and command line stand over it, profile and file below, which is said"
run env BK_ACTIVATE_DUE_TIMEOUT=50s bkmaint set activate-due.timeout 90s --reason=x
is_rc 0
err_is "bkmaint: warning: activate-due.timeout comes from environment BK_ACTIVATE_DUE_TIMEOUT on $(
	)this host, which stands over the database"
is "$(setting activate-due.timeout)" "90s|database (change 5 by $me)"
is "$(BK_ACTIVATE_DUE_TIMEOUT=50s setting activate-due.timeout)" \
	"50s|environment BK_ACTIVATE_DUE_TIMEOUT"
# A default that follows it.
is "$(setting activate-due.lease)" "2m|default"
run bkstatus job activate-due --json
json_is '[.data.delayMs, .data.timeoutMs] | tojson' '[7200000,90000]'
run env BK_ACTIVATE_DUE_TIMEOUT=50s bkmaint settings --json
json_is '.data.items | map([.key, .value, .inUse, .changeId] | join(" ")) | join(", ")' \
	"activate-due.delay 2h true 4, activate-due.max-changes 7 true 3, activate-due.timeout 90s false 5"
json_is '.data.items[0] | [.author, .reason, .clientAddress] | tojson' "[\"$me\",\"x\",null]"
run bkmaint settings -o jsonl
is "$(jq -r .type <<<"$OUT" | paste -sd' ')" "stored stored stored summary"

t "what was typed and cannot be is a usage error, which needs no database"
before=$(versions)
while IFS='|' read -r words message hint; do
	# shellcheck disable=SC2086
	run env PGPORT=1 bkmaint set $words --reason=x
	is_rc 64
	out_is_empty
	err_has "error: $message"
	[ -z "$hint" ] || err_has "hint: $hint"
done <<'END'
activate-due.dealy 5s|unknown setting "activate-due.dealy"|did you mean "activate-due.delay"?
nosuch 5s|unknown setting "nosuch"|
activate-due.delay soon|activate-due.delay: "soon" is no duration (write 500ms, 30s, 5m, 24h or 30d)|
activate-due.delay 1ms|activate-due.delay: "1ms" is out of range (1s to 365d)|
activate-due.parallel 17|activate-due.parallel: "17" is out of range (1 to 16)|
activate-due.parallel 0x1|activate-due.parallel: "0x1" is no|
activate-due.on-exceed ignore|activate-due.on-exceed: "ignore" is neither refuse nor trickle|
activate-due.enabled no|activate-due.enabled: cannot be set here, only in the file|
activate-due.splay 5s|activate-due.splay: cannot be set here, only in the file or the environment|
schema other|schema: cannot be set here, only in the file|
database dbname=x|database: cannot be set here, only in the file or the command line|
log-level debug|log-level: cannot be set here, only in the file or the environment|
bookings.table x|bookings.table: cannot be set here, only in the file|
rule.x.to y|rule.x.to: cannot be set here, only in the file|
grace|bkmaint set needs KEY VALUE|
grace 5m 6m|unexpected operand "6m"|
END
for command in "set grace 5m" "unset grace" "rollback 1"; do
	# shellcheck disable=SC2086
	run bkmaint $command
	is_rc 64
	err_has "needs the option --reason=TEXT"
	# shellcheck disable=SC2086
	run bkmaint $command --reason="$(printf '%01001d' 0)"
	is_rc 64
	err_has "option --reason: is longer than 1000 bytes"
done
run bkmaint set grace $'5m\n' --reason=x
is_rc 64
run bkmaint unset nosuch --reason=x
is_rc 64
err_has 'error: unknown setting "nosuch"'
run bkmaint unset schema --reason=x
is_rc 64
for words in "settings --limit=3" "settings --after=x"; do
	# shellcheck disable=SC2086
	run bkmaint $words
	is_rc 64
	err_has " needs --history"
done
run bkmaint settings --history --limit=1001
is_rc 64
err_has "option --limit: a page has 1 to 1000 changes"
run bkmaint settings --history --after=x
is_rc 64
err_has 'option --after: "x" is no cursor'
is "$(versions)" "$before"

t "what the configuration could not be valid with is refused, and the environment does not hide it"
before=$(records)
run bkmaint set activate-due.timeout 1s --reason=x
is_rc 0
bkmaint rollback "$(sql "select max(id) from bk.settings_history")" --reason=x
before=$(records)
bkmaint set activate-due.statement-timeout 30s --reason=x || exit 1
run bkmaint set activate-due.timeout 20s --reason=x
is_rc 78
out_is_empty
err_has "error: database (change 8 by $me): activate-due.statement-timeout (30s) must be shorter than $(
	)activate-due.timeout (20s, new value)"
err_has "hint: nothing was changed"
run env BK_ACTIVATE_DUE_TIMEOUT=60s bkmaint set activate-due.timeout 20s --reason=x
is_rc 78
run bkmaint set activate-due.timeout 20s --reason=x --json
json_is '[.success, .data, .error.code, .error.exitCode] | tojson' \
	'[false,null,"CONFIG",78]'
run bkmaint set cancel-no-shows.leader sticky --reason=x
is_rc 0
run bkmaint set cancel-no-shows.instances 2 --reason=x
is_rc 78
err_has "cancel-no-shows.leader: sticky excludes cancel-no-shows.instances above 1"
is "$(records)" $((before + 2))

t "so is the end of a setting that another one needs"
bkmaint set activate-due.statement-timeout 60s --reason=x || exit 1
run bkmaint unset activate-due.timeout --reason=x
is_rc 78
err_has "error: without activate-due.timeout: database (change "
err_has "activate-due.statement-timeout (1m) must be shorter than activate-due.timeout (40s, "
bkmaint unset activate-due.statement-timeout --reason=x || exit 1
run bkmaint unset activate-due.timeout --reason="done" -v
is_rc 0
out_has "activate-due.timeout is unset, it was 90s (change "
is "$(setting activate-due.timeout)" "40s|$BK_CONFIG:2"
is "$(change)" "unset|activate-due.timeout|90s||done|$me|$(hostname)||"

t "a change is taken back, and the taking back, too"
sql "truncate bk.settings, bk.settings_history restart identity;
	update bk.scheduler_job_info set settings_version = 0"
bkmaint set grace 5m --reason=one && bkmaint set grace 6m --reason=two || exit 1
run bkmaint rollback 1 --reason=x
is_rc 4
out_is_empty
err_has "error: grace was changed again after change 1, last by change 2"
err_has "hint: take back 2 first, or set the value that is to be"
run bkmaint rollback 2 --reason=back -v
is_rc 0
out_has "grace is 5m, it was 6m (change 3, execution "
is "$(change)" "rollback|grace|6m|5m|back|$me|$(hostname)||2"
is "$(last_record operation description)" "rollback|rollback 2: grace = 5m: back"
run bkmaint rollback 2 --reason=x
is_rc 4
err_has "last by change 3"
run bkmaint rollback 3 --reason=x
is_rc 0
is "$(setting grace)" "6m|database (change 4 by $me)"
bkmaint rollback 4 --reason=x
sql "update bk.settings_history set old_value = null where id = 5"
run bkmaint rollback 5 --reason=x -v
is_rc 0
out_has "grace is unset, it was 5m (change 6, "
is "$(last_record description)" "rollback 5: grace unset: x"
is "$(versions)" 0

t "what cannot be taken back"
run bkmaint rollback 4711 --reason=x
is_rc 66
err_has "error: no change 4711"
err_has "hint: bkmaint settings --history lists them"
for id in x 0 -- 1.5; do
	run bkmaint rollback --reason=x -- "$id"
	is_rc 64
	err_has "\"$id\" is no number of a change"
done
bkmaint pause activate-due --until=2100-01-01 --reason=upgrade
run bkmaint rollback 7 --reason=x
is_rc 4
err_has "error: change 7 is none of a setting: pause activate-due"
bkmaint set grace 1h --reason=x
sql "update bk.settings_history set old_value = 'long' where id = 8"
run bkmaint rollback 8 --reason=x
is_rc 78
err_has 'error: the value before change 8: grace: "long" is no duration'

t "pause, resume, disable and enable are in the same history"
is "$(change 2>&1 | cut -d'|' -f1)" set
sql_is "select command, name, old_value, new_value, reason, author from bk.settings_history
	where id = 7" "pause|activate-due|IDLE|PAUSED until 2100-01-01T00:00:00.000Z|upgrade|$me"
bkmaint resume activate-due
is "$(change)" "resume|activate-due|PAUSED until 2100-01-01T00:00:00.000Z|IDLE||$me|$(hostname)||"
bkmaint disable activate-due
is "$(change)" "disable|activate-due|IDLE|DISABLED||$me|$(hostname)||"
bkmaint enable activate-due
is "$(change)" "enable|activate-due|DISABLED|IDLE||$me|$(hostname)||"
bkmaint enable activate-due
sql_is "select count(*) from bk.settings_history" 11
bkmaint pause --all --reason=x && bkmaint resume --all
sql_is "select count(distinct name), count(*) from bk.settings_history where id > 11" '5|10'
# They are no settings, so no tick has to read those anew.
is "$(versions)" 8

t "the history is read page by page, newest first"
seen=
cursor=
for _ in 1 2 3 4 5 6 7 8 9; do
	run bkmaint settings --history --limit=4 --json ${cursor:+--after="$cursor"}
	is_rc 0
	seen+=" $(jq -r '.data.items[].id' "$BK_TEST_DIR/.out" | paste -sd' ')"
	cursor=$(jq -r '.data.nextCursor // ""' "$BK_TEST_DIR/.out")
	[ "$cursor" ] || break
done
is "$seen" " $(seq -s ' ' 21 -1 1)"
run bkmaint settings --history --json
json_is '.data | [.limit, .nextCursor] | tojson' '[50,null]'
json_is '.data.items[] | select(.id == "3") | [.command, .name, .oldValue, .newValue, .rolledBack,
	.reason] | join(" ")' "rollback grace 6m 5m 2 back"
run bkmaint settings --history --limit=1 -o csv
is "$(head -n 1 <<<"$OUT")" "id,changedAt,command,name,oldValue,newValue,author,serverInstance,$(
	)clientAddress,rolledBack,reason"
run bkmaint settings --history
out_has "2100-01-01T00:00:00.000Z"

t "from where: the address of a connection that has one"
port=$(sql 'show port')
host=$(sql "select coalesce(nullif(split_part(current_setting('listen_addresses'), ',', 1), ''), '-')")
if [ "$host" != - ]; then
	run bkmaint set grace 2h --reason=x -h "$host" -p "$port"
	sql_is "select client_address is not null from bk.settings_history order by id desc limit 1" t
fi
bkmaint set grace 2h --reason=x

t "a stored value that is of no use here is ignored, aloud, and the job goes on"
sql "insert into bk.settings_history (command, name, new_value, reason, author, server_instance)
		select 'set', n, v, 'x', 'new/new', 'host-9' from (values ('activate-due.warp', '9'),
			('activate-due.delay', '1 fortnight'), ('schema', 'other'),
			('activate-due.lease', '41s')) as t (n, v);
	insert into bk.settings (name, value, change) select name, new_value, id
		from bk.settings_history where author = 'new/new';
	update bk.scheduler_job_info set next_execution_time = null,
		settings_version = (select max(id) from bk.settings_history)"
ids=$(sql "select min(id) from bk.settings_history where author = 'new/new'")
# This host's file has a timeout that is longer than that lease.
configure 'activate-due {' '	timeout = 50s' '}'
due 1
run bkactivate --json
is_rc 0
json_is '[.data.outcome, .data.processedCount] | tojson' '["ran",1]'
err_has "warning: the setting activate-due.warp is ignored: database (change $ids by new/new): $(
	)unknown setting \"activate-due.warp\""
err_has "database (change $((ids + 1)) by new/new): activate-due.delay: \"1 fortnight\" is no duration"
err_has "warning: the setting schema is ignored: database (change $((ids + 2)) by new/new): schema: cannot"
err_has "warning: the setting activate-due.lease is ignored: database (change $((ids + 3)) by new/new): $(
	)activate-due.lease (41s) must be longer than activate-due.timeout (50s, $BK_CONFIG:2)"
is "$(setting grace 2>/dev/null)" "2h|database (change $((ids - 1)) by $me)"
run bkmaint settings --json
json_is '[.data.items[] | select(.inUse) | .key] | join(" ")' grace
# Another host, whose file goes with it.
configure
is "$(setting activate-due.lease 2>/dev/null)" "41s|database (change $((ids + 3)) by new/new)"

t "what this program does not know can be taken away"
for name in activate-due.warp schema activate-due.delay activate-due.lease; do
	run bkmaint unset "$name" --reason=x -v
	is_rc 0
	out_has "$name is unset, it was "
done
run bkmaint unset activate-due.warp --reason=x
is_rc 64
run bkstatus config
err_is_empty

t "a dry run, doctor and an explanation heed it"
bkmaint set activate-due.max-changes 2 --reason=x
due 3
sql "update bk.scheduler_job_info set last_success_time = now()"
run bkactivate --dry-run
is_rc 4
err_has "max-changes allows 2"
bkmaint set activate-due.batch-size 77 --reason=x
run bkactivate --explain --json
json_is '[.data.statements[].parameters[] | select(.value == "77")] | length > 0' true

# With the delay that it began with it would tick for two minutes.
t "--for heeds a delay that is set while it is ticking"
bkmaint set activate-due.delay 1s --reason=x
sql "truncate bk.maintenance_executions, bk.booking_transitions restart identity cascade;
	update bookings set status = 'COMPLETED';
	update bk.scheduler_job_info set next_execution_time = null"
began=$SECONDS
bkactivate --for=120s &
wait_for "exists (select from bk.maintenance_executions where operation = 'activate-due')"
bkmaint set activate-due.delay 1h --reason=x
wait $!
is $? 0
[ $((SECONDS - began)) -lt 60 ] || harness_fail "seconds" "less than 60" $((SECONDS - began))
sql_is "select delay_ms from bk.scheduler_job_info where job_name = 'activate-due'" 3600000

t "the settings of a database that is not there are not shown, which is said"
run bkstatus config -p 1 -h "$BK_TEST_DIR"
is_rc 0
out_has "activate-due.delay"
err_has "warning: what is set in the database is not shown: "
run bkstatus config -p 1 -h "$BK_TEST_DIR" --json
json_is .data.settingsVersion null
run bkstatus config -d template1 --json
is_rc 0
err_is_empty
json_is .data.settingsVersion null

t "only the owner may: 77, and nobody is told to become a superuser"
sql "create role worker login; grant booking_update to worker;
	create role reader login; grant booking_read to reader;
	create role \"Own Er\" login"
last=$(sql "select max(id) from bk.settings_history where command = 'set'")
before=$(sql "select count(*) from bk.settings_history")
for role in reader worker; do
	for command in "set grace 3h" "unset grace" "rollback $last"; do
		# shellcheck disable=SC2086
		run bkmaint $command --reason=x -U "$role"
		is_rc 77
		out_is_empty
		is "$(tail -n 1 <<<"$ERR")" \
			"bkmaint: hint: only the owner changes settings: connect as postgres"
	done
	run bkmaint settings -U "$role"
	is_rc 0
	err_is_empty
	run bkmaint settings --history -U "$role" --json
	is_rc 0
	run bkstatus config -U "$role"
	is_rc 0
	out_has "database (change "
done
sql_is "select count(*) from bk.settings_history" "$before"
due 3
run bkactivate --now -U worker
is_rc 4
err_has "max-changes allows 2"
sql 'grant usage on schema bk to "Own Er"; do $$ declare t record; begin
	for t in select tablename from pg_tables where schemaname = $q$bk$q$ loop
		execute format($q$alter table bk.%I owner to "Own Er"$q$, t.tablename); end loop; end $$'
run bkmaint set grace 4h --reason=x -U worker
err_has 'connect as "Own Er", or let it type: GRANT "Own Er" TO worker'
sql 'create role above superuser; grant above to "Own Er"'
run bkmaint set grace 4h --reason=x -U worker
is_rc 77
err_lacks GRANT
sql 'revoke above from "Own Er"'
run bkmaint set grace 4h --reason=x -U "Own Er"
is_rc 0
is "$(change | cut -d'|' -f6)" "$(id -un)/Own Er"

t "without its schema it says what to do"
run bkmaint set grace 1m --reason=x -d template1
is_rc 78
err_has "bkmaint migrate"

t "another change that is under way is waited for, not for ever"
hold "lock table bk.settings in share row exclusive mode"
run bkmaint set grace 1m --reason=x
is_rc 1
err_has "lock timeout"
run bkactivate --now --json
is_rc 4
let_go

done_testing
