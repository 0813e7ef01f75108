# shellcheck shell=bash
# TLS and logins without a password, against a server with a certificate of an authority made here:
# verify-full lets in where all is right and says what is wrong elsewhere; certificates of clients, and
# peer with a map of names.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"
# shellcheck source=etc/dev/cluster.sh
. "$BK_SRC/etc/dev/cluster.sh"

certs=$BK_TEST_DIR/certs
mkdir "$certs" && chmod 0755 "$BK_TEST_DIR" "$certs"

# must COMMAND...: says why it failed, and ends the test
must() {
	"$@" >"$certs/log" 2>&1 || { cat "$certs/log" && exit 1; }
}

# authority NAME
authority() {
	must openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
		-subj "/CN=$1" -keyout "$certs/$1.key" -out "$certs/$1.crt"
}

# certificate FILE CN DAYS [SAN]: signed by the authority ca
certificate() {
	echo "${4:+subjectAltName=$4}" >"$certs/$1.ext"
	must openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" \
		-keyout "$certs/$1.key" -out "$certs/$1.csr"
	must openssl x509 -req -in "$certs/$1.csr" -CA "$certs/ca.crt" -CAkey "$certs/ca.key" \
		-CAcreateserial -days "$3" -out "$certs/$1.crt" -extfile "$certs/$1.ext"
	chmod 0600 "$certs/$1.key"
}

authority ca
authority other
certificate server db.test 2 DNS:db.test
certificate expired db.test -1 DNS:db.test
certificate runner runner 2
certificate stranger stranger 2

# --- a server with TLS ---

dir=$BK_TEST_DIR/tls
cluster_start "$dir" || exit 1
as_owner=$(cluster_as_owner id -u)

# served NAME: the certificate and key of the server, from now on
served() {
	cp "$certs/$1.crt" "$dir/data/server.crt" && cp "$certs/$1.key" "$dir/data/server.key" &&
		chmod 0600 "$dir/data/server.key" &&
		chown "$as_owner" "$dir/data/server.crt" "$dir/data/server.key"
}

served server
cp "$certs/ca.crt" "$dir/data/root.crt" && chmod 0644 "$dir/data/root.crt"
cat >>"$dir/data/postgresql.conf" <<'END'
ssl = on
ssl_ca_file = 'root.crt'
listen_addresses = '127.0.0.1'
END
me=$(id -un)
cat >"$dir/data/pg_hba.conf" <<END
local   all mapped    peer map=bk
local   all all       trust
hostssl all runner    127.0.0.1/32 cert
hostssl all verified  127.0.0.1/32 trust clientcert=verify-full
hostssl all all       127.0.0.1/32 trust
END
echo "bk $me mapped" >"$dir/data/pg_ident.conf"

# The port is free where the server starts on it.
for ((tries = 0; tries < 20; tries++)); do
	port=$((20000 + RANDOM % 12000))
	echo "port = $port" >>"$dir/data/postgresql.conf"
	# shellcheck disable=SC2154 # bin is set by cluster_start
	cluster_as_owner "$bin/pg_ctl" -D "$dir/data" -l "$dir/log/tls.log" -m fast -w -t 60 restart \
		>"$dir/log/restart.log" 2>&1 </dev/null && break
done
[ "$tries" -lt 20 ] || { cat "$dir/log/tls.log" && exit 1; }
export PGHOST=$dir/socket PGPORT=$port PGDATABASE=postgres
sql "create role runner login; create role verified login; create role mapped login;
	create role plain login"
bkmaint migrate --reference-bookings || exit 1
sql "grant booking_update to runner, verified, mapped, plain"

# connect HOST WORDS...: the configuration names the server so
connect() {
	local host=$1
	shift
	configure "database = \"host=$host hostaddr=127.0.0.1 port=$port dbname=postgres $*\""
}

# bk PROGRAM...: without the environment's server
bk() {
	run env -u PGHOST -u PGPORT -u PGDATABASE -u PGUSER "$@"
}

