# bkstatus --max-age and the last known answer: how many look at the database, and what is said
# when it is gone.
# shellcheck shell=bash
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"

: >empty.conf
chmod 0600 empty.conf
export BK_CONFIG=$PWD/empty.conf
unset XDG_RUNTIME_DIR XDG_CACHE_HOME
cache=$HOME/.cache/bk
run bkmaint migrate --reference-bookings

# answers: how many are kept
answers() {
	find "$cache" -type f -name '[0-9a-f]*' 2>/dev/null | grep -vc lock-
}

t "without --max-age every answer is new, and is kept"
run bkstatus jobs --json
is_rc 0
json_is '[.meta.cached, .meta.asOf] | tojson' '[null,null]'
is "$(answers)" 1
is "$(stat -c %a "$cache")" 700 mode
is "$(find "$cache" -type f ! -perm 600)" "" "files that others can read"
run bkstatus jobs --json
json_is .meta.cached null

t "a young answer is given again, and says so"
sql "UPDATE bk.scheduler_job_info SET total_runs = 4711 WHERE job_name = 'activate-due'"
run bkstatus jobs --json
first=$(jq -c .data "$BK_TEST_DIR/.out")
sql "UPDATE bk.scheduler_job_info SET total_runs = 1 WHERE job_name = 'activate-due'"
run bkstatus jobs --json --max-age=1h
is_rc 0
err_is_empty
json_is '[.success, .meta.cached, (.meta.asOf | test("^20.*Z$"))] | tojson' '[true,true,true]'
is "$(jq -c .data "$BK_TEST_DIR/.out")" "$first" data
run bkstatus jobs --json --max-age=0
json_is '.data.items[0].totalRuns' 1
json_is .meta.cached null

t "text is the same, with a note beside it"
for format in table csv jsonl; do
	run bkstatus jobs -o $format
	cp "$BK_TEST_DIR/.out" first.out
	err_is_empty
	run bkstatus jobs -o $format --max-age=1h
	is_rc 0
	cmp -s "$BK_TEST_DIR/.out" first.out || harness_fail "$format" "$(cat first.out)" "$OUT"
	err_has "bkstatus: from the cache, as of 20"
	err_has " old"
	run bkstatus jobs -o $format --max-age=1h -q
	err_is_empty
done

t "warnings are said again"
printf 'update-completed {\n\tenabled = no\n}\nupdate-expired {\n\tenabled = no\n}\n' >gap.conf
chmod 0600 gap.conf
run bkstatus --config="$PWD/gap.conf"
warning=$ERR
err_has "no enabled job ends every booking"
run bkstatus --config="$PWD/gap.conf" --max-age=1h
err_has "$warning"
err_has "from the cache"

t "another question is another answer"
run bkstatus history --json
for line in "history --limit=3" "history --job=activate-due" "history -U postgres" "job activate-due" \
	"history -v" "history --instance=other" "history --config=$PWD/gap.conf"; do
	run bkstatus $line --json --max-age=1h
	is_rc 0
	json_is .meta.cached null
done
run env PGOPTIONS='-c work_mem=1MB' bkstatus history --json --max-age=1h
json_is .meta.cached null
run bkstatus history --json --max-age=1h
json_is .meta.cached true

t "an answer that is too old is none"
run bkstatus overdue --json
find "$cache" -type f -name '[0-9a-f]*' -delete
run bkstatus overdue --json --max-age=1h
json_is .meta.cached null

t "only commands that look once take it"
for command in health config "watch --count=1" "report --out=x.html"; do
	run bkstatus $command --max-age=1h
	[ "$RC" = 64 ] || [ "$command $RC" = "health 3" ] || is_rc 64
done
run bkstatus --max-age=2d
is_rc 64

t "a failure is not kept"
before=$(answers)
run bkstatus job nosuch
is_rc 66
is "$(answers)" "$before"

