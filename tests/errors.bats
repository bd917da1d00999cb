#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# errors.bats: bad input is answered with one clear error that names the remedy, with the status that belongs to it (2 bad
# usage, 1 failed, 3 refused), and loses nothing.

bats_require_minimum_version 1.5.0

# One profile, made where that is possible, of which the tests take copies.
setup_file() {
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	[ "$(id -u)" -eq 0 ] && [ -r /sys/kernel/btf/vmlinux ] || return 0
	cc -O2 -D_GNU_SOURCE -pthread -o "$BATS_FILE_TMPDIR/known" "$BATS_TEST_DIRNAME/helpers/known.c"
	echo | "$FORECALL" --db "$BATS_FILE_TMPDIR/base.db" profile --path sendmsg --budget 100% --seconds 2 --window 20 --calibration 1 \
		-- "$BATS_FILE_TMPDIR/known" plain 1000000000 100 10 > "$BATS_FILE_TMPDIR/base.out" 2>&1
}

setup() {
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	export FORECALL_DB=$BATS_TEST_TMPDIR/test.db
}

needs_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	[ -r /sys/kernel/btf/vmlinux ] || skip "needs a kernel with BTF"
}

# The profile, as run 1 of the database.
with_profile() {
	needs_root
	cp "$BATS_FILE_TMPDIR/base.db" "$FORECALL_DB"
}

# And a bench of sendmsg against sendmmsg as run 2, by hand: groups of $1 recipients, or made like the profile without $1.
with_bench() {
	with_profile
	local points=${1:-10} like=NULL
	[ -n "${1:-}" ] || like=1
	{
		echo "INSERT INTO run (run, kind, state, host, started_ns, wall_ns, command, version, scope, target, path, clock, clock_hz, engine, like_run)
		      SELECT 2, 'bench', 'complete', host, started_ns + 1, 1, 'forecall bench', version, 'process', 'groupsend', 'sendmsg', clock, clock_hz, 'none', $like FROM run;"
		for group in $points; do
			for round in 1 2 3 4 5 6 7 8 9 10; do
				echo "INSERT INTO bench VALUES (2, $round, 'null', $group, 100, 0, 1000, 0, 100000, NULL, 0),
				      (2, $round, 'sendmsg', $group, 100, 0, 1000, 0, 3000000 + $round * 1000, NULL, 0),
				      (2, $round, 'sendmmsg', $group, 100, 0, 1000, 0, 2400000 + $round * 700, NULL, 0);"
			done
		done
	} | ask
}

ask() { sqlite3 "$FORECALL_DB" "$@"; }

# forecall ARG...: its stdout is in $output, its stderr in $stderr, its status in $status.
forecall() { run --separate-stderr "$FORECALL" "$@"; }

# fails STATUS TEXT...: it ended so, with one line that holds each text and no figure on stdout.
fails() {
	local text
	[ "$status" -eq "$1" ] || { echo "status $status: $stderr"; return 1; }
	shift
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ] || { echo "$stderr"; return 1; }
	for text; do
		[[ $stderr == "forecall: "*"$text"* ]] || { echo "\"$text\" is not in: $stderr"; return 1; }
	done
}

# The nobody of this machine, who may write to the test's folder, but perhaps not enter the checkout.
as_nobody() {
	cp "$FORECALL" "$BATS_TEST_TMPDIR/forecall"
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*/
	chmod 777 "$BATS_TEST_TMPDIR"
	run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$BATS_TEST_TMPDIR/forecall" "$@"
}

# ---- Targets ----

@test "a process that does not exist is named, with the way to find one" {
	needs_root
	sleep 0 &
	gone=$!
	wait $gone
	forecall profile -p $gone
	fails 1 "there is no process $gone" "ps -e"
}

@test "a command that cannot be started is an error, and leaves no run" {
	with_profile
	forecall profile --calibration 1 -- "$BATS_TEST_TMPDIR/no-such-program"
	fails 1 "cannot start $BATS_TEST_TMPDIR/no-such-program: No such file or directory"
	[ "$(ask "SELECT count(*) FROM run")" -eq 1 ]
}

@test "without a target, or with two, the three ways to give one are named" {
	forecall profile
	fails 2 "-p PID" "-C CPUS" "-- CMD"
	forecall profile -p $$ -C 0
	fails 2 "only one of"
}

