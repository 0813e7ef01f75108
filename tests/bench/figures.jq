# The records of the lines, with what follows from their numbers. $meta: what they depend on.
def median: sort | if length == 0 then null else (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2 end;
def round3: if . == null then null else . * 1000 | round / 1000 end;
def spread: {values: ., median: (median | round3), min: min, max: max};
def ratio: if .[0] != null and .[1] != null and .[1] > 0 then .[0] / .[1] else null end;

{
	meta: $meta[0],
	lines: map(
		([.subject, .reference] | transpose) as $pairs
		| ([.subject, .reference | median] | ratio) as $ratio
		| {
			name, work, against, unit, note, goal,
			subject: (.subject | spread),
			reference: (.reference | spread),
			ratioOfMedians: ($ratio | round3),
			medianOfRatios: ($pairs | map(ratio | values) | median | round3),
			verdict: (
				if .state != "measured" then .state
				elif .goal == null then "no-goal"
				elif $ratio <= .goal then "ok"
				else "not-reached" end)
		})
}
