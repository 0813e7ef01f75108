# shellcheck shell=bash
# etc/crontab.example and the crontabs in the documents: none of the traps of crontab(5), and command
# lines that the programs take. What cron itself makes of the file is tested in tests/faults.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"

# crontab_faults FILE: a line for each trap that it falls into
crontab_faults() {
	[ "$(tail -c 1 "$1" | od -An -tx1 | tr -d ' ')" = 0a ] || echo "the last line has no newline"
	awk '
		function fault(what) { print FNR ": " what }
		function seconds(text) { sub(/.*--for=/, "", text); sub(/s.*/, "", text); return text }
		/\r/ { fault("a carriage return") }
		length($0) > 998 { fault("longer than 998 bytes") }
		/^[ \t]*#/ || /^[ \t]*$/ { next }
		/^[ \t]*[A-Za-z_]+[ \t]*=/ { next }
		{
			command = $0
			sub(/^[ \t]*/, "", command)
			for (i = 1; i <= 5; i++) {
				if ($i !~ /^[0-9*,\/-]+$/) fault("field " i " is no time: " $i)
				sub(/^[^ \t]+[ \t]+/, "", command)
			}
			if (command ~ /%/) fault("a percent sign is a newline")
			if (command !~ /^\//) fault("the command is no absolute path: " command)
			if (command ~ />/) fault("output that nobody will read")
			if ($1 ~ /^\*\/[0-9]+$/ && 60 % substr($1, 3)) fault("uneven steps: " $1)
			if (command ~ /--for=/ && command !~ /--for=[0-9]+s( |$)/)
				fault("a time that this test cannot read: " command)
			if ($1 == "*" && command ~ /--for=/ && seconds(command) >= 60)
				fault("calls overlap: " command)
		}' "$1"
}

# The traps, each with what is said of it.
while IFS='|' read -r said line; do
	t "a crontab is refused: $said"
	printf '# a comment with 5%%\n%b' "$line" >"$BK_TEST_DIR/crontab"
	crontab_faults "$BK_TEST_DIR/crontab" >"$BK_TEST_DIR/faults"
	grep -qF "$said" "$BK_TEST_DIR/faults" ||
		harness_fail "$line" "$said" "$(cat "$BK_TEST_DIR/faults")"
	is "$(wc -l <"$BK_TEST_DIR/faults")" 1 faults
done <<'END'
the last line has no newline|* * * * * /usr/local/bin/bkactivate
2: a carriage return|* * * * * /usr/local/bin/bkactivate\r\n
2: a percent sign|* * * * * /usr/local/bin/bkactivate --instance=a%b\n
2: the command is no absolute path: bkactivate|* * * * * bkactivate\n
2: the command is no absolute path: bk /usr|* * * * * bk /usr/local/bin/bkactivate\n
2: field 5 is no time: /usr|* * * * /usr/local/bin/bkactivate /x\n
2: field 1 is no time: @hourly|@hourly * * * * /usr/local/bin/bkactivate\n
2: output that nobody|* * * * * /usr/local/bin/bkactivate >/dev/null 2>&1\n
2: uneven steps: */7|*/7 * * * * /usr/local/bin/bkactivate\n
2: calls overlap|* * * * * /usr/local/bin/bkactivate --for=60s\n
2: a time that this test cannot read|* * * * * /usr/local/bin/bkactivate --for=1m\n
END

t "a crontab without a trap is passed"
printf '%s\n' 'MAILTO=dba' '' '*/5 0-5 1,2 * * /bin/true' '  # 5%' \
	'* * * * * /usr/local/bin/bkactivate --for=59s -q' >"$BK_TEST_DIR/crontab"
is "$(crontab_faults "$BK_TEST_DIR/crontab")" "" faults

t "etc/crontab.example falls into no trap"
is "$(crontab_faults "$BK_SRC/etc/crontab.example")" "" faults

t "the crontab of README.md falls into no trap"
awk '/^```crontab/ { on = 1; next } /^```/ { on = 0 } on' "$BK_SRC/README.md" >"$BK_TEST_DIR/crontab"
is "$(crontab_faults "$BK_TEST_DIR/crontab")" "" faults
[ -s "$BK_TEST_DIR/crontab" ] || harness_fail "README.md" "a crontab" "none"

t "each line calls a program that is installed, with options that it has"
n=0
while read -r _ _ _ _ _ path arguments; do
	n=$((n + 1))
	is "${path%/*}" /usr/local/bin "directory"
	# --version comes after the options were read and before anything is done.
	run "${path##*/}" $arguments --version
	is_rc 0
	out_has "${path##*/} (bk)"
done < <(grep '^[^#]' "$BK_SRC/etc/crontab.example")
is "$n" 3 "lines"

t "between them they call every job that has a delay"
[[ $(grep '^[^#]' "$BK_SRC/etc/crontab.example") == *bkactivate*bknoshow*"bkmaint run --due"* ]] ||
	harness_fail "crontab" "bkactivate, bknoshow, bkmaint run --due" "less"

done_testing
