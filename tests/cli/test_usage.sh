# shellcheck shell=bash
# What every tool makes of its command line: help, version, and each kind of bad
# input, in text and in JSON. Nothing here may reach a database.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"

export PGHOST=$BK_TEST_DIR/no-server PGDATABASE=none
tools=(bkactivate bknoshow bkmaint bkstatus)

# The long options that --help lists, as "name ARGUMENT", "name -" where there is none; the common
# ones, which are one table, for one tool only.
options_of() {
	local end='^Common options'
	[ "$1" != bkactivate ] || end='^Exit'
	"$1" --help | sed "/$end/,\$d" |
		sed -n 's/^  \(-., \|    \)--\([a-z-]*\)\(=\([A-Z]*\)\)\{0,1\} .*/\2 \4/p' |
		sed 's/ $/ -/'
}

# usage_error MESSAGE: one line of error and one of hint, 64, nothing on stdout
usage_error() {
	is_rc 64
	out_is_empty
	err_has "error: $1"
	err_has "hint: "
	is "${ERR//[!$'\n']/}" $'\n' "newlines between the lines of stderr"
}

# json_usage_error TOOL ARGUMENT...
json_usage_error() {
	run "$@"
	is_rc 64
	json_is '[.success, .data, .error.code, .error.exitCode, .error.sqlstate,
		.error.message == .message, (.error.hint | type), .meta.schema,
		(.meta.command | split(" ")[0])] | tojson' \
		'[false,null,"USAGE",64,null,true,"string","bk/1","'"$1"'"]'
	err_has "$1: error: "
}

