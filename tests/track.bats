#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# track.bats: kernels against each other: compare with its gate, track, and what each refuses.

setup() {
	bats_require_minimum_version 1.5.0
	FORECALL=$(realpath "${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}")
	export FORECALL_DB=$BATS_TEST_TMPDIR/test.db
	cd "$BATS_TEST_TMPDIR" || return 1
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/../schema.sql"
}

sql() {
	sqlite3 "${2:-$FORECALL_DB}" "PRAGMA foreign_keys = ON; $1"
}

forecall() {
	run --separate-stderr "$FORECALL" "$@"
}

said() {
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "forecall: "*"$1"* ]]
}

# host NUMBER KERNEL [CMDLINE [CPU]]
host() {
	sql "INSERT INTO host (host, digest, name, cpu_model, cpus_n, kernel, build, arch, cmdline, mitigations)
	     VALUES ($1, 'd$1', 'box', '${4:-Test CPU}', 2, '$2', '#1', 'x86_64', '${3:-quiet}', 'meltdown: Not affected')"
}

# bench RUN HOST COST ['LABEL']: one run whose packets cost COST ns by sendmsg, net of 10 ns of the harness.
bench() {
	sql "INSERT INTO run (run, kind, state, label, host, started_ns, command, version, scope, target, path, clock, clock_hz, engine, topology)
	     VALUES ($1, 'bench', 'complete', ${4:-NULL}, $2, 17$1 * 1000000000, 'forecall bench', '0', 'process', 'groupsend', 'sendmsg', 'tsc', 1e9, 'none', 'lo');
	     INSERT INTO bench (run, round, way, group_size, payload_bytes, private_bytes, packets_n, errors_n, cpu_cyc, preempt_n)
	     VALUES ($1, 0, 'null', 10, 100, 0, 1000, 0, 10000, 0), ($1, 0, 'sendmsg', 10, 100, 0, 1000, 0, 10000 + 1000 * $3, 0)"
}

old=6.1.0-9-cloud-amd64
new=6.1.0-10-cloud-amd64
name=bench/lo/sendmsg/g10/p100/h0

# Three runs on each of two kernels: 1000, 1010, 1020 and 1100, 1110, 1120.
fill() {
	host 1 $old
	host 2 $new 'quiet mitigations=off'
	for i in 1 2 3; do
		bench $i 1 $((990 + 10 * i))
		bench $((i + 3)) 2 $((1090 + 10 * i))
	done
}

@test "a change is shown with its interval, and what differs comes before it" {
	fill
	forecall compare $old $new
	[ "$status" -eq 0 ]
	[[ $output == *"differs"*"kernel  "*"$old"*"$new"*"command line"*"mitigations=off"*"$name"*"+9.9 [+"*"more"* ]]
	forecall compare $old $new --json
	jq -e --arg name $name '.benchmarks[] | select(.cost) | .benchmark == $name and .a > 1009 and .a < 1011 and .runs == [3, 3] and .change.value > 0.098 and .change.value < 0.1 and .change.low > 0.06
	       and .change.high < 0.14' <<< "$output"
	jq -e '.differences[] | select(.what == "command line") | .a == "" and .b == "mitigations=off"' <<< "$output"
}

@test "the gate fails with status 3 on what rose for sure, and names it in every format" {
	fill
	forecall compare $old $new --fail-above 2%
	[ "$status" -eq 3 ]
	[[ $output == *"$name"*"FAILS more"*"Gate: not met: 1 "* ]]
	for format in github junit json md; do
		forecall compare $old $new --fail-above 2% --format $format
		[ "$status" -eq 3 ]
		[[ $output == *"$name"* ]]
	done
	forecall compare $old $new --fail-above 2% --format github
	[[ $output == *"::error title=forecall: regression::$name +9.9 [+"*"%25,"* ]]
	forecall compare $old $new --fail-above 2 --format junit
	[[ $output == *'tests="2" failures="1" skipped="0"'* ]]
	xmllint --noout - <<< "$output" 2> /dev/null || ! command -v xmllint
	forecall compare $old $new --fail-above '20%'
	[ "$status" -eq 0 ]
	forecall compare $new $old --fail-above '0%' # it became cheaper
	[ "$status" -eq 0 ]
}

