# shellcheck shell=bash
# Who may do what: every command of every program under a role without any privilege, booking_read,
# booking_update and the owner of the schema, who is no superuser. What a role may not do ends with 77,
# changes nothing, and names the grant; once that is typed it works.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

# The matrix: the least role (none: it asks no database), and the command as it is typed. EXECUTION is
# one to undo, RUNNING one to cancel. Every command of --help has a line here, and so has its dry run:
# what is added to a program gets its line here and in the table of bk(7).
matrix() {
	cat <<'END'
booking_update|bkactivate
booking_update|bkactivate --now
booking_update|bkactivate --for=1s
booking_read|bkactivate -n
booking_read|bkactivate --explain
booking_update|bknoshow
booking_update|bknoshow --now
booking_read|bknoshow -n
booking_read|bknoshow --explain
booking_update|bkmaint activate-due
booking_read|bkmaint activate-due -n
booking_read|bkmaint activate-due --explain
booking_update|bkmaint cancel-no-shows
booking_read|bkmaint cancel-no-shows -n
booking_read|bkmaint cancel-no-shows --explain
booking_update|bkmaint update-completed
booking_read|bkmaint update-completed -n
booking_read|bkmaint update-completed --explain
booking_update|bkmaint update-expired
booking_read|bkmaint update-expired -n
booking_read|bkmaint update-expired --explain
booking_update|bkmaint cleanup
booking_read|bkmaint cleanup -n
booking_read|bkmaint cleanup --explain
booking_update|bkmaint run --due
booking_update|bkmaint pause activate-due --reason=x
booking_update|bkmaint resume --all
booking_update|bkmaint enable activate-due
booking_update|bkmaint disable activate-due
booking_update|bkmaint cancel RUNNING
booking_update|bkmaint undo EXECUTION
booking_read|bkmaint undo EXECUTION -n
booking_update|bkmaint hold 1 --reason=x
booking_update|bkmaint release 2
booking_update|bkmaint quarantine retry 3
booking_update|bkmaint events --consumer=mailer
owner|bkmaint set grace 7m --reason=x
owner|bkmaint unset activate-due.max-age --reason=x
owner|bkmaint rollback 1 --reason=x
booking_read|bkmaint settings
booking_read|bkmaint settings --history
owner|bkmaint archive
booking_read|bkmaint archive -n
booking_read|bkmaint doctor
owner|bkmaint backup made.dump
owner|bkmaint restore kept.dump
owner|bkmaint migrate
booking_read|bkmaint migrate --check
booking_read|bkstatus
booking_read|bkstatus jobs
booking_read|bkstatus job activate-due
booking_read|bkstatus history
booking_read|bkstatus history --archive
booking_read|bkstatus execution EXECUTION
booking_read|bkstatus booking 1
booking_read|bkstatus overdue
booking_read|bkstatus forecast
booking_read|bkstatus watch --count=1
booking_read|bkstatus report --out=made.html
booking_read|bkstatus metrics
booking_read|bkstatus events
booking_read|bkstatus holds
booking_read|bkstatus quarantine
none|bkstatus config
booking_read|bkstatus health
END
}

# commands PROGRAM: one a line, as its --help names them
commands() {
	"$1" --help | sed -n "/^Usage:/,/^\$/s/^  \($1.*\)/\1/p" |
		sed 's/ \[jobs\]//; s/ [][A-Z(-].*//' | sort -u
}

# options PROGRAM COMMAND: those of its usage that make it look and not do
options() {
	"$1" --help | awk -v head="  $2 " '/^Usage:/ { on = 1 } /^$/ { on = 0 }
		on && /^  [^ ]/ { mine = index($0 " ", head) == 1 } on && mine' |
		grep -Eo -- '\[(-n|--explain|--check)\]' | tr -d '[]'
}

# by_command: "bkmaint undo|booking_update" of what neither only looks nor is of bkstatus
by_command() {
	matrix | grep -v -- '|bkstatus\| \(-n\|--explain\|--check\)$' |
		sed 's/^\([a-z_]*\)|\(bkmaint quarantine retry\|bkmaint [a-z-]*\|[a-z]*\).*/\2|\1/' | sort -u
}

