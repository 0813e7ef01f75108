# shellcheck shell=bash
# Every command of README.md, in its order, as the reader would type it; a command that is not known
# here is a failure. Those that build, install or need another user are done in a way that leaves
# the machine alone. And the crontab, as cron runs it.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"

readme=$BK_SRC/README.md
root=$BK_TEST_DIR/root
# As built: `-o all` keeps make from building the programs again in another way.
make=(make -C "$BK_SRC" -o all B="$BK_BIN" DEPS=no)

# blocks LANGUAGE: the lines of all fenced blocks in that language ("" for none)
blocks() {
	awk -v want="$1" '/^```/ { fence = !fence; on = fence && substr($0, 4) == want; next }
		on' "$readme"
}

# A bookings table that was there before bk, with work for each job.
sql "$(cat "$BK_SRC/sql/reference_bookings.sql")" >/dev/null || exit 1
sql "INSERT INTO public.bookings (status, starts_at, ends_at, checked_in_at) VALUES
	('CONFIRMED', now() - interval '5 min', now() + interval '1 hour', NULL),
	('CONFIRMED', now() - interval '1 hour', now() + interval '1 hour', NULL),
	('ACTIVE', now() - interval '2 hours', now(), now() - interval '2 hours'),
	('PENDING', now(), now() + interval '1 hour', NULL)" || exit 1

# The configuration that README.md proposes. PGDATABASE and so on, which the test has, come before
# its `database`; cron has no such variable, so there it is replaced.
export BK_CONFIG=$BK_TEST_DIR/bk.conf
blocks '' | sed -n '/^database/,$p' >"$BK_CONFIG"
t "README.md has a configuration"
run bkstatus config --json
is_rc 0
json_is '[.data.items[] | select(.origin != "default")] | length > 10' true

# --- commands ---

do_make() {
	case $* in
	make)
		run make -n -C "$BK_SRC" DEPS=no
		;;
	"make demo")
		run "${make[@]}" demo
		;;
	"make check")
		run make -n -C "$BK_SRC" check DEPS=no
		is_rc 0
		out_has "tests/run.sh"
		;;
	"sudo make install")
		run "${make[@]}" install DESTDIR="$root"
		[ -x "$root/usr/local/bin/bkactivate" ] || harness_fail install "/usr/local/bin" none
		[ -f "$root/etc/bk/bk.conf" ] || harness_fail install "/etc/bk/bk.conf" none
		[ -f "$root/usr/local/share/man/man7/bk.7" ] || harness_fail install "bk(7)" none
		run diff -r "$BK_SRC/etc/mappings" "$root/usr/local/share/doc/bk/mappings"
		;;
	esac
	is_rc 0
}

# The packages of the line are those that deps.sh installs, and make.
do_packages() {
	# shellcheck disable=SC2016 # the text of deps.sh
	is "$(tr ' ' '\n' <<<"$1" | grep -vx make | sort)" \
		"$(sed -n '/^\tbuild)/,/;;/{s/.*missing="$missing \(.*\)"/\1/p
			s/^\t*need\(_lib\)\{0,1\} \([a-z0-9-]*\) .*/\2/p;}' "$BK_SRC/etc/dev/deps.sh" |
			tr ' ' '\n' | sort)" packages
}

# Commands of bk and psql; what is asked of the database `booking` is asked of the test's.
do_bk() {
	run bash -c "${1//-d booking/-d $PGDATABASE}"
	is_rc 0
	err_is_empty
}

while IFS= read -r line; do
	t "README.md: $line"
	case $line in
	"make" | "make demo" | "make check" | "sudo make install") do_make "$line" ;;
	"sudo apt-get install "*) do_packages "${line#sudo apt-get install }" ;;
	"sudo -u postgres bkmaint migrate" | "sudo -u postgres psql "*)
		PGUSER=postgres do_bk "${line#sudo -u postgres }"
		;;
	"bkstatus config")
		PGHOST=/nowhere run bkstatus config
		is_rc 0
		out_has bookings.table
		is "$(grep -c '^bkstatus: warning: what is set in the database is not shown: ' \
			<<<"$ERR")/$(wc -l <<<"$ERR")" 1/1 warnings
		;;
	bkactivate* | bknoshow* | bkmaint* | bkstatus*) PGUSER=bk do_bk "$line" ;;
	*) harness_fail "command" "one that this test knows" "$line" ;;
	esac
