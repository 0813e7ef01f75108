# shellcheck shell=bash
# Debian's cron with the crontab of etc/, for two minutes by the clock: what it runs, records and
# mails. It gets a file system of its own (/etc, /usr/sbin, /usr/local/bin, /run and its spool), so
# nothing of the machine's is seen or touched. This takes root, and a kernel that lets root unshare;
# where either is missing the test fails: it must not look as if it had been run.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

world=$BK_TEST_DIR/world
spool=$world/spool/crontabs
mails=$BK_TEST_DIR/mails
cron=

t "cron can be run here, away from the machine's own files"
# not_run WHAT EXPECTED GOT
not_run() {
	harness_fail "NOT RUN: $1" "$2" "$3"
	done_testing
}
[ "$(id -u)" -eq 0 ] || not_run user root "$(id -un)"
[ -x /usr/sbin/cron ] || not_run cron "Debian's package cron" "no /usr/sbin/cron"
unshare --mount mount --bind / / || not_run unshare "a file system of its own" "refused"

trap '[ -z "$cron" ] || kill "$cron" 2>/dev/null' EXIT

# await SECONDS CONDITION: the server looks again until it holds
await() {
	sql "do \$await\$
		declare give_up timestamptz := clock_timestamp() + interval '$1 s';
		begin
			while not ($2) loop
				if clock_timestamp() > give_up then raise exception 'too late'; end if;
				perform pg_sleep(0.1);
			end loop;
		end \$await\$" || {
		harness_fail "after $1 s" "$2" "false"
		done_testing
	}
}

# Whether a process lives in cron's file system: cron itself, a job of it, a mail on its way.
someone_is_left() {
	local process
	for process in /proc/[0-9]*; do
		[ "$(readlink "$process/ns/mnt")" != "$namespace" ] || return 0
	done 2>/dev/null
	return 1
}

# --- the world that cron sees ---

# The user bk is whoever may use the throw-away server's socket.
uid=$(stat -c %u "$PGHOST") gid=$(stat -c %g "$PGHOST")
mkdir -m 0700 "$world"
mkdir -p "$world/sbin" "$world/bin" "$world/run" "$spool" "$BK_TEST_DIR/home"
cp -a /etc "$world/etc"
{
	echo "bk:x:$uid:$gid::$BK_TEST_DIR/home:/bin/sh"
	grep -v '^bk:' /etc/passwd
} >"$world/etc/passwd"
printf '%s required pam_permit.so\n' auth account session >"$world/etc/pam.d/cron"
rm -rf "$world"/etc/cron.* "$world/etc/bk"
: >"$world/etc/crontab"
mkdir "$world/etc/bk" "$world/etc/cron.d"
echo "database = \"host=$PGHOST port=$PGPORT dbname=$PGDATABASE user=bk\"" >"$world/etc/bk/bk.conf"

for program in bkactivate bknoshow bkmaint; do
	cp "$BK_BIN/$program" "$world/bin/"
done
cp /usr/sbin/cron "$world/sbin/"
mkdir -m 1777 "$mails"
cat >"$world/sbin/sendmail" <<END
#!/bin/sh
cat >"$mails/\$\$"
END
chmod 0755 "$world/sbin/sendmail" "$world"/bin/*

# As it is installed, but that \`run --due\` is called in any minute; and a line that does print
# something, which shows that mails are seen here.
{
	sed 's|^\*/5 |* |' "$BK_SRC/etc/crontab.example"
	echo '* * * * *  echo control'
} >"$spool/bk"
chown "$uid:$gid" "$spool/bk"
chmod 0600 "$spool/bk"

configure
empty_table
sql "create role bk login; grant booking_update to bk"
due 3
bookings 1 CONFIRMED '-1 hour'
bookings 1 ACTIVE '-2 hours' '-1 hour' "'-2 hours'"
bookings 2 PENDING '1 day' '2 days' null "'-1 minute'"

# --- two minutes ---

# exec: what is started here is cron itself.
unshare --mount --propagation private sh -c '
	cd / &&
	mount --bind "$1/etc" /etc &&
	mount --bind "$1/run" /run &&
	mount --bind "$1/spool" /var/spool/cron &&
	mount --bind "$1/bin" /usr/local/bin &&
	mount --bind "$1/sbin" /usr/sbin &&
	exec env -i /usr/sbin/cron -f' sh "$world" >"$BK_TEST_DIR/cron.out" 2>&1 </dev/null &
cron=$!

t "the first minute begins"
await 90 "exists (select from bk.maintenance_executions where operation = 'activate-due')"
namespace=$(readlink "/proc/$cron/ns/mnt")

t "the second minute is worked off"
await 150 "(select count(*) >= 4 from bk.maintenance_executions where operation = 'activate-due')"
kill "$cron"
wait "$cron"
cron=
for ((tries = 0; tries < 300; tries++)); do
	someone_is_left || break
	sql "select pg_sleep(0.1)" >/dev/null
done
someone_is_left && harness_fail "cron's processes" "all ended" "some are left"
is "$(cat "$BK_TEST_DIR/cron.out")" "" "output of cron"

t "cron mailed what a job printed, and no job of bk printed anything"
is "$(cat "$mails"/* | grep -c '^control$')" 2 "mails of the control line"
is "$(find "$mails" -type f | wc -l)" 2 mails
is "$(sed -s '1,/^$/d' "$mails"/* | sort -u)" control bodies

t "each job ran as often as it should, by cron and as the crontab's user"
sql_is "select string_agg(format('%s %s %s', operation, status, n), ', ' order by operation)
	from (select operation, status, count(*) as n from bk.maintenance_executions
		group by 1, 2) as q" \
	"activate-due SUCCESS 4, cancel-no-shows SUCCESS 2, cleanup SUCCESS 1, $(
	)update-completed SUCCESS 1, update-expired SUCCESS 1"
sql_is "select string_agg(distinct triggered_by || ' ' || invoked_by, ', ')
	from bk.maintenance_executions where operation <> 'migrate'" 'SCHEDULER bk/bk'

t "activate-due ran each 30 seconds, twice by one process"
sql_is "select min(d) > interval '20 s' and max(d) < interval '40 s' from (
	select executed_at - lag(executed_at) over (order by id) as d
	from bk.maintenance_executions where operation = 'activate-due') as q" t
sql_is "select count(distinct pid) from bk.maintenance_executions
	where operation = 'activate-due'" 2

t "the bookings have followed the clock"
is "$(statuses)" "ACTIVE 3, COMPLETED 1, EXPIRED 2, NO_SHOW 1"

done_testing
