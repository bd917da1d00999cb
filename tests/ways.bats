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

@test "a kernel's thread that spins costs as many periods as there are bursts, and none before them" {
	ways | grep -qx uring-sqpoll || skip "no uring-sqpoll here"
	for _ in 1 2 3 4 5; do
		echo "block way=uring-sqpoll group=4 payload=100 bursts=2 period_ns=4000000 warm=1"
		echo "block way=uring-sqpoll group=4 payload=100 bursts=3 period_ns=1000000 train=3 between_ns=1000 warm=1"
	done > "$BATS_TEST_TMPDIR/blocks"
	"$(dirname "$FORECALL")/groupsend" --topology lo --group 4 --cpu 0 --serve < "$BATS_TEST_TMPDIR/blocks" > "$BATS_TEST_TMPDIR/answers"
	# the least of five: a CPU that is taken away makes a period longer
	jq -se 'length == 10' "$BATS_TEST_TMPDIR/answers"
	jq -se 'map(select(.bursts == 2) | .cpu_ns / 8e6) | min > 0 and min < 1.3' "$BATS_TEST_TMPDIR/answers"
	# the pause between two trains is before its last burst, and no other behind it
	jq -se 'map(select(.bursts == 3) | .cpu_ns / 3e6) | min > 0 and min < 1.2' "$BATS_TEST_TMPDIR/answers"
}

@test "bursts that warm a block up are sent like the others, and in none of its figures" {
	echo "block way=sendmsg group=4 payload=100 bursts=2 period_ns=20000000 warm=3" > "$BATS_TEST_TMPDIR/blocks"
	cat > "$BATS_TEST_TMPDIR/alone" <<- 'END'
		ip link set lo up
		"$1" --topology lo --group 4 --serve < blocks > answers
		awk '$1 == "Udp:" { out = $5 } END { print out }' /proc/net/snmp
	END
	cd "$BATS_TEST_TMPDIR"
	begun=$(date +%s%N)
	# two bursts and three before them, to four
	[ "$(unshare --net bash ./alone "$(dirname "$FORECALL")/groupsend")" -eq 20 ]
	[ $(($(date +%s%N) - begun)) -gt 100000000 ]
	jq -e '.packets == 8 and .bursts == 2' answers
}

