#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# lab.bats: forecall lab: kernels in the cache, guests and what comes back from them, and that nothing of them stays.

bats_require_minimum_version 1.5.0
load helpers/lab.bash

AMD64_OLD='6.1.*-cloud-amd64' AMD64='6.12.*-cloud-amd64' ARM64='6.12.*-cloud-arm64'

setup() {
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	export FORECALL FORECALL_DB=$BATS_TEST_TMPDIR/test.db
	cd "$BATS_TEST_TMPDIR"
}

ask() { sqlite3 "$FORECALL_DB" "$1"; }
is() { [ "$(ask "$1")" = "$2" ] || { echo "$1: $(ask "$1"), not $2"; false; }; }
not() { ! "$@"; }

# await SECONDS COMMAND...: until it succeeds; fails when it has not by then.
await() {
	local until=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $until ] || { echo "in vain: $*"; return 1; }
		sleep 0.05
	done
}

# ---- The cache ----

# own NAME: a kernel that never boots, in a cache of its own.
own() {
	export FORECALL_CACHE=$BATS_TEST_TMPDIR/cache
	echo no kernel > vmlinuz
	mkdir -p modules/kernel
	"$FORECALL" lab kernels add "$1" --vmlinuz vmlinuz --modules modules
}

@test "a kernel of one's own is kept under its name, listed, and removed" {
	own mine-1
	run "$FORECALL" lab kernels --cached --json
	[ "$(jq -r '.kernels[0] | .kernel, .cached, .archive' <<< "$output" | xargs)" = "mine-1 true false" ]
	[ -f "$FORECALL_CACHE/kernels/amd64/mine-1/vmlinuz" ] || [ "$(uname -m)" != x86_64 ]
	"$FORECALL" lab kernels remove mine-1
	[ -z "$(find "$FORECALL_CACHE/kernels" -type f)" ]
}

@test "a kernel that is here is not fetched again, until that is asked for" {
	own 9.9.9-cloud-amd64 # which no archive has: whoever asked it would fail
	run -0 "$FORECALL" lab kernels add 9.9.9-cloud-amd64
	[[ $output == *"here already"* ]]
	run "$FORECALL" lab kernels add 9.9.9-cloud-amd64 --refresh
	[ "$status" -eq 1 ]
	[[ $output == *"has no kernel 9.9.9-cloud-amd64"* ]]
}

@test "an addition that fails, or whose program died, leaves no part of a kernel" {
	own mine-1
	run "$FORECALL" lab kernels add other --vmlinuz nosuch
	[ "$status" -eq 1 ]
	mkdir -p "$FORECALL_CACHE"/kernels/amd64/.part.4194303.dead # no process has this number
	own mine-2
	run -0 "$FORECALL" lab kernels --cached --json
	[ "$(jq -r '.kernels[].kernel' <<< "$output" | xargs)" = "mine-1 mine-2" ]
	[ -z "$(find "$FORECALL_CACHE/kernels" -name '.part*')" ]
}

@test "bad words are refused with what would be right" {
	own mine-1
	check() { run "$FORECALL" lab "${@:3}"; [ "$status" -eq "$1" ] && [[ $output == *"$2"* ]] || { echo "$output"; false; }; }
	check 1 'forecall lab kernels add 9.9' run --kernel 9.9 -- true
	check 2 'needs --kernel' run -- true
	check 2 'needs -- COMMAND' run --kernel mine-1
	check 2 '--clock real' run --kernel mine-1 --cpus 2 -- true
	check 2 'name of a kernel' kernels add ../x
	check 2 '--vmlinuz' kernels add x --modules modules
	check 1 'no program nosuchprogram' run --kernel mine-1 -- nosuchprogram
	check 1 'nosuchfile' run --kernel mine-1 --in nosuchfile -- true
	mkdir one other
	echo 1 > one/file
	echo 2 > other/file
	check 1 'would both be' run --kernel mine-1 --in one/file --in other/file -- true
	check 1 'would both be' run --kernel mine-1 --in one/file:there/x --in other/file:.//there/./x -- true
	check 1 'would both be' run --kernel mine-1 --in one/file:/there/file --in other/file:/there/ -- true
	check 1 'must not have a ".."' run --kernel mine-1 --in one/file:there/../x -- true
	check 1 'no driver for an e1000' run --kernel mine-1 --nic e1000 -- true
}

