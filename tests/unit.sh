#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# unit.sh: runs cmocka programs one after the other, each with its own line, and ends with "N passed, N failed".
#
# usage: tests/unit.sh PROGRAM...
# A program that ends with 77 was skipped as a whole; one that dies (a sanitizer's report, a signal) is one failure
# more. A test that skips prints its reason first, beginning with "skip:". Exit status 1 when anything failed.
set -u
export CMOCKA_MESSAGE_OUTPUT=TAP
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0

# Counts the lines of the log that match: matching '^ok '.
matching() { grep -c -- "$1" "$log"; }

run_one() {
	"$1" > "$log" 2>&1 < /dev/null
	local status=$? ok skip bad result=ok
	ok=$(matching '^ok ') skip=$(matching '^not ok [0-9]* # SKIP') bad=$(matching '^not ok ')
	bad=$((bad - skip))
	if [ $status -eq 77 ]; then
		skip=$((skip + 1))
	elif [ $status -ne 0 ] && [ $bad -eq 0 ] || [ $((ok + bad + skip)) -eq 0 ]; then
		bad=1
		echo "# ended with status $status" >> "$log"
	fi
	[ $bad -eq 0 ] || result=FAILED
	printf '  %-7s %-40s %s passed, %s failed, %s skipped\n' $result "${1#*/san/}" "$ok" "$bad" "$skip"
	if [ $bad -gt 0 ]; then sed 's/^/    /' "$log"; else grep '^skip:' "$log" | sed 's/^/    /'; fi
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
}

for program in "$@"; do
	run_one "$program"
done
echo "$passed passed, $failed failed$([ $skipped -eq 0 ] || echo ", $skipped skipped")"
[ $failed -eq 0 ]
