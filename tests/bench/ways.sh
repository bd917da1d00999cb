#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ways.sh: how far benches of every way can be believed: a way against itself, s measured twice, the harness's share (ways.c);
# then predicted against observed r on livecast for five ways, 8 settings each.
# Usage: ways.sh [PART...]: harness, sendmmsg, uring, uring-zc, connected, uring-sqpoll; default: all.
# SECONDS_EACH=6 of profile, SECONDS_OBSERVED=20 of observation; DB=FILE keeps the runs.
set -u
# A network of its own: the datagrams of others must not turn the work meter.
if [ -z "${WAYS_NETWORK:-}" ]; then
	WAYS_NETWORK=1 exec unshare --net "$0" "$@"
fi
ip link set lo up || exit 1
build=${BUILD:-build}
seconds=${SECONDS_EACH:-6}
observe=${SECONDS_OBSERVED:-20}
work_dir=$(mktemp -d) || exit 1
trap 'rm -rf "$work_dir"' EXIT
db=${DB:-$work_dir/ways.db}
results=$work_dir/results
touch "$results"
status=0

# One setting: way group payload topology work_ns packets_per_s
setting() {
	local json
	if ! json=$("$build"/forecall validate --json --quiet --db "$db" --with "$1" --group "$2" --payload "$3" \
		--topology "$4" --work "$5" --packets "$6" --seconds "$seconds" --observe "$observe"); then
		echo "$1 $2 $3 $4 $5 failed"
		echo failed >> "$results"
		return
	fi
	jq -r --arg w "$1" --arg g "$2" --arg p "$3" --arg t "$4" --arg n "$5" '.alternatives[0] |
		[$w, $g, $p, $t, $n, .fraction.value, .speedup.value, .predicted.value, .predicted.low, .predicted.high,
		 .observed.value, .observed.low, .observed.high, 100 * .error] | @tsv' <<< "$json" >> "$results"
	tail -n 1 "$results" | awk -F'\t' '{ printf "%-13s %-5s %-7s %-5s %-6s %-6.3f %-6.3f %.4f [%.4f, %.4f]  %.4f [%.4f, %.4f]  %+.2f %%\n",
		$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 }'
}

way() {
	for topology in lo veth; do
		setting "$1" 20 1000 $topology 0 1000
		setting "$1" 20 100 $topology 1000 1000
		setting "$1" 200 1000 $topology 200 200
		setting "$1" 200 100 $topology 0 200
	done
}

began=$SECONDS
[ $# -gt 0 ] || set -- harness sendmmsg uring uring-zc connected uring-sqpoll
ways_n=$(printf '%s\n' "$@" | grep -vc '^harness$')
printf 'about %d minutes, on an idle machine\n' $(((ways_n * 8 * (10 + seconds + 3 * observe / 2) + $([ $ways_n -eq $# ] && echo 0 || echo 240) + 59) / 60))
for part in "$@"; do
	if [ "$part" = harness ]; then
		"$build"/bench/ways || status=1
		continue
	fi
	[ -s "$results" ] || printf '%-13s %-5s %-7s %-5s %-6s %-6s %-6s %-25s %-25s %s\n' way group payload topo work f s 'r predicted' \
		'r observed' error
	way "$part"
done

grep -v failed "$results" | awk -F'\t' '{ e = $14 < 0 ? -$14 : $14; print e }' | sort -n | awk '
	{ errors[NR] = $1 }
	END {
		if (!NR)
			exit
		median = NR % 2 ? errors[(NR + 1) / 2] : (errors[NR / 2] + errors[NR / 2 + 1]) / 2
		printf "\nsettings %d (target 40)\nmedian error %.2f %% (target 1 %%): %s\n", NR, median, median <= 1 ? "met" : "MISSED"
		printf "worst error %.2f %% (target 3 %%): %s\n", errors[NR], errors[NR] <= 3 ? "met" : "MISSED"
		exit !(NR >= 40 && median <= 1 && errors[NR] <= 3)
	}' || status=1
grep -c failed "$results" | sed 's/^/settings that failed: /'
printf 'took %d minutes\n' $(((SECONDS - began + 30) / 60))
exit $status
