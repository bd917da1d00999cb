#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# sample.bats: the sampling engine on workloads that are known (tests/helpers/known.c), alone and beside the ledger.
#
# Samples are statistical: what is checked are bounds far outside of any interval, and what must be exact.

bats_require_minimum_version 1.5.0

load helpers/lab.bash

setup_file() {
	cc -O2 -D_GNU_SOURCE -Wall -Wextra -pthread -o "$BATS_FILE_TMPDIR/known" "$BATS_TEST_DIRNAME/helpers/known.c"
}

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root to watch whole CPUs"
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	KNOWN=$BATS_FILE_TMPDIR/known
	export FORECALL FORECALL_DB=$BATS_TEST_TMPDIR/test.db
	TARGET=
}

teardown() {
	[ -n "$TARGET" ] || return 0
	kill -9 $(cat /proc/"$TARGET"/task/*/children 2> /dev/null) "$TARGET" 2> /dev/null || true
	kill -9 -- -"$TARGET" 2> /dev/null || true # where it leads a group
	wait "$TARGET" 2> /dev/null || true
}

# start_known HOW [WORKERS]: calls without end; $TARGET is its pid.
start_known() {
	"$KNOWN" "$1" 1000000000 300 7 ${2:+"$2"} <<< go > /dev/null 2>&1 3>&- &
	TARGET=$!
}

sample() {
	"$FORECALL" profile -p "$TARGET" --engine sample --rate 1499 --seconds 1 "$@"
}

ask() { sqlite3 "$FORECALL_DB" "$1"; }

@test "a target that does little but send is seen to send" {
	start_known plain
	sample --json > "$BATS_TEST_TMPDIR/out"
	jq -e '.fraction.value > 0.8 and .fraction.low <= .fraction.value and .fraction.high >= .fraction.value' "$BATS_TEST_TMPDIR/out"
	jq -e '.engine == "sample" and .calls > 100 and .residue == null' "$BATS_TEST_TMPDIR/out"
}

@test "what a target that receives does is not sending" {
	start_known receive
	run -0 sample --path sendmsg
	[[ $output == *"no-calls"* ]]
	run -0 sample --path recvmsg,sendto --json
	jq -e '.fraction.value > 0.8' <<< "$output"
}

@test "every sample is stored once, and the ledger and the threads are sums of them" {
	start_known threads 3
	sample > /dev/null
	[ "$(ask "SELECT sum(samples_n) FROM sample")" -eq "$(ask "SELECT sum(entries_n) FROM ledger")" ]
	[ "$(ask "SELECT sum(samples_n) FROM sample WHERE task = 'target' AND call = 'path'")" -eq "$(ask "SELECT sum(calls_n) FROM thread")" ]
	[ "$(ask "SELECT count(*) FROM thread WHERE pid = $TARGET AND comm = 'known'")" -ge 3 ]
	[ "$(ask "SELECT count(*) FROM sample WHERE (stage IN ('none', 'switch')) = (task = 'target' AND call = 'path')")" -eq 0 ]
}

@test "a sample stands for the period that was drawn for its window" {
	start_known plain
	sample > /dev/null
	of_windows="SELECT sum(cyc) * 1.0 / sum(samples_n) AS period FROM sample GROUP BY block HAVING sum(samples_n) > 20"
	[ "$(ask "SELECT count(DISTINCT round(period / 1e4)) > 2 AND max(period) > 1.05 * min(period) FROM ($of_windows)")" -eq 1 ]
}

@test "each CPU is looked at in a period of its own" {
	[ "$(nproc)" -gt 1 ] || skip "it takes two CPUs"
	start_known threads 3
	sample > /dev/null
	of_cpus="SELECT block, sum(cyc) * 1.0 / sum(samples_n) AS period FROM sample GROUP BY block, cpu HAVING sum(samples_n) > 10"
	of_windows="SELECT max(period) > 1.02 * min(period) AS apart FROM ($of_cpus) GROUP BY block HAVING count(*) > 1"
	[ "$(ask "SELECT count(*) > 3 AND avg(apart) > 0.5 FROM ($of_windows)")" -eq 1 ]
}

@test "windows that are shorter than a period see their part of it: none begins as a period does" {
	start_known plain
	sample --rate 97 --window 5 --seconds 3 > /dev/null
	seen=$(ask "SELECT 1.0 * sum(cyc) / (SELECT sum(cpu_cyc) FROM block) FROM sample WHERE task = 'target'")
	echo "$seen of its CPU time is in samples of the target"
	jq -ne "$seen > 0.5 and $seen < 1.3"
}

@test "expiries have neighbours, and what whole CPUs were busy for is in their samples" {
	start_known threads 3
	sample > /dev/null
	[ "$(ask "SELECT clock FROM run")" != cycles ] || skip "a PMU's expiries are not missed"
	[ "$(ask "SELECT sum(between_n) > 100 AND min(between_idle_n) >= 0 AND min(idle_n) >= 0 AND min(idle_missed_n) >= 0 FROM block")" -eq 1 ]
	"$FORECALL" profile -C 0-$(($(nproc) - 1)) --path sendto --engine sample --rate 1499 --seconds 1 > /dev/null
	of_windows="SELECT cpu_cyc, (SELECT sum(cyc) FROM sample s WHERE s.run = b.run AND s.block = b.block AND task = 'target' AND call <> 'unknown') AS cyc FROM block b WHERE run = 2"
	[ "$(ask "SELECT count(*) > 3 AND max(abs(cpu_cyc - cyc)) < 100 FROM ($of_windows)")" -eq 1 ]
}

@test "a process that ends takes the CPU time of one window with it, not that of all that follow" {
	setsid bash -c '"$1" plain 1000000000 300 7 <<< go & sleep 1; wait' - "$KNOWN" > /dev/null 2>&1 3>&- &
	TARGET=$!
	sleep 0.2
	sample --seconds 2 --window 50 > /dev/null
	[ "$(ask "SELECT count(*) > 20 AND sum(cpu_cyc IS NULL) BETWEEN 1 AND 2 FROM block")" -eq 1 ]
}

@test "grandchildren are followed whose start is read before that of their parents" {
	taskset -c 1 setsid bash -c 'sleep 1; for i in 1 2 3; do taskset -c 0 bash -c "\"\$0\" plain 1000000000 300 7 <<< go & wait" "$1" & done; wait' - "$KNOWN" > /dev/null 2>&1 3>&- &
	TARGET=$!
	sleep 0.2
	sample --seconds 2 > /dev/null
	[ "$(ask "SELECT count(DISTINCT pid) FROM thread WHERE comm = 'known'")" -eq 3 ]
}

@test "how long the target ran is learnt in some windows, and is its CPU time where it never sleeps" {
	start_known plain
	sample --seconds 2 > /dev/null
	[ "$(ask "SELECT count(*) BETWEEN 1 AND max(block) / 4 FROM block WHERE target_cyc IS NOT NULL")" -eq 1 ]
	[ "$(ask "SELECT sum(target_cyc) BETWEEN 0.95 * sum(cpu_cyc) AND 1.05 * sum(cpu_cyc) FROM block WHERE target_cyc IS NOT NULL")" -eq 1 ]
}

# perf_event counters that process $1 has open
counters_of() { ls -l "/proc/$1/fd" 2> /dev/null | grep -c perf_event || true; }

# until_counters PID: one on each CPU; gives up after 5 s.
until_counters() {
	local until=$((SECONDS + 5))
	until [ "$(counters_of "$1")" -eq "$(nproc)" ]; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.01
	done
}

@test "counters of context switches are open in the windows that need them only: open ones slow every switch down" {
	start_known plain
	local cpus n few=0 many=0
	cpus=$(nproc)
	"$FORECALL" profile -p "$TARGET" --engine sample --seconds 4 --window 200 > /dev/null 3>&- &
	local forecall=$!
	until_counters $forecall
	while kill -0 $forecall 2> /dev/null; do
		n=$(counters_of $forecall)
		few=$((few + (n == cpus)))
		many=$((many + (n == 2 * cpus)))
		sleep 0.005
	done
	wait $forecall
	[ "$(ask "SELECT count(*) > 0 FROM block WHERE target_cyc IS NOT NULL")" -eq 1 ]
	echo "samples only: $few times, switches too: $many times"
	[ "$many" -gt 0 ]
	[ "$few" -gt $((2 * many)) ]
}

@test "where context switches cannot be watched any more, sampling goes on and says so" {
	start_known plain
	"$FORECALL" profile -p "$TARGET" --engine sample --seconds 3 --json > "$BATS_TEST_TMPDIR/out" 3>&- &
	local forecall=$!
	until_counters $forecall
	sleep 0.3
	prlimit --pid $forecall --nofile=3:
	sleep 1.7
	prlimit --pid $forecall --nofile=1024: # for what is written at its end
	wait $forecall
	jq -e '.fraction.value > 0.5 and ([.warnings[].code] | index("switches-untold"))' "$BATS_TEST_TMPDIR/out"
	[ "$(ask "SELECT max(block) > 15 FROM block")" -eq 1 ]
}

@test "processes that a target starts are in scope" {
	start_known forks 2
	sample > /dev/null
	[ "$(ask "SELECT count(*) FROM thread WHERE pid != $TARGET AND calls_n > 0")" -eq 2 ]
}

@test "a command is sampled from its first moment to its end" {
	run -0 "$FORECALL" profile --engine sample --seconds 20 --json -- sh -c "echo go | $KNOWN plain 200000 300 7"
	jq -e '.fraction.value > 0.5 and ([.warnings[].code] | index("ended"))' <<< "$output"
}

@test "a command that cannot be started is an error" {
	run -1 "$FORECALL" profile --engine sample --seconds 1 -- /no/such/program
	[[ $output == *"/no/such/program"* ]]
	[ "$(ask "SELECT count(*) FROM run")" -eq 0 ]
}

@test "the stages of the path are told, and the receive half on loopback is one" {
	start_known plain
	run -0 sample
	[[ $output == *"stage of the path"* && $output == *"receive half"* && $output == *"copy in"* ]]
	[ "$(ask "SELECT sum(stage = 'other') * 20 < count(*) FROM sample WHERE call = 'path'")" -eq 1 ]
}

@test "sampling needs no BPF" {
	start_known plain
	without() { setpriv --bounding-set=-bpf,-sys_admin "$@"; }
	run without "$FORECALL" profile -p "$TARGET" --seconds 1
	[ "$status" -ne 0 ]
	run -0 without "$FORECALL" profile -p "$TARGET" --engine sample --seconds 1
}

@test "without the privilege the error says what would help" {
	start_known plain
	run -1 setpriv --bounding-set=-bpf,-sys_admin,-perfmon,-syslog "$FORECALL" profile -p "$TARGET" --engine sample --seconds 1
	[[ $output == *"sysctl kernel."* ]]
}

@test "both engines take turns and are set beside each other" {
	[ -r /sys/kernel/btf/vmlinux ] || skip "needs a kernel with BTF"
	start_known plain
	run -0 "$FORECALL" profile -p "$TARGET" --engine both --rate 1499 --seconds 4 --json
	jq -e '.sampled.difference.value | fabs < 0.2' <<< "$output"
	jq -e '.sampled.samples > 100 and (.sampled.agree | type) == "boolean"' <<< "$output"
	[ "$(ask "SELECT sum(sampled = 1) > 4 AND sum(sampled IS NULL) >= 10 FROM block")" -eq 1 ]
	[ "$(ask "SELECT count(*) FROM sample s JOIN block b USING (run, block) WHERE b.sampled IS NOT 1")" -eq 0 ]
	# no two windows are open at once, whichever engine's, and all of them within the run, behind the calibration
	[ "$(ask "WITH w AS (SELECT start_ns, start_ns + wall_cyc / clock_hz * 1e9 AS end_ns, lead(start_ns) OVER (ORDER BY start_ns) AS next_ns, span_ns FROM block JOIN run USING (run))
		SELECT min(start_ns) > 1e8 AND max(end_ns) < max(span_ns) AND sum(next_ns < end_ns) = 0 FROM w")" -eq 1 ]
}

@test "a sampled profile predicts, is reported, and travels" {
	start_known plain
	sample > /dev/null
	run -0 "$FORECALL" predict 1 --speedup 1.3
	run -0 "$FORECALL" report -o "$BATS_TEST_TMPDIR/report"
	"$FORECALL" runs export 1 > "$BATS_TEST_TMPDIR/run.json"
	run -0 "$FORECALL" --db "$BATS_TEST_TMPDIR/other.db" runs import "$BATS_TEST_TMPDIR/run.json"
	[ "$(sqlite3 "$BATS_TEST_TMPDIR/other.db" "SELECT sum(samples_n) FROM sample")" -eq "$(ask "SELECT sum(samples_n) FROM sample")" ]
}

@test "SIGINT stores what was sampled, marked" {
	start_known plain
	"$FORECALL" --progress profile -p "$TARGET" --engine sample --seconds 600 > /dev/null 2> "$BATS_TEST_TMPDIR/err" 3>&- &
	local profile=$!
	until grep -q sampling "$BATS_TEST_TMPDIR/err" && [ "$(grep -c sampling "$BATS_TEST_TMPDIR/err")" -gt 1 ]; do sleep 0.1; done
	kill -INT $profile
	wait $profile
	[ "$(ask "SELECT state FROM run")" = interrupted ]
}

@test "a path without a function of its own, and a rate that cannot be, are refused" {
	start_known plain
	run -2 sample --path nosuchcall
	run -2 sample --rate 0
	run -2 "$FORECALL" profile -p "$TARGET" --engine sometimes
}

@test "slice cuts every way of sending into stages that add up, and draws them" {
	run --separate-stderr -0 "$FORECALL" slice --way sendmsg,sendmmsg --group 20 --payload 200 --rounds 3 --block 50 --json -o "$BATS_TEST_TMPDIR/slices"
	jq -e '[.slices[].way] | sort == ["sendmmsg", "sendmsg"]' <<< "$output"
	jq -e 'all(.slices[]; .packets > 0 and .cycles_per_packet.value > 0)' <<< "$output"
	jq -e 'all(.slices[]; ([.stages[].share.value] | add - 1 | fabs) < 1e-9)' <<< "$output"
	jq -e 'all(.slices[]; ((([.stages[].cycles_per_packet.value] | add) / .cycles_per_packet.value) - 1 | fabs) < 1e-9)' <<< "$output"
	for kind in csv gp svg png pdf; do [ -s "$BATS_TEST_TMPDIR/slices/slice-run-1.$kind" ]; done
	[ "$(ask "SELECT kind FROM run")" = slice ]
	run -0 "$FORECALL" slice 1
	[[ $output == *"the whole path"* ]]
}

@test "slice of a running server counts its packets" {
	start_known plain
	run --separate-stderr -0 "$FORECALL" slice -p "$TARGET" --seconds 1 --json
	jq -e '.slices[0].packets > 1000 and .slices[0].way == "sendmsg"' <<< "$output"
}

@test "slice refuses what it cannot slice" {
	run -2 "$FORECALL" slice --way teleport
	[[ $output == *"there are: "* ]]
	run -2 "$FORECALL" slice 1 --way sendmsg
	run -2 "$FORECALL" slice --payload 5 --private 6
	run -1 "$FORECALL" slice 99
}

@test "slice --exact times every stage where the kernel allows it, and they add up to what the path costs" {
	kernel '6.12.*-cloud-amd64'
	cd "$BATS_TEST_TMPDIR"
	printf '#!/bin/sh\nset -e\nforecall slice --exact --way sendmsg,sendmmsg --group 10 --payload 300 --rounds 3 --block 10 --cpu 0 --peer-cpu 0 --json > slices\nforecall bench --group 10 --payload 300 --rounds 10 --json > bench\n' > exact.sh
	chmod +x exact.sh
	guest --in exact.sh --out slices --out bench -- ./exact.sh
	jq -e '[.slices[].way] | sort == ["sendmmsg", "sendmsg"]' slices
	jq -e 'all(.slices[]; ([.stages[].cycles_per_packet.value] | add) / .cycles_per_packet.value - 1 | fabs < 1e-9)' slices
	jq -e 'all(.slices[]; .packets > 100 and ([.stages[] | select(.stage == ("entry", "copy", "socket", "ip", "queue", "driver", "receive")) | .cycles_per_packet.value] | length == 7 and all(. > 50)))' slices
	# the mode switch, which is not timed, and the probes' estimated cost lie between the two
	jq -s -e '.[1].points[0].cycles_per_packet_baseline.value as $bench | (.[0].slices[] | select(.way == "sendmsg") | .cycles_per_packet.value) / $bench |
	    . > 0.7 and . < 1.15' slices bench
	jq -e '[.warnings[].code] | index("stages-lost") | not' slices
	is_exact=$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM run WHERE engine = 'exact' AND kind = 'slice'")
	[ "$is_exact" -eq 1 ]
}

@test "slice --exact on a kernel that allows no probes on functions says so, or works" {
	start_known plain
	run "$FORECALL" slice --exact -p "$TARGET" --seconds 1
	[ "$status" -eq 0 ] || [[ $output == *"without --exact they are sampled"* ]]
	[ "$status" -eq 0 ] || [ "$(ask "SELECT count(*) FROM run")" -eq 0 ]
}
