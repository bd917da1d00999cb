#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# engines.sh: the two engines against each other on livecast, memcached and redis, what sampling costs livecast, how narrow f is after 10 s,
# and names of events.
# usage: engines.sh [REPETITIONS]. Exit status 1 when a target was missed. $BUILD is where the programs are. $PARTS chooses from cost, ten,
# livecast, memcached, redis, names. With $KEEP, a folder, repetitions of several calls add up, so that each may be short: 20 take about
# three minutes a server.
set -u
build=$(realpath "${BUILD:-build}")
servers=$(realpath "$(dirname "$0")/../../workloads/servers")
[ "${1:-}" = inside ] || exec unshare --net "$0" inside "${1:-100}" # no other datagrams than the server's
repetitions=$2 status=0
work=$(mktemp -d) || exit 1
keep=${KEEP:-$work}
pids=() recipe=
finish() {
	kill "${pids[@]}" 2> /dev/null
	[ -z "$recipe" ] || "$servers/$recipe" stop
	rm -rf "$work"
}
trap finish EXIT
mkdir -p "$keep" "$work/recipes"
chmod 755 "$work" "$work/recipes" # some servers drop root
export FORECALL_DB=$work/bench.db FORECALL_RECIPES=$work/recipes FORECALL_SERVERS=${FORECALL_SERVERS:-$build/servers}
ip link set lo up

wants() { [[ " ${PARTS:-cost ten livecast memcached redis names} " == *" $1 "* ]]; }

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

# until_says FILE WORD: gives up after 20 s.
until_says() {
	local until=$((SECONDS + 20))
	until grep -q "$2" "$work/$1"; do
		[ $SECONDS -lt $until ] || { echo "engines: $1 does not say $2:" >&2; cat "$work/$1.err" >&2; exit 1; }
		sleep 0.05
	done
}

# CPU time of livecast so far, ns: exact, and charged with what interrupts it.
cpu_ns() { cat /proc/$server/task/*/schedstat | awk '{ n += $1 } END { printf "%.0f\n", n }'; }
sent() { awk '/^Udp:/ && $2 ~ /^[0-9]/ { print $5 }' /proc/$server/net/snmp; }

# cost COMMAND...: CPU ns of livecast per packet while the command runs.
cost() {
	local c n
	c=$(cpu_ns) n=$(sent)
	"$@" > /dev/null 2>&1
	echo "$c $(cpu_ns) $n $(sent)" | awk '{ print ($2 - $1) / ($4 - $3) }'
}

what_sampling_costs() {
	local i mean half
	echo "livecast: $(cost sleep 2) ns per packet, $(echo "$(cpu_ns) $(sleep 2; cpu_ns)" | awk '{ printf "%.0f", ($2 - $1) / 2e7 }') % of a CPU"
	for ((i = 0; i < ${PAIRS:-20}; i++)); do
		echo "$(cost sleep 2.1) $(cost "$build/forecall" profile -p $server --engine sample --seconds 2)"
	done > "$work/cost"
	read -r mean half < <(awk '{ x = 100 * ($2 / $1 - 1); s += x; q += x * x } END { m = s / NR; print m, 2.09 * sqrt((q / NR - m * m) / (NR - 1)) }' "$work/cost")
	line "CPU that sampling adds to livecast, %" "$(printf '%.2f +- %.2f' "$mean" "$half")" "at most 1" "$(awk "BEGIN { print $mean <= 1 }")"
}

ten_seconds() {
	local width
	"$build/forecall" profile -p $server --engine sample --seconds 10 --json > "$work/ten.json" 2> /dev/null
	width=$(jq '100 * (.fraction.high - .fraction.low) / 2 / .fraction.value' "$work/ten.json")
	line "half width of f by samples of 10 s, % of f" "$(printf '%.2f (f = %.3f)' "$width" "$(jq .fraction.value "$work/ten.json")")" "at most 1" "$(awk "BEGIN { print $width <= 1 }")"
}

# agreement NAME PID PATH
agreement() {
	local i n agreed ledger sample gap
	for ((i = 0; i < repetitions; i++)); do
		"$build/forecall" profile -p "$2" --path "$3" --engine both --seconds "${SECONDS_EACH:-3}" --seed "$RANDOM" --json 2> "$work/err" |
			jq -r '[.fraction.value, .sampled.fraction.value, .sampled.difference.value, (.sampled.agree | if . then 1 else 0 end)] | @tsv'
	done >> "$keep/$1"
	[ -s "$keep/$1" ] || { echo "engines: $1 was never profiled: $(cat "$work/err")" >&2; status=1; return; }
	read -r n agreed ledger sample gap < <(awk '{ n++; a += $4; l += $1; s += $2; d += $3 } END { print n, a, l / n, s / n, d / n }' "$keep/$1")
	echo "$1: mean f of the ledger $ledger, of the samples $sample, difference $gap"
	line "$1: repetitions in which the engines agree, of $n" "$agreed" "at least 95 %" "$(awk "BEGIN { print ($agreed >= 0.95 * $n) }")"
}

# A recipe of workloads/servers under its own load.
real_server() {
	recipe=$1
	"$servers/$1" start > "$work/start" 2>&1 || { echo "engines: $(tail -n 1 "$work/start")" >&2; recipe=; status=1; return; }
	start "$1.load" "$servers/$1" load
	sleep 1 # until its clients are there
	agreement "$1" "$("$servers/$1" pid)" "$("$servers/$1" paths)"
	kill "${pids[-1]}" 2> /dev/null
	"$servers/$1" stop
	recipe=
}

if wants cost || wants ten || wants livecast; then
	start livecast "$build/livecast" --work-ns "${WORK_NS:-5000}" --cpu 0
	server=$!
	until_says livecast ready
	start receivers "$build/receivers" --control 127.0.0.1:5005 --count 100 --cpu 1
	start produce "$build/livecast" --produce --packets-per-s 700 --payload 300 --cpu 1
	until_says receivers flowing
	wants cost && what_sampling_costs
	wants ten && ten_seconds
	wants livecast && agreement livecast $server sendmsg
	kill "${pids[@]}"
	wait "${pids[@]}" 2> /dev/null
	pids=()
fi
wants memcached && real_server memcached
wants redis && real_server redis
if wants names; then "$build/bench/event_names" "${NAMES:-1000000}" || status=1; fi
exit $status
