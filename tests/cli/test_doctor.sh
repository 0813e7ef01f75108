# shellcheck shell=bash
# bkmaint doctor: silence, formats, exit statuses, roles, and that what it says to type mends what it
# found.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"
# shellcheck source=tests/cli/mdoc.sh
. "$BK_SRC/tests/cli/mdoc.sh"
# shellcheck source=etc/dev/cluster.sh
. "$BK_SRC/etc/dev/cluster.sh"

standby=$BK_TEST_DIR/standby
trap 'cluster_stop "$standby"' EXIT
configure

t "bkmaint(1) has the codes of the findings"
same "$(section bkmaint FINDINGS | items | names Cm)" "$(cat "$BK_SRC"/lib/job/doctor*.c |
	tr -s '\n\t' '  ' | grep -Eo '(\.code = |LEVEL_[A-Z]+, )"[a-z-]+"' | grep -o '"[a-z-]*"' |
	tr -d '"' | sort -u)" codes

t "without bk's schema it is an error as of any command: 78"
run bkmaint doctor
is_rc 78
out_is_empty
err_has "schema bk is missing"

t "without a database as well: 69"
run bkmaint doctor -h "$BK_TEST_DIR/nowhere" --json
is_rc 69
json_is '[.success, .error.code, .data] | tojson' '[false,"DATABASE_UNAVAILABLE",null]'

empty_table
sql "create role bk login in role booking_update; create role reader login in role booking_read;
	create role nobody_special login"

t "a role without any privilege: 77, and the grant"
run bkmaint doctor -U nobody_special
is_rc 77
err_has "GRANT booking_read TO nobody_special"

for work in no yes; do
	t "of a healthy table with work to do: $work, nothing is found, and nothing is said to cron"
	[ "$work" = no ] || {
		bookings 1 CONFIRMED '-1 minute'
		bookings 1 CONFIRMED '-1 hour'
		bookings 1 ACTIVE '-2 hours' '-1 hour' "'-2 hours'"
		bookings 1 PENDING '1 day' '2 days' null "'-1 minute'"
	}
	run bkmaint doctor -U bk
	is_rc 0
	out_is_empty
	err_is_empty
	for option in -v --output=table; do
		run bkmaint doctor -U bk "$option"
		is_rc 0
		out_is "doctor: found nothing"
	done
	run bkmaint doctor -U bk --json
	is_rc 0
	json_is '[.success, .data.operation, .data.errors, .data.warnings, .data.notes,
		.data.findings] | tojson' '[true,"doctor",0,0,0,[]]'
done

t "it records nothing and changes nothing"
is "$(statuses)" "ACTIVE 1, CONFIRMED 2, PENDING 1"
sql_is "select count(*) from bk.maintenance_executions where operation = 'doctor'" 0
sql_is "select count(*) from bk.booking_transitions" 0

t "it takes no operand and no option of an operation"
run bkmaint doctor activate-due
is_rc 64
run bkmaint doctor --dry-run
is_rc 64

t "a superuser is a note, and no failure"
run bkmaint doctor
is_rc 0
out_is_empty
run bkmaint doctor -v
is_rc 0
out_has "NOTE superuser: role postgres"
out_has "doctor: found 1 note"

t "booking_read is enough, and a note says what was not checked"
run bkmaint doctor -U reader --json
is_rc 0
json_is '[.data.findings[] | .level, .code, .fix] | tojson' \
	'["note","role-only-reads","GRANT booking_update TO reader;"]'

# --- findings ---

sql "drop index bookings_confirmed_start;
	revoke update (status) on bookings from booking_update;
	insert into bookings (id, status, starts_at, ends_at)
		values (4711, 'ACTIVE', now(), now() - interval '1 hour')"

t "findings are printed whoever looks: 78"
run bkmaint doctor -U bk
is_rc 78
err_is "bkmaint: error: found 1 error and 2 warnings"
out_has "ERROR privilege-missing: role bk
    what  the role lacks a privilege
    why   "
out_has "
    type  GRANT UPDATE (status) ON public.bookings TO bk;