@test "one run a side is refused, fails the gate, and is compared by force without an interval" {
	fill
	forecall compare 1 4
	[ "$status" -eq 0 ]
	[[ $output == *"refused: one run a side"* ]]
	forecall compare 1 4 --fail-above 50%
	[ "$status" -eq 3 ]
	forecall compare 1 4 --force --json
	jq -e '.benchmarks[] | select(.cost) | .change.value > 0.09 and .change.low == null and .verdict == "unknown" and .refused != null' <<< "$output"
}

@test "runs taken by turns are compared in pairs, which a machine that drifts does not hide" {
	host 1 $old
	for i in 1 2 3 4; do
		bench ${i}1 1 $((1000 * i)) "'a'"
		bench ${i}2 1 $((1050 * i + i % 2)) "'b'"
	done
	forecall compare a b --json
	jq -e '.benchmarks[] | select(.cost) | .paired and .verdict == "more" and .change.low > 0.049 and .change.high < 0.052' <<< "$output"
	forecall compare 11,21,31 22,32,42 --json
	jq -e '.benchmarks[] | select(.cost) | (.paired | not) and .verdict == "same"' <<< "$output"
}

@test "another processor, and instructions against time, are refused" {
	fill
	host 3 $new quiet 'Other CPU'
	host 4 $new 'quiet forecall.clock=icount'
	for i in 7 8 9; do bench $i 3 1000; done
	bench 10 4 1000
	forecall compare $old 7-9
	[[ $output == *"processor"*"Test CPU"*"Other CPU"*"refused: another processor"* ]]
	forecall compare $old 10
	[[ $output == *"way of measuring"*"time"*"instructions"*"refused: instructions against time"* ]]
}

@test "counted figures need no interval: one instruction of 6311 is a change" {
	host 1 $old 'forecall.clock=icount'
	host 2 $new 'forecall.clock=icount'
	bench 1 1 6311
	bench 2 2 6312
	bench 3 1 6311
	forecall compare $old $new --fail-above 0%
	[ "$status" -eq 3 ]
	[[ $output == *"instructions"*"+0.0158 %"*"any difference is real"* ]]
	forecall compare 1 3 --fail-above 0%
	[ "$status" -eq 0 ]
}

@test "compare --profile tells what the change does to a server" {
	fill
	"$FORECALL" profile --path sendmsg --seconds 1 --window 20 --calibration 2 -- "$(dirname "$FORECALL")/groupsend" --group 10 --payload 100 --head 0 --bursts 5000 --period-ns 200000 --gap-ns 2000 > profiled
	profile=$(sql "SELECT run FROM run WHERE kind = 'profile'")
	sql "INSERT INTO bench SELECT run, round, way, 1, payload_bytes, private_bytes, packets_n, errors_n, cpu_cyc, async_cyc, preempt_n FROM bench
	     WHERE group_size = 10" # the first burst may be cut short: its length is to lie within the grid
	forecall compare $old $new --profile "$profile"
	[ "$status" -eq 0 ]
	[[ $output == *"The server of run $profile: its path +"*"so its busy cycles +"*"f 0."*" before, 0."*" after"* ]]
	forecall compare $old $new --profile "$profile" --json
	jq -e '.server | .path_change.value > 0.098 and .path_change.value < 0.1' <<< "$output"
	jq -e '.server | .fraction.value as $f | .path_change.value as $d | (.busy_change.value - $f * $d | fabs) < 1e-9
	       and (.fraction_after.value - $f * (1 + $d) / (1 + $f * $d) | fabs) < 1e-9' <<< "$output"
	forecall compare $old $new --profile 999
	[ "$status" -eq 1 ]
	said "999"
	forecall compare $old $new --profile 1
	[ "$status" -ne 0 ]
}

