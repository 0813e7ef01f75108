# shellcheck shell=bash
# bk.conf(5) and etc/bk.conf against the settings that the programs know: names, ranges, defaults,
# and where each may come from.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/mdoc.sh
. "$BK_SRC/tests/cli/mdoc.sh"

export BK_CONFIG=$BK_TEST_DIR/empty.conf
: >"$BK_CONFIG"
settings=$BK_TEST_DIR/settings
bkstatus config --json >"$settings.json" || exit 1
jq -r '.data.items[] | [.key, .value // "none", .range] | join("|")' "$settings.json" >"$settings"
jobs='activate-due cancel-no-shows update-completed update-expired cleanup'

# The keys of the page as "SECTION|key|range|default|from". The section of a key is what stands in
# front of its last dot; that of a job's is "job".
page_keys() {
	awk '
		/^\.S[hs] / {
			where = ""
			if ($0 == ".Sh GENERAL SETTINGS") where = "-"
			if ($0 == ".Sh METRICS") where = "metrics"
			if ($0 == ".Sh SETTINGS OF A JOB") where = "job"
			if ($0 == ".Sh THE ARCHIVE") where = "archive"
			if ($0 == ".Sh THE TABLE OF THE BOOKINGS") where = "bookings"
			if ($0 == ".Ss States") where = "bookings.states"
		}
		where && /^\.It Ic / { key = $3 }
		where && /^Range: / {
			split(substr($0, 8), part, /; default: |; from: /)
			sub(/\.$/, "", part[3])
			print where "|" key "|" part[1] "|" part[2] "|" part[3]
		}' "$(page bk.conf)"
}

# where KEY: the section as above
where() {
	local head=${1%.*}
	[[ $1 == *.* ]] || head=-
	[[ " $jobs " != *" $head "* ]] || head=job
	echo "$head"
}

# The default that the page gives for a job: "30s (activate-due), 60s (cancel-no-shows)" or
# "15m (cleanup), 30s (others)", else all.
default_for() {
	local part
	while read -r part; do
		[[ $part != *"($1"* && $part != *", $1)"* ]] || echo "${part%% (*}"
	done < <(sed 's/), /)\n/g' <<<"$2") | grep . ||
		sed 's/^.*), \([^ ]*\) (others)$/\1/; s/ (.*//' <<<"$2"
}

page_keys >"$BK_TEST_DIR/keys"

t "bk.conf(5) has every setting, and no other"
same "$(cut -d '|' -f 1,2 "$BK_TEST_DIR/keys")" \
	"$(while IFS='|' read -r key _; do echo "$(where "$key")|${key##*.}"; done <"$settings" |
		sort -u)" settings

t "bk.conf(5) has the names of the jobs"
same "$(section bk.conf 'SETTINGS OF A JOB' | sed '/^\.Bl/q' | sed -n 's/^\.Ic \([a-z-]*\).*/\1/p')" \
	"$(tr ' ' '\n' <<<"$jobs")" jobs
same "$(tr ' ' '\n' <<<"$jobs")" "$(sed -n 's/^\([a-z-]*\)\.delay|.*/\1/p' "$settings")" jobs

while IFS='|' read -r key value range; do
	IFS='|' read -r _ _ page_range page_default page_from < <(
		grep "^$(where "$key")|${key##*.}|" "$BK_TEST_DIR/keys")
	t "bk.conf(5) has range and default of $key"
	is "$page_range" "$range" range
	is "$(default_for "${key%.*}" "$page_default")" "$value" default

	t "bk.conf(5) says where $key may come from"
	name=BK_$(tr '[:lower:].-' '[:upper:]__' <<<"$key")
	[ "$value" != none ] || value=/value
	run env "$name=$value" bkstatus config
	if [[ $page_from == *environment* ]]; then
		is_rc 0
		out_has "environment $name"
	else
		is_rc 78
		err_has "$name: cannot be set here, only in the file"
	fi
	# There is no schema yet, so what may be set ends with 78.
	run bkmaint set "$key" "$(sed 's/^auto$/1/; s/^none$/1/' <<<"$value")" --reason=x
	if [[ $page_from == *database* ]]; then
		is_rc 78
		err_has "bkmaint migrate"
	else
		is_rc 64
		err_has "$key: cannot be set here, only in the file"
	fi
	[[ $page_from == file* ]] || harness_fail "from" "the file at least" "$page_from"
	case $key in
	database | instance) [[ $page_from == *"command line" ]] ;;
	*) [[ $page_from != *"command line"* ]] ;;
	esac || harness_fail "from the command line" "as the options have it" "$page_from"