for tool in "${tools[@]}"; do
	command=() # one that takes no operand
	[ "$tool" = bkmaint ] && command=(update-expired)

	t "$tool --help goes to stdout"
	run "$tool" --help
	is_rc 0
	err_is_empty
	out_has "Usage:"
	out_has "Exit statuses:"
	out_has "See $tool(1)."
	help=$OUT

	t "$tool -? and a lone -h print the same"
	run "$tool" '-?'
	is_rc 0
	out_is "$help"
	run "$tool" -h
	is_rc 0
	out_is "$help"

	t "$tool --help wants neither configuration nor database, and stays text"
	run env BK_CONFIG=/nonexistent "$tool" --help --json
	is_rc 0
	out_is "$help"

	t "$tool --version says name and number"
	run "$tool" --version
	is_rc 0
	err_is_empty
	out_has "$tool (bk) "
	version=${OUT##* }

	t "$tool -V -v adds the libraries"
	run "$tool" -Vv
	is_rc 0
	out_has "libpq "
	out_has "json-c "

	t "$tool --version --json is an object"
	run "$tool" --version --json
	is_rc 0
	json_is '[.success, .data.version, .meta.version, .meta.schema] | tojson' \
		'[true,"'"$version"'","'"$version"'","bk/1"]'

	t "$tool refuses an unknown option"
	run "$tool" --nosuch
	usage_error "unknown option --nosuch"
	err_has "hint: try \"$tool --help\""

	t "$tool refuses an unknown letter"
	run "$tool" -X
	usage_error "unknown option -X"

	t "$tool refuses every abbreviation"
	while read -r name _; do
		short=${name%?}
		[[ "$help" == *"--$short"[=\ ]* || ${#short} -lt 2 ]] && continue
		run "$tool" "--$short"
		usage_error "unknown option --$short"
	done < <(options_of "$tool")
	run "$tool" --confi=/dev/null
	err_has "hint: did you mean --config?"

	t "$tool names the option whose value is missing, empty, given twice or too much"
	while read -r name argument; do
		if [ "$argument" = - ]; then
			run "$tool" "--$name=x"
			usage_error "option --$name takes no value"
			continue
		fi
		run "$tool" "--$name"
		usage_error "option --$name needs a value: --$name=$argument"
		run "$tool" "--$name="
		is_rc 64
		err_has "option --$name: "
		run "$tool" "--$name=$(printf 'a\033[2Jb')"
		is_rc 64
		err_has "option --$name"
		err_lacks $'\033'
		run "$tool" "--$name=$(printf 'a\377')"
		is_rc 64
		case $name in
		output) value=csv ;;
		color | progress) value=auto ;;
		for | splay | wait | interval | hold | max-age) value=1s ;;
		key) continue ;; # once for each column
		*) value=1 ;;
		esac
		run "$tool" "--$name=$value" "--$name=$value"
		usage_error "option --$name is given twice"
	done < <(options_of "$tool")

	t "$tool answers -h without a value with a way to the help"
	run "$tool" -q -h
	usage_error "option -h needs a value: -h HOST"
	err_has "hint: for help use --help"

	t "$tool refuses contradictions"
	run "$tool" --json -o csv
	is_rc 64
	err_has "options --json and --output=csv contradict"
	run "$tool" -q -v
	usage_error "options --quiet and --verbose contradict"

	t "$tool refuses words that are not of the list"
	run "$tool" --color=alway
	usage_error "option --color: \"alway\" is none of auto, always or never"
	err_has "did you mean \"always\"?"
	run "$tool" -o xml
	usage_error "option --output: \"xml\" is none of table, json, jsonl or csv"

	t "$tool refuses an operand too many"
	run "$tool" "${command[@]}" no-such-word
	is_rc 64
	err_has '"no-such-word"'

	t "$tool shows no control character of what was typed"
	run "$tool" "${command[@]}" "$(printf 'x\033[2J\303')"
	is_rc 64
	err_lacks $'\033'

	t "$tool takes options before and behind, POSIXLY_CORRECT or not"
	run "$tool" "${command[@]}" -- --help
	is_rc 64
	run env POSIXLY_CORRECT=1 "$tool" "${command[@]}" word --help
	is_rc 0

	t "$tool refuses a password on the command line and does not repeat it"
	run "$tool" "${command[@]}" -d "dbname=x password=hunter2"
	is_rc 64
	err_has "password"
	err_lacks hunter2
	run "$tool" "${command[@]}" -d "postgresql://u:hunter2@h/d"
	is_rc 64
	err_lacks hunter2
	run "$tool" "${command[@]}" -d "dbname='hunter2"
	is_rc 64
	err_lacks hunter2

	t "$tool refuses a profile that does not exist"
	run "$tool" "${command[@]}" --profile=nosuch
	is_rc 78
	out_is_empty
	err_has "profile \"nosuch\""

	t "$tool refuses a configuration that was named and is missing"
	run "$tool" "${command[@]}" --config="$BK_TEST_DIR/missing.conf"
	is_rc 78
	out_is_empty
	err_has "missing.conf"

	t "$tool refuses an instance name that is too long"
	run "$tool" "${command[@]}" --instance="$(printf '%065d' 0)"
	is_rc 64
	err_has "instance: is 65 bytes long, at most 64 are allowed"

	t "$tool says every usage error in JSON too"
	for json in --json "-o json" -ojson --output=json "--output json"; do
		json_usage_error "$tool" $json --nosuch
	done
	for line in -X --port -h "-q -v" --color=x "a b c"; do
		json_usage_error "$tool" --json $line
	done
	run "$tool" --nosuch --json
	is "$(jq -c keys_unsorted "$BK_TEST_DIR/.out")" \
		'["success","message","data","error","meta"]'

	t "$tool ends a stream of lines with the error"
	run "$tool" --nosuch -o jsonl
	is_rc 64
	json_is '.type + " " + .code' "error USAGE"

	t "$tool finds an output that cannot be written"
	run bash -c "$tool --help >/dev/full"
	is_rc 74
	err_is "$tool: error: cannot write to standard output: No space left on device"
	run bash -c "$tool --version --json >&-"
	is_rc 74
	err_has "cannot write to standard output"

	t "$tool keeps its exit status without standard error"
	run bash -c "$tool --nosuch 2>&-"
	is_rc 64
	run bash -c "$tool --nosuch --json 2>&- <&-"
	is_rc 64
	json_is .error.code USAGE

	t "$tool colours messages when asked to"
	run "$tool" --nosuch
	err_lacks $'\033'
	run env CLICOLOR_FORCE=1 "$tool" --nosuch
	err_has $'\033[31merror:\033[m'
	run env CLICOLOR_FORCE=1 NO_COLOR=1 "$tool" --nosuch
	err_lacks $'\033'
done

# closed_pipe COMMAND...: its standard output is a pipe that nobody reads any more
closed_pipe() {
	perl -e '$SIG{PIPE} = "DEFAULT"; pipe(R, W); close R; open(STDOUT, ">&", \*W); exec @ARGV' \
		"$@"
}

