#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# engines.sh: the two engines against each other on livecast, what sampling costs it, how narrow f is after 10 s; and names of events.
# usage: engines.sh [REPETITIONS]. $BUILD is where the programs are. Exit status 1 when a target was missed.
set -u
build=$(realpath "${BUILD:-build}")
[ "${1:-}" = inside ] || exec unshare --net "$0" inside "${1:-100}" # no other datagrams than livecast's
repetitions=$2 status=0
work=$(mktemp -d) || exit 1
pids=()
trap 'kill "${pids[@]}" 2> /dev/null; rm -rf "$work"' EXIT
export FORECALL_DB=$work/bench.db
ip link set lo up

# line WHAT FIGURE TARGET MET(0|1)
line() {
	printf '%-56s %-26s %-20s %s\n' "$1" "$2" "$3" "$([ "$4" = 1 ] && echo met || echo MISSED)"
	[ "$4" = 1 ] || status=1
}

# start NAME PROGRAM...: its pid in $!, its stdout in $work/NAME.
start() {
	local name=$1
	shift
	"$@" > "$work/$name" 2> "$work/$name.err" &
	pids+=($!)
}

start livecast "$build/livecast" --work-ns "${WORK_NS:-5000}" --cpu 0
server=$!
until grep -q ready "$work/livecast"; do sleep 0.05; done
start receivers "$build/receivers" --control 127.0.0.1:5005 --count 100 --cpu 1
start produce "$build/livecast" --produce --packets-per-s 700 --payload 300 --cpu 1
until grep -q flowing "$work/receivers"; do sleep 0.05; done

# CPU time of livecast so far, ns: exact, and charged with what interrupts it.
cpu_ns() { cat /proc/$server/task/*/schedstat | awk '{ n += $1 } END { print n }'; }
sent() { awk '/^Udp:/ && $2 ~ /^[0-9]/ { print $5 }' /proc/$server/net/snmp; }

# cost COMMAND...: CPU ns of livecast per packet while the command runs.
cost() {
	local c n
	c=$(cpu_ns) n=$(sent)
	"$@" > /dev/null 2>&1
	echo "$c $(cpu_ns) $n $(sent)" | awk '{ print ($2 - $1) / ($4 - $3) }'
}

echo "livecast: $(cost sleep 2) ns per packet, $(echo "$(cpu_ns) $(sleep 2; cpu_ns)" | awk '{ printf "%.0f", ($2 - $1) / 2e7 }') % of a CPU"

pairs=${PAIRS:-20}
for ((i = 0; i < pairs; i++)); do
	echo "$(cost sleep 2.1) $(cost "$build/forecall" profile -p $server --engine sample --seconds 2)"
done > "$work/cost"
read -r mean half < <(awk '{ x = 100 * ($2 / $1 - 1); s += x; q += x * x } END { m = s / NR; print m, 2.09 * sqrt((q / NR - m * m) / (NR - 1)) }' "$work/cost")
line "CPU that sampling adds to livecast, %" "$(printf '%.2f +- %.2f' "$mean" "$half")" "at most 1" "$(awk "BEGIN { print $mean <= 1 }")"

"$build/forecall" profile -p $server --engine sample --seconds 10 --json > "$work/ten.json" 2> /dev/null
width=$(jq '100 * (.fraction.high - .fraction.low) / 2 / .fraction.value' "$work/ten.json")
line "half width of f by samples of 10 s, % of f" "$(printf '%.2f (f = %.3f)' "$width" "$(jq .fraction.value "$work/ten.json")")" "at most 1" "$(awk "BEGIN { print $width <= 1 }")"

for ((i = 0; i < repetitions; i++)); do
	"$build/forecall" profile -p $server --engine both --seconds "${SECONDS_EACH:-4}" --seed $((i + 1)) --json 2> /dev/null |
		jq -r '[.fraction.value, .sampled.fraction.value, .sampled.difference.value, (.sampled.agree | if . then 1 else 0 end)] | @tsv'
done > "$work/agree"
read -r n agreed ledger sample gap < <(awk '{ n++; a += $4; l += $1; s += $2; d += $3 } END { print n, a, l / n, s / n, d / n }' "$work/agree")
echo "mean f of the ledger $ledger, of the samples $sample, difference $gap"
line "repetitions in which the engines agree, of $n" "$agreed" "at least 95 %" "$(awk "BEGIN { print $agreed >= 0.95 * $n }")"

"$build/bench/event_names" || status=1
exit $status
