#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# engines.sh: the two engines against each other on livecast, memcached and redis, what sampling costs livecast, how narrow f is after 10 s,
# and names of events.
# usage: engines.sh [REPETITIONS]. Exit status 1 when a target was missed. $BUILD is where the programs are. $PARTS chooses from cost, ten,
# livecast, memcached, redis, names. With $KEEP, a folder, repetitions of several calls add up, so that each may be short: 25 take about
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
. "$(dirname "$0")/paced_livecast.bash"

wants() { [[ " ${PARTS:-cost ten livecast memcached redis names} " == *" $1 "* ]]; }

# line WHAT FIGURE TARGET MET(0|1)
line() {
	printf '%-56s %-26s %-20s %s\n' "$1" "$2" "$3" "$([ "$4" = 1 ] && echo met || echo MISSED)"
	[ "$4" = 1 ] || status=1
}

ten_seconds() {
	local width
	"$build/forecall" profile -p $server --engine sample --seconds 10 --json > "$work/ten.json" 2> /dev/null
	width=$(jq '100 * (.fraction.high - .fraction.low) / 2 / .fraction.value' "$work/ten.json")
	line "half width of f by samples of 10 s, % of f" "$(jq -r '"\(.fraction.value * 1000 | round / 1000) [\(.fraction.low * 1000 | round / 1000), \(.fraction.high * 1000 | round / 1000)]"' "$work/ten.json"): $(printf %.2f "$width")" "at most 1" "$(awk "BEGIN { print $width <= 1 }")"
}

# agreement NAME PID PATH: windows are short, so that each repetition has many cycles of them, and tells moods from noise. Samples are taken a little more
# often than usual, or the interval of theirs would hide what the engines differ by; three times as many change what a server that sleeps costs.
agreement() {
	local i n agreed ledger sample gap error half
	for ((i = 0; i < repetitions; i++)); do
		"$build/forecall" profile -p "$2" --path "$3" --engine both --rate 499 --seconds "${SECONDS_EACH:-5}" --window 50 --doses 1,0 --calibration 16 \
			--seed "$RANDOM" --json 2> "$work/err" |
			jq -r '[.fraction.value, .sampled.fraction.value, .sampled.difference.value, (.sampled.agree | if . then 1 else 0 end),
				(.sampled.difference.high - .sampled.difference.low) / 2] | @tsv'
	done >> "$keep/$1"
	[ -s "$keep/$1" ] || { echo "engines: $1 was never profiled: $(cat "$work/err")" >&2; status=1; return; }
	read -r n agreed ledger sample gap error half < <(awk '{ n++; a += $4; l += $1; s += $2; d += $3; q += $3 * $3; w += $5 }
		END { print n, a, l / n, s / n, d / n, 1.96 * sqrt((q / n - d * d / n / n) / n), w / n }' "$keep/$1")
	echo "$1: mean f of the ledger $ledger, of the samples $sample, difference $gap +- $error; joint half width of one repetition $half"
	line "$1: repetitions in which the engines agree, of $n" "$agreed" "at least 95 %" "$(awk "BEGIN { print ($agreed >= 0.95 * $n) }")"
}

# What a calibration keeps a server from doing, it makes up for before windows open: else f would be that of a server that never sleeps.
unhurried() {
	local share
	share=$(sqlite3 "$FORECALL_DB" "SELECT 100.0 * avg(cpu_cyc > 0.98 * wall_cyc) FROM block WHERE dose = 0")
	line "livecast: unprobed windows that are busy throughout, %" "$(printf %.1f "$share")" "at most 5" "$(awk "BEGIN { print ($share <= 5) }")"
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

# As it is, saturated: f is high, so few samples tell it. And with user work between the sends, where it takes more of them.
if wants cost || wants ten; then
	livecast_start 0 2300
	wants cost && { "$build/bench/sampling" $server "${COST_SECONDS:-120}" || status=1; }
	wants ten && ten_seconds
	livecast_stop
fi
if wants ten || wants livecast; then
	livecast_start 5000 700
	livecast_pace 700 || exit
	wants ten && ten_seconds
	wants livecast && agreement livecast $server sendmsg
	wants livecast && unhurried
	livecast_stop
fi
wants memcached && real_server memcached
wants redis && real_server redis
if wants names; then "$build/bench/event_names" "${NAMES:-1000000}" || status=1; fi
exit $status
