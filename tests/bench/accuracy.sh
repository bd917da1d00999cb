#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# accuracy.sh: predicted against observed r, sendmsg -> sendmmsg on livecast, over group sizes, payloads, shares of user work
# and topologies; then f against workloads whose f is known. Prints every setting and the figures beside their targets.
# Usage: accuracy.sh [SECONDS of each profile [of each workload of known f [of each observation]]]; $BUILD is where the programs are.
set -u
# A network of its own: the datagrams of others must not turn the work meter.
if [ -z "${ACCURACY_NETWORK:-}" ]; then
	ACCURACY_NETWORK=1 exec unshare --net "$0" "$@"
fi
ip link set lo up || exit 1
build=${BUILD:-build}
seconds=${1:-10}
observe=${3:-25}
work_dir=$(mktemp -d) || exit 1
trap 'rm -rf "$work_dir"' EXIT
results=$work_dir/results

# One setting: group payload topology work_ns packets_per_s
setting() {
	local json
	if ! json=$("$build"/forecall validate --json --quiet --db "$work_dir/accuracy.db" --group "$1" --payload "$2" --topology "$3" \
		--work "$4" --packets "$5" --seconds "$seconds" --observe "$observe"); then
		printf '%-5s %-7s %-5s %-6s failed\n' "$1" "$2" "$3" "$4"
		echo "failed" >> "$results"
		return
	fi
	jq -r --arg g "$1" --arg p "$2" --arg t "$3" --arg w "$4" '.alternatives[0] |
		[$g, $p, $t, $w, .fraction.value, .speedup.value, .predicted.value, .predicted.low, .predicted.high,
		 .observed.value, .observed.low, .observed.high, 100 * .error] | @tsv' <<< "$json" >> "$results"
	tail -n 1 "$results" | awk -F'\t' '{ printf "%-5s %-7s %-5s %-6s %-6.3f %-6.3f %.4f [%.4f, %.4f]  %.4f [%.4f, %.4f]  %+.2f %%\n",
		$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 }'
}

printf '%-5s %-7s %-5s %-6s %-6s %-6s %-25s %-25s %s\n' group payload topo work f s 'r predicted' 'r observed' error
for topology in lo veth; do
	for payload in 100 1000; do
		# the user work per recipient, ns, goes with the cell so that f spans 0.3 to 0.95
		setting 10 $payload $topology 0 5000
		setting 10 $payload $topology 1000 5000
		setting 100 $payload $topology 200 1000
		setting 100 $payload $topology 2500 400
		setting 100 $payload $topology 9000 150
		setting 1000 $payload $topology 0 100
		setting 1000 $payload $topology 600 80
	done
done

# |error| of all settings, ascending, so that the middle and the last are the median and the worst; and the span of f.
# Whether both intervals together (root of the sum of the squared half widths) cover the difference.
grep -v failed "$results" | awk -F'\t' '{ e = $13 < 0 ? -$13 : $13
	d = $7 - $10; w = ($9 - $8) ^ 2 / 4 + ($12 - $11) ^ 2 / 4; print e, $5, d * d <= w }' | sort -n | awk '
	{ errors[NR] = $1; held += $3; if (NR == 1 || $2 < low) low = $2; if ($2 > high) high = $2 }
	END {
		median = NR % 2 ? errors[(NR + 1) / 2] : (errors[NR / 2] + errors[NR / 2 + 1]) / 2
		worst = errors[NR]
		printf "\nsettings %d (target 24 at least), f from %.2f to %.2f (target 0.3 to 0.95)\n", NR, low, high
		printf "median error %.2f %% (target 0.5 %%): %s\n", median, median <= 0.5 ? "met" : "MISSED"
		printf "worst error %.2f %% (target 2 %%): %s\n", worst, worst <= 2 ? "met" : "MISSED"
		printf "difference within both intervals together: %d of %d\n\n", held, NR
		exit !(NR >= 24 && median <= 0.5 && worst <= 2)
	}'
status=$?
grep -c failed "$results" | sed 's/^/settings that failed: /'
"$build"/bench/fraction "${2:-40}" || status=1
exit $status
