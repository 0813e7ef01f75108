#!/bin/bash
# The rules of this house that no compiler knows: layers.pl says who may include whom, style.pl what
# a file may look like, and this script what may lie at the top. Each finding is one line,
# file:line: reason.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1

# What git knows or would add; outside of a repository (a release) everything but the builds.
if git rev-parse --git-dir >/dev/null 2>&1; then
	mapfile -t files < <(git ls-files --cached --others --exclude-standard | sort -u)
else
	mapfile -t files < <(find . -type f ! -path './build*' ! -path './.git/*' \
		-printf '%P\n' | sort)
fi
present=()
for file in "${files[@]}"; do
	[ -f "$file" ] && present+=("$file") # not one that is deleted and not yet committed
done
if [ ${#present[@]} -eq 0 ]; then
	echo "lint: no files were found" >&2
	exit 1
fi

failed=0
for file in "${present[@]}"; do
	case $file in
	.* | cmd/* | lib/* | sql/* | etc/* | tests/* | man/* | Makefile | README.md) ;;
	*)
		echo "$file:1: only Makefile cmd lib sql etc tests man README.md at the top"
		failed=1
		;;
	esac
done
perl tests/lint/layers.pl "${present[@]}" || failed=1
perl tests/lint/style.pl "${present[@]}" || failed=1
[ "$failed" -eq 0 ] && echo "lint: ${#present[@]} files"
exit "$failed"
