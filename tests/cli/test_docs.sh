# shellcheck shell=bash
# The manual pages against the programs: options, commands, exit statuses, error codes, and the
# form of the pages.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/mdoc.sh
. "$BK_SRC/tests/cli/mdoc.sh"

tools=(bkactivate bknoshow bkmaint bkstatus)

# "-n, --dry-run" and "--limit=N", one a line
page_options() {
	section "$1" OPTIONS | items |
		sed 's/\\&//g; s/ Ns = Ns Ar /=/; s/Fl -/--/; s/Fl \(.\) ,/-\1,/'
}

help_options() {
	"$1" --help |
		sed -n 's/^  \(-., \|    \)\(--[a-z-]*\(=[A-Z]*\)\{0,1\}\).*/\1\2/p' |
		sed 's/^ *//'
}

# "job NAME", "pause [JOB]", "hold KEY...", one a line
page_commands() {
	section "$1" COMMANDS | items | sed 's/^Cm //; s/ \.\.\.$/.../; s/ Op Ar \(.*\)/ [\1]/; s/ Ar / /'
}

help_commands() {
	"$1" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z].*\)/\1/p' | sed 's/  .*//'
}

# The numbers of enum bk_exit.
exit_statuses() {
	sed -n 's/^\tBK_EXIT_[A-Z_]* = \([0-9]*\),/\1/p' "$BK_SRC/lib/base/error.h"
}

for tool in "${tools[@]}"; do
	t "$tool: the page has the options of --help, and no other"
	same "$(page_options "$tool")" "$(help_options "$tool")" options

	t "$tool: the page has the commands of --help, and no other"
	if [ -n "$(help_commands "$tool")" ]; then
		same "$(page_commands "$tool")" "$(help_commands "$tool")" commands
	else
		is "$(page_commands "$tool")" "" commands
	fi

	t "$tool: the page's synopsis has the commands and their own options"
	# As --help has it: without the short form's value, -n for --dry-run.
	synopsis=$(section "$tool" SYNOPSIS | sed 's/ Ns = Ns Ar /=/')
	for word in $(page_options "$tool" | grep -v '^-' | sed 's/=.*//'); do
		[[ $synopsis == *"Fl -${word#--}"* ]] ||
			harness_fail "synopsis" "$word" "$synopsis"
	done

	t "$tool: --help and the page have the exit statuses of the code"
	same "$("$tool" --help | sed -n '/^Exit/,/^$/s/^ *\([0-9]\{1,\}\)  .*/\1/p')" \
		"$(exit_statuses)" "exit statuses of --help"
	same "$(section "$tool" 'EXIT STATUS' | items | grep -x '[0-9]*')" "$(exit_statuses)" \
		"exit statuses"

	t "$tool: the summary of --help is the page's"
	out=$("$tool" --help | awk '/^$/ { n++; next } n == 1')
	is "$(sed -n 's/^\.Nd //p' "$(page "$tool")")" "$out" "summary"
done

t "bk(7) has the exit statuses of the code"
same "$(section bk 'EXIT STATUS' | items)" "$(exit_statuses)" "exit statuses"

t "bk(7) has the error codes of the code, with their exit statuses"
codes=$(sed -n 's/^\t\[BK_[A-Z_]*\] = {"\([A-Z_]*\)", BK_EXIT_\([A-Z_]*\)},/\1 \2/p' \
	"$BK_SRC/lib/base/error.c" | while read -r code name; do
	echo "$code $(sed -n "s/^\tBK_EXIT_$name = \([0-9]*\),/\1/p" "$BK_SRC/lib/base/error.h")"
done)
same "$(subsection bk 'Error codes' | sed -n 's/^\.It Dv \([A-Z_]*\) Ta \([0-9]*\) Ta .*/\1 \2/p')" \
	"$(grep -vx 'OK 0' <<<"$codes")" "error codes"

t "bk(7) has the codes that records have without any program exiting with them"
for code in $(grep -rhoE "error_code = '[A-Z_]+'" "$BK_SRC/sql" | cut -d"'" -f2 | sort -u); do
	subsection bk 'Error codes' | grep -qE "^\.(Dv|It Dv) $code( |\$)" ||
		harness_fail "Error codes" "$code" "not there"
done

t "bkstatus(1) has the words of --status and --trigger"
run bkstatus history --status=nosuch
# shellcheck disable=SC2013 # words without blanks
for word in $(grep -o '[A-Z]\{5,\}' <<<"$ERR") SCHEDULER MANUAL; do
	[[ $(mandoc -T ascii "$(page bkstatus)" | sed 's/.\x08//g') == *"$word"* ]] ||
		harness_fail "page" "$word" "not there"
done

t "the pages are clean"
run mandoc -T lint -W warning "$man"/*
is_rc 0
out_is_empty

t "there are the six pages, and each names itself, and no version that would have to follow"
same "$(cd "$man" && ls)" "$(printf '%s\n' bkactivate.1 bknoshow.1 bkmaint.1 bkstatus.1 bk.conf.5 bk.7)" \
	"pages"
for file in "$man"/*; do
	name=${file##*/}
	is "$(sed -n 's/^\.Os //p' "$file")" bk "$name: .Os"
	is "$(sed -n 's/^\.Nm \(.*\)/\1/p' "$file" | head -n 1)" "${name%.*}" "$name: .Nm"
	is "$(sed -n 's/^\.Dt //p' "$file")" \
		"$(tr '[:lower:]' '[:upper:]' <<<"${name%.*}") ${name##*.}" "$name: .Dt"
done

t "the sections are in their usual order"
order='NAME SYNOPSIS DESCRIPTION ENVIRONMENT FILES EXIT_STATUS EXAMPLES DIAGNOSTICS SEE_ALSO
	STANDARDS AUTHORS BUGS'
for file in "$man"/*; do
	has=$(sed -n 's/^\.Sh //p' "$file" | tr ' ' _)
	# Those of the order that the page has, as the order has them and as the page has them.
	is "$(for s in $has; do [[ " $(echo $order) " == *" $s "* ]] && echo "$s"; done)" \
		"$(for s in $order; do grep -qx "$s" <<<"$has" && echo "$s"; done)" "${file##*/}"
done

t "each page of bk refers to the others, and every reference to one of ours is right"
for file in "$man"/*; do
	self=${file##*/}
	for other in "$man"/*; do
		name=${other##*/}
		[ "$name" = "$self" ] || grep -q "^\.Xr ${name%.*} ${name##*.}" "$file" ||
			harness_fail "$self" "a reference to $name" "none"
	done
	while read -r name number; do
		[ -e "$man/$name.$number" ] || harness_fail "$self" "a page" "$name($number)"
	done < <(sed -n 's/^\.\(It \)\{0,1\}Xr \(bk[a-z.]*\) \([0-9]\).*/\2 \3/p' "$file")
done

# The command lines of the examples: what is indented and begins with a tool's name. --version comes
# after the options were read and before anything is done.
t "the options in the pages' examples exist"
n=0
while read -r line; do
	n=$((n + 1))
	line=$(sed 's/ *#.*//; s/[|>].*//; s/\\e$//' <<<"$line")
	run bash -c "$line --version"
	[ "$RC" -eq 0 ] || [[ $line == *" health"* ]] || harness_fail "$line" "exit status 0" "$RC, $ERR"
done < <(sed -n 's/^\.Dl //; /^bk[a-z]\{1,\} [a-z-]/p; /^[*]/d' "$man"/* | grep -v ': ')
[ "$n" -gt 20 ] || harness_fail "examples" "more than 20" "$n"

done_testing
