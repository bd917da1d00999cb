#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# profile.bats: forecall profile of workloads whose every count is known (tests/helpers/known.c), and of targets and of
# forecalls that end in the middle.
#
# A workload waits until the first window is open; with --doses 1 and a window that outlasts it, every call is seen.

bats_require_minimum_version 1.5.0

CALLS=10007 BYTES=1009 BURST=7 # primes; 10007 = 1429 * 7 + 4

setup_file() {
	cc -O2 -D_GNU_SOURCE -Wall -Wextra -pthread -o "$BATS_FILE_TMPDIR/known" "$BATS_TEST_DIRNAME/helpers/known.c"
}

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root to load BPF programs"
	[ -r /sys/kernel/btf/vmlinux ] || skip "needs a kernel with BTF"
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	KNOWN=$BATS_FILE_TMPDIR/known
	export FORECALL OUT=$BATS_TEST_TMPDIR FORECALL_DB=$BATS_TEST_TMPDIR/test.db
	CHILDREN=()
}

teardown() {
	[ "${#CHILDREN[@]}" -eq 0 ] || kill -9 "${CHILDREN[@]}" 2> /dev/null || true
}

# ---- Starting, waiting, asking ----

# await SECONDS COMMAND...: until it succeeds; fails when it has not by then.
await() {
	local until=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $until ] || { echo "in vain: $*"; tail -n 5 "$OUT"/*.err; return 1; }
		sleep 0.02
	done
}

not() { ! "$@"; } # a bare ! would not fail a test

ended() { ! kill -0 "$1" 2> /dev/null; }

# start NAME COMMAND...: its stdout goes to $OUT/NAME, its stderr to $OUT/NAME.err. $LAST is its pid.
start() {
	local name=$1
	shift
	"$@" > "$OUT/$name" 2> "$OUT/$name.err" < "${INPUT:-/dev/null}" 3>&- &
	LAST=$!
	CHILDREN+=("$LAST")
}

# start_known HOW [WORKERS]: begins at go; $TARGET is its pid.
start_known() {
	mkfifo "$OUT/go"
	exec {GO}<> "$OUT/go"
	INPUT=$OUT/go start known "$KNOWN" "$1" $CALLS $BYTES $BURST ${2:+"$2"}
	TARGET=$LAST
}

go() { echo >&"$GO"; }

# start_profile NAME [OPTION...] of $TARGET in one long window, and waits until that is open; $PROFILE is its pid.
start_profile() {
	local name=$1
	shift
	start "$name" "$FORECALL" --progress profile -p "$TARGET" --doses 1 --window 30000 --seconds 1 --calibration 1 "$@"
	PROFILE=$LAST
	await 20 grep -q measuring "$OUT/$name.err"
}

# What the database says.
ask() { sqlite3 "${DB:-$FORECALL_DB}" "$1"; }

# is QUERY ANSWER
is() {
	local answer
	answer=$(ask "$1")
	[ "$answer" = "$2" ] || { echo "$1: $answer, expected $2"; cat "$OUT"/*.err; return 1; }
}

# The run came to its end, and is one that figures may be derived from.
is_sound() {
	is "SELECT state, lost_n, unbalanced, residue <= 0.001 FROM run" "complete|0|0|1"
	is "SELECT count(*) > 0 AND max(abs(residue_cyc) > 0.001 * window_cyc) = 0 FROM balance" 1
	is "SELECT count(*) FROM balance b WHERE window_cyc - residue_cyc - (SELECT sum(cyc) FROM ledger l WHERE l.cpu = b.cpu)
	    NOT BETWEEN -2000 AND 2000" 0 # rounding to whole cycles, row by row
}

# counted PATH WORKERS [ERRORS]: exactly what the workers did is stored, and calls that failed besides.
counted() {
	local calls=$(($2 * CALLS + ${3:-0}))
	is "SELECT sum(calls_n), sum(errors_n), sum(bytes) FROM block" "$calls|${3:-0}|$(($2 * CALLS * BYTES))"
	is "SELECT calls_n, errors_n FROM call WHERE name = '$1'" "$calls|${3:-0}"
	is "SELECT sum(calls_n) FROM thread" $calls
	is "SELECT n, total FROM hist WHERE name = 'bytes'" "$(($2 * CALLS))|$(($2 * CALLS * BYTES))"
}

# bursts WORKERS: each worker's calls came in bursts of $BURST and a rest, and the first gap in each was looked at.
bursts() {
	is "SELECT low, n, total FROM hist WHERE name = 'burst' AND low > 1 ORDER BY low" \
		"$((CALLS % BURST))|$1|$(($1 * (CALLS % BURST)))
$BURST|$(($1 * (CALLS / BURST)))|$(($1 * (CALLS / BURST) * BURST))"
	is "SELECT sum(n) FROM hist WHERE name = 'gap'" $(($1 * (CALLS / BURST + 1)))
}

# profile_known HOW PATH [WORKERS]: from its first call to its end.
profile_known() {
	start_known "$1" ${3:+"$3"}
	start_profile profile --path "$2"
	go
	await 30 ended "$TARGET"
	await 20 ended "$PROFILE"
}

# ---- Exact counts ----

@test "every call, byte and burst of a known workload is counted" {
	profile_known plain sendmsg
	is_sound
	counted sendmsg 1
	bursts 1
}

@test "calls that fail are counted as errors and bring no bytes" {
	profile_known failing sendmsg
	is_sound
	is "SELECT calls_n, errors_n, bytes FROM block" "$CALLS|$CALLS|0"
	is "SELECT count(*) FROM hist WHERE name = 'bytes'" 0
	bursts 1
}

@test "the calls of every thread are counted, and each thread has its own" {
	profile_known threads sendmsg 5
	is_sound
	counted sendmsg 5
	bursts 5
	is "SELECT count(*) FROM thread WHERE calls_n = $CALLS" 5
}

@test "the calls of forked children are counted" {
	profile_known forks sendmsg 5
	is_sound
	counted sendmsg 5
	bursts 5
	is "SELECT count(DISTINCT pid) FROM thread WHERE calls_n = $CALLS" 5
}

@test "calls before and after an exec are counted under one thread" {
	profile_known exec sendmsg
	is_sound
	counted sendmsg 2
	bursts 2
	is "SELECT count(*) FROM thread WHERE calls_n > 0" 1
	is "SELECT calls_n FROM call WHERE name = 'execve'" 1
}

@test "a thread that execs takes its process with it" {
	profile_known thread-exec sendmsg
	is_sound
	counted sendmsg 2
	bursts 2
}

@test "another path than sendmsg is counted by its name" {
	profile_known receive recvmsg
	is_sound
	counted recvmsg 1
	is "SELECT path FROM run" recvmsg
}

@test "a command after -- is counted from its first call" {
	echo > "$OUT/byte"
	INPUT=$OUT/byte start profile "$FORECALL" profile --path sendmsg --doses 1 --window 30000 --seconds 1 --calibration 1 \
		-- "$KNOWN" forks $CALLS $BYTES $BURST 3
	await 40 ended "$LAST"
	is_sound
	counted sendmsg 3
	bursts 3
	is "SELECT scope, target FROM run" "process|$KNOWN forks $CALLS $BYTES $BURST 3"
}

@test "with a CPU in scope the calls on other CPUs are not counted" {
	[ "$(nproc)" -ge 2 ] || skip "needs two CPUs"
	start_known hop # on CPU 0 first, which is not in scope
	start profile "$FORECALL" --progress profile -C 1 --path getsid --doses 1 --window 30000 --seconds 1 --calibration 1
	await 20 grep -q measuring "$OUT/profile.err"
	go
	await 30 ended "$TARGET"
	kill -INT "$LAST" # a CPU does not end
	await 20 ended "$LAST"
	is "SELECT state, lost_n, unbalanced FROM run" "interrupted|0|0"
	is "SELECT sum(calls_n) FROM block" $CALLS
	is "SELECT sum(calls_n) FROM thread" $CALLS
	is "SELECT calls_n FROM call WHERE name = 'getsid'" $CALLS
}

@test "two profiles at once count the same" {
	start_known threads 2
	FORECALL_DB=$OUT/one.db start_profile one
	FORECALL_DB=$OUT/two.db start_profile two
	go
	await 30 ended "$TARGET"
	for pid in "${CHILDREN[@]:1}"; do await 20 ended "$pid"; done
	for DB in "$OUT/one.db" "$OUT/two.db"; do
		is_sound
		counted sendmsg 2
		bursts 2
	done
}

# ---- Targets that end in a frame ----

# sleeps_in NUMBER: the target sleeps in the system call of this number.
sleeps_in() { [ "$(cut -d ' ' -f 1 "/proc/$TARGET/syscall" 2> /dev/null)" = "$1" ]; }

number_of() { printf '#include <sys/syscall.h>\nSYS_%s\n' "$1" | cc -E -P - | tail -n 1; }

# killed_in HOW PATH: by SIGKILL, in the frame in which it got stuck.
killed_in() {
	start_known "$1"
	start_profile profile --path "$2"
	go
	await 30 sleeps_in "$(number_of "$2")"
	kill -9 "$TARGET"
	await 20 ended "$PROFILE"
	is_sound
	counted "$2" 1 1 # the signal ended the frame with an error
	is "SELECT text LIKE 'the target ended%' FROM warning WHERE code = 'ended'" 1
}

@test "a target that is killed in a send leaves a whole run" {
	killed_in stuck-send sendmsg
	bursts 1
}

@test "a target that is killed in a receive leaves a whole run" {
	killed_in stuck-receive recvmsg
}

@test "a target that exits while a thread is in a frame leaves a whole run" {
	profile_known exit-in-frame sendmsg
	is_sound
	counted sendmsg 1 1
	bursts 1
}

@test "a ported server that ends while it is observed is compared by its datagrams all the same" {
	start busy "$KNOWN" plain 1000000000 1 5
	TARGET=$LAST
	"$FORECALL" profile -p "$TARGET" --path sendmsg --window 20 --seconds 2 --calibration 2 > "$OUT/profile"
	"$FORECALL" predict 1 --speedup 1.1 > "$OUT/predict"
	"$FORECALL" observe --window 20 --seconds 60 -- "$KNOWN" plain 200000 1 5 <<< go > "$OUT/observed"
	grep -q '^busy cycles per UDP datagram sent: ' "$OUT/observed" || { cat "$OUT/observed"; false; }
}

@test "a target that execs while a thread is in a frame is followed" {
	profile_known exec-in-frame sendmsg
	is_sound
	counted sendmsg 2 1
	bursts 2
}

# ---- forecalls that end early, and what they leave behind ----

# Links and programs that a process holds: "link 7", "prog 8".
bpf_of() { sed -n 's/^\(link\|prog\)_id:[[:blank:]]*/\1 /p' "/proc/$1"/fdinfo/*; }

# none_left FILE: none of the objects listed there exists any more.
none_left() {
	local kind id
	while read -r kind id; do
		! bpftool "$kind" show id "$id" > /dev/null 2>&1 || return 1
	done < "$1"
}

# ended_by SIGNAL: forecall is ended so while its probes are attached; none of them is left.
ended_by() {
	PATH=$PATH:/usr/sbin
	start_known plain
	start_profile profile
	bpf_of "$PROFILE" > "$OUT/attached"
	grep -q ^link "$OUT/attached"
	not none_left "$OUT/attached"
	grep -q ^prog "$OUT/attached"
	kill -"$1" "$PROFILE"
	await 20 ended "$PROFILE"
	await 20 none_left "$OUT/attached"
}

@test "forecall that is killed leaves nothing attached, and its run incomplete" {
	ended_by KILL
	is "SELECT state, wall_ns IS NULL FROM run" "incomplete|1"
	is "SELECT count(*) FROM block" 0
	is "PRAGMA integrity_check" ok
	kill -0 "$TARGET" # which goes on
}

@test "forecall that ends leaves nothing attached" {
	ended_by INT
	kill -0 "$TARGET"
}

# budgeted BUDGET: a profile of a sender that is always busy; how many windows without probes come to one with them. A budget goes by what the calibration before
# the profile says, of which few rounds tell little on a busy machine: the usual ones here.
budgeted() {
	"$FORECALL" --json profile -p "$TARGET" --path sendmsg --window 10 --seconds 8 --budget "$1" > "$OUT/profile$1" 2> "$OUT/err" ||
		{ cat "$OUT/err"; return 1; }
	ask "SELECT 1.0 * sum(dose = 0) / sum(dose = 1) FROM block WHERE run = (SELECT max(run) FROM run)"
}

@test "a budget puts unprobed windows between the probed ones, and the profile states it" {
	start busy "$KNOWN" plain 1000000000 1 5
	TARGET=$LAST
	free=$(budgeted 100%)
	tight=$(budgeted 1%)
	windows=$(ask "SELECT count(*) FROM block WHERE run = (SELECT max(run) FROM run)")
	echo "unprobed windows for each probed one: $free without a bound, $tight within 1 %, of $windows in all"
	# 500 windows and more; where a starved machine lets one last 200 ms few fit, and the probed ones that a prediction needs are taken first
	jq -ne "$free == 1 and $tight > 1.5 and ($tight > 4 or $windows < 50)"
	jq -e '.budget == null and .windows_once == .windows_once_unbound' "$OUT/profile100%"
	jq -e '.budget == 0.01 and .windows_once >= 4 and .windows_once_unbound > .windows_once * (if $windows < 50 then 1 else 2 end)' --argjson windows "$windows" "$OUT/profile1%"
	is "SELECT budget, once_ns > 0 AND twice_ns > 0 AND once_ns + twice_ns < span_ns AND span_ns > wall_ns FROM run WHERE budget IS NOT NULL" "0.01|1"
	"$FORECALL" profile -p "$TARGET" --path sendmsg --window 10 --seconds 2 --budget 1% > "$OUT/text"
	grep -q '^budget: 1 % of its own CPU time over the whole profile: ' "$OUT/text"
	grep -q '^for it, probes were attached once in [0-9]* windows instead of [0-9]*: the interval of f is up to [0-9.]* times as wide' "$OUT/text"
}

@test "calls that wake their receiver are told from those that do not" {
	local sender=${FORECALL%/*}/groupsend
	[ "$(nproc)" -ge 2 ] || skip "needs two CPUs"
	# a receiver that sleeps before each packet, unless others keep it from its CPU
	start sleepers "$sender" --topology lo --moderate-us 0 --peer-cpu 1 --cpu 0 --period-ns 4000000 --bursts 20000
	"$FORECALL" profile -p "$LAST" --path sendmsg --window 20 --seconds 4 --calibration 2 > "$OUT/text"
	is "SELECT waking_n > 5 AND 2 * waking_n > quiet_n FROM run" 1
	grep -q '^receivers: [0-9.]* % of the calls wake a sleeping thread' "$OUT/text"
	kill "$LAST"
	rm -f "$FORECALL_DB"*
	start busy "$KNOWN" plain 1000000000 1 5 # to a socket that nobody waits at
	"$FORECALL" profile -p "$LAST" --path sendmsg --window 20 --seconds 4 --calibration 2 > "$OUT/text"
	is "SELECT quiet_n > 1000 AND quiet_n > 20 * waking_n FROM run" 1
}

# switched N: the forecall has waited so often for a window or a CPU.
switched() {
	[ "$(sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$PROFILE/status")" -ge "$1" ]
}

@test "a profile that is interrupted keeps what it measured, marked" {
	start busy "$KNOWN" plain 1000000000 1 5 # goes on for as long as it is let
	TARGET=$LAST
	start profile "$FORECALL" --progress profile -p "$TARGET" --path sendmsg --budget 100% --window 5 --seconds 3600 --calibration 1
	PROFILE=$LAST
	await 20 grep -q measuring "$OUT/profile.err"
	await 60 switched $(($(sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$PROFILE/status") + 2000))
	kill -INT "$PROFILE"
	await 20 ended "$PROFILE"
	wait "$PROFILE"
	is "SELECT state, lost_n, unbalanced FROM run" "interrupted|0|0"
	is "SELECT text LIKE 'ended early on request%' FROM warning WHERE code = 'interrupted'" 1
	is "SELECT count(*) >= 10 AND sum(calls_n) > 0 FROM block WHERE dose = 1" 1
	grep -q '^f = ' "$OUT/profile"
	grep -q interrupted "$OUT"/profile*
	kill -0 "$TARGET"
}

@test "a command after -- does not outlive forecall, however that ends" {
	for signal in INT KILL; do
		start profile "$FORECALL" --progress profile --window 30000 --calibration 1 -- "$KNOWN" plain 1000000000 1 5
		PROFILE=$LAST
		await 20 grep -q measuring "$OUT/profile.err"
		child=$(pgrep -P "$PROFILE")
		kill -0 "$child"
		kill -$signal "$PROFILE"
		await 20 ended "$PROFILE"
		await 20 ended "$child"
		rm "$OUT/profile.err"
	done
}

@test "a profile mounts nothing and needs no tracefs" {
	start_known plain
	export TARGET
	# in a mount namespace of its own, where nobody else's mounts come and go
	start profile unshare --mount --propagation private bash -c '
		umount --all --types tracefs,debugfs 2> /dev/null
		sort /proc/self/mountinfo > "$OUT/before"
		"$FORECALL" --progress profile -p "$TARGET" --doses 1 --window 30000 --seconds 1 --calibration 1 3>&1
		sort /proc/self/mountinfo > "$OUT/after"'
	await 20 grep -q measuring "$OUT/profile.err"
	mounts=$(sort "/proc/$(pgrep -P "$LAST" forecall)/mountinfo")
	go
	await 30 ended "$LAST"
	not grep -Eq ' - (tracefs|debugfs) ' "$OUT/before"
	[ "$mounts" = "$(cat "$OUT/before")" ]
	cmp "$OUT/before" "$OUT/after"
	counted sendmsg 1
}

# Every run that is not incomplete has all its parts, and one that is has none.
all_whole() {
	is "PRAGMA integrity_check" ok
	is "PRAGMA foreign_key_check" ""
	is "SELECT count(*) FROM run WHERE state = 'incomplete' AND run IN (SELECT run FROM block UNION SELECT run FROM ledger)" 0
	is "SELECT count(*) FROM run WHERE state <> 'incomplete' AND (wall_ns IS NULL OR residue IS NULL
	    OR (SELECT count(*) FROM block b WHERE b.run = run.run) % 5 <> 0 -- whole cycles
	    OR (SELECT count(*) FROM block b WHERE b.run = run.run) = 0
	    OR (SELECT count(*) FROM calibration c WHERE c.run = run.run) = 0
	    OR (SELECT sum(calls_n) FROM block b WHERE b.run = run.run) IS NULL
	    OR (SELECT sum(calls_n) FROM block b WHERE b.run = run.run AND dose = 1) <> (SELECT sum(calls_n) FROM thread t WHERE t.run = run.run)
	    OR abs((SELECT sum(window_cyc - residue_cyc) FROM balance a WHERE a.run = run.run)
	           - (SELECT sum(cyc) FROM ledger l WHERE l.run = run.run)) > 5000)" 0
}

# killed_at SHARE COMMAND...: after this share, in thousandths, of the time that it should take.
killed_at() {
	local us=$((length * $1 / 1000))
	shift
	timeout -s KILL "$((us / 1000000)).$(printf %06d $((us % 1000000)))" "$@" > "$OUT/profile" 2>&1 3>&- || true
}

log_written() { stat -c %y "$FORECALL_DB-wal" 2> /dev/null; }

# killed_in_write COMMAND...: when the database is written to after the windows.
killed_in_write() {
	local before
	start writer "$@" --progress
	await 20 grep -q measuring "$OUT/writer.err"
	before=$(log_written)
	until [ "$(log_written)" != "$before" ] || ended "$LAST"; do :; done
	kill -9 "$LAST" 2> /dev/null || true
	await 20 ended "$LAST"
	rm "$OUT/writer.err"
}

@test "50 kills at random moments leave a database whose every finished run is whole" {
	start busy "$KNOWN" plain 1000000000 1 5
	profile=("$FORECALL" profile -p "$LAST" --budget 100% --seconds 0.1 --window 5 --calibration 1)
	"${profile[@]}" > "$OUT/profile" 2>&1 || true # the figure wants more cycles, the run is whole
	begin=${EPOCHREALTIME/[.,]/}
	"${profile[@]}" > "$OUT/profile" 2>&1 || true
	length=$((${EPOCHREALTIME/[.,]/} - begin))
	is "SELECT count(*) FROM run WHERE state = 'complete'" 2
	RANDOM=20040915
	for i in $(seq 50); do
		if [ $i -le 25 ]; then
			killed_at $((RANDOM % 1050)) "${profile[@]}"
		elif [ $i -le 40 ]; then
			killed_at $((850 + RANDOM % 250)) "${profile[@]}" # near the end
		else
			killed_in_write "${profile[@]}"
		fi
		all_whole
	done
	is "SELECT count(*) > 2 FROM run" 1
	kills=$(ask "SELECT count(*) FROM run WHERE state = 'incomplete'")
	echo "# killed in mid-run: $kills of 50" >&3
	[ "$kills" -ge 10 ]
	"${profile[@]}" > "$OUT/profile" 2>&1 || true # and it is still written to
	is "SELECT state FROM run ORDER BY run DESC LIMIT 1" complete
}
