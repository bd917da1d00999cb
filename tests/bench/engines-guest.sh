#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# engines-guest.sh [REPETITIONS [KERNEL]]: the two engines by turns on livecast in a guest whose time is instructions, and how often they agree. 18 s each,
# in boots of 25. Exit status 1 when the target was missed.
set -u -o pipefail
build=$(realpath "${BUILD:-build}")
repetitions=${1:-50} kernel=${2:-6.12.*-cloud-amd64}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cat > "$work/profiles" << 'END'
ip link set lo up
livecast --work-ns 20000 > /tmp/livecast &
server=$!
until grep -q ready /tmp/livecast; do sleep 0.1; done
receivers --control 127.0.0.1:5005 --count 100 > /tmp/receivers &
livecast --produce --packets-per-s 50 --payload 300 > /dev/null &
until grep -q flowing /tmp/receivers; do sleep 0.1; done
i=0
while [ $i -lt $1 ]; do
	i=$((i + 1))
	forecall profile -p $server --path sendmsg --engine both --rate 499 --seconds 5 --window 50 --doses 1,0 --calibration 16 --seed $((i + $2)) --json | tr -d '\n'
	echo
done
END
for ((done = 0; done < repetitions; done += 25)); do
	n=$((repetitions - done < 25 ? repetitions - done : 25))
	"$build/forecall" lab run --db "$work/db" -t 1200 -k "$kernel" --in "$build/livecast:/bin/livecast" --in "$build/receivers:/bin/receivers" --in "$work/profiles:/profiles" \
		-- sh /profiles $n $done > "$work/out" 2> "$work/err" || { cat "$work/err" >&2; exit 1; }
	grep '^{' "$work/out" >> "$work/all"
done
jq -r '[.fraction.value, .sampled.difference.value, (.sampled.agree | if . then 1 else 0 end), (.sampled.difference.high - .sampled.difference.low) / 2] | @tsv' "$work/all" |
	awk -v wanted="$repetitions" '{ n++; f += $1; d += $2; q += $2 * $2; a += $3; w += $4 }
		END {
			if (n < 2) { print "engines-guest: no profile came" > "/dev/stderr"; exit 1 }
			printf "guest: mean f of the ledger %.4f, difference %+.4f +- %.4f; joint half width of one repetition %.4f\n", f / n, d / n, 1.96 * sqrt((q / n - d * d / n / n) / (n - 1)), w / n
			printf "guest: repetitions in which the engines agree, of %d: %d, target at least 95 %%: %s\n", n, a, (a >= 0.95 * n && n == wanted) ? "met" : "MISSED"
			exit !(a >= 0.95 * n && n == wanted)
		}'