@test "a CPU that is not online is named, with the place that lists them" {
	forecall profile -C 1000
	fails 2 "cpu 1000" "/sys/devices/system/cpu/online"
	forecall profile -C 0-x
	fails 2 '"0-x" is no list of CPUs'
}

@test "a system call that does not exist is answered with the nearest" {
	forecall profile -p $$ --path sendmgs
	fails 2 '"sendmgs"' "did you mean sendmsg?"
	forecall profile -p $$ --path sendmsg,xyzzyxyzzy
	fails 2 '"xyzzyxyzzy"' "man 2 syscalls"
}

@test "a cycle without dose 1 is answered with the reason" {
	forecall profile -p $$ --doses 0,2
	fails 2 "--doses: there is no 1 in it"
	forecall profile -p $$ --budget 0
	fails 2 "--budget 0: give per cent above 0"
	forecall profile -p $$ --doses 1,3
	fails 2 "--doses" "from 0 to 2"
}

# ---- Privilege ----

@test "without root the capabilities are named" {
	needs_root
	as_nobody profile -- true
	fails 1 CAP_BPF CAP_PERFMON
	as_nobody profile -C 0
	fails 1 CAP_BPF CAP_PERFMON
	[ "$(ask "SELECT count(*) FROM run")" -eq 0 ]
}

@test "a process of another user without privilege: the capabilities are named" {
	needs_root
	as_nobody profile -p $$
	fails 1 CAP_BPF CAP_PERFMON CAP_SYS_PTRACE
}

@test "a kernel that does not tell its types is answered with the option it lacks" {
	needs_root
	[ ! -e "/boot/vmlinux-$(uname -r)" ] || skip "this machine has /boot/vmlinux, which tells them too"
	: > "$BATS_TEST_TMPDIR/empty"
	run --separate-stderr unshare --mount --propagation private bash -c \
		'mount --bind "$1/empty" /sys/kernel/btf/vmlinux && "$2" profile -p $$' _ "$BATS_TEST_TMPDIR" "$FORECALL"
	fails 1 /sys/kernel/btf/vmlinux CONFIG_DEBUG_INFO_BTF=y
}

# ---- Profiles that tell too little ----

@test "a path that the target never called: f = 0 is said, and a prediction is refused" {
	with_profile
	ask "UPDATE block SET calls_n = 0, bytes = 0, path_cyc = 0, sleep_cyc = 0 WHERE dose > 0"
	forecall predict
	fails 3 "never called sendmsg" "f = 0" "--path"
	forecall predict --speedup 1.3 --force
	fails 3 "never called sendmsg"
	[ "$(ask "SELECT count(*) FROM prediction")" -eq 0 ]
	# and the profile itself says so
	echo | "$FORECALL" profile --path splice --seconds 0.5 --window 20 --calibration 1 \
		-- "$BATS_FILE_TMPDIR/known" plain 1000000000 100 10 > "$BATS_TEST_TMPDIR/out" 2>&1
	grep -q "the target never called splice: f = 0" "$BATS_TEST_TMPDIR/out"
	grep -q -- "--path" "$BATS_TEST_TMPDIR/out"
}

@test "a profile too short for an interval is refused, with the option that makes it longer" {
	with_profile
	ask "DELETE FROM block WHERE cycle > 1" # 6 probed windows
	forecall predict --speedup 1.3
	fails 3 "too short for an interval" "6 probed windows" "--seconds"
	forecall predict --speedup 1.3 --force
	[ "$status" -eq 0 ]
	[[ $stderr == *"too short for an interval"* ]]
	[ "$(ask "SELECT forced FROM prediction")" = 1 ]
}

@test "a profile of one cycle has no figure at all, and says what is missing" {
	with_profile
	ask "DELETE FROM block WHERE cycle > 0"
	forecall predict --speedup 1.3
	fails 1 "too short for any figure" "--seconds"
}

