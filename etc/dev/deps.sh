#!/bin/sh
# Finds what is missing to build and test bk, and installs it with apt-get: deps.sh [GROUP]...
# Groups: build test server faults lint memcheck (default: build test). Needs root, or sudo
# without a password; otherwise it prints the line to type and ends with 1. When nothing is missing
# it asks nobody and changes nothing. No service is left behind: only the programs are wanted.
set -u

have() {
	command -v "$1" >/dev/null 2>&1
}

# need PACKAGE COMMAND: the package is missing if there is no such command
need() {
	have "$2" || missing="$missing $1"
}

# need_lib PACKAGE MODULE: the package is missing if pkg-config does not know the module
need_lib() {
	have pkg-config && pkg-config --exists "$2" || missing="$missing $1"
}

need_server() {
	have initdb && return
	for dir in /usr/lib/postgresql/*/bin; do
		[ -x "$dir/initdb" ] && return
	done
	missing="$missing postgresql"
}

look_for() {
	case $1 in
	build)
		have "${CC:-cc}" || missing="$missing gcc libc6-dev"
		need pkg-config pkg-config
		need_lib libpq-dev libpq
		need_lib libjson-c-dev json-c
		need_lib libconfuse-dev libconfuse
		need_lib libsmartcols-dev smartcols
		need_lib zlib1g-dev zlib
		;;
	server)
		need_server
		need postgresql-client psql
		;;
	test)
		look_for server
		need_lib check check
		need jq jq
		need mandoc mandoc
		# The page of bkstatus report is opened in a real browser.
		need chromium chromium
		need chromium-driver chromedriver
		need curl curl
		need prometheus promtool
		need prometheus-node-exporter prometheus-node-exporter
		need openssl openssl
		;;
	faults)
		# Debian has them where only root's PATH leads to.
		[ -x /usr/sbin/pgbouncer ] || need pgbouncer pgbouncer
		[ -x /usr/sbin/cron ] || need cron cron
		need faketime faketime
		need pgbackrest pgbackrest
		;;
	lint)
		need clang clang
		need clang-format clang-format
		need shellcheck shellcheck
		need mandoc mandoc
		need git git
		;;
	memcheck)
		need valgrind valgrind
		;;
	*)
		echo "deps.sh: no such group: $1 (build, test, server, faults, lint, memcheck)" >&2
		exit 64
		;;
	esac
}

# as_root COMMAND...
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

look() {
	missing=''
	for group in $groups; do
		look_for "$group"
	done
	[ -z "$missing" ]
}

groups=${*:-build test}
look && exit 0

# shellcheck disable=SC2046,SC2086 # a list of words
set -- $(printf '%s\n' $missing | sort -u)
line="sudo apt-get update; sudo apt-get install --no-install-recommends $*"
if ! have apt-get; then
	echo "bk: missing: $* (names of Debian packages)" >&2
	exit 1
fi
if [ "$(id -u)" -ne 0 ] && ! { have sudo && sudo -n true 2>/dev/null; }; then
	echo "bk: packages are missing, please type: $line" >&2
	exit 1
fi
echo "bk: installing $*" >&2

# A package of the PostgreSQL server creates a cluster and starts it. A file in createcluster.d
# forbids the first for as long as apt-get runs, which leaves nothing to start; RUNLEVEL=1 forbids
# the second where a cluster exists already. The packages of PgBouncer and Prometheus would run
# them from the next boot on.
# shellcheck disable=SC2016 # expanded by the inner shell
as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 LC_ALL=C.UTF-8 sh -c '
	dir=/etc/postgresql-common/createcluster.d file=$dir/bk-build-$$.conf
	clean() {
		rm -f "$file"
		rmdir -p --ignore-fail-on-non-empty "$dir" 2>/dev/null
	}
	trap clean EXIT
	trap "exit 130" INT
	trap "exit 143" TERM HUP
	mkdir -p "$dir" && echo "create_main_cluster = false" >"$file" || exit 1

	install() {
		apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
			--no-install-recommends install "$@" >&2 || return 1
		for service in pgbouncer prometheus prometheus-node-exporter; do
			case " $* " in
			*" $service "*)
				[ ! -d /run/systemd/system ] || systemctl stop "$service" >&2
				update-rc.d "$service" disable >&2
				;;
			esac
		done
	}
	# The lists may be absent (a fresh image) or too old (the version they name is gone). A
	# source that cannot be reached does not matter as long as the packages come from another
	# one.
	if apt-get -qq -s install "$@" >/dev/null 2>&1 && install "$@"; then
		exit 0
	fi
	apt-get -qq update >&2 || echo "bk: apt-get update failed in part, going on" >&2
	install "$@"
' deps "$@" </dev/null
if ! look; then
	echo "bk: could not install the packages, please type: $line" >&2
	exit 1
fi
