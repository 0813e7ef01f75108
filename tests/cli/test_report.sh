# shellcheck shell=bash
# bkstatus report: what is in the page, where it is written, and what is refused. How the page looks is
# in test_report_browser.sh.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"
# shellcheck source=tests/cli/reports.sh
. "$BK_SRC/tests/cli/reports.sh"

configure
empty_table
umask 022
page=$BK_TEST_DIR/report.html
# between WORD: the content of the element of the page that is there once
between() {
	tr '\n' '\001' <"$page" | sed "s|.*<$1>||; s|</$1>.*||" | tr '\001' '\n'
}

t "the page is written, and nothing said"
run bkstatus report --out="$page"
is_rc 0
out_is_empty
err_is_empty
is "$(stat -c %a "$page")" 644
is "$(head -n 1 "$page")" "<!DOCTYPE html>"
is "$(tail -n 1 "$page")" "</html>"

t "the hash of the style sheet is the one that the policy lets in"
# The bytes of the hash as octal escapes, and none of them lost.
hash=$(printf "$(between style | sha256sum | cut -c 1-64 | sed 's/../\\x&/g')" | base64)
grep -q "style-src 'sha256-$hash';" "$page"
is $? 0 "lib/out/report_style.c needs sha256-$hash; found"

t "a file is replaced, and its mode follows the umask"
chmod 600 "$page"
(umask 027 && bkstatus report --out="$page")
is "$(stat -c %a "$page")" 640
is "$(find "$BK_TEST_DIR" -name '.report*' -o -name '*.tmp')" "" "files left over"

t "standard output takes it, too"
run bkstatus report --out=-
is_rc 0
is "$(head -n 1 <<<"$OUT")" "<!DOCTYPE html>"
err_is_empty

t "with -v, as a table or at a terminal a line says what was written, with -q none does"
bytes=$(stat -c %s "$page" | sed 's/\(.*\)\(...\)$/\1,\2/')
for option in -v "-o table"; do
	# shellcheck disable=SC2086 # two words
	run bkstatus report --out=report.html $option
	[[ $OUT =~ ^"wrote report.html, "[0-9,]+" bytes"$ ]] || harness_fail stdout "wrote ... $bytes" "$OUT"
done
run env TERM=xterm script -qec "bkstatus report --out=report.html" /dev/null
out_has "wrote report.html, "
run bkstatus report --out=report.html -v -q
out_is_empty

t "in JSON it is said of the file"
run bkstatus report --out="$page" --since=2026-01-02 --json
is_rc 0
json_is '.data | [.file, .since] | tojson' "[\"$page\",\"2026-01-01T00:00:00.000Z\"]"
json_is '.data.bytes' "$(stat -c %s "$page")"

t "--out is needed, and formats of lists are refused"
run bkstatus report
is_rc 64
err_has "report needs the option --out=FILE"
for format in jsonl csv; do
	run bkstatus report --out="$page" -o $format
	is_rc 64
	[[ $OUT$ERR == *"report does not print $format"* ]] || harness_fail "message" "" "$OUT$ERR"
done
run bkstatus report --out=- --json
is_rc 64
json_is '.error.message | test("--out=- and --json contradict")' true
run bkstatus report --out="$page" --since=yesterday
is_rc 64
err_has 'option --since: "yesterday" is no time'
run bkstatus report --out="$page" --hours=3
is_rc 64

t "links, directories and places that others may write to are refused, and the old page stays"
mkdir open private
chmod 777 open
ln -s "$page" link.html
ln -s private way
for file in link.html private open/x.html way/x.html nowhere/x.html "$BK_TEST_DIR/"; do
	before=$(sha256sum <"$page")
	run bkstatus report --out="$file"
	is_rc 74
	err_has "cannot write $file: "
	is "$(sha256sum <"$page")" "$before"
done
is "$(ls -A open private)" "open:

private:"
run bkstatus report --out=/dev/full
is_rc 74
err_has "it is no plain file"
bkstatus report --out=- >/dev/full 2>"$BK_TEST_DIR/err"
is $? 74

t "what is asked for from long ago has longer steps, and what is yet to come none"
for since in 1h 30d 3000d 0001-01-01 9999-01-01; do
	run bkstatus report --out="$page" --since=$since
	is_rc 0
	is "$(tail -n 1 "$page")" "</html>"
done

past
due 3

