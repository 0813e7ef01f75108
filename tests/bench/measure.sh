# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # run.sh and its parts share their variables
# How the bench measures: a command's time, two commands in turns, and the record of a line.

# What cron gives a command, and nothing else.
cron() {
	env -i HOME="$work" LOGNAME="$(id -un)" SHELL=/bin/sh PATH=/usr/bin:/bin "$@"
}

# conninfo USER [DATABASE]
conninfo() {
	echo "host=$PGHOST port=$PGPORT user=$1 dbname=${2:-work}"
}

# configure NAME DATABASE LINE...: a configuration of the jobs, $work/NAME.conf
configure() {
	local name=$1 database=$2 job
	shift 2
	{
		echo "database = \"$(conninfo bench "$database")\""
		for job in activate-due cancel-no-shows update-completed update-expired; do
			echo "$job {"
			printf '\t%s\n' "delay = 1s" "timeout = 15m" "first-run-limit = 0" "$@"
			echo "}"
		done
	} >"$work/$name.conf"
}

prepare_cluster() {
	# The role that the program's own grants make must be there first.
	template empty fill_bookings activate-due "$SMALL" 0 && make_role &&
		configure one work "parallel = 1" && configure two work "parallel = 2"
}

# bk JOB CONFIG: the command line that runs the job
bk() {
	local conf=--config=$work/$2.conf
	case $1 in
	activate-due) echo "$programs/bkactivate $conf" ;;
	cancel-no-shows) echo "$programs/bknoshow $conf" ;;
	*) echo "$programs/bkmaint $conf $1" ;;
	esac
}

# once COMMAND...: runs it, prints its milliseconds
once() {
	local us
	us=$(cron "$tools/stopwatch" 1 -- "$@") && milliseconds "${us% *}"
}

milliseconds() {
	awk -v us="$1" 'BEGIN { printf "%.3f\n", us / 1000 }'
}

# median COLUMN: of the numbers in that column of stdin
median() {
	sort -n -k "$1,$1" | awk -v c="$1" '{ v[NR] = $c }
		END { if (!NR) exit 1; print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

# changed STATE NUMBER: the work was done, and no more than it
changed() {
	local got
	got=$(sql work "select count(*) from bookings where status = '$1'") || return 1
	[ "$got" = "$2" ] || { echo "bench: $got bookings are $1, expected $2" >&2 && return 1; }
}

# begin_line NAME; then describe, then rounds; then end_line or fail_line prints the record
begin_line() {
	line_name=$1 line_work='' line_against='' line_unit=ms line_goal=null line_note=''
	subject=() reference=()
}

# describe WORK AGAINST [GOAL]: no goal = the line is there to compare with
describe() {
	line_work=$1 line_against=$2 line_goal=${3:-null}
}

# rounds NUMBER SUBJECT REFERENCE: commands that print a number each; the other one comes first in
# every second round
rounds() {
	local round value
	for ((round = 0; round < $1; round++)); do
		if ((round % 2)); then
			value=$($3) && reference+=("$value") && value=$($2) && subject+=("$value")
		else
			value=$($2) && subject+=("$value") && value=$($3) && reference+=("$value")
		fi || return 1
		say "  ${subject[-1]} against ${reference[-1]} $line_unit"
	done
}

# processes COLUMN NUMBER: reads what stopwatch printed of two commands, TURNS of each; the median of
# the first and of the second one are a round's numbers
note_turns() {
	local us
	us=$(median 1 <"$work/turns") && subject+=("$(milliseconds "$us")") &&
		us=$(median 3 <"$work/turns") && reference+=("$(milliseconds "$us")") &&
		say "  ${subject[-1]} against ${reference[-1]} $line_unit"
}

record() {
	jq -cn --arg name "$line_name" --arg work "$line_work" --arg against "$line_against" \
		--arg unit "$line_unit" --argjson goal "$line_goal" --arg note "$line_note" \
		--arg state "$1" --arg subject "${subject[*]}" --arg reference "${reference[*]}" \
		'def numbers: split(" ") | map(tonumber);
		{name: $name, work: $work, against: $against, unit: $unit, goal: $goal,
		note: (if $note == "" then null else $note end), state: $state,
		subject: ($subject | numbers), reference: ($reference | numbers)}'
}

end_line() {
	record "$([ ${#subject[@]} -gt 0 ] && echo measured || echo not-built)"
}

fail_line() {
	record failed
}

# align: columns separated by tabs, as wide as their widest cell; a line without a tab stays as it is
align() {
	awk -F '\t' '{ line[NR] = $0; if (NF > 1) for (i = 1; i <= NF; i++)
			if (length($i) > width[i]) width[i] = length($i) }
		END { for (n = 1; n <= NR; n++) {
			cells = split(line[n], cell, "\t")
			if (cells < 2) { print line[n]; continue }
			text = ""
			for (i = 1; i <= cells; i++)
				text = text sprintf(i < cells ? "%-" width[i] + 2 "s" : "%s", cell[i])
			print text } }'
}

# verdict_status FILE: the exit status that the figures deserve
verdict_status() {
	jq -e 'any(.lines[]; .verdict == "failed") | not' "$1" >/dev/null || return 1
	[ "$BENCH_STRICT" != yes ] || jq -e 'any(.lines[]; .verdict == "not-reached") | not' "$1" >/dev/null
}
