# shellcheck shell=bash
# What a mapping with SQL, rules and jobs of one's own does, and what a wrong one gets: a message that
# names place, key and value, exit status 78, and nothing written.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

sql "create schema app;
	create table app.b (k int primary key, state text check (state in ('C', 'A', 'D', 'N', 'Z', 'G')),
		start timestamptz, ends timestamptz, note text, naive timestamp, flag bool);
	create table app.audit (k int, what text);
	create sequence app.s"

# mapping LINE...: a mapping of app.b with these lines in bookings { }, and ENABLED below it
mapping() {
	configure 'bookings {' 'table = "app.b" key = {"k"} status = "state"' \
		'check-in-mode = untracked' "$@" \
		'states { confirmed = {"C"} active = {"A"} completed = {"D"} no-show = {"N"} } }' \
		'cancel-no-shows { enabled = no }' 'update-expired { enabled = no }' "${below[@]}"
}
below=()

t "migrate registers the jobs of the file"
below=('job nightly { description = "Nightly work" delay = 1h }'
	'rule settle { job = "nightly" from = {"Z"} to = "G" due = "ends" }')
mapping 'start = "start" end = "ends"'
run bkmaint migrate
is_rc 0
is "$(sql "select description, delay_ms from bk.scheduler_job_info where job_name = 'nightly'")" \
	"Nightly work|3600000" "the row"

t "a job of the file runs by hand, and with the other due jobs"
sql "insert into app.b values (1, 'Z', now() - interval '1 h', now() - interval '1 min'),
	(2, 'Z', now(), now() + interval '1 h'), (3, 'A', now() - interval '2 h', now() - interval '1 h')"
run bkmaint nightly --json
is_rc 0
is "$(jq -r '.data | "\(.operation) \(.description) \(.processedCount)"' <<<"$OUT")" \
	"nightly Nightly work 1" answer
is "$(sql "select state from app.b where k = 1")" G state
run bkmaint run --due --json
is_rc 0
is "$(jq -r '[.data.runs[] | .operation] | join(" ")' <<<"$OUT")" \
	"update-completed update-expired cleanup nightly" runs
run bkstatus job nightly
is_rc 0
out_has "nightly"
run bkmaint pause nightly --reason=test
is_rc 0
run bkmaint resume nightly
is_rc 0

t "a word that is neither a command nor a job"
run bkmaint nightl
is_rc 64
err_has 'unknown command "nightl"'

t "a rule of the file joins a built-in job, and its bookings go all the way in one run"
below=('rule second { job = "update-completed" from = {"Z"} to = "G" due = "ends" set = {"note = b.state"} }'
	'rule first { job = "update-completed" from = {"N"} to = "Z" due = "ends" }')
mapping 'start = "start" end = "ends"'
sql "truncate app.b; insert into app.b values (1, 'N', now() - interval '1 h', now() - interval '1 min'),
	(2, 'N', now(), now() + interval '1 h'), (3, 'A', now() - interval '2 h', now() - interval '1 h')"
run bkmaint update-completed --json
is_rc 0
is "$(sql "select string_agg(k || state || coalesce(note, ''), ' ' order by k) from app.b")" \
	"1GZ 2N 3D" states
is "$(sql "select string_agg(rule || ' ' || from_state || to_state, ', ' order by id)
	from bk.booking_transitions
	where execution_id = (select max(id) from bk.maintenance_executions)")" \
	"complete AD, first NZ, second ZG" transitions

t "with defaults = no a job lives by the rules of the file"
below=('defaults = no'
	'rule only { job = "activate-due" from = {"C"} to = "A" due = "start" until = "ends" }')
mapping 'start = "start" end = "ends"'
run bkstatus jobs --json
is_rc 0
# The database still has the job of another configuration.
is "$(jq -r '[.data.items[] | select(.enabled) | .jobName] | join(" ")' <<<"$OUT")" \
	"activate-due cleanup nightly" enabled
sql "truncate app.b; insert into app.b values (1, 'C', now() - interval '1 h', now() + interval '1 min'),
	(2, 'C', now() - interval '1 h', now() - interval '1 s'), (3, 'C', now() - interval '1 h', null)"
run bkactivate --now
is_rc 0
is "$(sql "select string_agg(k || state, ' ' order by k) from app.b")" "1A 2C 3A" states
below=()

