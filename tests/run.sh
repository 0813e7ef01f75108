#!/bin/bash
# Runs test files and prints one line for each, the whole output of those that failed, and `N
# passed, N failed`.
#
#   tests/run.sh --bin=DIR [--hooks=DIR] [--jobs=N] [--valgrind]
#                [--unit BINARY...] [--db BINARY...] [--cli SCRIPT...] [--faults SCRIPT...]
#
# Each file runs alone in an environment of its own: a private directory (BK_TEST_DIR, also HOME and
# TMPDIR), for all but unit tests a fresh database and no roles but postgres, and no variable of
# yours that libpq or bk would read. As many run at once as there are jobs, each job with a
# throw-away cluster, so that not even roles are shared; one that a file makes for itself below
# BK_TEST_DIR is stopped when the file ends. A file fails when its exit status is not 0, when it ran
# no check at all, or after BK_TEST_TIMEOUT (600 s). BK_TEST_SEED is what tests draw by chance from,
# else always the same. --hooks names a build with HOOKS=yes (BK_HOOKS).
set -uo pipefail
# Each test leads a process group: it gets the terminal's signals only through us, as a whole, and
# with the default action (a background job without this ignores SIGINT, and so would the program
# under test).
set -m

# bk refuses a configuration that its group may write to, so no test may make one by chance.
umask 022

src=$(cd "$(dirname "$0")/.." && pwd) || exit 1
bin='' hooks='' jobs=$(nproc) valgrind='' mode='' kinds=() files=()
for arg; do
	case $arg in
	--bin=*) bin=$(cd "${arg#*=}" && pwd) || exit 1 ;;
	--hooks=*) hooks=$(cd "${arg#*=}" && pwd) || exit 1 ;;
	--jobs=*) jobs=${arg#*=} ;;
	--valgrind) valgrind=yes ;;
	--unit | --db | --cli | --faults) mode=${arg#--} ;;
	-*) echo "run.sh: unknown option: $arg" >&2 && exit 64 ;;
	*)
		kinds+=("${mode:?--unit, --db, --cli or --faults comes before the files}")
		files+=("$(realpath "$arg")")
		;;
	esac