@test "a program to be copied is not asked by a loader of its own choice" {
	own mine-1
	printf '#!/bin/sh\ntouch "%s/loaded"\n' "$PWD" > ld-mine.so
	chmod 755 ld-mine.so
	chown 65534 ld-mine.so
	echo 'int main(void) { return 0; }' | gcc -x c -Wl,--dynamic-linker="$PWD/ld-mine.so" -o program -
	run "$FORECALL" lab run --kernel mine-1 --in program -- true
	[ "$status" -eq 1 ]
	[[ $output == *"no dynamic loader of this system"* ]]
	[ ! -e loaded ]
}

# ---- Guests ----

@test "a command's output, exit status, signal and files come back from a guest" {
	kernel "$AMD64_OLD"
	printf '#!/bin/sh\necho "$1 from $NAME"; echo bad >&2; cat into/given > made; cat /branch/leaf; exit 42\n' > script
	chmod +x script
	head -c 100001 /dev/urandom > given
	mkdir -p tree/branch
	echo leaf > tree/branch/leaf
	run --separate-stderr guest --in script --in given:into/. --in tree:/ --env NAME=me --out made:back --clock real -- ./script hello
	[ "$status" -eq 42 ]
	[ "$output" = $'hello from me\nleaf' ]
	[[ $stderr == *bad* ]]
	cmp given back
	run guest --clock real -- sh -c 'kill -9 $$'
	[ "$status" -eq 137 ]
}

@test "a panic ends the guest, with the kernel's last words and status 1" {
	kernel "$AMD64_OLD"
	run guest --clock real -- sh -c 'echo c > /proc/sysrq-trigger'
	[ "$status" -eq 1 ]
	[[ $output == *"Kernel panic - not syncing: sysrq triggered crash"* && $output == *"sysrq_handle_crash"* ]]
}

# ended PID: also when nobody waited for it yet.
ended() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

# emulator_of PID: sets $EMULATOR to its child of that name; it has others before.
emulator_of() {
	for EMULATOR in $(cat "/proc/$1/task/$1/children"); do
		! grep -q '^qemu-system' "/proc/$EMULATOR/comm" || return 0
	done
	return 1
}

@test "a limit, an interrupt and a kill end the guest with its emulator, and leave no file" {
	kernel "$AMD64_OLD"
	run "$FORECALL" lab run --kernel "$KERNEL" --limit 2 -- sleep 100000
	[ "$status" -eq 1 ]
	[[ $output == *"limit of 2 s"* ]]
	mkdir tmp
	for signal in INT KILL; do
		TMPDIR=$PWD/tmp "$FORECALL" lab run --kernel "$KERNEL" -- sleep 100000 2> said 3>&- &
		forecall=$!
		await 20 emulator_of $forecall
		kill -$signal $forecall
		await 20 ended $forecall
		await 20 ended "$EMULATOR"
	done
	[ -z "$(ls -A tmp)" ]
}

