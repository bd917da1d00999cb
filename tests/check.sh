#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check.sh: what `make check` runs: every build, every test, every linter. The last line is "N passed, N failed".
#
# Each unit test and each end-to-end test counts as one. Of the other parts (builds, linters) only a failure counts.
# A part that fails does not stop the next one, so that one run tells everything.
set -u
cd "$(dirname "$0")/.." || exit 1
make="${MAKE:-make} --no-print-directory"
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0

# part NAME COMMAND...: runs it, keeps its output in the log, and returns its exit status.
part() {
	echo "== $1"
	shift
	"$@" < /dev/null 2>&1 | tee "$log"
	return "${PIPESTATUS[0]}"
}

# must NAME COMMAND...: a part that counts only when it fails.
must() {
	part "$@" && return
	failed=$((failed + 1))
	echo "== $1: FAILED"
}

add() {
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

unit() {
	local status closing
	part unit $make unit
	status=$?
	closing=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
	set -- $(echo "$closing" | grep -oE '[0-9]+')
	add "${1:-0}" "${2:-0}" "${3:-0}"
	[ $status -eq 0 ] || [ "${2:-0}" -gt 0 ] || add 0 1 0 # it was not built, or did not come to its end
}

# TAP: "1..PLAN", then "ok N title", "ok N title # skip reason" or "not ok N title" for each.
end_to_end() {
	local plan ok bad skip
	part end-to-end bats --tap tests/*.bats
	plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log" | head -n 1)
	ok=$(grep -c '^ok ' "$log") bad=$(grep -c '^not ok ' "$log") skip=$(grep -ci '^ok .*# skip' "$log")
	[ "${plan:-0}" -gt 0 ] || plan=1
	add $((ok - skip)) $((plan - ok > bad ? plan - ok : bad)) "$skip"
}

must deps $make deps
part browser $make deps-browser || echo "== without a browser the tests in one are skipped"
must gcc $make all
must clang $make clang
unit
end_to_end
must clang-tidy $make -k tidy
must cppcheck $make cppcheck
must man $make manlint
echo "$passed passed, $failed failed$([ $skipped -eq 0 ] || echo ", $skipped skipped")"
[ $failed -eq 0 ]
