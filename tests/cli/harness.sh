# shellcheck shell=bash
# What tests of the programs are written in. tests/run.sh starts each tests/cli/test_*.sh with a
# database of its own (PGHOST and so on), the programs on PATH, and an empty private directory,
# BK_TEST_DIR, as working directory and HOME.
#
#	. "$BK_SRC/tests/cli/harness.sh"
#
#	t "an unknown option is a usage error"
#	run bkstatus --nosuch
#	is_rc 64
#	out_is_empty
#	err_has "unknown option"
#
#	done_testing
#
# A case lasts until the next t or done_testing; it fails if one of its assertions failed, and the
# others still run. RC, OUT and ERR are those of the last run. OUT and ERR lack trailing newlines;
# the files $BK_TEST_DIR/.out and .err do not.
set -u
# For the tests only: bk would warn of variables that name no setting.
export -n BK_BIN BK_HOOKS BK_SRC BK_TEST_DIR BK_TEST_TIMEOUT

RC='' OUT='' ERR=''
harness_case='' harness_ok=yes harness_passed=0 harness_failed=0

harness_end_case() {
	[ -n "$harness_case" ] || return 0
	if [ "$harness_ok" = yes ]; then
		harness_passed=$((harness_passed + 1))
	else
		harness_failed=$((harness_failed + 1))
		echo "FAILED: $harness_case"
	fi
	harness_case='' harness_ok=yes
}

# harness_fail WHAT EXPECTED GOT: the place is the first caller outside this file
harness_fail() {
	local i=0 last=$((${#BASH_SOURCE[@]} - 1))
	while [ "${BASH_SOURCE[i]}" = "${BASH_SOURCE[0]}" ] && [ "$i" -lt "$last" ]; do
		i=$((i + 1))
	done
	harness_ok=no
	[ -n "$harness_case" ] || harness_failed=$((harness_failed + 1))
	echo "${BASH_SOURCE[i]#"$BK_SRC/"}:${BASH_LINENO[i - 1]}: $harness_case: $1"
	printf '%s\n' "$2" | sed 's/^/    expected: /'
	printf '%s\n' "$3" | sed 's/^/    got:      /'
}

# t NAME: begins a case; NAME is a sentence
t() {
	harness_end_case
	harness_case=$1
}

# run COMMAND...: stdin is empty
run() {
	"$@" >"$BK_TEST_DIR/.out" 2>"$BK_TEST_DIR/.err" </dev/null
	RC=$?
	# A NUL cannot live in a variable; the files keep it.
	OUT=$(tr -d '\0' <"$BK_TEST_DIR/.out")
	ERR=$(tr -d '\0' <"$BK_TEST_DIR/.err")
}

# bkenv COMMAND...: runs it with the environment that cron gives, and nothing else. Where the
# database is must come from a configuration file or the command line.
bkenv() {
	local command
	command=$(type -P "$1") || return 127
	shift
	env -i HOME="$BK_TEST_DIR" LOGNAME="$(id -un)" SHELL=/bin/sh PATH=/usr/bin:/bin \
		"$command" "$@"
}

# is_rc STATUS
is_rc() {
	[ "$RC" = "$1" ] || harness_fail "exit status" "$1" "$RC${ERR:+, stderr: $ERR}"
}

# out_has TEXT, err_has TEXT: as a part of it
out_has() {
	[[ $OUT == *"$1"* ]] || harness_fail "stdout lacks a text" "$1" "$OUT"
}

err_has() {
	[[ $ERR == *"$1"* ]] || harness_fail "stderr lacks a text" "$1" "$ERR"
}

# out_lacks TEXT, err_lacks TEXT
out_lacks() {
	[[ $OUT != *"$1"* ]] || harness_fail "stdout has a text" "no $1" "$OUT"
}

err_lacks() {
	[[ $ERR != *"$1"* ]] || harness_fail "stderr has a text" "no $1" "$ERR"
}

# out_is TEXT, err_is TEXT: the whole of it, but for newlines at its end
out_is() {
	[ "$OUT" = "$1" ] || harness_fail "stdout" "$1" "$OUT"
}

err_is() {
	[ "$ERR" = "$1" ] || harness_fail "stderr" "$1" "$ERR"
}

# Not a byte of it, not even a newline.
out_is_empty() {
	[ ! -s "$BK_TEST_DIR/.out" ] || harness_fail "stdout" "nothing" "$OUT"
}

err_is_empty() {
	[ ! -s "$BK_TEST_DIR/.err" ] || harness_fail "stderr" "nothing" "$ERR"
}

# is GOT EXPECTED [WHAT]: for what is not covered above
is() {
	[ "$1" = "$2" ] || harness_fail "${3:-value}" "$2" "$1"
}

# jq forgives what other parsers do not.
harness_strict_json() {
	iconv -f UTF-8 -t UTF-8 2>/dev/null |
		sed 's/"\(\\.\|[^"\\]\)*"/""/g' >"$BK_TEST_DIR/.json" &&
		[ "${PIPESTATUS[0]}" -eq 0 ] && ! grep -Eqi 'nan|infinity' "$BK_TEST_DIR/.json"
}

# json_is FILTER VALUE: stdout is exactly one JSON document and a newline, and jq -r FILTER of it is
# VALUE
json_is() {
	local got
	# -s: several documents become a longer list.
	if ! jq -es 'length == 1' "$BK_TEST_DIR/.out" >/dev/null 2>&1; then
		harness_fail "stdout is not one JSON document" "one JSON document" "$OUT"
	elif [ "$(tail -c 1 "$BK_TEST_DIR/.out" | od -An -tx1 | tr -d ' ')" != 0a ]; then
		harness_fail "stdout" "a newline at the end" "$OUT"
	elif ! harness_strict_json <"$BK_TEST_DIR/.out"; then
		harness_fail "stdout" "valid UTF-8, and no NaN or Infinity" "$OUT"
	elif ! got=$(jq -r "$1" "$BK_TEST_DIR/.out" 2>&1); then
		harness_fail "jq filter $1" "$2" "$got"
	elif [ "$got" != "$2" ]; then
		harness_fail "$1" "$2" "$got"
	fi
}

# sql STATEMENT: prints the result, columns separated by |; a failing statement fails the case
sql() {
	PGOPTIONS='-c client_min_messages=warning' psql -XAtq -v ON_ERROR_STOP=1 -U postgres -c "$1"
}

# sql_is STATEMENT VALUE
sql_is() {
	local got
	got=$(sql "$1" 2>&1)
	[ "$got" = "$2" ] || harness_fail "$1" "$2" "$got"
}

# done_testing: the last line of a test
done_testing() {
	harness_end_case
	echo "cli: $harness_passed passed, $harness_failed failed"
	[ "$harness_failed" -eq 0 ] && [ "$harness_passed" -gt 0 ]
	exit
}