t "a statement behind the batch sees what was changed, and fails with it"
statement="INSERT INTO app.audit SELECT c.k, c.rule || ' ' || c.from_state || c.to_state FROM changed AS c"
mapping 'start = "start" end = "ends"' "after-batch = \"$statement\""
sql "truncate app.b; insert into app.b select g, 'C', now() - interval '1 h', null
	from generate_series(1, 5) as g"
run bkactivate --now
is_rc 0
is "$(sql "select string_agg(k || what, ', ' order by k) from app.audit")" \
	"1activate CA, 2activate CA, 3activate CA, 4activate CA, 5activate CA" audit
sql "update app.b set state = 'C'; alter table app.audit add check (k <> 3) not valid"
run bkactivate --now
is_rc 1
err_has "rule activate: after-batch: "
is "$(sql "select count(*) from app.b where state = 'C'")" 5 "nothing changed"
is "$(sql "select count(*) from bk.quarantined_bookings")" 0 "no booking is blamed"
is "$(last_record status error_code)" "ERROR|RUN_FAILED" record
sql "alter table app.audit drop constraint audit_k_check"

# refused CODE MESSAGE: the configuration of now is refused with it, and nothing happens
refused() {
	local before
	before=$(sql "select count(*) from bk.maintenance_executions")
	run bkactivate --now
	is_rc "$1"
	err_has "$2"
	is "$(sql "select count(*) from bk.maintenance_executions")" "$before" executions
}

while IFS='|' read -r line message; do
	t "wrong in the file: $line"
	mapping $'start = "start" end = "ends"\n'"$line"
	refused 78 "$message"
done <<'END'
where = "b.flag"|bookings.where: is no SQL condition in brackets
where = "(b.flag); DROP TABLE app.b"|bookings.where: has text behind its closing bracket
where = "(b.flag -- x)"|bookings.where: has a comment (--)
where = "(b.flag"|bookings.where: has a bracket that is not closed
where = "(b.note = 'x)"|bookings.where: has a quote that is not closed
hold = "naive::timestamp"|bookings.hold: is local time, but there is no time-zone
hold = "naive::fortnight"|bookings.hold: "fortnight" behind :: is no type
hold = "naive::interval"|bookings.hold: cannot be of type interval
hold = "start::flag"|bookings.hold: cannot be of type flag
start-scan = "(b.start)"|bookings.start-scan: must name a column, no expression
where = "(b.k = $1)"|bookings.where: has a parameter ($1), which nothing fills in
set = {"ends = NULL"}|bookings: set: column "ends" serves as bookings.end
set = {"k = 1"}|bookings: set: column "k" serves as bookings.key
set = {"note = 'a'", "note = 'b'"}|bookings: set: column "note" is set twice
set = {"note"}|bookings.set: has an item that is not of the form name = value
after-batch = "DROP TABLE app.b"|bookings.after-batch: must begin with INSERT, UPDATE, DELETE, MERGE or SELECT
END

while IFS='|' read -r line message; do
	t "wrong beside the bookings: $line"
	below=("${line/FROM/job = \"activate-due\" from =}")
	mapping 'start = "start" end = "ends"'
	refused 78 "$message"
done <<'END'
rule x { FROM {"C"} to = "C" due = "start" }|rule x gives "C", and takes bookings from it
rule x { FROM {"N"} to = "A" due = "start" }|from which rule complete of update-completed goes on
rule x { FROM {"A"} to = "C" due = "start" }|from which rules of the job lead back to it
rule x { job = "nobody" from = {"N"} to = "G" due = "start" }|rule x: job: "nobody" is no job with rules
rule x { job = "activate-due" from = {"N"} due = "start" }|rule x: to is missing
rule x { job = "activate-due" from = {"N"} to = "G" due = "start" color = red }|unknown key "color"
rule X { }|a name is 1 to 40 small letters, digits and dashes
rule { }|unknown section "rule"
job idle { delay = 1h }|job idle has nothing to do: no rule names it
job run { delay = 1h }|job.run: the name is taken
job cleanup { delay = 1h }|job.cleanup: the name is taken
END
below=()

while IFS='|' read -r line code message; do
	t "wrong in the database: $line"
	mapping $'start = "start" end = "ends"\n'"$line"
	refused "$code" "$message"
