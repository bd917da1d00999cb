#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# util.bats: the busy meter against what the kernel itself knows exactly: CPU time by the scheduler's clock, and counts of switches.

bats_require_minimum_version 1.5.0

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root to load BPF programs"
	[ -r /sys/kernel/btf/vmlinux ] || skip "needs a kernel with BTF"
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	OUT=$BATS_TEST_TMPDIR
	TARGET= METER=
}

teardown() {
	[ -z "$TARGET$METER" ] || kill -9 $TARGET $METER 2> /dev/null || true
}

# switches PID, ran PID: of its only thread until now; ns.
switches() { awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$1/status"; }
ran() { cut -d ' ' -f 1 "/proc/$1/schedstat"; }

# await COMMAND...: until it succeeds; fails when it has not within 20 s.
await() {
	local until=$((SECONDS + 20))
	until "$@"; do
		[ $SECONDS -lt $until ] || { echo "in vain: $*"; return 1; }
		sleep 0.05
	done
}

lines_in() { [ "$(grep -c '^}' "$1")" -ge "$2" ]; }

@test "times of a CPU add up, and so do those of all processes" {
	"$FORECALL" util -n 1 -i 0.5 --top 16384 --json > "$OUT/util"
	jq -e '[.cpus[], .all] | all(.busy >= 0 and .busy <= 1 and (.task + .softirq + .hardirq - .busy | fabs) < 1e-9)' "$OUT/util"
	jq -e '[.cpus[], .all] | all((.busy_cycles / .all_cycles - .busy | fabs) < 1e-6)' "$OUT/util"
	jq -e '(([.cpus[].busy_cycles] | add) - .all.busy_cycles | fabs) <= (.cpus | length)' "$OUT/util"
	# readings of CPUs and of processes lie some microseconds apart
	jq -e '.seconds as $s | ([.processes[].busy] | add) * $s / (.all.busy * (.cpus | length) * $s) - 1 | fabs < 0.02' "$OUT/util"
	jq -e '[.processes[].pid] | length == (unique | length)' "$OUT/util"
}

@test "a process has the CPU time and the switches that the kernel counts for it" {
	mkfifo "$OUT/go"
	exec {GO}<> "$OUT/go"
	dash -c 'read go; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; read end' < "$OUT/go" 3>&- &
	TARGET=$!
	"$FORECALL" util -i 0.2 --top 16384 --json > "$OUT/util" 2> "$OUT/err" 3>&- &
	METER=$!
	await lines_in "$OUT/util" 1
	ran=$(ran $TARGET) switches=$(switches $TARGET)
	echo go >&"$GO"
	has_run() { [ "$(ran $TARGET)" -gt $((ran + 1000000)) ]; }
	await has_run
	await grep -q '^State:.S' "/proc/$TARGET/status"
	ran=$(($(ran $TARGET) - ran)) switches=$(($(switches $TARGET) - switches))
	lines=$(grep -c '^}' "$OUT/util")
	await lines_in "$OUT/util" $((lines + 2))
	kill -INT $METER
	wait $METER
	seen() { jq -s --argjson pid $TARGET "[.[] | .seconds as \$s | .processes[] | select(.pid == \$pid) | $1] | add" "$OUT/util"; }
	echo "ran $ran ns, seen $(seen '.busy * $s * 1e9'); $switches switches, seen $(seen '.switches_per_s * $s')"
	awk "BEGIN { exit !($(seen '.busy * $s * 1e9') > 0.9 * $ran && $(seen '.busy * $s * 1e9') < 1.1 * $ran) }"
	awk "BEGIN { d = $(seen '.switches_per_s * $s') - $switches; exit !(d < 2 && d > -2 - $switches / 20) }"
}

@test "only the processors that were named are metered" {
	[ "$(nproc)" -gt 1 ] || skip "needs two processors"
	run --separate-stderr -0 "$FORECALL" util -C 1 -n 1 -i 0.1 --json
	jq -e '[.cpus[].cpu] == [1]' <<< "$output"
	run --separate-stderr -0 "$FORECALL" util -C 0 -n 2 -i 0.1 --vmstat
	[[ $output == *"vmstat %"* ]]
	[ "$(grep -c '^all' <<< "$output")" -eq 0 ]
	[ "$(grep -c '^CPU' <<< "$output")" -eq 2 ]
}

@test "nothing of the meter stays behind, also when it is killed" {
	command -v bpftool > /dev/null || [ -x /usr/sbin/bpftool ] || skip "needs bpftool"
	meters() { "$(command -v bpftool || echo /usr/sbin/bpftool)" prog list | grep -c busy_sched_swi; }
	"$FORECALL" util -i 0.05 > "$OUT/util" 3>&- &
	METER=$!
	await grep -q CPU "$OUT/util"
	before=$(meters)
	kill -KILL $METER
	wait $METER || true
	METER=
	fewer() { [ "$(meters)" -lt "$before" ]; }
	await fewer
}

@test "what cannot be metered is refused with what would be right" {
	run -2 "$FORECALL" util -C 1000
	[[ $output == *"not online"* ]]
	run -2 "$FORECALL" util -C x
	run -2 "$FORECALL" util --interval 0
	run -1 setpriv --bounding-set=-all "$FORECALL" util -n 1
	[[ $output == *"CAP_BPF"* ]]
	run -1 sh -c '"$0" util -n 1 -i 0.05 > /dev/full' "$FORECALL"
}

# capabilities PID: of all its sets together, without leading zeroes.
capabilities() { awk '/^Cap(Inh|Prm|Eff|Amb)/ { print $2 }' "/proc/$1/status" | sort -u | sed 's/^0*//' | xargs; }

@test "what is not needed any more is given up once the meter is attached" {
	"$FORECALL" util -i 0.05 > "$OUT/util" 3>&- &
	METER=$!
	await grep -q CPU "$OUT/util"
	[ "$(capabilities $METER)" = 8000000000 ] # CAP_BPF
	grep -q '^NoNewPrivs:.1' "/proc/$METER/status"
}

has_windows() { [ "$(grep -cE 'measuring|sampling' "$OUT/err")" -gt 1 ]; }

# measured ENGINE: sets $HAD to the capabilities of a profile of a process of another user while it measures, or samples.
measured() {
	setpriv --reuid=65534 --regid=65534 --clear-groups dd if=/dev/zero of=/dev/null bs=64 2> /dev/null 3>&- &
	TARGET=$!
	await grep -q '^Uid:.65534' "/proc/$TARGET/status"
	FORECALL_DB=$OUT/test.db "$FORECALL" --progress profile -p $TARGET --path write --engine "$1" --seconds 600 --calibration 1 > "$OUT/out" 2> "$OUT/err" 3>&- &
	METER=$!
	await has_windows
	HAD=$(capabilities $METER)
	kill -INT $METER
	wait $METER
	[ "$(sqlite3 "$OUT/test.db" "SELECT count(*) FROM run WHERE state = 'interrupted'")" -eq 1 ]
	[ "$(sqlite3 "$OUT/test.db" "SELECT count(*) FROM block WHERE dose = 1 AND meter_io IS NULL AND sampled IS NULL")" -eq 0 ]
}

@test "a profile measures another user's process with the capabilities for that alone" {
	measured ledger
	[ "$HAD" = c000880004 ]
}

@test "sampling keeps no capability but those to read another's meters and to watch the switches of CPUs" {
	measured sample
	if [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -gt 2 ]; then # as distributions have it
		[ "$HAD" = 4000a80004 ]
	else
		[ "$HAD" = 4000880004 ]
	fi
}

# predict_cpu SECONDS: a profile of CPU 0, on which $TARGET is busy, and a prediction from it.
predict_cpu() {
	export FORECALL_DB=$OUT/test.db
	taskset -c 0 dd if=/dev/zero of=/dev/null bs=64 2> /dev/null 3>&- &
	TARGET=$!
	"$FORECALL" profile -C 0 --path write --window 20 --seconds "$1" --calibration 2 > "$OUT/profile"
	"$FORECALL" predict 1 --speedup 1.2 > "$OUT/predict"
}

@test "whole CPUs are profiled and observed by the same meter, and not compared with processes" {
	predict_cpu 3
	run -0 "$FORECALL" observe -C 0 --window 20 --seconds 1
	[[ $output == *"busy cycles per clock cycle"*"r observed"* ]] || { echo "$output"; false; }
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) > 5 AND min(cpu_cyc > 0) AND max(cpu_cyc * 1.0 / wall_cyc) < 1.02 FROM block WHERE dose = 0")" -eq 1 ]
	run -2 "$FORECALL" observe -p $TARGET --seconds 1
	[[ $output == *"-C CPUS"* ]]
	run -2 "$FORECALL" observe -C 0 -p $TARGET
	# once more: the newer outcome is the prediction's
	run -0 "$FORECALL" observe -C 0 --window 20 --seconds 1
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*), max(observation.run) = (SELECT max(run) FROM run) FROM observation")" = "1|1" ]
}

@test "what another clock, machine or kernel measured is no outcome of a port, which is said before anything is measured" {
	predict_cpu 1
	run -3 "$FORECALL" observe -C 0 --clock "$([ "$(sqlite3 "$FORECALL_DB" "SELECT clock FROM run")" = tsc ] && echo cycles || echo tsc)" --seconds 1
	[[ $output == *"another clock"*"profile the server"* ]]
	sqlite3 "$FORECALL_DB" "UPDATE host SET kernel = '6.0.0'"
	run -3 "$FORECALL" observe -C 0 --seconds 1
	[[ $output == *"another kernel"* ]]
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM run")" -eq 1 ]
}