@test "an unbalanced profile, and one that lost events, are refused unless forced" {
	with_profile
	ask "UPDATE run SET unbalanced = 1, residue = 0.01"
	forecall predict --speedup 1.3
	fails 3 "unbalanced" "profile again" "--force"
	ask "UPDATE run SET unbalanced = 0, lost_n = 3"
	forecall predict --speedup 1.3
	fails 3 "lost 3 events" "--force"
	forecall predict --speedup 1.3 --force
	[ "$status" -eq 0 ]
	[ "$(ask "SELECT forced FROM prediction")" = 1 ]
}

@test "a profile that never came to its end is refused, forced or not" {
	with_profile
	ask "UPDATE run SET state = 'incomplete'"
	for force in "" --force; do
		forecall predict 1 --speedup 1.3 $force
		fails 3 "ended before its last write" "repeat it"
	done
}

# ---- Figures by hand ----

@test "f and s outside their domain are answered with the domain" {
	for f in -0.1 1.5 nan inf x; do
		forecall predict --fraction $f --speedup 2
		fails 2 "--fraction" "from 0 to 1"
	done
	for s in 0 -1 nan x; do
		forecall predict --fraction 0.5 --speedup $s
		fails 2 "--speedup" "from 1e-09"
	done
	forecall predict --fraction 0.5 --speedup 2 --overhead -1
	fails 2 "--overhead" "from 0"
	forecall predict --fraction 0.5
	fails 2 "--fraction goes with --speedup"
}

@test "the paper's f and s by hand give its r, and need no database" {
	forecall predict --fraction 0.791 --speedup 1.664 --json
	[ "$status" -eq 0 ]
	jq -e '.alternatives[0].predicted.value | . > 1.4605 and . < 1.4615' <<< "$output"
	[ ! -e "$FORECALL_DB" ]
}

# ---- Databases ----

@test "a database that is not there is an error, and is not made" {
	forecall predict --speedup 1.3
	fails 1 "there is no database $FORECALL_DB" "--db FILE"
	[ ! -e "$FORECALL_DB" ]
}

@test "a database without a profile says so" {
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/../schema.sql"
	forecall predict --speedup 1.3
	fails 1 profile
}

@test "a database of a newer schema is not touched" {
	with_profile
	ask "PRAGMA journal_mode = DELETE; PRAGMA user_version = 1000" > /dev/null
	before=$(sha256sum < "$FORECALL_DB")
	for command in "predict --speedup 1.3" "profile -p $$ --calibration 1"; do
		forecall $command
		fails 1 "schema 1000" "newer forecall" "--db FILE"
	done
	[ "$before" = "$(sha256sum < "$FORECALL_DB")" ]
}

@test "a corrupt database is named and not touched" {
	head -c 100000 /dev/zero | tr '\0' x > "$FORECALL_DB"
	before=$(sha256sum < "$FORECALL_DB")
	for command in "predict --speedup 1.3" "profile -p $$ --calibration 1"; do
		forecall $command
		fails 1 "$FORECALL_DB"
	done
	[ "$before" = "$(sha256sum < "$FORECALL_DB")" ]
}