done <"$settings"

# Every setting of etc/bk.conf as "key|value", comment signs and sections taken off.
file_settings() {
	awk '
		/^\t*#* ?[a-z-]+ \{$/ { gsub(/[#\t{ ]/, ""); path = path $0 "."; next }
		/^\t*#?}$/ { sub(/[a-z-]*\.$/, "", path); next }
		/^\t*#[a-z-]+ = / {
			sub(/^\t*#/, "")
			eq = index($0, " = ")
			value = substr($0, eq + 3)
			gsub(/[{}"]/, "", value)
			print path substr($0, 1, eq - 1) "|" value
		}' "$BK_SRC/etc/bk.conf"
}

t "etc/bk.conf has every setting with its default, commented out"
unset='^\(database\|instance\|log-file\|archive\.dir\|metrics\.textfile-dir\)|'
same "$(file_settings | grep -v "$unset")" \
	"$(cut -d '|' -f 1,2 "$settings" | grep -v '|none$')" "settings of the file"
same "$(file_settings | grep "$unset" | cut -d '|' -f 1)" \
	"$(grep '|none|' "$settings" | grep -v '^bookings\.' | cut -d '|' -f 1)" "settings without a default"

t "etc/bk.conf changes nothing"
install -m 644 "$BK_SRC/etc/bk.conf" "$BK_TEST_DIR/installed.conf"
run bkstatus config --config="$BK_TEST_DIR/installed.conf" --json
is_rc 0
is "$(jq -c .data.items <<<"$OUT")" "$(jq -c .data.items "$settings.json")" settings

t "etc/bk.conf with every setting's comment sign taken off says the same"
sed 's/^\(\t*\)#\([^ ]\)/\1\2/' "$BK_SRC/etc/bk.conf" >"$BK_TEST_DIR/bare.conf"
chmod 644 "$BK_TEST_DIR/bare.conf"
run bkstatus config --config="$BK_TEST_DIR/bare.conf" --json
is_rc 0
unset_keys='["database", "instance", "log-file", "archive.dir", "metrics.textfile-dir"]'
others=".data.items | map(select(.key as \$key | $unset_keys | index(\$key) | not) | [.key, .value])"
is "$(jq -c "$others" <<<"$OUT")" "$(jq -c "$others" "$settings.json")" values
# Of the mapping the keys without a default are told of in a comment only.
is "$(jq -r '.data.items[] | select(.origin == "default" and .value != null) | .key' <<<"$OUT")" "" \
	"defaults left"

t "the profiles of the page are the overlays that are installed"
for file in "$BK_SRC"/etc/bk-*.conf; do
	name=$(basename "$file" .conf)
	grep -q "^\.It Cm ${name#bk-}$" "$(page bk.conf)" ||
		harness_fail "page" "profile ${name#bk-}" "none"
	grep -q "$name.conf" "$(page bk.conf)" || harness_fail "FILES" "$name.conf" "none"
	install -m 644 "$file" "$BK_TEST_DIR/"
	run bkstatus config --profile="${name#bk-}"
	is_rc 0
done

# The literal blocks of the page that are files.
example() {
	awk -v want="$1" '/^\.Bd -literal/ { on = 1; text = ""; next }
		on && /^\.Ed/ { if (index(text, want)) { printf "%s", text; exit } on = 0 }
		on { text = text $0 "\n" }' "$(page bk.conf)"
}

t "the examples of bk.conf(5) are read"
example 'rooms.reservation' >"$BK_TEST_DIR/example.conf"
run bkstatus config --config="$BK_TEST_DIR/example.conf"
is_rc 0
err_is_empty
out_has '{booked, rebooked}'
example 'a comment; so is' >"$BK_TEST_DIR/syntax.conf"
run bkstatus config --config="$BK_TEST_DIR/syntax.conf"
is_rc 78
err_has 'bookings.table: is missing'

t "the error messages of bk.conf(5) are what the programs say"
printf 'activate-due {\n\tdelay = "90 sec"\n}\n' >"$BK_TEST_DIR/bad.conf"
run bkactivate --config="$BK_TEST_DIR/bad.conf"
is_rc 78
err_has 'bad.conf:2: activate-due.delay: "90 sec" is no duration (write 500ms, 30s, 5m, 24h or 30d)'
: >"$BK_TEST_DIR/group.conf" && chmod 664 "$BK_TEST_DIR/group.conf"
run bkactivate --config="$BK_TEST_DIR/group.conf"
is_rc 78
err_has 'may be written by its group'
err_has 'hint: chmod go-w'

done_testing