WARNING index-missing: rule activate, CONFIRMED"
out_has "    type  CREATE INDEX CONCURRENTLY ON \"public\".\"bookings\" (\"starts_at\", \"id\")$(
	) WHERE \"status\" = 'CONFIRMED';"
out_has "1 booking whose end is before the start, for example 4711"

t "-q leaves warnings out"
run bkmaint doctor -U bk -q
is_rc 78
out_has "ERROR privilege-missing"
out_lacks "WARNING"

t "as JSON"
run bkmaint doctor -U bk --json
is_rc 78
json_is '[.success, .message, .error.code, .error.exitCode, .data.errors, .data.warnings,
	(.data.findings | length)] | tojson' \
	'[false,"found 1 error and 2 warnings","FINDINGS",78,1,2,3]'
json_is '.data.findings[] | select(.code == "end-before-start") | [.level, .subject, .count,
	.example] | tojson' '["warning","public.bookings",1,["4711"]]'
json_is '.data.findings[] | select(.code == "index-missing") | [.count, .example] | tojson' \
	'[null,null]'

t "as JSON lines and CSV"
run bkmaint doctor -U bk -o jsonl
is_rc 78
is "$(jq -r .type <<<"$OUT" | tr '\n' ' ')" "finding finding finding error "
run bkmaint doctor -U reader -o jsonl
is "$(jq -r .type <<<"$OUT" | tail -n 1)" error
run bkmaint doctor -U bk -o csv
is_rc 78
is "$(head -n 1 <<<"$OUT")" level,code,subject,what,why,fix,count,example
is "$(wc -l <<<"$OUT")" 4
out_has ",1,4711"

t "with what it says to type it is content"
bkmaint doctor -U bk --json | jq -r '.data.findings[].fix | select(test("^(GRANT|CREATE)"))' \
	>"$BK_TEST_DIR/fix.sql"
is "$(wc -l <"$BK_TEST_DIR/fix.sql")" 2
psql -XAtq -v ON_ERROR_STOP=1 -U postgres -f "$BK_TEST_DIR/fix.sql" || harness_fail fix 0 $?
sql "delete from bookings where id = 4711"
run bkmaint doctor -U bk -v
is_rc 0
out_is "doctor: found nothing"

t "and with the command for old bookings"
sql "insert into bookings (status, starts_at, ends_at)
	values ('PENDING', now() - interval '40 days', now() - interval '39 days')"
run bkmaint doctor -U bk --json
is_rc 78
json_is '.data.findings[0] | [.code, .subject, .count, .fix] | tojson' \
	'["bookings-stale","rule expire-hold",1,"bkmaint update-expired --backlog"]'
run bash -c "$(jq -r '.data.findings[0].fix' <<<"$OUT") -U bk"
is_rc 0
run bkmaint doctor -U bk
is_rc 0

t "a mapping that does not fit is a finding, too"
configure 'bookings { table = "public.bookings" key = {"id"} status = "state" start = "starts_at"' \
	'end = "ends_at" check-in = "checked_in_at" states { pending = {"PENDING"}' \
	'confirmed = {"CONFIRMED"} active = {"ACTIVE"} completed = {"COMPLETED"} no-show = {"NO_SHOW"}' \
	'expired = {"EXPIRED"} } }'
run bkmaint doctor -U bk --json
is_rc 78
json_is '.data.findings[0] | [.level, .code, .subject, .what] | tojson' \
	'["error","mapping","bookings.status","table \"public.bookings\" has no column \"state\""]'

t "every fault of it in one go, each with its place"
configure 'bookings { table = "public.bookings" key = {"id"} status = "status" start = "starts_at"' \
	'end = "ends_at" check-in = "came_at" where = "(b.nosuch)" states { pending = {"PENDING"}' \
	'confirmed = {"CONFIRMED"} active = {"ACTIVE"} completed = {"COMPLETED"} no-show = {"GONE"}' \
	'expired = {"EXPIRED"} } }' 'rule one { job = "activate-due" from = {"PENDING"}' \
	'to = "CANCELLED" due = "(b.starts_at - 1)" }'
