#!/bin/bash
# Measures what bk promises about speed: each line of work against its reference, on one throw-away
# cluster, in turns, and prints the ratios. `make bench` calls it.
#
#	tests/bench/run.sh --bin=DIR [--lines=WORD] [--out=FILE]
#
# --lines takes only the lines with WORD in their name, --out says where the figures go as JSON
# (DIR/bench.json). Of the environment it heeds ROUNDS (5), SCALE=small (tables of a few thousand
# rows and no fsync: a test of the bench, its figures mean nothing), BENCH_STRICT=yes (a goal that is
# not reached is exit status 1) and TMPDIR, where the cluster lives: it takes some 10 GB for a while.
# Exit status: 0 also when a goal is not reached, 1 when something failed to run.
set -uo pipefail
umask 022

src=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
programs='' word='' out=''
for arg; do
	case $arg in
	--bin=*) programs=$(cd "${arg#*=}" && pwd) || exit 1 ;;
	--lines=*) word=${arg#*=} ;;
	--out=*) out=${arg#*=} ;;
	*) echo "bench: unknown argument: $arg" >&2 && exit 64 ;;
	esac
done
[ -n "$programs" ] || { echo "bench: --bin=DIR is missing" >&2 && exit 64; }
out=${out:-$programs/bench.json}
tools=$programs/tests/bench

ROUNDS=${ROUNDS:-5} SCALE=${SCALE:-full} BENCH_STRICT=${BENCH_STRICT:-no}
case $ROUNDS in
'' | *[!0-9]* | 0*) echo "bench: ROUNDS is a number from 1 on" >&2 && exit 64 ;;
esac
case $SCALE in
full)
	BOOKINGS=1000000 DUE=300000 HELD=10000 APP_DUE=500000 MEMORY_DUE=1000000
	SMALL=10000 BIG=10000000 FEW=1000 MANY=5000000 TRANSITIONS=10000000 BATCH_KEYS=2000
	TURNS=30 NAIVE_ROUNDS=2 durable=--durable shared_buffers=1GB strategy=file_copy
	;;
small)
	BOOKINGS=4000 DUE=1200 HELD=40 APP_DUE=2000 MEMORY_DUE=4000
	SMALL=100 BIG=1000 FEW=10 MANY=1000 TRANSITIONS=4000 BATCH_KEYS=20
	TURNS=3 NAIVE_ROUNDS=1 durable='' shared_buffers=64MB strategy=wal_log
	;;
*) echo "bench: SCALE is full or small" >&2 && exit 64 ;;
esac
RATE=500 # updates of the application a second

# Nothing of the caller's server or configuration gets in.
for name in $(compgen -e); do
	case $name in
	PG* | BK_*) unset "$name" ;;
	esac
done
export PATH="$programs:$PATH" LC_ALL=C.UTF-8 TZ=UTC

# shellcheck source=etc/dev/cluster.sh
. "$src/etc/dev/cluster.sh"
# shellcheck source=tests/bench/tables.sh
. "$src/tests/bench/tables.sh"
# shellcheck source=tests/bench/measure.sh
. "$src/tests/bench/measure.sh"
# shellcheck source=tests/bench/lines.sh
. "$src/tests/bench/lines.sh"

say() {
	printf '# %s\n' "$*" >&2
}

work=''
finish() {
	trap '' INT TERM HUP
	[ -z "$work" ] || { cluster_stop "$work/pg" && rm -rf "$work"; }
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 129' HUP
trap 'exit 143' TERM

# What the server is measured with. No checkpoint and no autovacuum falls into one measurement and
# not into the other; the rest is as it comes.
start_cluster() {
	work=$(mktemp -d "${TMPDIR:-/tmp}/bk-bench.XXXXXX") && chmod 0755 "$work" &&
		cluster_start "$work/pg" ${durable:+"$durable"} || return 1
	cluster_as_owner tee -a "$work/pg/data/postgresql.conf" >/dev/null <<-END || return 1
		shared_buffers = $shared_buffers
		max_wal_size = 16GB
		checkpoint_timeout = 1h
		autovacuum = off
	END
	# shellcheck disable=SC2154 # bin, where the server's programs are, comes from cluster.sh
	cluster_as_owner "$bin/pg_ctl" -D "$work/pg/data" -l "$work/pg/log/postgresql.log" -m fast -w \
		restart >/dev/null 2>&1 </dev/null || return 1
	eval "$(cluster_env "$work/pg")"
	# The psql in Debian's PATH is a script that takes longer than psql itself.
	psql=$(dirname "$(readlink -f "$bin/initdb")")/psql
	[ -x "$psql" ] || psql=$(command -v psql)
}

# meta: what the figures depend on, as JSON
meta() {
	local settings commit
	settings=$(sql postgres "select jsonb_object_agg(name, current_setting(name)) from pg_settings
		where name in ('autovacuum', 'checkpoint_timeout', 'effective_cache_size', 'fsync',
			'full_page_writes', 'jit', 'max_wal_size', 'shared_buffers',
			'synchronous_commit', 'wal_compression', 'wal_level', 'work_mem')") || return 1
	commit=$(git -C "$src" describe --always --dirty --abbrev=12 2>/dev/null)
	jq -n --arg date "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --arg commit "$commit" \
		--arg version "$(bkactivate --version | sed 1q)" --argjson cores "$(nproc)" \
		--arg postgresql "$(sql postgres 'show server_version')" --arg scale "$SCALE" \
		--argjson rounds "$ROUNDS" --argjson settings "$settings" \
		'{date: $date, commit: (if $commit == "" then null else $commit end),
		program: $version, postgresql: $postgresql, cores: $cores, scale: $scale,
		rounds: $rounds, settings: $settings}'
}

lines=()
for line in "${all_lines[@]}"; do
	[[ $line != *"$word"* ]] || lines+=("$line")
done
[ ${#lines[@]} -gt 0 ] || { echo "bench: no line has \"$word\" in its name" >&2 && exit 64; }

run_lines() {
	local line
	for line in "${lines[@]}"; do
		say "$line"
		begin_line "$line"
		if "line_${line//-/_}"; then
			end_line >>"$work/lines"
		else
			echo "bench: $line failed" >&2
			fail_line >>"$work/lines"
		fi
	done
}

start_cluster && : >"$work/lines" && : >"$work/empty.conf" && prepare_cluster &&
	meta >"$work/meta" && run_lines || exit 1
jq -s --slurpfile meta "$work/meta" -f "$src/tests/bench/figures.jq" "$work/lines" >"$work/bench.json" &&
	jq -r -f "$src/tests/bench/table.jq" "$work/bench.json" | align &&
	cp "$work/bench.json" "$out" || exit 1
echo "bench: the figures are in $out" >&2
verdict_status "$work/bench.json"