t "the matrix has every command of --help, and its dry run"
for program in bkactivate bknoshow bkmaint bkstatus; do
	while read -r command; do
		matrix | grep -q "|$command\( \|\$\)" ||
			harness_fail "no line in the matrix" "$command" ""
		for option in $(options "$program" "$command"); do
			matrix | grep -q "^booking_read|$command.* $option\$" ||
				harness_fail "no line in the matrix" "$command $option" ""
		done
	done < <(commands "$program")
done
is "$(commands bkmaint | grep -c .)" "$(matrix | sed -n 's/.*|\(bkmaint [a-z-]*\( retry\)\?\).*/\1/p' |
	sort -u | grep -c .)" "commands of bkmaint"
is "$(options bkmaint "bkmaint migrate")" --check
is "$(options bkactivate bkactivate | paste -sd' ')" "-n --explain"

t "bk(7) says the same"
is "$(sed -n '/^\.Ss Who may do what/,/^\.El/s/^\.It \(bk[a-z -]*\) Ta \(the \)\{0,1\}\([a-z_]*\)$/\1|\3/p' \
	"$BK_SRC/man/bk.7" | sort)" "$(by_command)"
is "$(matrix | grep '|bkstatus\| \(-n\|--explain\|--check\)$' | cut -d'|' -f1 | sort -u | paste -sd' ')" \
	"booking_read none" "what only looks"

# --- a database that is not a superuser's ---

sql "create role booking_read; create role booking_update; grant booking_read to booking_update;
	create role owner login; create role reader login in role booking_read;
	create role worker login in role booking_update; create role nobody login;
	grant create on database $PGDATABASE to owner; grant create on schema public to owner"
configure 'archive { table = yes }'
t "the owner sets it up"
run bkmaint migrate --reference-bookings -U owner
is_rc 0
err_is_empty

# Work for every command: kept in copies of the tables, to which fixture goes back. RUNNING has a lease
# and is of no job, so that nobody is busy.
bookings 2 CONFIRMED '-1 minute'
bkactivate --now -U owner && bkmaint hold 2 --reason=x -U owner || exit 1
EXECUTION=$(sql "select min(execution_id) from bk.booking_transitions")
bookings 1 CONFIRMED '-1 minute'
bookings 1 CONFIRMED '-1 hour'
bookings 1 ACTIVE '-2 hours' '-1 hour' "'-2 hours'"
bookings 1 PENDING '1 day' '2 days' null "'-1 minute'"
running undo '1 hour'
RUNNING=$(sql "select max(id) from bk.maintenance_executions")
running doctor '-1 hour'
sql "insert into bk.quarantined_bookings (rule, booking_key, operation, execution_id,
		error_code, error_message, first_seen_at, last_seen_at, next_try_at)
	select 'activate', array[k], 'activate-due', 17, '23514', 'refused', now(), now(), now() + at
	from (values ('3', interval '1 hour'), ('9', '-60 days')) as v (k, at);
	insert into bk.maintenance_executions (run_id, operation, description, executed_at, finished_at,
		status, processed_count, triggered_by, invoked_by, server_instance, pid, version,
		lease_token, as_of)
	select gen_random_uuid(), 'update-expired', 'x', now() - at, now() - at, 'SUCCESS', 0,
		'SCHEDULER', 'u/u', 'h', 1, '1', 0, now() - at
	from unnest(array[interval '900 days', '901 days', '1 minute']) as at"
bkmaint set activate-due.max-age 20d --reason=x -U owner || exit 1
bkmaint set grace 6m --reason=x -U owner || exit 1
bkmaint backup kept.dump -U owner || exit 1

