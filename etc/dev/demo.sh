#!/bin/bash
# Shows bk at work on a throw-away PostgreSQL cluster: demo.sh [--shell]. `make demo` and `make
# demo-shell` call it with BK_BIN, the directory of the programs. The cluster is stopped and removed
# at the end, however that comes.
set -uo pipefail

src=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
# shellcheck source=etc/dev/cluster.sh
. "$src/etc/dev/cluster.sh"

# $work is empty until there is something to remove.
work=''
finish() {
	trap '' INT TERM HUP
	[ -z "$work" ] || cluster_stop "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 129' HUP
trap 'exit 143' TERM

heading() {
	printf '\n== %s\n' "$*"
}

# Runs a command as if it had been typed. The tools say nothing about a success when nobody looks at
# a terminal, so the exit status is shown then. Anything but 0 ends the demo.
show() {
	local status before after word
	printf "\n\$"
	for word; do
		case $word in
		*" "*) printf " '%s'" "$word" ;;
		*) printf " %s" "$word" ;;
		esac
	done
	echo
	if [ -t 1 ]; then
		"$@"
		status=$?
	else
		before=$(wc -c <"$work/seen")
		"$@" | tee -a "$work/seen"
		status=$?
		after=$(wc -c <"$work/seen")
		[ "$before" != "$after" ] || echo "exit status $status"
	fi
	if [ $status -ne 0 ]; then
		echo "demo: $1 ended with exit status $status" >&2
		exit 1
	fi
}

# Nothing of the caller's configuration or server reaches the demo.
for name in $(compgen -e); do
	case $name in
	PG* | BK_*) [ "$name" = BK_BIN ] || unset "$name" ;;
	esac
done
export PATH="${BK_BIN:?the directory of the programs}:$PATH"
unset BK_BIN

heading "A throw-away PostgreSQL cluster"
work=$(mktemp -d "${TMPDIR:-/tmp}/bk-demo.XXXXXX") || exit 1
cluster_start "$work" || exit 1
: >"$work/seen"
# A copy, because bk refuses a file that a group may write to, as a checkout may be.
install -m 644 "$src/etc/bk.conf" "$work/bk.conf" || exit 1
export BK_CONFIG=$work/bk.conf
eval "$(cluster_env "$work")"
psql -XAtq -c 'create database demo' || exit 1
export PGDATABASE=demo
echo "database demo, socket in $PGHOST"

heading "The owner creates the schema bk, the roles, and a table with 100,000 sample bookings"
show bkmaint migrate --sample

if [ "${1-}" = --shell ]; then
	cat <<-'END'

		The cluster runs until you leave this shell. You are the owner. Try

		    bkstatus                    the jobs and when they run next
		    bkactivate -n               what would become active
		    bkactivate                  the same in earnest
		    bknoshow
		    bkmaint update-completed
		    bkmaint update-expired --json
		    bkstatus history
		    bkstatus health
		    psql                        select status, count(*) from bookings group by 1

	END
	"${SHELL:-bash}" -i
	echo "The cluster is stopped and removed."
	exit 0
fi

heading "A role that may run the jobs and nothing else"
show psql -Xq -c 'CREATE ROLE bk_demo LOGIN' -c 'GRANT booking_update TO bk_demo'
printf '\n$ export PGUSER=bk_demo\n'
export PGUSER=bk_demo

count_by_status="SELECT status, count(*) FROM bookings GROUP BY status ORDER BY status"
heading "The bookings before"
PGUSER=postgres show psql -Xq -c "$count_by_status"

heading "The four jobs, as cron would run them"
show bkactivate
show bknoshow
show bkmaint update-completed
show bkmaint update-expired

heading "The bookings after"
PGUSER=postgres show psql -Xq -c "$count_by_status"

heading "What happened"
show bkstatus
show bkstatus history

heading "The same for a program: nothing is left to do, and that is recorded too"
show bkmaint update-expired --json

heading "Done; the cluster is stopped and removed"