done < <(blocks sh)

t "README.md: the commands have done what it says"
sql_is "SELECT string_agg(status, ' ' ORDER BY id) FROM public.bookings" \
	'ACTIVE NO_SHOW COMPLETED EXPIRED'
sql_is "SELECT string_agg(DISTINCT invoked_by, ' ') FROM bk.maintenance_executions
	WHERE operation <> 'migrate'" "$(id -un)/bk"

t "README.md has no fenced block in another language"
is "$(sed -n 's/^```\(..*\)/\1/p' "$readme" | sort -u | tr '\n' ' ')" "crontab sh "

t "CI runs the two commands"
for command in "make demo" "make check"; do
	grep -qx "$command" "$BK_SRC/.ci/run" || harness_fail ".ci/run" "$command" none
done

t "the targets of make in the text exist"
# shellcheck disable=SC2016 # backticks of Markdown
for target in $(grep -o '`make [a-z-]*' "$readme" | cut -d ' ' -f 2); do
	grep -q "^$target:" "$BK_SRC/Makefile" || harness_fail Makefile "$target" none
done

t "the folders, files and tables in the text exist"
# shellcheck disable=SC2016 # backticks of Markdown
for name in $(grep -o '`\(cmd\|lib\|sql\|etc\|man\|tests\)/[a-z./]*`' "$readme" | tr -d '`'); do
	[ -e "$BK_SRC/$name" ] || harness_fail file "$name" none
done
# shellcheck disable=SC2016 # backticks of Markdown
is "$(sed -n '/^## What is recorded/,/^## /s/^| `\([a-z_]*\)`.*/\1/p' "$readme" | sort)" \
	"$(sql "SELECT table_name FROM information_schema.tables WHERE table_schema = 'bk'
		AND table_type = 'BASE TABLE'" | sort)" tables

# --- crontab ---

cron_conf=$root/etc/bk/bk.conf
{
	echo "database = \"host=$PGHOST port=$PGPORT dbname=$PGDATABASE user=bk\""
	grep -v '^database' "$BK_CONFIG"
} >"$cron_conf"

t "the crontab of README.md is the one that is installed"
is "$(blocks crontab)" "$(grep -v '^#' "$BK_SRC/etc/crontab.example" | grep .)"
cmp -s "$BK_SRC/etc/crontab.example" "$root/usr/local/share/doc/bk/crontab.example" ||
	harness_fail "crontab.example" "installed" "not there"

# Work for each job, and each of them due.
sql "UPDATE bk.scheduler_job_info SET next_execution_time = NULL"
sql "INSERT INTO public.bookings (status, starts_at, ends_at, checked_in_at)
	SELECT s, now() - interval '1 hour', now() + i, c FROM (VALUES
		('CONFIRMED', interval '1 hour', NULL),
		('CONFIRMED', '1 hour', now() - interval '1 hour'),
		('ACTIVE', '0', now() - interval '1 hour'), ('PENDING', '0', NULL)) AS v (s, i, c)"

# Only the path of the programs and of the configuration, and how long they tick, is not what cron
# would see.
while read -r minute hour day month weekday command; do
	t "cron: $command"
	[[ $minute =~ ^\*(/[0-9]+)?$ ]] || harness_fail minute '*' "$minute"
	is "$hour $day $month $weekday" '* * * *' "times"
	[[ $command == /* ]] || harness_fail command "an absolute path" "$command"
	[[ $command != *%* ]] || harness_fail command "no %" "$command"
	run env -i HOME="$HOME" LOGNAME="$(id -un)" SHELL=/bin/sh PATH=/usr/bin:/bin \
		BK_CONFIG="$cron_conf" /bin/sh -c "$(
			sed "s|/usr/local|$root&|g; s|--for=[0-9]*s|--for=1s|" <<<"$command")"
	is_rc 0
	out_is_empty
	err_is_empty
done < <(blocks crontab)

t "the crontab leaves nothing that is due"
run bkstatus --json
json_is '[.data.items[].queueDepth] | tojson' '[0,0,0,0,0]'
sql_is "SELECT count(*) FROM bk.maintenance_executions
	WHERE triggered_by = 'SCHEDULER' AND status = 'SUCCESS' AND processed_count > 0" 4

done_testing