t "a reader that went away is an error for the tools that change something"
for tool in bkactivate bknoshow bkmaint; do
	run closed_pipe "$tool" --help
	is_rc 74
	err_has "cannot write to standard output: Broken pipe"
done

t "and ends bkstatus without a word"
run closed_pipe bkstatus --help
is_rc 141
err_is_empty

t "numbers are whole, in range, and shown"
for tool in bkactivate bknoshow "bkmaint update-expired" "bkstatus history"; do
	for value in 5x 0 -1 1.5 "" " 1" 01 0x10 99999999999999999999; do
		run $tool --limit="$value"
		usage_error "option --limit: \"$value\" is no number from 1 to "
	done
done
for value in x 0 -1; do
	run bkmaint update-expired --allow="$value"
	usage_error "option --allow: \"$value\" is no number from "
done

t "durations have a unit, are in range, and are shown"
for tool in bkactivate bknoshow; do
	for value in 5x 55 0 0s 999ms -1s 1.5s "" " 1s" 01s 25h 99999999999999999999s; do
		run $tool --for="$value"
		usage_error "option --for: \"$value\" is no duration from 1s to 1d (write 500ms, "
	done
	run $tool --splay=61m
	usage_error "option --splay: \"61m\" is no duration from 0s to 1h (write 500ms, "
	run $tool --wait=2d
	usage_error "option --wait: \"2d\" is no duration from 0s to 1d (write 500ms, "
done
run bkmaint update-expired --wait=1
usage_error "option --wait: \"1\" is no duration from 0s to 1d (write 500ms, "
run bkmaint update-expired --for=55s
usage_error "unknown option --for"

t "--for makes several ticks, and nothing that is done once"
for option in now dry-run allow=5; do
	run bkactivate --for=55s --$option
	usage_error "options --for and --${option%=*} contradict"
done
run bkactivate --for=55s --now --json
json_is .error.code USAGE

t "a splay leaves some of the time of --for"
run bkactivate --for=10s --splay=10s
usage_error "option --for: 10s is not longer than the splay, 10s"
run env BK_ACTIVATE_DUE_SPLAY=1m bkactivate --for=55s
usage_error "option --for: 55s is not longer than the splay, 1m"

t "bkmaint wants a command, and no abbreviation of one"
run bkmaint
usage_error "a command is missing"
run bkmaint update
usage_error 'unknown command "update"'
run bkmaint update-exp
usage_error 'unknown command "update-exp"'
err_has 'did you mean "update-expired"?'
run bkmaint update-exipred
err_has 'did you mean "update-expired"?'

t "bkstatus refuses an unknown command"
run bkstatus nosuch
usage_error 'unknown command "nosuch"'
run bkstatus histroy
usage_error 'unknown command "histroy"'
err_has 'did you mean "history"?'

t "an option belongs to its command"
run bkstatus jobs --after=x
usage_error "option --after is not for bkstatus jobs"
run bkstatus --limit=5
usage_error "option --limit is not for bkstatus jobs"
run bkmaint migrate --limit=5
usage_error "option --limit is not for bkmaint migrate"
run bkmaint update-expired --sample
usage_error "option --sample is not for bkmaint update-expired"
run bkmaint run
is_rc 64
err_has "--due"

t "operands are needed, and are text"
run bkstatus job
usage_error "bkstatus job needs NAME"
run bkstatus execution
usage_error "bkstatus execution needs ID"
run bkstatus job ""
usage_error "operand 1: is empty"
run bkstatus job "$(printf '\377')"
usage_error "operand 1: is not valid UTF-8"

t "every usage error of bkstatus health is UNKNOWN"
run bkstatus health --nosuch
is_rc 3
out_has UNKNOWN
run bkstatus health extra --json
is_rc 3
json_is .error.code USAGE

t "a variable that names no setting is mentioned"
run env BK_ACTIVTE_DUE_DELAY=5m bkactivate
err_has "bkactivate: warning: environment variable BK_ACTIVTE_DUE_DELAY names no setting"
run env BK_ACTIVTE_DUE_DELAY=5m bkactivate -q
err_lacks warning

t "a database that is not there is 69"
run bkactivate
is_rc 69
out_is_empty
run bkactivate --json
is_rc 69
json_is .error.code DATABASE_UNAVAILABLE

done_testing
