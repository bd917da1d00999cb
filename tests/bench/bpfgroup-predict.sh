#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bpfgroup-predict.sh: `make bench-bpfgroup-predict`: livecast by sendmsg and by sendgroup-bpf, predicted against observed, on loopback
# and veth; median and worst error beside their targets. In a network namespace of its own: on this host nothing is changed.
#
# PIECE=2/4 does the second quarter alone; ROWS=FILE adds to the rows of the pieces before, whose errors are then judged together.
# DB=FILE keeps the runs.
set -u
if [ "${1:-}" != inside ]; then
	exec unshare --net --mount "$0" inside "$@"
fi
cd "$(dirname "$0")/../.." || exit 1
piece=${PIECE:-1/1}
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
db=${DB:-$made/runs.db}
rows=${ROWS:-$made/rows}
settings=()
for topology in lo veth; do
	for setting in "100 600 0" "100 600 3000" "300 200 0" "300 200 3000" "1000 60 0" "1000 60 3000"; do
		settings+=("$topology $setting")
	done
done

ip link set lo up
printf '%-5s %6s %6s  %6s %8s  %-26s %-26s %8s\n' where group work f s predicted observed error
each=$((${#settings[@]} / ${piece#*/}))
for setting in "${settings[@]:$(((${piece%/*} - 1) * each)):each}"; do
	set -- $setting
	build/forecall --quiet --json --db "$db" validate --with sendgroup-bpf --topology "$1" --group "$2" --packets "$3" --work "$4" \
		--seconds "${SECONDS_EACH:-6}" --observe "${SECONDS_OBSERVED:-16}" > "$made/one" || { cat "$made/one"; continue; }
	jq -r --arg t "$1" --arg g "$2" --arg w "$4" '
		[.. | objects | select(has("predicted") and has("observed"))][0] |
		[$t, $g, $w, .fraction.value, .speedup.value, (.predicted, .observed | .value, .low, .high)] | @tsv' "$made/one" |
		awk '{ printf "%-5s %6d %6d  %6.4f %8.3f  %6.3f [%6.3f, %6.3f]    %6.3f [%6.3f, %6.3f]    %+7.2f %%\n", $1, $2, $3, $4, $5, $6, $7, $8,
			$9, $10, $11, ($6 / $9 - 1) * 100 }' | tee -a "$rows"
done
sed 's/ %$//' "$rows" | awk '{ print $NF < 0 ? -$NF : $NF + 0 }' | sort -n | awk '
	{ error[NR] = $1 }
	END {
		if (!NR) exit 1
		median = NR % 2 ? error[(NR + 1) / 2] : (error[NR / 2] + error[NR / 2 + 1]) / 2
		printf "%d settings: median error %.2f %% (target 2 %%: %s), worst %.2f %% (target 5 %%: %s)\n", NR, median,
			median <= 2 ? "met" : "missed", error[NR], error[NR] <= 5 ? "met" : "missed"
	}'
