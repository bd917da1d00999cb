#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# events.bats: what this machine counts, and the doctor's table of what it can measure.

bats_require_minimum_version 1.5.0

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
	jq -e '.events[] | select(.event == "cpu-clock") | .path > 0 and (.all / .own - 1 | fabs) < 0.05' <<< "$output"
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
