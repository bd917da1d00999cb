#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# events.bats: what this machine counts, and the doctor's table of what it can measure.

bats_require_minimum_version 1.5.0

load helpers/lab.bash

setup() {
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	export FORECALL_DB=$BATS_TEST_TMPDIR/test.db
}

@test "every event either counts or is refused with a reason" {
	run --separate-stderr "$FORECALL" events --all --json
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
	jq -e '.events | length == ([.[].event] | unique | length)' <<< "$output"
	jq -e 'all(.events[]; if .state == "refused" then (.why | length > 5) else .why == null end)' <<< "$output"
	jq -e '.counted + .refused == (.events | length)' <<< "$output"
}

@test "the kernel's software events are counted for who may count" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	run -0 "$FORECALL" events page-faults
	[[ $output == *"perf::PAGE-FAULTS"*"counts"* ]]
}

@test "a pattern that nothing matches is exit status 3" {
	run -3 "$FORECALL" events no-such-event-anywhere
	[[ $output == *"0 events can be counted here"* ]]
}

@test "doctor has a consequence and a remedy for each gap, and changes nothing" {
	before=$(cat /proc/sys/kernel/perf_event_paranoid /proc/sys/kernel/kptr_restrict; ls /proc/$$/fd | wc -l)
	run --separate-stderr "$FORECALL" doctor --json
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
	jq -e 'all(.checks[]; .state == "ok" or ((.consequence | length > 10) and (.fix | length > 5)))' <<< "$output"
	for check in PMU events sampling paranoid kallsyms lockdown TSC clock steal frequency SMT hypervisor io_uring modules QEMU; do
		jq -e --arg c $check '[.checks[].check] | index($c)' <<< "$output"
	done
	[ "$before" = "$(cat /proc/sys/kernel/perf_event_paranoid /proc/sys/kernel/kptr_restrict; ls /proc/$$/fd | wc -l)" ]
}

@test "doctor without privilege says what is missing, and exits with 3" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to give it up"
	run -3 setpriv --bounding-set=-all "$FORECALL" doctor
	[[ $output == *"this machine cannot profile"* && $output == *"setcap"* ]]
}

@test "the rows of a profile add up to what each event advanced by" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	[ -r /sys/kernel/btf/vmlinux ] || skip "needs a kernel with BTF"
	run --separate-stderr -0 "$FORECALL" profile --path write --event page-faults,cpu-clock --seconds 1 --calibration 2 --json -- dd if=/dev/zero of=/dev/null bs=512
	jq -e '[.events[].event] | sort == ["cpu-clock", "page-faults"]' <<< "$output"
	jq -e 'all(.events[]; .whole and .all == .window)' <<< "$output"
	# what user space read lies inside of the windows, by as much as others on the CPU let it
	jq -e '.events[] | select(.event == "cpu-clock") | .path > 0 and .own <= .all and .own > .all / 2' <<< "$output"
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM (SELECT cpu, name, window_n AS w FROM event) JOIN
	    (SELECT cpu, name, sum(n) AS s FROM event_count GROUP BY cpu, name) USING (cpu, name) WHERE w != s")" -eq 0 ]
}

@test "an event that there is not is refused before anything is measured" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	run -2 "$FORECALL" profile --event no-such-event --seconds 1 -- true
	[[ $output == *"forecall events"* ]]
	run -2 "$FORECALL" profile --event page-faults,cs,faults,task-clock,cpu-clock --seconds 1 -- true
	[[ $output == *"at most 4"* ]]
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM run")" -eq 0 ]
}