tables=$(sql "select format('%I.%I', s.nspname, c.relname) from pg_class as c
	join pg_namespace as s on s.oid = c.relnamespace
	where c.relkind = 'r' and s.nspname in ('bk', 'public') order by 1")
restore_sql="set session_replication_role = replica; truncate $(paste -sd, <<<"$tables");"
digest_sql=''
for table in $tables; do
	sql "create schema if not exists kept; create table kept.\"$table\" as table $table"
	restore_sql+="insert into $table overriding system value table kept.\"$table\";"
	digest_sql+="${digest_sql:+ union all }select md5(string_agg(t::text, ' ' order by t::text))
		from $table as t"
done

# fixture: everything as it was, also a schema that restore found away
fixture() {
	rm -f made.*
	[ "$(sql "select to_regnamespace('away')")" = '' ] ||
		sql "drop schema if exists bk cascade; alter schema away rename to bk"
	sql "$restore_sql"
}

# begin COMMAND: sets words, what to type
begin() {
	words=${1/RUNNING/$RUNNING}
	words=${words/EXECUTION/$EXECUTION}
	[[ $1 != *restore* ]] || sql "alter schema bk rename to away"
}

# is_unchanged: what is in the database is as the fixture left it
is_unchanged() {
	[ "$(sql "select to_regnamespace('away')")" != '' ] ||
		is "$(sql "$digest_sql")" "$untouched" "what is in the database"
	[ ! -e made.dump ] || harness_fail "a file" none made.dump
}

# worked COMMAND: it did what it should. health says with its status how things are, not how it went,
# and things are bad here.
worked() {
	case $1 in
	"bkstatus health")
		[ "$RC" = 1 ] || is_rc 2
		out_lacks "permission denied"
		;;
	*) is_rc 0 ;;
	esac
	err_lacks error
}

# may ROLE COMMAND
may() {
	t "$1 may: $2"
	begin "$2"
	# shellcheck disable=SC2086
	run $words -U "$1"
	worked "$2"
}

# may_not ROLE COMMAND: 77, and the grant. The monitoring plugin knows four statuses: 3 is "unknown".
may_not() {
	t "$1 may not: $2"
	begin "$2"
	# shellcheck disable=SC2086
	run $words -U "$1"
	case $2 in
	"bkstatus health")
		is_rc 3
		out_has "permission denied"
		;;
	*)
		is_rc 77
		grant=$(sed -n 's/.*hint: .*\(GRANT .* TO .*\)$/\1/p' "$BK_TEST_DIR/.err" | head -n 1)
		[[ $grant == *" TO $1" || $grant == *" TO \"$1\"" ]] ||
			harness_fail "the hint names no grant" "GRANT ... TO $1" "$ERR"
		;;
	esac
	is_unchanged
}

# once_granted ROLE COMMAND: what the last hint said is typed
once_granted() {
	t "$1 may, once that is typed: $2"
	sql "$grant"
	# shellcheck disable=SC2086
	run $words -U "$1"
	worked "$2"
	grant=${grant/GRANT/REVOKE}
	sql "${grant/ TO / FROM }"
}

# sampled NUMBER LEVEL: the grant is typed for each fifth command, and for all that are the owner's
sampled() {
	[ $(($1 % 5)) -eq 0 ] || [ "$2" = owner ]
}

declare -A login=([booking_read]=reader [booking_update]=worker [owner]=owner)
fixture
untouched=$(sql "$digest_sql")
n=0
while IFS='|' read -r level command <&3; do
	n=$((n + 1)) allowed=
	for least in none booking_read booking_update owner; do
		role=${login[$least]:-nobody}
		[ "$least" != "$level" ] || allowed=yes
		if [ -z "$allowed" ]; then
			may_not "$role" "$command"
			if [ "$role" = nobody ] && sampled "$n" "$level" && [ "$grant" ]; then
				once_granted "$role" "$command"
				fixture
			elif [[ $command == *restore* ]]; then
				fixture
			fi
		else
			may "$role" "$command"
			[ "$level" != booking_read ] || is_unchanged
			[ "$level" = none ] || [ "$level" = booking_read ] || fixture
		fi
	done
done 3< <(matrix)

done_testing
