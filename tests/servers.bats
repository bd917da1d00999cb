#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# servers.bats: the recipes of real servers start, are loaded, and stop, with nothing left; those whose programs are missing say
# so. `make deps-servers` fetches the programs.

bats_require_minimum_version 1.5.0

setup() {
	SERVERS=$BATS_TEST_DIRNAME/../workloads/servers
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	FORECALL_RECIPES=$(mktemp -d /tmp/forecall-servers.XXXXXX) # some servers drop root, and bats lets nobody in
	chmod 755 "$FORECALL_RECIPES"
	export FORECALL_RECIPES PORT_BASE=27000 FORECALL_DB=$BATS_TEST_TMPDIR/test.db
	unset RECIPE
}

teardown() {
	[ -z "${RECIPE:-}" ] || "$SERVERS/$RECIPE" stop 2> /dev/null || true
	rm -rf "$FORECALL_RECIPES"
}

# sends PID CALLS: whether it, or a child of it, makes any of these calls, within twenty seconds.
sends() {
	local pid pids=()
	for pid in "$1" $(pgrep -P "$1"); do pids+=(-p "$pid"); done
	timeout 20 strace -f -q -o "$BATS_TEST_TMPDIR/calls" -e "trace=$2" "${pids[@]}" > /dev/null 2>&1 3>&- &
	for i in $(seq 200); do
		if grep -qE "(${2//,/|})\(" "$BATS_TEST_TMPDIR/calls" 2> /dev/null; then
			kill $!
			return 0
		fi
		sleep 0.1
	done
	return 1
}

works() {
	RECIPE=$1
	local status=0 pid paths
	"$SERVERS/$1" start 3>&- > "$BATS_TEST_TMPDIR/start" 2>&1 || status=$?
	[ $status -ne 77 ] || skip "$(cat "$BATS_TEST_TMPDIR/start")"
	cat "$BATS_TEST_TMPDIR/start"
	[ $status -eq 0 ]
	pid=$("$SERVERS/$1" pid)
	paths=$("$SERVERS/$1" paths)
	timeout 30 "$SERVERS/$1" load 25 > "$BATS_TEST_TMPDIR/load" 2>&1 3>&- &
	sends "$pid" "$paths"
	kill $! 2> /dev/null || true
	"$SERVERS/$1" stop
	! kill -0 "$pid" 2> /dev/null
	[ ! -e "$FORECALL_RECIPES/$1" ]
}

@test "memcached sends by the calls that its recipe names" { works memcached; }
@test "redis sends by the calls that its recipe names" { works redis; }
@test "icecast sends by the calls that its recipe names" { works icecast; }
@test "nginx sends by the calls that its recipe names" { works nginx; }
@test "coturn sends by the calls that its recipe names" { works coturn; }
@test "unbound sends by the calls that its recipe names" { works unbound; }
@test "ffmpeg sends by the calls that its recipe names" { works ffmpeg; }

@test "a recipe whose program is missing is skipped with the reason" {
	mkdir "$BATS_TEST_TMPDIR/none" "$BATS_TEST_TMPDIR/bin"
	for tool in bash dirname basename id uname; do
		ln -s "$(command -v $tool)" "$BATS_TEST_TMPDIR/bin/$tool"
	done
	for recipe in memcached redis icecast nginx coturn unbound ffmpeg; do
		run -77 env PATH="$BATS_TEST_TMPDIR/bin" FORECALL_SERVERS="$BATS_TEST_TMPDIR/none" "$SERVERS/$recipe" start
		[[ "$output" == *"skipped: "*" is missing; make deps-servers fetches it"* ]]
	done
}

@test "a server that dropped root is ported and compared while its load runs" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to load BPF programs"
	[ -r /sys/kernel/btf/vmlinux ] || skip "needs a kernel with BTF"
	RECIPE=memcached
	"$SERVERS/memcached" start 3>&- || { [ $? -eq 77 ] && skip "memcached is missing"; }
	"$SERVERS/memcached" stop
	timeout 100 "$FORECALL" --json try --compare --seconds 2 --force --window 20 --rounds 10 --load "$SERVERS/memcached load" -- "$SERVERS/memcached" server \
		> "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err" 3>&- || { cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err"; false; }
	cat "$BATS_TEST_TMPDIR/out"
	jq -e '.path == "sendmsg" and .lost == 0 and .batch > 20 and .alternatives[0].way == "sendmmsg" and .alternatives[0].observed.value > 0 and
		(.alternatives[0].error | type == "number")' "$BATS_TEST_TMPDIR/out"
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM observation")" -eq 1 ]
}

