#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bpfgroup-predict.sh: `make bench-bpfgroup-predict`: livecast by sendmsg and by sendgroup-bpf, predicted against observed, on loopback
# and veth; median and worst error beside their targets. In a network namespace of its own: on this host nothing is changed.
set -u
if [ "${1:-}" != inside ]; then
	exec unshare --net --mount "$0" inside "$@"
fi
cd "$(dirname "$0")/../.." || exit 1
db=$(mktemp -u)
trap 'rm -f "$db"*' EXIT
ip link set lo up
printf '%-5s %6s %6s  %9s %9s %8s\n' where group work predicted observed error
for topology in lo veth; do
	for setting in "100 200 0" "100 200 3000" "300 60 0" "300 60 3000" "1000 20 0" "1000 20 3000"; do
		set -- $setting
		build/forecall --quiet --json --db "$db" validate --with sendgroup-bpf --topology $topology --group "$1" --packets "$2" \
			--work "$3" --seconds "${SECONDS_EACH:-4}" --rounds 60 --width 0.01 > "$db.json" || { cat "$db.json"; continue; }
		jq -r --arg t $topology --arg g "$1" --arg w "$3" '
			[.. | objects | select(has("predicted") and has("observed"))][0] |
			 [$t, $g, $w, .predicted.value, .observed.value] | @tsv' "$db.json" |
			awk '{ printf "%-5s %6d %6d  %9.3f %9.3f %7.2f %%\n", $1, $2, $3, $4, $5, ($4 / $5 - 1) * 100 }' | tee -a "$db.rows"
	done
done
sed 's/ %$//' "$db.rows" | awk '{ e = $NF < 0 ? -$NF : $NF; print e }' | sort -n | awk '
	{ error[NR] = $1 }
	END {
		if (!NR) exit 1
		median = NR % 2 ? error[(NR + 1) / 2] : (error[NR / 2] + error[NR / 2 + 1]) / 2
		printf "%d settings: median error %.2f %% (target 2 %%: %s), worst %.2f %% (target 5 %%: %s)\n", NR, median,
			median <= 2 ? "met" : "missed", error[NR], error[NR] <= 5 ? "met" : "missed"
	}'
