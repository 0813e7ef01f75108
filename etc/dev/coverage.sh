#!/bin/bash
# Prints the share of lines that a build with COV=yes has run, by file and in all:
# coverage.sh BUILD-DIR. A file that no test touched counts too.
set -euo pipefail
find "$1/lib" "$1/cmd" -name '*.gcno' -print0 | xargs -0 gcov -n 2>/dev/null | awk '
	/^File / { split($0, part, "\047"); file = part[2] }
	/^Lines executed:/ {
		if (file ~ /^(lib|cmd)\/.*\.c$/) {
			split($0, part, /[:% ]+/)
			printf "%5.1f %%  %5d lines  %s\n", part[3], part[5], file | "sort -k 5"
			all += part[5]
			hit += part[3] * part[5] / 100
		}
		file = ""
	}
	END {
		close("sort -k 5")
		if (!all)
			exit 1
		printf "%5.1f %%  %5d lines  in all\n", 100 * hit / all, all
	}'