for role in bk reader; do
	run bkmaint doctor -U "$role" --json
	is_rc 78
	json_is '[.data.findings[] | select(.code == "mapping") | .subject] | sort | join(" ")' \
		"bookings.check-in bookings.states.no-show bookings.where rule one: due"
	json_is '.data.findings[] | select(.subject == "bookings.where") | .what' \
		"(b.nosuch): column b.nosuch does not exist (at character 2 of it)"
	json_is '.data.findings[] | select(.subject == "rule one: due") | .what | sub("^.*/"; "")' \
		"bk.conf:5: (b.starts_at - 1): operator does not exist: timestamp with time zone - $(
		)integer (at character 14 of it)"
done
configure

t "a scan that is later than due, and the column to scan by instead"
late() {
	configure 'defaults = no bookings { table = "public.bookings" key = {"id"} status = "status"' \
		'check-in-mode = untracked } rule one { job = "update-expired" from = {"PENDING"}' \
		"to = \"EXPIRED\" due = \"(b.starts_at + interval '1 h')\" scan = \"$1\" }"
}
late ends_at
sql "insert into bookings (id, status, starts_at, ends_at)
	values (4711, 'PENDING', now() - interval '2 hours', now() + interval '1 hour')"
run bkmaint update-expired -U reader -n
out_has "would change 0 bookings"
run bkmaint doctor -U reader --json
is_rc 78
json_is '.data.findings[] | select(.code == "scan-late") | [.level, .subject, .count, .example,
	.fix] | tojson' '["warning","rule one",1,["4711"],"rule one: scan = \"starts_at\""]'
late starts_at
run bkmaint doctor -U reader --json
json_is '[.data.findings[] | select(.code == "scan-late")] | length' 0
run bkmaint update-expired -U reader -n
out_has "would change 1 booking"
sql "delete from bookings where id = 4711"
configure

t "a view: what migrate grants is enough, and an index is one of the table below"
sql "create table held (number int primary key, was text, since timestamptz, ends timestamptz);
	create view seen as select number as id, was as status, since as starts_at from held"
configure 'bookings { table = "public.seen" key = {"id"} status = "status" start = "starts_at"' \
	'check-in-mode = untracked states { confirmed = {"C"} active = {"A"} completed = {"D"} } }' \
	'cancel-no-shows { enabled = no }' 'update-expired { enabled = no }' \
	'update-completed { enabled = no }'
run bkmaint migrate
is_rc 0
err_is_empty
run bkmaint doctor -U bk --json
json_is '.data.findings[] | select(.level == "warning" and .code != "state-without-end") |
	[.code, .fix] | tojson' "[\"index-missing\",\"CREATE INDEX CONCURRENTLY ON $(
	)\\\"public\\\".\\\"held\\\" (\\\"since\\\", \\\"number\\\") WHERE \\\"was\\\" = 'C';\"]"
json_is .data.errors 0
configure

t "control characters of the database do not reach the terminal"
sql "create function stir() returns trigger language plpgsql as 'begin return new; end';
	create trigger \"$(printf 'a\033[2Jb')\" after update on bookings
		for each row execute function stir()"
run bkmaint doctor -U bk -v
is_rc 0
out_has 'a\x1b[2Jb'
is "$(grep -c "$(printf '\033')" <<<"$OUT")" 0
sql "drop function stir cascade"

t "on a standby the statements are planned and not tried"
sql "create table audit (id bigint); grant insert on audit to booking_update"
cluster_standby "$standby" "$(dirname "$PGHOST")" || exit 1
run bkmaint doctor -U bk -h "$standby/socket" --json
is_rc 0
json_is '[.data.findings[].code] | tojson' '["standby"]'
run bkmaint doctor -U bk -h "$standby/socket" -v
is_rc 0
out_has "NOTE standby: server"

t "and so is what runs behind a batch"
configure 'activate-due { after-batch = "INSERT INTO public.audit SELECT c.nosuch FROM changed AS c" }'
run bkmaint doctor -U bk -h "$standby/socket" --json
is_rc 78
json_is '.data.findings[] | select(.code == "statement-fails") | .what' \
	"after-batch: column c.nosuch does not exist (at character 33 of it)"

done_testing