# ---- Scopes of processes that come and go ----

needs_bpf() {
	[ "$(id -u)" -eq 0 ] || skip "needs root to load BPF programs"
	[ -r /sys/kernel/btf/vmlinux ] || skip "needs a kernel with BTF"
	cc -O2 -D_GNU_SOURCE -pthread -o "$BATS_TEST_TMPDIR/fcscope$$" "$BATS_TEST_DIRNAME/helpers/datagrams.c"
	SENDER=$BATS_TEST_TMPDIR/fcscope$$
}

ask() { sqlite3 "$FORECALL_DB" "$1"; }

# profiles_restarted OPTION...: a scope whose process comes after the profile, ends, and comes again.
profiles_restarted() {
	"$FORECALL" --progress profile "$@" --path sendmsg,sendto --seconds 3 --window 20 --calibration 2 > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err" 3>&- &
	local profile=$!
	for i in $(seq 500); do grep -q waiting "$BATS_TEST_TMPDIR/err" && break; sleep 0.02; done
	grep -q waiting "$BATS_TEST_TMPDIR/err"
	while kill -0 $profile 2> /dev/null; do
		in_scope timeout 0.7 "$SENDER" computing 9 1000000 > /dev/null 2>&1 3>&- || true
	done
	wait $profile || { cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err"; return 1; }
	[ "$(ask "SELECT count(DISTINCT pid) >= 2 AND min(calls_n) > 0 FROM thread WHERE comm LIKE 'fcscope%' AND calls_n > 0")" -eq 1 ]
	[ "$(ask "SELECT state, scope FROM run")" = "complete|process" ]
}

@test "a server is profiled by its name, started after forecall and restarted meanwhile" {
	needs_bpf
	in_scope() { "$@"; }
	profiles_restarted --comm "fcscope$$"
	[ "$(ask "SELECT target FROM run")" = "comm fcscope$$" ]
}

@test "a server is profiled by its control group, and by its unit's" {
	needs_bpf
	for root in /sys/fs/cgroup /sys/fs/cgroup/unified; do
		GROUP=$root/fctest$$.slice/server$$.service
		mkdir -p "$GROUP" 2> /dev/null && [ -e "$GROUP/cgroup.procs" ] && break
		rmdir "$GROUP" "$(dirname "$GROUP")" 2> /dev/null || true # a folder, and no control group
		GROUP=
	done
	[ -n "$GROUP" ] || skip "no control group can be made here"
	in_scope() { bash -c 'echo $$ > "$0/cgroup.procs" && exec "$@"' "$GROUP" "$@"; }
	local status=0
	profiles_restarted --cgroup "fctest$$.slice" || status=1
	rm -f "$FORECALL_DB"*
	profiles_restarted --unit "server$$" || status=1
	rmdir "$GROUP" "$(dirname "$GROUP")"
	[ $status -eq 0 ]
}

@test "names, groups and units that are not there are told apart" {
	run -2 "$FORECALL" profile --comm a-name-that-is-too-long
	[[ "$output" == *"15 bytes"* ]]
	run -2 "$FORECALL" profile --cgroup no/such/group
	[[ "$output" == *"no control group no/such/group"* ]]
	run -2 "$FORECALL" profile --unit nosuchunit
	[[ "$output" == *"unit nosuchunit.service"* ]]
	run -2 "$FORECALL" profile --comm a --unit b
	[[ "$output" == *"only one of"* ]]
	[ "$(id -u)" -eq 0 ] || skip "the rest needs root"
	run -1 "$FORECALL" profile --comm nosuchname --wait 0.1
	[[ "$output" == *"no process of comm nosuchname within 0.1 s; --wait"* ]]
}