t "a hundred who ask at once cost one look"
rm -rf "$cache" many
mkdir many
sessions=$(sql "SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
for i in $(seq 100); do
	bkstatus jobs --json --max-age=1h >"many/$i" &
done
wait
is "$(cat many/* | jq -s 'map(select(.success)) | length')" 100 answers
is "$(cat many/* | jq -s 'map(select(.meta.cached != true)) | length')" 1 "looks at the database"
is "$(cat many/* | jq -s 'map(.meta.asOf) | unique - [null] | length')" 1 "instants"
is "$(cat many/* | jq -cs 'map(.data) | unique | length')" 1 "different answers"
now=$(sql "SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
[ $((now - sessions)) -le 3 ] || harness_fail sessions "3 at most, two of them the test's" \
	$((now - sessions))

t "a file that was changed, or is no file, is not believed"
file=$(find "$cache" -type f -name '[0-9a-f]*' | grep -v lock-)
sed -i 's/activate-due/activate-duo/' "$file"
run bkstatus jobs --json --max-age=1h
is_rc 0
json_is '[.meta.cached, .data.items[0].jobName] | tojson' '[null,"activate-due"]'
rm "$file"
mkdir "$file"
run bkstatus jobs --json --max-age=1h
is_rc 0
err_is_empty
rmdir "$file"

t "a directory that is not safe is not used, and warned of"
chmod g+w "$cache"
run bkstatus jobs --max-age=1h
is_rc 0
err_has "warning: no answer is kept or taken from the cache: directory "
err_has "may be written by its group"
chmod g-w "$cache"
mv "$cache" elsewhere
ln -s "$PWD/elsewhere" "$cache"
run bkstatus jobs --max-age=1h
is_rc 0
err_has "symbolic link"
rm "$cache"

t "a directory that cannot be made is nobody's concern"
run env XDG_RUNTIME_DIR="$PWD/no/where" bkstatus jobs --json --max-age=1h
is_rc 0
err_is_empty
json_is .meta.cached null
run env XDG_RUNTIME_DIR="$PWD/no/where" bkstatus jobs -vv
err_has "no cache: cannot make directory"

t "without the database the last known answer is shown, marked as stale: 69"
run bkstatus jobs --json
first=$(jq -c .data "$BK_TEST_DIR/.out")
for format in table csv jsonl; do
	bkstatus jobs -o $format >known.$format
	bkstatus overdue -o $format >/dev/null
done
run bkstatus overdue --json
overdue=$(jq -r .data.asOf "$BK_TEST_DIR/.out")
sql "CREATE DATABASE gone"
moved() {
	psql -XAtq -U postgres -d gone -c "ALTER DATABASE $PGDATABASE RENAME TO $1"
}
moved away
for option in "" --max-age=0; do
	run bkstatus jobs --json $option
	is_rc 69
	json_is '[.success, .error.code, .error.exitCode, .data.stale, (.data.asOf | test("^20"))]
		| tojson' '[false,"DATABASE_UNAVAILABLE",69,true,true]'
	json_is '.error.hint | test("stale: this is the last known answer, as of 20.* old")' true
	is "$(jq -c '.data | del(.stale, .asOf)' "$BK_TEST_DIR/.out")" "$first" data
done
run bkstatus overdue --json
json_is .data.asOf "$overdue"
json_is .data.stale true
for format in table csv jsonl; do
	run bkstatus jobs -o $format
	is_rc 69
	err_has "error: "
	err_has "stale: this is the last known answer, as of 20"
	is "$(grep -vE '^\{"type":"(stale|error)"' "$BK_TEST_DIR/.out")" "$(cat known.$format)" $format
done
is "$(tail -n 1 "$BK_TEST_DIR/.out" | jq -r .type)" error "last line"

t "where nothing is known there is nothing to show"
run bkstatus holds --json
is_rc 69
json_is .data null
run bkstatus holds
is_rc 69
out_is_empty

t "a young answer needs no database"
run bkstatus jobs --json --max-age=1h
is_rc 0
json_is .meta.cached true

t "health says the truth"
run bkstatus health
is_rc 2
out_has "BK CRITICAL - database: "
psql -XAtq -U postgres -d gone -c "ALTER DATABASE away RENAME TO $PGDATABASE"

done_testing
