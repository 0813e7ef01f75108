# bench.json as lines for people, columns separated by tabs.
def shown: if . == null then "-" elif . >= 100 then round | tostring
	elif . >= 10 then . * 10 | round / 10 | tostring else . * 100 | round / 100 | tostring end;
def ratio: if . == null then "-" elif . < 0.1 then . * 10000 | round / 10000 | tostring else shown end;
def spread($unit): if .median == null then "-"
	else "\(.median | shown) [\(.min | shown)..\(.max | shown)] \($unit)" end;
def verdict: {"ok": "ok", "not-reached": "NOT REACHED", "no-goal": "", "not-built": "not built yet",
	"failed": "FAILED"}[.];

"bk bench: \(.meta.program), PostgreSQL \(.meta.postgresql), \(.meta.cores) cores, \(.meta.rounds) rounds, scale \(.meta.scale), commit \(.meta.commit // "unknown")",
([.meta.settings | to_entries[] | "\(.key) \(.value)"] | join(", ")),
"",
(["line", "work", "median [min..max]", "against", "median [min..max]", "ratio", "paired", "goal", ""],
(.lines[] | .unit as $unit | [.name, .work, (.subject | spread($unit)), .against, (.reference | spread($unit)),
	(.ratioOfMedians | ratio), (.medianOfRatios | ratio), (.goal | ratio), (.verdict | verdict)]) | @tsv),
"",
(.lines[] | select(.note) | "\(.name): \(.note)")