@test "labels, other databases, and what they have in common" {
	fill
	cp "$FORECALL_DB" other.db
	sql "UPDATE run SET label = 'after', suite = 'send@1/lo#1' WHERE run > 3"
	forecall compare $old after --json
	[ "$(jq -c .b.runs <<< "$output")" = "[4,5,6]" ]
	forecall compare $old send@1 --json
	[ "$(jq -c .b.runs <<< "$output")" = "[4,5,6]" ]
	forecall compare "other.db:$old" "$new" --json
	[ "$(jq -c .a.runs <<< "$output")" = "[1,2,3]" ]
	forecall compare other.db "$FORECALL_DB" --json
	[ "$(jq -c '.benchmarks[] | select(.cost) | .runs' <<< "$output")" = "[6,6]" ]
	sql "UPDATE run SET label = '$old' WHERE run = 4"
	forecall compare $old $new
	[ "$status" -eq 2 ]
	said "write kernel:$old or label:$old"
	forecall compare "kernel:$old" $new
	[ "$status" -eq 0 ]
}

@test "what a side cannot be is said with its remedy" {
	fill
	forecall compare nothing $new
	[ "$status" -eq 1 ]
	said 'runs list'
	forecall compare $old
	[ "$status" -eq 2 ]
	forecall compare $old $new --fail-above two
	[ "$status" -eq 2 ]
	sql "UPDATE bench SET payload_bytes = 200 WHERE run > 3"
	forecall compare $old $new
	[ "$status" -eq 1 ]
	said "no benchmark in common"
}

@test "track finds the version that changed, in the order of versions" {
	for v in 8 9 10 11; do
		host $v "6.1.0-$v-cloud-amd64"
		for i in 1 2 3 4; do bench $v$i $v $((1000 + i + (v > 9) * 50)); done
	done
	forecall track
	[ "$status" -eq 0 ]
	[[ $output == *"$name"*"$old"*"$new"*"+4.99 %"*"p "* ]]
	forecall track --first-bad
	[ "$status" -eq 3 ]
	[[ $output == "$name: last good $old, first bad $new: +4."* ]]
	forecall track --first-bad --above 10%
	[ "$status" -eq 0 ]
	forecall track --json
	jq -e '.lines | length == 2' <<< "$output"
	jq -e '.lines[] | select(.cost) | [.marks[].kernel] == ["6.1.0-8-cloud-amd64", "6.1.0-9-cloud-amd64", "6.1.0-10-cloud-amd64", "6.1.0-11-cloud-amd64"]' <<< "$output"
	before=$output
	forecall track --json
	[ "$output" = "$before" ]
}

@test "counted series show every step, and --above leaves the small ones out" {
	for v in 9 10 11; do
		host $v "6.1.0-$v-cloud-amd64" 'forecall.clock=icount'
		bench $v $v $((6300 + (v > 9) + (v > 10) * 100))
	done
	forecall track
	[[ $output == *"counted"* ]]
	[ "$(grep -c "^$name" <<< "$output")" -eq 2 ]
	forecall track --above 0.2%
	[ "$(grep -c "^$name" <<< "$output")" -eq 1 ]
	forecall track --above 0.2% --first-bad
	[[ $output == "$name: last good $new, first bad 6.1.0-11-cloud-amd64: +1.59 %"* ]]
}

# slice RUN HOST SOCKET: a sampled run of sendmsg to 10 of 100 bytes, whose path is SOCKET samples in the socket's stage and 40 in copying.
slice() {
	sql "INSERT INTO run (run, kind, state, host, started_ns, command, version, scope, target, path, clock, clock_hz, engine, topology)
	     VALUES ($1, 'slice', 'complete', $2, $1, 'forecall slice --way sendmsg --group 10 --payload=100 --private 0', '0', 'process', 'groupsend',
	     'sendmsg', 'tsc', 1e9, 'sample', 'lo')"
	for block in 0 1 2 3; do
		sql "INSERT INTO block (run, block, cycle, way, dose, start_ns, wall_cyc, cpu_cyc, meter_udp, sampled)
		     VALUES ($1, $block, $block, 'sendmsg', 0, $block, 1000, 1000, 1, 1);
		     INSERT INTO sample (run, block, cpu, task, call, softirq, hardirq, stage, samples_n, cyc)
		     VALUES ($1, $block, 0, 'target', 'path', 'none', 'none', 'socket', $3, $3), ($1, $block, 0, 'target', 'path', 'none', 'none', 'copy', 40, 40)"
	done
}