@test "bench --like has bursts warm each block up" {
	"$FORECALL" profile --path sendmsg --seconds 1 -- "$(dirname "$FORECALL")/groupsend" --topology lo --group 10 --period-ns 1000000 \
		--bursts 100000 > /dev/null
	# a forecall beside a groupsend that writes down what it is asked for
	mkdir "$BATS_TEST_TMPDIR/bin"
	cp "$FORECALL" "$BATS_TEST_TMPDIR/bin/forecall"
	printf '#!/bin/sh\ntee -a %s | %s "$@"\n' "$BATS_TEST_TMPDIR/asked" "$(dirname "$FORECALL")/groupsend" > "$BATS_TEST_TMPDIR/bin/groupsend"
	chmod +x "$BATS_TEST_TMPDIR/bin/groupsend"
	"$BATS_TEST_TMPDIR/bin/forecall" bench --like 1 $QUICK > /dev/null
	[ "$(grep -c ' warm=4 ' "$BATS_TEST_TMPDIR/asked")" -ge 30 ]
	[ "$(grep -vc ' warm=4 ' "$BATS_TEST_TMPDIR/asked")" -eq 0 ]
	# the last block's bursts, of ten packets, and of ten rounds no row has more
	bursts=$(sed -n '$s/.* bursts=\([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/asked")
	[ "$(sqlite3 "$FORECALL_DB" "SELECT min(packets_n) || ' ' || max(packets_n) || ' ' || count(*) FROM bench")" = "$((10 * bursts)) $((10 * bursts)) 30" ]
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

# bench_until SIGNAL: a bench of 8 points that gets the signal when the store has two of them.
bench_until() {
	"$FORECALL" bench $GRID > /dev/null 2>&1 &
	local bench=$!
	until [ "$(sqlite3 -readonly "$FORECALL_DB" "SELECT count(DISTINCT group_size * 10000 + payload_bytes) FROM bench" 2> /dev/null || echo 0)" -ge 2 ]; do
		kill -0 $bench
		sleep 0.02
	done
	kill -"$1" $bench
	wait $bench || true
}

@test "a bench that was interrupted or killed is resumed without losing finished points" {
	GRID="--alternative sendmmsg --group 1,2,5,10 --payload 100,500 --rounds 40 --block 5 --width 0.0001"
	for signal in INT KILL; do
		rm -f "$FORECALL_DB"*
		bench_until $signal
		[ "$(sqlite3 "$FORECALL_DB" "SELECT state FROM run")" = "$([ $signal = INT ] && echo interrupted || echo incomplete)" ]
		kept="SELECT group_size, payload_bytes, round, way, cpu_cyc FROM bench"
		sqlite3 "$FORECALL_DB" "$kept" | sort > "$BATS_TEST_TMPDIR/before"
		run ! --separate-stderr "$FORECALL" bench ${GRID/sendmmsg/sendmmsg,write} --resume 1
		[[ $stderr == *"run 1 cannot be resumed: it measured no write; name the alternatives"* ]] || { echo "$stderr"; false; }
		run ! --separate-stderr "$FORECALL" bench $GRID --topology sink --resume 1
		[[ $stderr == *"run 1 cannot be resumed: its baseline, clock, topology"* ]]
		sqlite3 "$FORECALL_DB" "INSERT INTO counted (run, round, way, group_size, payload_bytes, private_bytes, stage, function, insn_n)
			SELECT run, round, way, group_size, payload_bytes, private_bytes, 'ip', 'ip_output', 1 FROM bench LIMIT 1"
		run ! --separate-stderr "$FORECALL" bench $GRID --resume 1
		[[ $stderr == *"run 1 cannot be resumed: its instructions were counted; say --count yes"* ]]
		sqlite3 "$FORECALL_DB" "DELETE FROM counted"
		"$FORECALL" bench $GRID --resume 1 > /dev/null
		[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*), group_concat(state) FROM run")" = "1|complete" ]
		[ "$(sqlite3 "$FORECALL_DB" "SELECT count(DISTINCT group_size * 10000 + payload_bytes) FROM bench")" -eq 8 ]
		[ -z "$(comm -23 "$BATS_TEST_TMPDIR/before" <(sqlite3 "$FORECALL_DB" "$kept" | sort))" ]
	done
	run ! "$FORECALL" bench $GRID --resume 2
}

@test "a way compared with itself is as fast" {
	run --separate-stderr "$FORECALL" bench --alternative sendmsg#2 --group 10 --payload 100 --rounds 20 --block 2 --json
	[ "$status" -eq 0 ]
	[ "$(jq -r '.points[0].way' <<< "$output")" = "sendmsg#2" ]
	run ! "$FORECALL" bench --alternative sendmsg
}

@test "two commands of the user's own are measured against each other" {
	spin='i=0; while [ $i -lt N ]; do i=$((i + 1)); done'
	run --separate-stderr "$FORECALL" bench --baseline-cmd "${spin/N/60000}" --alternative-cmd "${spin/N/30000}" --rounds 10 --json
	[ "$status" -eq 0 ]
	[ "$(jq -r '.points[0].way' <<< "$output")" = alternative-cmd ]
	# twice the work: far from 1 on any machine
	[ "$(jq '.points[0].speedup.value > 1.3' <<< "$output")" = true ]
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM bench WHERE way = 'alternative-cmd'")" -eq 10 ]
	run --separate-stderr "$FORECALL" bench --baseline-cmd true --alternative-cmd "exit 3" --rounds 10
	[ "$status" -eq 1 ]
	[[ $stderr == *"the command failed (status 3)"*"exit 3" ]]
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM run")" -eq 1 ]
	run "$FORECALL" bench --baseline-cmd true
	[ "$status" -eq 2 ]
}

# shares OPTION...: profiles groupsend and prints how many of its watched bursts used one socket and one destination, and several.
shares() {
	rm -f "$FORECALL_DB"*
	"$FORECALL" profile --path "$1" --seconds 2 -- "$(dirname "$FORECALL")/groupsend" "${@:2}" --bursts 100000 --period-ns 200000 > /dev/null
	sqlite3 "$FORECALL_DB" "SELECT coalesce(sum(n) FILTER (WHERE name = 'sockets' AND low = 1), 0) > 0,
	                               coalesce(sum(n) FILTER (WHERE name = 'sockets' AND low = 2), 0) > 0,
	                               coalesce(sum(n) FILTER (WHERE name = 'destinations' AND low = 1), 0) > 0,
	                               coalesce(sum(n) FILTER (WHERE name = 'destinations' AND low = 2), 0) > 0 FROM hist"
}

@test "a profile tells bursts by one socket from those by several, and by destination" {
	[ "$(shares sendmsg --group 10)" = "1|0|0|1" ]
	[ "$(shares sendto --way sendto --group 10)" = "1|0|0|1" ]
	[ "$(shares sendmsg --to [::1]:20000 --group 10)" = "1|0|0|1" ]
	[ "$(shares sendmsg --group 10 --one-destination --head 0)" = "1|0|1|0" ]
	[ "$(shares write --way write --group 10)" = "0|1|0|1" ]
	[ "$(shares sendmsg --group 1)" = "0|0|0|0" ]
}

