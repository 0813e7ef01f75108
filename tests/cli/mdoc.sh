# shellcheck shell=bash
# Reads the sources of the manual pages, for the tests that compare them with the programs. Sourced
# after harness.sh.

man=$BK_SRC/man

# page NAME: the file, whatever its section
page() {
	echo "$man/$1".[157]
}

# section PAGE NAME: its lines, without the heading
section() {
	awk -v want="$2" '/^\.Sh / { on = substr($0, 5) == want; next } on' "$(page "$1")"
}

# subsection PAGE NAME
subsection() {
	awk -v want="$2" '/^\.S[hs] / { on = /^\.Ss / && substr($0, 5) == want; next } on' \
		"$(page "$1")"
}

# items: of the lines on stdin, the heads of the lists that stand in no other list
items() {
	awk '/^\.Bl / { depth++ } /^\.El/ { depth-- } depth == 1 && sub(/^\.It /, "")'
}

# names MACRO: the words in the heads on stdin that the macro marks, one a line
names() {
	awk -v macro="$1" '{
		on = 0
		for (i = 1; i <= NF; i++)
			if ($i == macro)
				on = 1
			else if ($i ~ /^[A-Z][a-z]$/)
				on = 0
			else if (on && $i != ",")
				print $i
	}'
}

# same LEFT RIGHT WHAT: two lists of lines, in any order; LEFT is what the page says
same() {
	local left right
	left=$(sort <<<"$1") right=$(sort <<<"$2")
	[ -n "$right" ] || harness_fail "$3" "at least one line" "nothing"
	is "$left" "$right" "$3 ($(diff <(echo "$left") <(echo "$right") | grep '^[<>]' |
		head -n 5 | tr '\n' ';') the page on the left)"
}
