# shellcheck shell=bash
# The four jobs on the sample bookings, each twice: the first run changes exactly the bookings that
# are due by a query of this test's own, the second none, and both are recorded.
# shellcheck source=tests/cli/harness.sh
. "$BK_SRC/tests/cli/harness.sh"
# shellcheck source=tests/cli/bookings.sh
. "$BK_SRC/tests/cli/bookings.sh"

configure

# The words of the design, for the default configuration: S start, E end, H the end of the hold, D
# the deadline of the check-in, K checked in before it; old: left alone by max-age.
words="select id, status, starts_at as s, ends_at as e, least(hold_expires_at, starts_at) as h,
	hold_expires_at as hold, coalesce(grace_minutes, 15) < 0 as bad_grace,
	isfinite(starts_at)
		and (ends_at is null or isfinite(ends_at) and ends_at >= starts_at) as ok,
	least(case when isfinite(starts_at) then starts_at
		+ least(greatest(coalesce(grace_minutes, 15), 0), 5256000) * interval '1 min' end,
		ends_at) as d, checked_in_at as c from before"
due_query() {
	local at="(select as_of from bk.maintenance_executions order by id desc limit 1)"
	local rule
	case $1 in
	activate-due)
		rule="status = 'CONFIRMED' and ok and not bad_grace and s <= $at
			and s >= $at - interval '30 d' and (e > $at or e is null)
			and (c < d or d > $at)"
		;;
	cancel-no-shows)
		rule="status in ('CONFIRMED', 'ACTIVE') and ok and not bad_grace and d <= $at
			and s >= $at - interval '30 d' and s <= $at and not coalesce(c < d, false)"
		;;
	update-completed)
		rule="status in ('CONFIRMED', 'ACTIVE') and ok and not bad_grace and e <= $at
			and e >= $at - interval '30 d' and c < d"
		;;
	update-expired)
		rule="status = 'PENDING' and ok and (
			hold <= $at and hold >= $at - interval '30 d' or
			s <= $at and s >= $at - interval '30 d')"
		;;
	esac
	echo "select id from ($words) as w where $rule"
}

target() {
	case $1 in
	activate-due) echo ACTIVE ;;
	cancel-no-shows) echo NO_SHOW ;;
	update-completed) echo COMPLETED ;;
	update-expired) echo EXPIRED ;;
	esac
}

bkmaint migrate --sample || exit 1

jobs() {
	cat <<-END
		activate-due bkactivate --now
		cancel-no-shows bknoshow --now
		update-completed bkmaint update-completed
		update-expired bkmaint update-expired
	END
}

while read -r job command; do
	t "$job changes exactly what is due"
	sql "drop table if exists before; create table before as table bookings"
	run $command --json
	is_rc 0
	changed="select id from before as b join bookings as n using (id)
		where b.status <> n.status"
	sql_is "select count(*) from (($changed) except ($(due_query "$job"))) as q" 0
	sql_is "select count(*) from (($(due_query "$job")) except ($changed)) as q" 0
	sql_is "select string_agg(distinct status, ' ') from bookings where id in ($changed)" \
		"$(target "$job")"
	count=$(sql "select count(*) from ($changed) as q")
	json_is '.data.processedCount' "$count"
	is "$(last_record operation status processed_count remaining)" "$job|SUCCESS|$count|0"
	[ "$count" -gt 1000 ] || harness_fail "hardly anything was due" "more than 1000" "$count"
	sql_is "select sum(row_count) from bk.booking_transitions where execution_id =
		$(last_record id)" "$count"
done < <(jobs)

# What becomes due within these seconds would be no fault.
sql "update bookings set status = 'CANCELLED' where status in ('PENDING', 'CONFIRMED', 'ACTIVE')
	and (starts_at between now() - interval '16 min' and now() + interval '5 min'
		or ends_at between now() and now() + interval '5 min'
		or hold_expires_at between now() and now() + interval '5 min'
		or starts_at + grace_minutes * interval '1 min' between now()
			and now() + interval '5 min')"
while read -r job command; do
	t "$job has nothing left to do"
	before=$(statuses)
	run $command --json
	is_rc 0
	json_is '[.data.outcome, .data.status, .data.processedCount] | tojson' '["ran","SUCCESS",0]'
	is "$(statuses)" "$before"
	is "$(last_record operation status processed_count)" "$job|SUCCESS|0"
done < <(jobs)

t "all runs are in the history"
run bkstatus history --json
json_is '[.data.items[] | select(.operation != "migrate")] | length' 8

done_testing