@test "a full disk is named, and the runs that were there are whole" {
	with_profile
	mkdir "$BATS_TEST_TMPDIR/disk"
	ask "PRAGMA wal_checkpoint(TRUNCATE)" > /dev/null
	# on a disk of its own, in a mount namespace of its own, with room for the database and 24 KiB more
	run --separate-stderr unshare --mount --propagation private bash -c '
		size=$(($(stat -c %s "$FORECALL_DB") + 24576))
		mount -t tmpfs -o size=$size none "$1/disk" && cp "$FORECALL_DB" "$1/disk/full.db" || exit 99
		echo | "$2" --db "$1/disk/full.db" profile --seconds 0.5 --window 20 --calibration 1 -- "$3" plain 1000000000 100 10
		status=$?
		rm -f "$1/disk/full.db-shm"
		mv "$1"/disk/* "$1"
		exit $status' _ "$BATS_TEST_TMPDIR" "$FORECALL" "$BATS_FILE_TMPDIR/known"
	fails 1 "no room left for $BATS_TEST_TMPDIR/disk/full.db" "--db FILE"
	FORECALL_DB=$BATS_TEST_TMPDIR/full.db
	[ "$(ask "PRAGMA integrity_check")" = ok ]
	[ "$(ask "SELECT count(*) FROM run WHERE state = 'complete'")" -eq 1 ]
	[ "$(ask "SELECT count(*) FROM block WHERE run <> 1")" -eq 0 ]
	forecall --db "$FORECALL_DB" runs show 1
	[ "$status" -eq 0 ]
}

@test "a folder that cannot be written is an error before anything is measured" {
	needs_root
	mkdir "$BATS_TEST_TMPDIR/ro"
	run --separate-stderr unshare --mount --propagation private bash -c '
		mount -t tmpfs -o ro none "$1/ro" || exit 99
		"$2" --db "$1/ro/test.db" profile -p $$ --seconds 3600' _ "$BATS_TEST_TMPDIR" "$FORECALL"
	fails 1 "$BATS_TEST_TMPDIR/ro/test.db"
}

@test "a database that cannot be written keeps no prediction, and says so" {
	with_profile
	ask "PRAGMA journal_mode = DELETE" > /dev/null
	chmod 444 "$FORECALL_DB"
	as_nobody --db "$FORECALL_DB" predict --speedup 1.3
	fails 1 "$FORECALL_DB" "cannot be written"
}

@test "a run that does not exist is answered with the command that lists them" {
	with_profile
	forecall predict 99 --speedup 1.3
	fails 1 "no run 99" "forecall runs list"
	forecall predict seven --speedup 1.3
	fails 2 '"seven"' "forecall runs list"
	forecall predict --bench 99
	fails 1 "no run 99"
}

# ---- Profile and bench ----

@test "without a bench the command that makes one is named" {
	with_profile
	forecall predict --with uring
	fails 1 "no bench of sendmsg against uring" "forecall bench --baseline sendmsg --alternative uring --like 1"
}

@test "a prediction from a profile and a bench of the same machine is made and kept" {
	with_bench
	forecall predict --json
	[ "$status" -eq 0 ]
	jq -e '.alternatives[0] | .forced == false and .predicted.low <= .predicted.value and .predicted.value <= .predicted.high' <<< "$output"
	[ "$(ask "SELECT count(*) FROM prediction WHERE profile = 1 AND bench = 2 AND forced = 0")" -eq 1 ]
}

# The bench as if from another host.
elsewhere() {
	ask "CREATE TEMP TABLE another AS SELECT * FROM host; UPDATE another SET host = 1000, digest = 'another';
	     INSERT INTO host SELECT * FROM another; UPDATE host SET $1 WHERE host = 1000; UPDATE run SET host = 1000 WHERE run = 2"
}

@test "profile and bench of different hosts are refused; --force goes on and marks the prediction" {
	with_bench
	elsewhere "cpu_model = 'Another CPU'"
	forecall predict
	fails 3 "not from the same machine" "CPU model differs" "--force"
	[ "$(ask "SELECT count(*) FROM prediction")" -eq 0 ]
	forecall predict --force --json
	[ "$status" -eq 0 ]
	[[ $stderr == *"CPU model differs"* ]]
	jq -e '.alternatives[0].forced' <<< "$output"
	[ "$(ask "SELECT forced FROM prediction")" = 1 ]
}

@test "profile and bench of different kernels are refused; --force goes on and marks the prediction" {
	with_bench
	elsewhere "kernel = '5.4.0-other'"
	forecall predict
	fails 3 "5.4.0-other" "$(uname -r)" "--force"
	forecall predict --force
	[ "$status" -eq 0 ]
	[ "$(ask "SELECT forced FROM prediction")" = 1 ]
}

@test "a profile outside of the measured grid is refused, with both shapes and the way to measure it" {
	with_bench "100 1000" # its bursts are of 10
	forecall predict
	fails 3 "outside the measured grid" "group 10" "measured group 100 to 1000" "--like"
	[ "$(ask "SELECT count(*) FROM prediction")" -eq 0 ]
}

@test "no error loses a run that was there" {
	with_profile
	before=$(ask .dump | sha256sum)
	for command in "profile -p 4194304" "profile -- $BATS_TEST_TMPDIR/none" "profile -p $$ --path sendmgs" "predict 99" "predict --bench 99" \
		"predict --with uring" "predict --fraction 2 --speedup 1" "runs show 99" "runs delete 99"; do
		forecall $command
		[ "$status" -ne 0 ]
	done
	[ "$before" = "$(ask .dump | sha256sum)" ]
}
