#!/bin/sh
# A throw-away PostgreSQL cluster for tests and the demo, reachable through a Unix socket of its own
# and no network.
#
#   cluster.sh start DIR [--durable]   create DIR and a running cluster below it (data, socket, log)
#   cluster.sh env DIR                 print what eval needs to point PGHOST and so on there
#   cluster.sh standby DIR PRIMARY     create a hot standby of the cluster in PRIMARY, and run it
#   cluster.sh stop DIR                stop it and remove DIR
#
# Connect as `postgres`, without a password. Role bk_pw and its members need theirs (scram-sha-256),
# for tests of a failing login. PostgreSQL refuses to run as root: root steps down to the user
# postgres, anyone else runs it himself. fsync is off unless --durable is given: such a cluster
# survives the death of a process, not of the machine. It may also be sourced, for cluster_start,
# cluster_env, cluster_standby and cluster_stop.

# Nothing but Unix sockets in private directories listens, so two clusters never meet, whatever
# their port. It is not 5432 on purpose: a program that does not heed PGPORT must not work here.
cluster_port=54321

cluster_say() {
	echo "cluster.sh: $*" >&2
}

# Runs a command as the owner of the cluster, from a directory that he may enter.
cluster_as_owner() {
	if [ "$(id -u)" -ne 0 ]; then
		(cd / && exec "$@")
	elif id postgres >/dev/null 2>&1; then
		(cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups "$@")
	else
		(cd / && exec setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@")
	fi
}

# Prints the directory of initdb, pg_ctl and postgres: the one in PATH, else the newest that
# Debian's packages left.
cluster_bindir() {
	if command -v initdb >/dev/null 2>&1 && command -v pg_ctl >/dev/null 2>&1; then
		dirname "$(command -v initdb)"
		return 0
	fi
	for bindir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t / -k 5,5rn); do
		if [ -x "$bindir/initdb" ]; then
			echo "$bindir"
			return 0
		fi
	done
	cluster_say "initdb was not found: is the PostgreSQL server installed?"
	return 1
}

# Makes DIR, owned by whoever the cluster runs as. Only its parts are private: the socket is as good
# as a superuser.
cluster_make_dir() {
	case $1 in
	/*) ;;
	*) cluster_say "DIR must be absolute: $1" && return 1 ;;
	esac
	sock="$1/socket/.s.PGSQL.$cluster_port"
	if [ ${#sock} -gt 107 ]; then
		cluster_say "a path of 107 bytes is the limit for a Unix socket: $sock"
		cluster_say "set TMPDIR to a directory with a short name"
		return 1
	fi
	mkdir -p "$1" && chmod 0755 "$1" || return 1
	if [ -n "$(ls -A "$1")" ]; then
		cluster_say "$1 is not empty"
		return 1
	fi
	: >"$1/.throw-away-cluster" && mkdir "$1/socket" "$1/log" || return 1
	if [ "$(id -u)" -eq 0 ]; then
		owner=$(cd / && cluster_as_owner id -u)
		chown -R "$owner" "$1" || return 1
	fi
	if ! cluster_as_owner test -w "$1"; then
		cluster_say "the user $(cluster_as_owner id -un) may not enter $1"
		cluster_say "set TMPDIR to a directory that is open to all"
		return 1
	fi
	chmod 0700 "$1/socket" "$1/log"
}

# cluster_configure DIR on|off
cluster_configure() {
	cluster_as_owner tee -a "$1/data/postgresql.conf" >/dev/null <<-END || return 1
		listen_addresses = ''
		unix_socket_directories = '$1/socket'
		port = $cluster_port
		max_connections = 100
		fsync = $2
		synchronous_commit = $2
		full_page_writes = $2
	END
	# The group form is the only pattern that PostgreSQL 15 knows in this column.
	cluster_as_owner tee "$1/data/pg_hba.conf" >/dev/null <<-END
		local all         +bk_pw scram-sha-256
		local all         all    trust
		local replication all    trust
	END
}

# cluster_start DIR [--durable]
cluster_start() {
	dir=$1 durable=off
	[ "${2-}" != --durable ] || durable=on
	bin=$(cluster_bindir) && cluster_make_dir "$dir" || return 1
	log=$dir/log/initdb.log
	# The server keeps what it inherits: nothing may wait for the end of a pipe that it holds.
	if ! cluster_as_owner "$bin/initdb" -D "$dir/data" -U postgres -A trust --no-sync -E UTF8 \
		--locale=C.UTF-8 >"$log" 2>&1 </dev/null ||
		! cluster_configure "$dir" "$durable"; then
		cat "$log" >&2
		cluster_say "could not create a cluster in $dir"
		return 1
	fi
	cluster_run "$dir"
}

# cluster_run DIR: starts what is in DIR and waits until it answers
cluster_run() {
	log=$1/log/postgresql.log
	if ! cluster_as_owner "$bin/pg_ctl" -D "$1/data" -l "$log" -w -t 60 start \
		>"$1/log/pg_ctl.log" 2>&1 </dev/null; then
		cat "$1/log/pg_ctl.log" "$log" >&2
		cluster_say "could not start the cluster in $1"
		return 1
	fi
}

# Prints where pg_basebackup is, which is no part of the server's package.
cluster_basebackup() {
	for tool in "$bin" $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t / -k 5,5rn); do
		if [ -x "$tool/pg_basebackup" ]; then
			echo "$tool/pg_basebackup"
			return 0
		fi
	done
	command -v pg_basebackup
}

# cluster_standby DIR PRIMARY
cluster_standby() {
	dir=$1
	bin=$(cluster_bindir) && cluster_make_dir "$dir" || return 1
	log=$dir/log/pg_basebackup.log
	if ! cluster_as_owner "$(cluster_basebackup)" -D "$dir/data" \
		-h "$2/socket" -p $cluster_port -U postgres -R -c fast --no-sync \
		>"$log" 2>&1 </dev/null; then
		cat "$log" >&2
		cluster_say "could not copy the cluster in $2"
		return 1
	fi
	echo "unix_socket_directories = '$dir/socket'" |
		cluster_as_owner tee -a "$dir/data/postgresql.conf" >/dev/null || return 1
	cluster_run "$dir"
}

cluster_env() {
	if [ ! -d "$1/socket" ]; then
		cluster_say "no cluster in $1"
		return 1
	fi
	echo "export PGHOST='$1/socket' PGPORT=$cluster_port PGUSER=postgres PGDATABASE=postgres"
}

# Nobody wants the data back, so the server is not asked to write it: immediate. The mark keeps a
# mistyped DIR alive.
cluster_stop() {
	if [ ! -e "$1/.throw-away-cluster" ]; then
		[ -e "$1" ] || return 0
		cluster_say "$1 was not made by cluster.sh, it is left alone"
		return 1
	fi
	if [ -e "$1/data/postmaster.pid" ] && bin=$(cluster_bindir); then
		cluster_as_owner "$bin/pg_ctl" -D "$1/data" -m immediate -w -t 60 stop \
			>/dev/null 2>&1 </dev/null
	fi
	rm -rf "$1"
}

cluster_main() {
	case ${1-}:$# in
	start:2 | start:3) shift && cluster_start "$@" ;;
	env:2) cluster_env "$2" ;;
	standby:3) cluster_standby "$2" "$3" ;;
	stop:2) cluster_stop "$2" ;;
	*)
		echo "usage: cluster.sh start DIR [--durable] | env DIR | stop DIR" >&2
		echo "       cluster.sh standby DIR PRIMARY" >&2
		return 64
		;;
	esac
}

case ${0##*/} in
cluster.sh) cluster_main "$@" ;;
esac
