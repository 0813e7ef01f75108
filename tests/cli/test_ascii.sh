# shellcheck shell=bash
# A database of encoding SQL_ASCII holds texts that are no UTF-8. Jobs work on such bookings, and
# what shows them spells their bytes out: no command fails for one text.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

sql "create database ascii encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0"
export PGDATABASE=ascii PGCLIENTENCODING=SQL_ASCII
sql "create table trips (code text primary key, state text not null, since timestamptz,
	till timestamptz, hold timestamptz, note text);
	insert into trips values
		(E'M\xfcller \x1b[31m', 'CONFIRMED', now() - interval '1 minute', now() + interval '1 day'),
		(E'Zo\xeb', 'CONFIRMED', now() - interval '1 minute', now() + interval '1 day'),
		('7', 'CONFIRMED', now() - interval '1 minute', now() + interval '1 day'),
		(E'caf\xe9', 'CONFIRMED', now() - interval '1 minute', now() + interval '1 day');
	create function picky() returns trigger language plpgsql as \$\$
	begin
		if old.code like 'caf%' and new.state = 'ACTIVE' then
			raise exception E'not \\xe9 \\xff';
		end if;
		return new;
	end \$\$;
	create trigger picky before update on trips for each row execute function picky()"
unset PGCLIENTENCODING
configure "bookings { table = trips key = {code} status = state start = since end = till
	hold = hold check-in-mode = untracked
	states { confirmed = {CONFIRMED} active = {ACTIVE} pending = {PENDING} completed = {COMPLETED}
		no-show = {NO_SHOW} expired = {EXPIRED} cancelled = {CANCELLED} } }" \
	"cancel-no-shows { enabled = no }" "activate-due { set = {\"note = 'set'\"} }"
bkmaint migrate || exit 1

is_utf8() {
	iconv -f UTF-8 -t UTF-8 "$BK_TEST_DIR/.out" >/dev/null 2>&1
	is $? 0 "valid UTF-8: $OUT"
}

# shows COMMAND...: it answers, for better or worse, and what it shows is harmless
shows() {
	run "$@"
	[[ $RC =~ ^([0123]|78)$ ]] || harness_fail "$*" "an answer" "$RC $ERR"
	is_utf8
	is "$(LC_ALL=C grep -c $'[\x01-\x08\x0b-\x1f\x7f]' "$BK_TEST_DIR/.out")" 0 "control characters"
}

t "what a run would do is listed, in every format"
for format in table json jsonl; do
	shows bkactivate -n -o "$format"
	is_rc 0
	[[ $OUT == *M*ller* ]] || harness_fail "$format" "M...ller" "$OUT"
done
run bkactivate -n -o csv
is_rc 0
is_utf8
out_has $'M\xef\xbf\xbdller \x1b[31m'

t "a run changes such bookings, and sets aside the one that the database refuses"
run bkactivate --now
is_rc 3
err_has 'not \xe9 \xff'
sql_is "select string_agg(state, ' ' order by code collate \"C\") from trips" "ACTIVE ACTIVE ACTIVE CONFIRMED"
id=$(last_record id)

t "every view of them answers"
for view in jobs "job activate-due" history "execution $id" quarantine overdue forecast metrics \
	health "booking 7" config; do
	for format in table json; do
		# Word splitting is wanted.
		# shellcheck disable=SC2086
		shows bkstatus $view -o "$format"
	done
done
shows bkstatus events
out_has 'Zo'
run bkstatus metrics -o prometheus
is_rc 0
is_utf8
run bkstatus report --out=report.html
is_rc 0
grep -q 'not .xe9 .xff' report.html
is $? 0 "the database's message"

t "an undo takes them back and holds them"
shows bkmaint undo "$id"
is_rc 0
sql_is "select count(*) from trips where state = 'CONFIRMED'" 4
shows bkstatus holds
out_has 'Zo\xeb'
shows bkstatus history
shows bkmaint doctor

done_testing
