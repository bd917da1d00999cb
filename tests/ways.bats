#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# ways.bats: benches of every way of sending, what they refuse, and the ranking of all ways for one profile.

bats_require_minimum_version 1.5.0

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root to profile and to make topologies"
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	export FORECALL_DB=$BATS_TEST_TMPDIR/test.db
	QUICK="--rounds 10 --block 2"
}

# Ways that send what these options of groupsend say.
ways() {
	"$(dirname "$FORECALL")/groupsend" --list "$@" | grep -v 'not here' | awk '$1 != "null" && $1 != "sendmsg" { print $1 }' | sort
}

@test "bench --alternative all measures every way that can send the grid and names the others" {
	run --separate-stderr "$FORECALL" bench --alternative all --group 1,20 --payload 100,500 $QUICK --json
	[ "$status" -eq 0 ]
	[ "$(jq -r '.points[].way' <<< "$output" | sort -u)" = "$(ways)" ]
	[ "$(jq '.points | length' <<< "$output")" -eq $((4 * $(ways | wc -l))) ]
	for way in zerocopy gso multicast packet; do
		[[ $stderr == *"left out: $way cannot send this: "* ]]
	done
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM bench WHERE errors_n > 0 OR packets_n = 0")" -eq 0 ]
}

@test "bench fits the cost model where groups and payloads differ, and says nothing of it where they do not" {
	run --separate-stderr "$FORECALL" bench --alternative sendmmsg --group 1,20 --payload 100,500 $QUICK --json
	[ "$status" -eq 0 ]
	[ "$(jq '.models | length' <<< "$output")" -eq 1 ]
	[ "$(jq -r '.models[0] | [has("mode_switch", "per_byte", "send", "residual", "fits")] | all' <<< "$output")" = true ]
	run --separate-stderr "$FORECALL" bench --alternative sendmmsg --group 20 --payload 500 $QUICK --json
	[ "$(jq '.models | length' <<< "$output")" -eq 0 ]
}

@test "what a way cannot send is refused before anything is measured" {
	while read -r way options; do
		run --separate-stderr "$FORECALL" bench --alternative "$way" $options
		[ "$status" -eq 1 ]
		[[ $stderr == *"$way cannot send this: "* ]]
		[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM run")" -eq 0 ]
	done <<- 'END'
		gso --group 10
		multicast --group 10 --private 12
		zerocopy --topology lo
		packet --topology lo
	END
}

@test "bursts to one destination, a sink and steered receivers are benched" {
	run --separate-stderr "$FORECALL" bench --alternative gso --one-destination --group 30 --payload 1000 $QUICK --json
	[ "$status" -eq 0 ]
	run --separate-stderr "$FORECALL" bench --alternative zerocopy,packet --topology sink --group 30 --payload 1000 $QUICK --json
	[ "$status" -eq 0 ]
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM bench WHERE async_cyc IS NOT NULL")" -eq 0 ]
	run --separate-stderr "$FORECALL" bench --alternative multicast --private 0 --topology veth --group 30 --payload 1000 $QUICK --json
	[ "$status" -eq 0 ]
	[ "$(nproc)" -gt 1 ] || skip "steering takes two processors"
	run --separate-stderr "$FORECALL" bench --alternative sendmmsg --topology veth-rps --group 30 --payload 1000 $QUICK --json
	[ "$status" -eq 0 ]
	# what the other processor does for the packets is counted, and is none of what sends nothing
	sqlite3 "$FORECALL_DB" "SELECT sum(CASE way WHEN 'null' THEN 0 ELSE async_cyc END) > 100 * packets_n FROM bench
	                        WHERE run = 4 GROUP BY way HAVING way <> 'null'" | sort -u | grep -qx 1
}

@test "predict --with all shows every way, with the reason where there is no prediction" {
	"$FORECALL" validate --seconds 2 --rounds 10 --group 20 > /dev/null
	"$FORECALL" bench --like 1 --alternative sendmmsg,connected $QUICK > /dev/null
	run --separate-stderr "$FORECALL" predict 1 --with all --json
	[ "$status" -eq 0 ]
	[ "$(jq -r '.alternatives[] | select(.predicted) | .way' <<< "$output" | sort | xargs)" = "connected sendmmsg" ]
	[ "$(jq -r '.alternatives[] | select(.way == "uring") | .reason' <<< "$output")" = \
		"not measured: forecall bench --like 1 --baseline sendmsg --alternative uring" ]
	[ "$(jq -r '.alternatives[] | select(.way == "gso") | .applicable' <<< "$output")" = false ]
	# the best first
	[ "$(jq '[.alternatives[] | select(.predicted) | .predicted.value] | . == (sort | reverse)' <<< "$output")" = true ]
	run --separate-stderr "$FORECALL" predict 1 --with all --sockets many
	[ "$status" -eq 0 ]
	grep -qE '^sendmmsg .*not applicable: 100 % of its bursts use several sockets' <<< "$output"
	run --separate-stderr "$FORECALL" predict 1 --with all --speedup 2
	[ "$status" -eq 2 ]
}