done
if [ ${#files[@]} -eq 0 ] || [ -z "$bin" ]; then
	echo "run.sh: no test was found" >&2
	echo "0 passed, 0 failed"
	exit 1
fi

# shellcheck source=etc/dev/cluster.sh
. "$src/etc/dev/cluster.sh"

# Memory holds the clusters if there is enough of it: a test makes and drops a hundred files of
# tables, which is a third of its time on a disk. Prints the directory; yours comes first.
scratch() {
	local room probe=/dev/shm/bk-test-probe.$$
	room=$(df --output=avail -B 1G /dev/shm 2>/dev/null | tail -n 1)
	if [ -n "${TMPDIR-}" ] || [ "${room:-0}" -lt 8 ]; then
		echo "${TMPDIR:-/tmp}"
	elif printf '#!/bin/sh\n' >"$probe" && chmod 0755 "$probe" && "$probe"; then
		echo /dev/shm
	else
		echo /tmp
	fi 2>/dev/null
	rm -f "$probe"
}

work=$(mktemp -d "$(scratch)/bk-test.XXXXXX") && chmod 0755 "$work" || exit 1
declare -A running=() # process group -> number of the file
declare -A slot_of=() # the same -> its job

finish() {
	trap '' INT TERM HUP
	local pid slot
	for pid in "${!running[@]}"; do
		{ kill -KILL -- "-$pid" && wait "$pid"; } 2>/dev/null
		own_clusters "${running[$pid]}"
	done
	for ((slot = 0; slot < jobs; slot++)); do
		cluster_stop "$work/pg$slot"
	done
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 129' HUP
trap 'exit 143' TERM

# Nothing of the caller's reaches a test: not his server, not his password file, not make's job
# server.
for name in $(compgen -e); do
	case $name in
	BK_TEST_TIMEOUT | BK_TEST_SEED) ;;
	PG* | BK_* | LC_* | MAKE* | MFLAGS | LANGUAGE | COLUMNS | LINES | NO_COLOR | CLICOLOR*)
		unset "$name"
		;;
	esac
done
export LANG=C.UTF-8 TZ=UTC TERM=dumb
# In the server's directory psql is the program itself, in /usr/bin a script that looks for it. Tests
# of units do without a server.
server_bin=$(cluster_bindir 2>/dev/null)
export PATH="$bin:${server_bin:+$server_bin:}$PATH" BK_BIN=$bin BK_HOOKS=$hooks BK_SRC=$src
# Check prints its summary whatever the test program asks for, and a slow machine is no failure.
export CK_VERBOSITY=normal CK_DEFAULT_TIMEOUT=120
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

# test_name NUMBER: unit/test_buf
test_name() {
	local name=${files[$1]##*/}
	echo "${kinds[$1]}/${name%.sh}"
}

# fresh_cluster DIR: empties the cluster of the job, so that a file finds no role of the one
# before. Where there is none yet, or it cannot be emptied (a test stopped it), makes a new one.
fresh_cluster() {
	if [ -d "$1" ]; then
		eval "$(cluster_env "$1")"
		clean_cluster | psql -XAtq -v ON_ERROR_STOP=1 -d postgres 2>/dev/null && return 0
		cluster_stop "$1"
	fi
	cluster_start "$1" && eval "$(cluster_env "$1")"
}

clean_cluster() {
	local databases="select format('drop database %I with (force);', datname)
		from pg_database where datname !~ '^(postgres|template[01])\$'"
	local roles="select format('drop owned by %1\$I; drop role %1\$I;', rolname)
		from pg_roles where rolname !~ '^(pg_|postgres\$)'"
	psql -XAtq -d postgres -c "$databases" && psql -XAtq -d postgres -c "$roles"
}

# run_one NUMBER SLOT: the whole life of one test, in a process group of its own
run_one() {
	local file=${files[$1]} kind=${kinds[$1]} database command
	database=t_$(test_name "$1" | tr -c '[:alnum:]\n' _)
	export BK_TEST_DIR=$work/t$1
	mkdir "$BK_TEST_DIR" && cd "$BK_TEST_DIR" || return 1
	if [ "$kind" != unit ]; then
		fresh_cluster "$work/pg$2" || return 1
		psql -XAtq -d postgres -c "create database $database" || return 1
		export PGDATABASE=$database
	fi
	export HOME=$BK_TEST_DIR TMPDIR=$BK_TEST_DIR
	command=("$file")
	[ "${file##*.}" != sh ] || command=(bash "$file")
	[ -z "$valgrind" ] || command=(
		env CK_FORK=no valgrind -q --leak-check=full --error-exitcode=99 "$file")
	# In the foreground: timeout stays in the process group that reap() and finish() kill.
	# Not exec: bash forgets a job that died of a signal.
	timeout --foreground -k 5 "${BK_TEST_TIMEOUT:-600}" "${command[@]}"
}

# verdict NUMBER STATUS: prints why a finished file failed, nothing if it passed
verdict() {
	local out=$work/out$1
	if [ "$2" -eq 124 ] || [ "$2" -eq 137 ]; then
		echo "killed or out of time"
	elif [ "$2" -ne 0 ]; then
		echo "exit status $2"
	elif [ "${files[$1]##*.}" = sh ]; then
		grep -Eq '^[a-z]+: [1-9][0-9]* passed, 0 failed$' "$out" || echo "no case was run"
	else
		grep -Eq '^[0-9]+%: Checks: [1-9]' "$out" || echo "no check was run"
	fi
}

passed=0 failed=0
# report NUMBER STATUS
report() {
	local out=$work/out$1 why summary took mark=ok
	why=$(verdict "$1" "$2")
	took=$((($(date +%s%N) - ${started[$1]}) / 10000000))
	summary=$(grep -E '^([0-9]+%: Checks:|[a-z]+: [0-9]+ passed)' "$out" | tail -n 1)
	[ -z "$why" ] || mark=FAIL
	printf '%-4s %-36s %3d.%02d s  %s\n' "$mark" "$(test_name "$1")" \
		$((took / 100)) $((took % 100)) "${why:-$summary}"
	if [ -z "$why" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		sed 's/^/     | /' "$out"
	fi
	rm -rf "$out" "$work/t$1"
}

# own_clusters NUMBER: stops the servers of a test, which leave its process group
own_clusters() {
	local mark
	for mark in "$work/t$1"/*/.throw-away-cluster; do
		[ ! -e "$mark" ] || cluster_stop "${mark%/*}"
	done
}

# Waits for one of the running files, reports it and frees its job.
reap() {
	local pid status
	wait -n -p pid "${!running[@]}"
	status=$?
	[ -n "${pid-}" ] || exit 1
	kill -KILL -- "-$pid" 2>/dev/null # what the test left running
	own_clusters "${running[$pid]}"
	report "${running[$pid]}" "$status"
	free+=("${slot_of[$pid]}")
	unset "running[$pid]" "slot_of[$pid]"
}

free=() started=()
for ((slot = jobs - 1; slot >= 0; slot--)); do
	free+=("$slot")
done
for n in "${!files[@]}"; do
	[ ${#free[@]} -gt 0 ] || reap
	slot=${free[-1]}
	unset 'free[-1]'
	started[n]=$(date +%s%N)
	run_one "$n" "$slot" >"$work/out$n" 2>&1 </dev/null &
	running[$!]=$n slot_of[$!]=$slot
done
while [ ${#running[@]} -gt 0 ]; do
	reap
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