@test "where a counted figure changed is told by the stages of both kernels" {
	for v in 9 10; do host $v "6.1.0-$v-cloud-amd64" 'forecall.clock=icount'; done
	bench 9 9 1000
	bench 10 10 1300
	forecall track --json
	jq -e '.lines[] | select(.cost) | .changes[0].stages == null' <<< "$output"
	slice 11 9 60
	slice 12 10 90
	forecall track
	[ "$status" -eq 0 ]
	[[ $output == *"$name"*"$old"*"$new"*"socket and UDP"*"600"*"900"*"+300"* ]]
	[[ $output != *"copy in"* ]] # 400 before and after
	forecall track --json
	jq -e '.lines[] | select(.cost) | .changes[0] | .unit == "instructions" and (.stages | length > 5)' <<< "$output"
	jq -e '.lines[] | select(.cost) | .changes[0].stages[] | select(.stage == "copy") | .before.value == 400 and .after.value == 400 and .after.unit == "instructions"' <<< "$output"
	jq -e '.lines[] | select(.cost) | .changes[0].stages[] | select(.stage == "socket") | (.moved.value - 300 | fabs) < 1e-6' <<< "$output"
	sql "UPDATE run SET command = 'forecall slice --way sendmsg -g 1 --payload 100 --private 0' WHERE run = 12" # another size tells nothing
	forecall track
	[[ $output != *"socket and UDP"* ]]
}

# count RUN HARNESS IP QUEUE: of 1,000 packets of the bench RUN, and what `null` executed; the rest is the socket's.
count() {
	sql "INSERT INTO counted (run, round, way, group_size, payload_bytes, private_bytes, stage, function, insn_n) VALUES
	     ($1, 0, 'null', 10, 100, 0, 'user', '', $2), ($1, 0, 'sendmsg', 10, 100, 0, 'user', '', $2),
	     ($1, 0, 'sendmsg', 10, 100, 0, 'ip', 'ip_output', $3);
	     INSERT INTO counted SELECT $1, 0, 'sendmsg', 10, 100, 0, 'queue', 'sch_direct_xmit', $4 WHERE $4 > 0;
	     INSERT INTO counted SELECT run, round, way, group_size, payload_bytes, private_bytes, 'socket', 'udp_sendmsg', cpu_cyc - 10000 - $3 - $4
	     FROM bench WHERE run = $1 AND way = 'sendmsg'"
}

@test "counted parts of both kernels add up to the change, and name the function" {
	for v in 9 10; do host $v "6.1.0-$v-cloud-amd64" 'forecall.clock=icount'; done
	bench 9 9 1000
	bench 10 10 1065
	count 9 10000 200000 0
	count 10 10000 200000 65000
	slice 11 9 60 # counts go before samples
	slice 12 10 90
	forecall track
	[ "$status" -eq 0 ]
	[[ $output == *"queueing"*"0.0"*"65.0"*"+65.0"*"  sch_direct_xmit"*"+65.0"*"all of it"*"1000.0"*"1065.0"*"+65.0"* ]]
	[[ $output != *"IP and routing"* && $output != *"udp_sendmsg"* && $output != *"other threads"* ]]
	forecall track --json
	jq -e '.lines[] | select(.cost) | .changes[0] | ([.stages[].moved.value] | add) == 65 and .functions == [{"stage": "queue",
	       "before": {"value": 0, "low": null, "high": null, "unit": "instructions"}, "after": {"value": 65, "low": null, "high": null, "unit": "instructions"},
	       "moved": {"value": 65, "low": null, "high": null, "unit": "instructions"}, "function": "sch_direct_xmit"}]' <<< "$output"
	forecall compare $old $new
	[ "$status" -eq 0 ]
	[[ $output == *"moved by, in instructions"*"queueing"*"$name"*"+65.0"*"sch_direct_xmit"*"queue"*"+65.0"*"+65.0"*"+65.0"*"1 of 1"* ]]
	forecall compare $old $new --json
	jq -e '.benchmarks[] | select(.cost) | (.functions | length) == 1 and ([.stages[].moved.value] | add) == 65' <<< "$output"
	forecall slice 10 --functions
	[ "$status" -eq 0 ]
	[[ $output == *"group 10, 100 bytes"*"sendmsg"*"socket and UDP"*"800.0"*"  udp_sendmsg"*"800.0"*"IP and routing"*"200.0"*"all of it"*"1065.0"* ]]
	forecall slice 10 --json
	jq -e '.slices[0] | .way == "sendmsg" and .cycles_per_packet.value == 1065 and .rest.value == 0 and ([.stages[].cycles_per_packet.value] | add) == 1065' <<< "$output"
	sql "UPDATE bench SET cpu_cyc = cpu_cyc + 7000 WHERE run = 10 AND way = 'sendmsg'" # done by another thread
	forecall track
	[[ $output == *"other threads"*"+7.0"*"all of it"*"+72.0"* ]]
}