@test "bench --like of a server with bursts to one destination benches what suits it" {
	"$FORECALL" profile --path sendmsg --seconds 2 -- "$(dirname "$FORECALL")/groupsend" --group 10 --one-destination --head 0 \
		--bursts 100000 --period-ns 200000 > /dev/null
	run --separate-stderr "$FORECALL" bench --like 1 --alternative gso $QUICK --json
	[ "$status" -eq 0 ]
	[ "$(jq '.points[0] | [.group, .private] | join(" ")' -r <<< "$output")" = "10 0" ]
	run --separate-stderr "$FORECALL" predict 1 --with all --json
	[ "$(jq -r '.alternatives[] | select(.predicted) | .way' <<< "$output")" = gso ]
}

@test "bench --like sends lengths, sizes and destinations of bursts together, as the profile found them" {
	"$FORECALL" profile --path sendmsg --seconds 2 -- "$(dirname "$FORECALL")/groupsend" --topology lo --receivers 30 --head 0 \
		--kinds 30x1400x1x3,2x100x0x1 --bursts 100000 --period-ns 400000 > /dev/null
	run --separate-stderr "$FORECALL" bench --like 1 --alternative sendmmsg $QUICK --json
	[ "$status" -eq 0 ]
	# three of four bursts are long and to one, one is short and to several
	[ "$(jq -r '.like.kinds[:2][] | [.group, .payload, .one_destination, (.share * 20 | round)] | join(" ")' <<< "$output")" = $'30 1400 true 15\n2 100 false 5' ]
	# 92 packets to 4 bursts, in every block of every way
	sqlite3 "$FORECALL_DB" "SELECT count(*) FROM bench a JOIN bench b USING (run, round) WHERE a.packets_n <> b.packets_n" | grep -qx 0
	# whatever goes to several cannot go by one segmented packet
	run --separate-stderr "$FORECALL" bench --like 1 --alternative gso $QUICK
	[ "$status" -ne 0 ]
	[[ "$stderr" == *"these go to several"* ]]
}

@test "bursts of a train follow each other, and the next train waits for its time" {
	run --separate-stderr "$(dirname "$FORECALL")/groupsend" --bursts 8 --train 4 --period-ns 1 --between-ns 500000 --json
	[ "$status" -eq 0 ]
	# two begins of a train come too late for their periods, and six bursts half a millisecond after the one before
	jq -e '.late == 2 and .wall_ns >= 3000000' <<< "$output"
	run --separate-stderr "$(dirname "$FORECALL")/groupsend" --bursts 8 --train 4 --period-ns 20000000 --json
	jq -e '.late == 0 and .wall_ns >= 160000000' <<< "$output"
}

@test "bench --like sends bursts in trains where the server sends several between two sleeps" {
	"$FORECALL" profile --path sendmsg --seconds 2 -- "$(dirname "$FORECALL")/groupsend" --topology lo --group 1 --head 0 \
		--train 20 --between-ns 10000 --period-ns 100000 --bursts 100000 > /dev/null
	run --separate-stderr "$FORECALL" bench --like 1 --alternative sendmmsg $QUICK --json
	[ "$status" -eq 0 ]
	# it reads a clock and fills a payload besides
	jq -e '.like | .train >= 15 and .train <= 25 and .between_ns >= 9000 and .between_ns < .period_ns and .period_ns > 90000' <<< "$output"
	run --separate-stderr "$FORECALL" bench --like 1 --alternative sendmmsg $QUICK
	[[ $output =~ "in trains of "(1[5-9]|2[0-5])" with "[0-9.]+" us between two" ]]
	# and a server that sleeps after each burst has none
	"$FORECALL" profile --path sendmsg --seconds 2 -- "$(dirname "$FORECALL")/groupsend" --topology lo --group 1 --head 0 \
		--period-ns 100000 --bursts 100000 > /dev/null
	jq -e '.like.train == 1' < <("$FORECALL" bench --like "$(sqlite3 "$FORECALL_DB" "SELECT max(run) FROM run")" --alternative sendmmsg $QUICK --json 2> /dev/null)
}

@test "validate and capacity refuse what no server can be ported to, before they start one" {
	for way in packet xdp multicast null gso setgrp; do
		run --separate-stderr "$FORECALL" validate --with $way --topology veth
		[ "$status" -eq 2 ]
		[[ "$stderr" == *"$way"* ]]
	done
	run --separate-stderr "$FORECALL" validate --with packet --topology veth
	[[ "$stderr" == *"a bound to compare with"* ]]
	run --separate-stderr "$FORECALL" validate --with sendmsg
	[ "$status" -eq 2 ]
	run --separate-stderr "$FORECALL" capacity --baseline packet --topology veth
	[ "$status" -eq 2 ]
	[ ! -e "$FORECALL_DB" ]
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
