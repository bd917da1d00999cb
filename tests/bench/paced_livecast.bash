# SPDX-License-Identifier: GPL-2.0-or-later
# paced_livecast.bash: a livecast on CPU 0 that sends 300 bytes to each of 100 receivers on CPU 1. Sourced. $build is where the programs are, $work a folder;
# `pids` gets the processes.

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
		[ $SECONDS -lt $until ] || { echo "$0: $1 does not say $2:" >&2; cat "$work/$1.err" >&2; exit 1; }
		sleep 0.05
	done
}

# livecast_start WORK_NS PACKETS_PER_S: $server is its pid. stamped_by is what it is started with, nothing or env with LD_PRELOAD.
livecast_start() {
	start livecast ${stamped_by:-} "$build/livecast" --work-ns "$1" --cpu 0
	server=$!
	until_says livecast ready
	start receivers "$build/receivers" --control 127.0.0.1:5005 --count 100 --cpu 1
	produce "$2"
	until_says receivers flowing
}

produce() {
	start produce "$build/livecast" --produce --packets-per-s "$1" --payload 300 --cpu 1
}

# livecast_pace PACKETS_PER_S: from that to what makes it busy for about two thirds of the time. What a packet costs depends on the neighbours of a
# virtual machine, and one that they saturate is another server. Status 1 when it is gone.
livecast_pace() {
	local per_s=$1 use before after
	for _ in 1 2 3 4; do
		sleep 0.5
		before=$(cpu_ticks) || return
		sleep 2
		after=$(cpu_ticks) || return
		use=$(((after - before) / 2))
		[ $use -lt 60 ] || [ $use -gt 70 ] || break
		kill "${pids[-1]}"
		wait "${pids[-1]}" 2> /dev/null
		unset 'pids[-1]'
		per_s=$((per_s * 65 / (use > 0 ? use : 1)))
		produce $per_s
	done
	echo "livecast: $per_s packets/s to each receiver; at the last look it was busy for $use % of the time"
}

# cpu_ticks: of $server, in 1/100 s.
cpu_ticks() {
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$server/stat"
}

livecast_stop() {
	kill "${pids[@]}"
	wait "${pids[@]}" 2> /dev/null
	pids=()
}