@test "the same benchmark under icount gives the same figures to the last digit, on lo, veth and dummy" {
	kernel "$AMD64_OLD"
	for i in 1 2; do
		guest -- sh -c 'for t in lo veth sink; do forecall --json bench --group 10 --payload 100 --rounds 10 --topology $t || exit; done' > said
	done
	jq -es 'length == 3 and all(.points[0].cycles_per_packet.unit == "instructions")' said
	figures() { ask "SELECT bench.way, group_size, round, packets_n, cpu_cyc, async_cyc, topology FROM bench JOIN run USING (run) WHERE run IN ($1)
		ORDER BY run, round, bench.way"; }
	[ "$(figures 1,2,3 | wc -l)" -ge 12 ]
	[ "$(figures 1,2,3)" = "$(figures 4,5,6)" ]
	is "SELECT count(DISTINCT host) FROM run" 1
	is "SELECT count(DISTINCT started_ns) FROM run" 6
}

# counts_add_up PATTERN: what is counted of a figure is all of it, on a device that drops, and on lo, where others run between the sends.
counts_add_up() {
	kernel "$1"
	guest -- sh -c 'for t in sink lo; do forecall bench --count yes --alternative sendmmsg,uring --group 10 --payload 100 --rounds 10 --block 1 --width 0.5 --topology $t || exit; done' > said
	for run in 1 2; do
		"$FORECALL" slice $run --json > counted
		jq -e '.slices | length == 3' counted
		jq -e '.slices[] | select(.way != "uring") | .rest.value | fabs < 1' counted # the clock is read around a burst, not by its instructions
		jq -e '.slices[] | .cycles_per_packet.value as $all | .rest.value as $rest | [.stages[].cycles_per_packet.value] | add + $rest - $all | fabs < 1e-6' counted
		jq -e '.slices[] | .cycles_per_packet.value as $all | .rest.value as $rest | [.functions[].cycles_per_packet.value] | add + $rest - $all | fabs < 1e-6' counted
		jq -e '.slices[] | [.stages[] | select(.stage == "socket" or .stage == "ip" or .stage == "copy" or .stage == "entry") | .cycles_per_packet.value > 100] | all and length == 4' counted
		jq -e '.slices[] | [.stages[] | select(.stage == "other") | .cycles_per_packet.value < 100] | all' counted
	done
	jq -e '.slices[] | .stages[] | select(.stage == "receive") | .cycles_per_packet.value > 1000' counted
	run ! --separate-stderr "$FORECALL" slice 1 -o pictures
	[[ $stderr == *"--output draws sampled runs"* && ! -e pictures ]]
}

@test "counted instructions add up to the figure in a 6.1 guest" {
	counts_add_up "$AMD64_OLD"
}

@test "counted instructions add up to the figure in a 6.12 guest" {
	counts_add_up "$AMD64"
}

# Its functions' addresses are in the emulator; the next one's may be others.
@test "a bench that counts may be killed, and the next one in that guest counts right" {
	kernel "$AMD64"
	guest -- sh -c 'bench="forecall bench --count yes --alternative sendto --group 10 --payload 100 --block 1 --width 0.5 --topology sink"
		$bench --rounds 10000 --db killed & sleep 1; kill -9 $!; wait; $bench --rounds 10' > said
	"$FORECALL" slice 1 --json > counted
	jq -e '.slices | length == 2' counted
	jq -e '.slices[] | .rest.value | fabs < 1' counted
}

# main_job: profile, bench and validate in the guest, and what they left in the host's database.
main_job() {
	run --separate-stderr guest -- sh -c '
		forecall validate --group 10 --packets 100 --seconds 1 --window 20 --rounds 10 --calibration 16 && forecall doctor'
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	[[ $output == *"r predicted"* && $output == *"instructions, not cycles"* ]]
	is "SELECT group_concat(kind) FROM (SELECT kind FROM run ORDER BY run)" profile,bench,observe
	is "SELECT DISTINCT kernel || ' ' || virt FROM host" "$KERNEL QEMU, icount"
	is "SELECT count(*) FROM run WHERE state <> 'complete' OR unbalanced OR lost_n" 0
	is "SELECT max(worst) < 0.001 FROM balance" 1
	is "SELECT count(*) FROM prediction_v WHERE predicted > 0 AND observed > 0" 1
	is "SELECT count(*) FROM run WHERE run NOT IN (SELECT run FROM warning WHERE code = 'instructions')" 0
}

# says TEXT COMMAND...: it does, and nowhere that its figures are cycles.
says() {
	run --separate-stderr "$FORECALL" "${@:2}"
	[[ $status -eq 0 && $output == *"$1"* ]] && not grep -iE '[0-9] cycles|cycles per (packet|call)|>cycles' <<< "$output" || { echo "$*: $output $stderr"; false; }
}

# What a guest counted is called instructions wherever it is shown: tables, JSON, the page and the terminal.
called_instructions() {
	says 'instructions, not cycles' runs show 1
	says 'instructions, not cycles' runs show 2
	says 'instructions, not cycles' predict 1
	says 'In instructions, not cycles.' report --terminal
	says 'run 1, instructions, not cycles' report --format md
	"$FORECALL" --json runs show 1 | jq -e '[.. | objects | select(.code? == "instructions")] | length > 0'
	"$FORECALL" report --format json | jq -e '[.. | objects | select(has("unit")) | .unit] | index("instructions") and (index("cycles") | not)'
	"$FORECALL" report -o page
	[ "$(grep -c ', in instructions, not cycles' page/index.html)" -ge 2 ] # where the server is named, and above its profile
	grep -q 'busy instructions per path call' page/index.html
	[ "$(grep -c 'In instructions, not cycles\.' page/index.html)" -ge 3 ] # below pictures
}

@test "profile, bench and validate pass in a 6.1 guest, and its figures come back as its own" {
	kernel "$AMD64_OLD"
	main_job
	called_instructions
}

@test "profile, bench and validate pass in a 6.12 guest" {
	kernel "$AMD64"
	main_job
}

# A kernel that asks for CAP_SYS_ADMIN where others ask for CAP_PERFMON: perf_event_paranoid is 3 there.
@test "samples learn from context switches in a guest, whose kernel wants more privilege for it" {
	kernel "$AMD64"
	echo 'ip link set lo up; echo 3 > /proc/sys/kernel/perf_event_paranoid; forecall profile --engine sample --seconds 3 -- sh -c "while :; do :; done"' > script
	guest --in script:/script -- sh /script
	is "SELECT count(*) > 1 AND min(target_cyc) > 0 FROM block WHERE target_cyc IS NOT NULL" 1
	is "SELECT count(*) FROM warning WHERE code = 'switches-untold'" 0
}

@test "profile, bench and validate pass in an arm64 guest" {
	kernel "$ARM64"
	make -s -C "$BATS_TEST_DIRNAME/.." lab-arm64 > made 2>&1 || { grep -q 'cannot be had\|cannot download' made && skip "no arm64 packages"; cat made; false; }
	main_job
}

@test "an interactive guest has this terminal: it echoes, ^C is the guest's, and the terminal is as it was" {
	kernel "$AMD64_OLD"
	mkfifo keys
	script --quiet --return --flush --command "stty -g > before; '$FORECALL' lab run --kernel '$KERNEL' --clock real --limit 100 --shell
		status=\$?; stty -g > after; exit \$status" typed < keys > /dev/null 3>&- &
	shell=$!
	exec 7> keys
	await 60 grep -q '# ' typed
	echo 'echo sum-$((40 + 2)); tty' >&7
	await 60 grep -q ttyS0 typed
	grep -q sum-42 typed
	echo 'echo asleep-$((1 + 1)); sleep 1000; echo interrupted-$?' >&7
	await 60 grep -q asleep-2 typed
	until grep -q 'interrupted-130' typed; do # a key may come before the sleep has begun
		printf '\003' >&7
		echo 'echo interrupted-$?' >&7
		sleep 0.5
		[ $SECONDS -lt 300 ]
	done
	echo 'exit 7' >&7
	status=0
	wait $shell || status=$?
	exec 7>&-
	[ "$status" -eq 7 ]
	cmp before after
}