t "the figures are those of the record"
run bkstatus report --out="$page" --since=3d
is_rc 0
runs=$(sql "select sum(runs) from bk.job_hours where hour >= date_trunc('hour', now() - interval '3 days')")
grep -q "<b>$runs</b><span>runs</span>" "$page"
is $? 0 "runs $runs"
grep -q '<b class="bad">3</b><span>runs without success</span>' "$page"
is $? 0 "failures"
grep -q '<b>3</b><span>bookings overdue now</span>' "$page"
is $? 0 "overdue"
is "$(grep -c '<td dir="auto">40P01</td>' "$page")" 1
is "$(grep -c 'activate → ACTIVE <b>6</b>' "$page")" 1

t "a rule that fails for some booking is said, and the others are counted"
configure "rule broken {" "	job = activate-due" "	from = {CONFIRMED}" "	to = CANCELLED" \
	"	due = starts_at" "	where = \"(1 / (b.id - b.id) > 0)\"" "}"
run bkstatus report --out="$page"
is_rc 0
is "$(grep -c 'Rule broken could not be counted: booking_count: division by zero' "$page")" 1
grep -q '<b>3 or more</b><span>bookings overdue now</span>' "$page"
is $? 0 "overdue"
configure

t "a mapping that does not fit is said in its place, and the rest is there"
sql "alter table public.bookings rename column starts_at to s"
run bkstatus report --out="$page"
is_rc 0
err_has "no queue can be counted"
grep -q 'It could not be counted: .*starts_at' "$page"
is $? 0 "reason"
is "$(grep -c 'id="plot-runs"' "$page")" 1
sql "alter table public.bookings rename column s to starts_at"

t "hostile text is nothing but text"
sql "update bk.maintenance_executions
	set error_message = E'<script>1</script>\u202e\u001b]0;x\u0007\n\"''&'
		|| repeat('<x>', 400000) where status = 'ERROR';
	update bk.scheduler_job_info set status = 'PAUSED', paused_reason = '<b onclick=\"x\">'
	where job_name = 'cleanup'"
run bkstatus report --out="$page"
is_rc 0
shown='&lt;script&gt;1&lt;/script&gt;\u{202e}\x1b]0;x\x07\n&quot;&#39;&amp;&lt;x&gt;'
is "$(grep -Fc "$shown" "$page")" 1
is "$(grep -ci '<script\|<b onclick\|<x>' "$page")" 0
is "$(LC_ALL=C grep -c $'[\x01-\x08\x0b-\x1f\x7f]' "$page")" 0
is "$(grep -c 'paused: &lt;b onclick=&quot;x&quot;&gt;' "$page")" 1
[ "$(stat -c %s "$page")" -lt 600000 ] || harness_fail "size" "less than 600000" "$(stat -c %s "$page")"

t "a text that is no UTF-8 is shown by its bytes"
sql "create database ascii encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0"
PGDATABASE=ascii run bkmaint migrate --reference-bookings
is_rc 0
PGDATABASE=ascii ran activate-due '1 hour' ERROR 0 10 XX000
PGDATABASE=ascii PGCLIENTENCODING=SQL_ASCII sql "update bk.maintenance_executions
	set error_message = E'caf\\xe9 <\\xff>' where status = 'ERROR'"
PGDATABASE=ascii run bkstatus report --out="$page"
is_rc 0
is "$(grep -c 'caf\\xe9 &lt;\\xff&gt;' "$page")" 1
iconv -f UTF-8 -t UTF-8 "$page" >/dev/null 2>&1
is $? 0 "valid UTF-8"
PGDATABASE=ascii run bkstatus history --status=ERROR --json
is_rc 0
json_is '.data.items[0].errorMessage' $'caf\xef\xbf\xbd <\xef\xbf\xbd>'
PGDATABASE=ascii run bkstatus history --status=ERROR
out_has 'caf\xe9 <\xff>'

t "booking_read is enough, less is not, and nothing is recorded"
sql "create role reader login; grant booking_read to reader; create role nobody_at_all login"
run bkstatus report --out="$page" -U reader
is_rc 0
err_is_empty
run bkstatus report --out=other.html -U nobody_at_all
is_rc 77
run bkstatus report --out=other.html -h /nowhere
is_rc 69
[ ! -e other.html ] || harness_fail "other.html" "not there" "$(ls -l other.html)"
sql_is "select count(*) from bk.maintenance_executions where operation = 'report'" 0

done_testing