done <<'END'
where = "(b.nosuch)"|78|bookings.where: (b.nosuch): column b.nosuch does not exist (at character 2 of it)
where = "(b.note = 'für' AND b.nosuch)"|78|column b.nosuch does not exist (at character 21 of it)
where = "(b.note)"|78|bookings.where: (b.note): is of type text, boolean is needed
where = "(nextval('app.s') > 0)"|78|calls a VOLATILE function
where = "(random() > 2)"|78|calls a VOLATILE function
where = "(EXISTS (SELECT FROM app.audit AS a FOR UPDATE))"|78|bookings.where: (EXISTS
time-zone = "Europe/Atlantis"|78|bookings.time-zone: (pg_catalog.timezone('Europe/Atlantis'
hold = "(b.naive)"|78|(b.naive): is of type timestamp without time zone, timestamp with time zone is
hold = "naive"|78|bookings.hold: column "naive" is of type timestamp without time zone
set = {"nosuch = 1"}|78|table "app.b" has no column "nosuch"
set = {"note = (SELECT x FROM app.audit)"}|78|bookings.set: note
END

t "the mended form of a column without a zone"
mapping 'start = "start" end = "ends" hold = "naive"'
run bkactivate --now
is_rc 78
err_has 'write "naive::timestamp"'

t "two spellings of one value are no two states"
sql "create table app.n (k int primary key, state smallint, start timestamptz, ok boolean)"
for labels in 'status = "state"|{"1"}|{"01"}' 'status = "ok"|{"false", "f"}|{"true"}'; do
	IFS='|' read -r status confirmed active <<<"$labels"
	configure 'bookings {' "table = \"app.n\" key = {\"k\"} $status start = \"start\"" \
		"check-in-mode = untracked states { confirmed = $confirmed active = $active } }" \
		'cancel-no-shows { enabled = no }' 'update-completed { enabled = no }' \
		'update-expired { enabled = no }'
	refused 78 "are one value of column"
done

t "a view whose key names several rows: none is changed that is not due"
sql "create table app.t (id int primary key, state text, start timestamptz);
	insert into app.t values (1, 'C', now() - interval '1 h'), (3, 'C', now() + interval '5 days');
	create view app.v as select id % 2 as k, state, start from app.t"
configure 'bookings { table = "app.v" key = {"k"} status = "state" start = "start"' \
	'check-in-mode = untracked states { confirmed = {"C"} active = {"A"} } }' \
	'cancel-no-shows { enabled = no }' 'update-completed { enabled = no }' \
	'update-expired { enabled = no }'
run bkactivate --now
is_rc 0
is "$(sql "select string_agg(id || state, ' ' order by id) from app.t")" "1A 3C" states

t "a booking that an expression fails for stops its job, on the record"
sql "truncate app.b; insert into app.b values (1, 'C', now() - interval '1 h', null),
	(2, 'C', now() - interval '1 h', null)"
mapping 'start = "start" end = "ends" where = "(1 / (b.k - 2) <> 0)"'
run bkactivate --now
is_rc 1
err_has "error: rule activate: bookings.where: (1 / (b.k - 2) <> 0): division by zero (booking 2)"
err_has "hint: mend the booking, or make the expression total (CASE, NULLIF)"
is "$(last_record operation status)" "activate-due|ERROR" record
is "$(last_record error_message)" \
	"rule activate: bookings.where: (1 / (b.k - 2) <> 0): division by zero (booking 2)" record
run bkactivate -n
is_rc 1
err_has "(booking 2)"
is "$(sql "select count(*) from app.b where state = 'A'")" 0 "nothing changed"

t "a volatile function that is declared harmless"
mapping 'start = "start" end = "ends" where = "(random() >= 0)" volatile = yes'
run bkactivate --now
is_rc 0

t "rows that a policy hides are an error, unless that is accepted"
sql "truncate app.b; insert into app.b select g, 'C', now() - interval '1 h', null, 'tenant ' || g % 2
		from generate_series(1, 4) as g;
	alter table app.b enable row level security;
	create policy mine on app.b using (note = current_setting('app.tenant', true));
	create role worker login; grant booking_update to worker; grant usage on schema app to worker;
	grant select, update on app.b to worker"
mapping 'start = "start" end = "ends"'
run bkactivate --now -U worker
is_rc 77
err_has "row-level security"
mapping 'start = "start" end = "ends" rls = accepted session = {"app.tenant = tenant 1"}'
run bkactivate --now -U worker
is_rc 0
is "$(sql "select string_agg(k || state, ' ' order by k) from app.b")" "1A 2C 3A 4C" states
run bkactivate -U worker
is_rc 0
run bkactivate -n -U worker
is_rc 0
out_has "would change 0 bookings"

done_testing