@test "track keeps up with runs that come and go, and with a number that is used again" {
	host 1 $old
	for i in 1 2 3; do bench $i 1 1000; done
	forecall track --all --json
	[ "$(jq '.lines[] | select(.cost) | .figures' <<< "$output")" = 3 ]
	bench 4 1 2000
	forecall track --all --json
	[ "$(jq '.lines[] | select(.cost) | .figures' <<< "$output")" = 4 ]
	forecall runs delete 4
	bench 4 1 3000
	forecall track --all --json
	[ "$(jq '.lines[] | select(.cost) | .marks[0].value.greatest' <<< "$output")" = 3000 ]
	sql "UPDATE bench SET way = 'sendmmsg' WHERE run = 3 AND way = 'sendmsg'"
	chmod a-w "$FORECALL_DB"
	forecall track 'call/*'
	[ "$status" -eq 1 ]
	said "no benchmark matches"
}

@test "the picture is drawn with its data, and there is none of nothing" {
	for v in 9 10 11; do
		host $v "6.1.0-$v-cloud-amd64" 'forecall.clock=icount'
		bench $v $v $((6300 + v))
	done
	forecall track -o page
	[ "$status" -eq 0 ]
	grep -q '</svg>' page/track.svg
	[ "$(head -c 4 page/track.png | tail -c 3)" = PNG ]
	[ "$(grep -c "$name" page/track.csv)" -eq 3 ]
	rm -r page
	forecall track -o page 'bench/lo/null/*'
	[ "$status" -eq 1 ]
	said "nothing to draw"
	[ ! -e page ]
}

@test "kernels are counted once, on however many machines and in whatever order" {
	fill
	host 3 $old quiet 'Other CPU'
	bench 7 3 900
	bench 8 1 1000
	forecall track --json
	[ "$(jq .kernels <<< "$output")" -eq 2 ]
	forecall track --by date --json
	[ "$(jq .kernels <<< "$output")" -eq 2 ]
}

@test "profiles of a program by name, and of a cgroup, are benchmarks of that name" {
	for file in runs windows; do sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/$file.sql"; done
	while read -r name target; do
		sql "UPDATE run SET target = '$target' WHERE run = 1; DELETE FROM series_run"
		forecall track --json
		[ "$(sql "SELECT count(*) FROM series WHERE name LIKE 'profile/$name/%/busy'")" -eq 1 ]
	done <<- END
		nginx comm nginx
		web.slice cgroup /sys/fs/cgroup/web.slice
		redis-server /usr/sbin/redis-server --port 1
	END
}

@test "track of a database that cannot be written shows what is kept there and names what is not" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to mount"
	fill
	forecall track
	[ "$status" -eq 0 ]
	bench 7 2 1130
	mkdir fixed
	cp "$FORECALL_DB" fixed/test.db
	FORECALL_DB=$PWD/fixed/test.db run --separate-stderr unshare --mount sh -c 'mount --bind fixed fixed && mount -o remount,ro,bind fixed && exec "$@"' - "$FORECALL" track
	[ "$status" -eq 0 ]
	[[ $output == *"$name"* ]]
	said "1 run is not in the series"
}
