# shellcheck shell=bash
# Connecting: a database that is not there, does not let in, or has not the schema that the program
# needs. Each is one line, the right exit status, and no password.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"

# refused STATUS CODE SQLSTATE TEXT COMMAND...: in text and in JSON
refused() {
	local status=$1 code=$2 sqlstate=$3 text=$4
	shift 4
	run "$@"
	is_rc "$status"
	out_is_empty
	err_has "$1: error: "
	err_has "$text"
	run "$@" --json
	is_rc "$status"
	json_is '[.success, .data, .error.code, .error.exitCode, .error.sqlstate] | tojson' \
		"[false,null,\"$code\",$status,$sqlstate]"
	out_has "$text"
}

t "a server that is not there"
for tool in bkactivate bknoshow "bkmaint update-expired" "bkmaint migrate" bkstatus; do
	refused 69 DATABASE_UNAVAILABLE null "no-server" $tool -h "$BK_TEST_DIR/no-server"
done

t "a database that does not exist"
refused 69 DATABASE_UNAVAILABLE '"3D000"' nosuchdb bkstatus -d nosuchdb

t "a login without and with a wrong password"
sql "create role bk_pw"
sql "create role u_pw login password 'right-one' in role bk_pw"
refused 77 LOGIN_REFUSED null password bkstatus -U u_pw
echo "*:*:*:u_pw:wrong-one" >.pgpass && chmod 600 .pgpass
refused 77 LOGIN_REFUSED '"28P01"' u_pw bkstatus -U u_pw
err_lacks wrong-one
out_lacks wrong-one

t "a password in the configuration is never shown"
echo 'database = "password=wrong-two"' >pw.conf && chmod 600 pw.conf
rm .pgpass
refused 77 LOGIN_REFUSED '"28P01"' u_pw bkstatus -U u_pw --config=pw.conf
err_lacks wrong-two
out_lacks wrong-two

t "no schema"
for tool in bkactivate bknoshow "bkmaint update-expired" "bkmaint run --due" bkstatus; do
	refused 78 SCHEMA '"42P01"' "schema bk is missing in the database" $tool
	err_has "hint: run bkmaint migrate as the owner of the database"
done

t "no such schema under the configured name"
printf 'schema = "my own"\n' >own.conf
refused 78 SCHEMA '"42P01"' "schema my own is missing" bkstatus --config=own.conf

t "a schema that is older than the program"
run bkmaint migrate --reference-bookings
is_rc 0
sql "begin; create table kept as table bk.schema_migrations; truncate bk.schema_migrations; commit"
refused 78 SCHEMA null "schema bk is at version 0, this program needs" bkactivate
err_has "hint: run bkmaint migrate as the owner of the database"
sql "insert into bk.schema_migrations table kept"

t "a newer schema that admits the program"
sql "insert into bk.schema_migrations (version, name, checksum, min_program)
	values (999, 'later', 'x', '1.1.0')"
run bkactivate
is_rc 0

t "a newer schema that does not"
sql "update bk.schema_migrations set min_program = '1.10.0' where version = 999"
for tool in bkactivate bknoshow "bkmaint update-expired" bkstatus; do
	refused 78 SCHEMA null "schema bk needs bk 1.10.0 or newer, this is 1.2.0" $tool
	err_has "hint: upgrade the programs on this host"
done
sql "delete from bk.schema_migrations where version = 999"

t "a role that may not names the grant"
sql "create role \"odd role\" login"
refused 77 PERMISSION_DENIED '"42501"' "permission denied" bkstatus -U "odd role"
err_has 'GRANT booking_read TO "odd role"'
refused 77 PERMISSION_DENIED '"42501"' "permission denied" bkactivate -U "odd role"
err_has 'GRANT booking_update TO "odd role"'
sql "grant booking_read to \"odd role\""
run bkstatus -U "odd role"
is_rc 0
run bkactivate --dry-run -U "odd role"
is_rc 0
sql "grant booking_update to \"odd role\""
run bkactivate --now -U "odd role"
is_rc 0

t "nothing of all this was recorded"
sql_is "select count(*) from bk.maintenance_executions where status <> 'SUCCESS'" 0

done_testing