@test "a bench counts events of each way per packet" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	run --separate-stderr -0 "$FORECALL" bench --group 10 --payload 100 --rounds 10 --event page-faults,task-clock --json
	jq -e '[.events[] | .event + " " + .way] | sort == ["page-faults sendmmsg", "page-faults sendmsg", "task-clock sendmmsg", "task-clock sendmsg"]' <<< "$output"
	jq -e 'all(.events[]; .counted == 1 and .rounds >= 10 and .per_cycle.value == null)' <<< "$output"
	# two clocks of one thing: ns of the counter, and cycles of the thread's CPU time
	hz=$(sqlite3 "$FORECALL_DB" "SELECT clock_hz FROM run")
	jq -e --argjson hz "$hz" '(.points[0].cycles_per_packet.value / $hz * 1e9) as $ns | .events[] | select(.event == "task-clock" and .way == "sendmmsg") |
	    .per_packet.value / $ns - 1 | fabs < 0.5' <<< "$output"
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM bench_event")" -eq "$(sqlite3 "$FORECALL_DB" "SELECT 2 * count(*) FROM bench")" ]
	"$FORECALL" runs export 1 | "$FORECALL" --db "$BATS_TEST_TMPDIR/other.db" runs import /dev/stdin
	[ "$(sqlite3 "$BATS_TEST_TMPDIR/other.db" "SELECT sum(n) FROM bench_event")" = "$(sqlite3 "$FORECALL_DB" "SELECT sum(n) FROM bench_event")" ]
	run -2 "$FORECALL" bench --event page-faults --baseline-cmd true --alternative-cmd true
	run -1 "$FORECALL" bench --group 1 --payload 100 --event no-such-event
	[[ $output == *"forecall events"* ]]
}

@test "in a guest with a PMU the ledger's counts are the PMU's own, on a clock of cycles" {
	kernel '6.12.*-cloud-arm64'
	make -s -C "$BATS_TEST_DIRNAME/.." lab-arm64 > "$BATS_TEST_TMPDIR/made" 2>&1 || { grep -q 'cannot be had\|cannot download' "$BATS_TEST_TMPDIR/made" && skip "no arm64 packages"; cat "$BATS_TEST_TMPDIR/made"; false; }
	cd "$BATS_TEST_TMPDIR"
	cp "$BATS_TEST_DIRNAME/guest/pmu.sh" .
	guest --in pmu.sh --out events.json --out profile.json --out bench.json --out counts.json -- ./pmu.sh

	# libpfm4 knows the processor, and each of its events opens or is refused with the kernel's reason
	jq -e '[.events[] | select(.pmu == "arm_n1")] | length > 50 and any(.state == "counts")' events.json
	jq -e 'all(.events[]; .state == "counts" or .state == "whole CPUs" or (.why | length) > 5)' events.json

	# the ledger balances on the PMU's clock, and its rows add up to what the PMU advanced by
	jq -e '.clock == "cycles" and .residue < 0.001 and .lost == 0 and .calls > 1000' profile.json
	jq -e '[.warnings[].code] | (index("unbalanced") or index("multiplexed") or index("unscheduled")) | not' profile.json
	jq -e '.events | length == 2 and all(.[]; .whole and .all == .window)' profile.json
	jq -e '.events[] | select(.event == "INST_RETIRED") | .path > 0 and (.all / .own - 1 | fabs) < 0.001' profile.json

	# one instruction is one cycle there, in the ledger as in the bench
	jq -e '([.ledger[] | select(.task == "target" and .call == "path") | .cycles] | add) as $cycles |
	    .events[] | select(.event == "INST_RETIRED") | .path / $cycles - 1 | fabs < 0.01' profile.json
	jq -e '.events | length == 4 and all(.[]; .counted == 1 and .per_packet.value > 1000)' bench.json
	jq -e 'all(.events[]; .per_cycle.value - 1 | fabs < 0.02)' bench.json

	# read in user space where the kernel allows it, else by read(2): the same counts but for the call itself
	jq -s -e '(.[0].user_space == 2) and (.[1].user_space == 0)' counts.json
	jq -s -e '.[0].events[0].n as $fast | .[1].events[0].n / $fast - 1 | fabs < 0.1' counts.json
}