# keeps_keys: nothing of a key is in what was said
keeps_keys() {
	local key line
	for key in "$certs"/*.key; do
		while read -r line; do
			out_lacks "$line"
			err_lacks "$line"
		done < <(grep -v -- '^-----' "$key")
	done
}

# lets_in: a tick and a look
lets_in() {
	bk bkactivate --now
	is_rc 0
	err_is_empty
	bk bkstatus --json
	is_rc 0
	json_is .success true
}

# refuses STATUS CODE TEXT: a tick and a look, in both forms, and nothing is recorded
refuses() {
	local program before
	before=$(records)
	for program in "bkactivate" "bkactivate --now" "bkstatus"; do
		# shellcheck disable=SC2086
		bk $program
		is_rc "$1"
		out_is_empty
		err_has "${program%% *}: error: "
		err_has "$3"
		keeps_keys
	done
	bk bkstatus --json
	is_rc "$1"
	json_is '[.success, .error.code, .error.exitCode] | tojson' "[false,\"$2\",$1]"
	out_has "${3//\"/\\\"}"
	keeps_keys
	is "$(records)" "$before"
}

full="sslmode=verify-full sslrootcert=$certs/ca.crt"

t "verify-full lets in where authority, name and time are right, and the session is encrypted"
connect db.test "user=plain $full"
lets_in
bk bkmaint doctor
is_rc 0
bk psql -XAtq "$(sed -n 's/^database = "\(.*\)"$/\1/p' "$BK_CONFIG")" -c \
	"select ssl from pg_stat_ssl where pid = pg_backend_pid()"
is "$OUT" t

t "an authority that did not sign the server's certificate"
connect db.test "user=plain sslmode=verify-full sslrootcert=$certs/other.crt"
refuses 69 DATABASE_UNAVAILABLE "certificate verify failed"
bk bkstatus
err_has "hint: is the server's certificate of the authority in sslrootcert, and valid today?"

t "an authority that is not there"
connect db.test "user=plain sslmode=verify-full sslrootcert=$certs/nosuch.crt"
refuses 69 DATABASE_UNAVAILABLE "root certificate file \"$certs/nosuch.crt\" does not exist"

t "another host name than the certificate's; verify-ca does not ask for it"
connect elsewhere.test "user=plain $full"
refuses 69 DATABASE_UNAVAILABLE 'server certificate for "db.test" does not match host name "elsewhere.test"'
connect elsewhere.test "user=plain sslmode=verify-ca sslrootcert=$certs/ca.crt"
lets_in

t "a client's certificate is a login"
connect db.test "user=runner $full sslcert=$certs/runner.crt sslkey=$certs/runner.key"
lets_in
is "$(last_record invoked_by)" "$me/runner"

t "a connection service names certificate and key, too"
printf '%s\n' '[booking]' host=db.test hostaddr=127.0.0.1 "port=$port" dbname=postgres user=runner \
	sslmode=verify-full "sslrootcert=$certs/ca.crt" "sslcert=$certs/runner.crt" \
	"sslkey=$certs/runner.key" >.pg_service.conf
configure 'database = "service=booking"'
lets_in

t "none, or one of another name, is a refused login"
connect db.test "user=runner $full"
refuses 77 LOGIN_REFUSED "connection requires a valid client certificate"
connect db.test "user=runner $full sslcert=$certs/stranger.crt sslkey=$certs/stranger.key"
refuses 77 LOGIN_REFUSED 'certificate authentication failed for user "runner"'

t "clientcert=verify-full asks for the name beside another method"
certificate verified verified 2
connect db.test "user=verified $full sslcert=$certs/verified.crt sslkey=$certs/verified.key"
lets_in
connect db.test "user=verified $full sslcert=$certs/runner.crt sslkey=$certs/runner.key"
refuses 77 LOGIN_REFUSED verified

t "a key that others may read, one of another certificate, one that is none"
connect db.test "user=runner $full sslcert=$certs/runner.crt sslkey=$certs/runner.key"
chmod 0644 "$certs/runner.key"
refuses 69 DATABASE_UNAVAILABLE "has group or world access"
chmod 0600 "$certs/runner.key"
connect db.test "user=runner $full sslcert=$certs/runner.crt sslkey=$certs/stranger.key"
refuses 69 DATABASE_UNAVAILABLE "could not load private key file"
head -c 40 "$certs/runner.key" >"$certs/cut.key" && chmod 0600 "$certs/cut.key"
connect db.test "user=runner $full sslcert=$certs/runner.crt sslkey=$certs/cut.key"
refuses 69 DATABASE_UNAVAILABLE "could not load private key file"

t "peer with a map: the user of the system is another role, and nobody else is"
configure "database = \"host=$dir/socket port=$port dbname=postgres user=mapped\""
lets_in
is "$(last_record invoked_by)" "$me/mapped"
echo "bk another-user mapped" >"$dir/data/pg_ident.conf"
was=$(sql "select pg_conf_load_time()")
sql "select from pg_reload_conf()"
wait_for "pg_conf_load_time() > '$was'"
refuses 77 LOGIN_REFUSED 'Peer authentication failed for user "mapped"'

t "a server's certificate that has expired"
connect db.test "user=plain $full"
served expired
was=$(sql "select pg_conf_load_time()")
sql "select from pg_reload_conf()"
wait_for "pg_conf_load_time() > '$was'"
refuses 69 DATABASE_UNAVAILABLE "certificate verify failed"

t "a server without TLS is not talked to in the clear"
sql "alter system set ssl = off"
was=$(sql "select pg_conf_load_time()")
sql "select from pg_reload_conf()"
wait_for "pg_conf_load_time() > '$was'"
refuses 69 DATABASE_UNAVAILABLE "server does not support SSL, but SSL was required"

done_testing
