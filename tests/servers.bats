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
	timeout 100 "$FORECALL" --json try --compare --seconds 1 --window 20 --rounds 10 --load "$SERVERS/memcached load" -- "$SERVERS/memcached" server \
		> "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err" 3>&- || { cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err"; false; }
	cat "$BATS_TEST_TMPDIR/out"
	jq -e '.path == "sendmsg" and .lost == 0 and .batch > 20 and .alternatives[0].way == "sendmmsg" and .alternatives[0].observed.value > 0 and
		(.alternatives[0].error | type == "number")' "$BATS_TEST_TMPDIR/out"
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM observation")" -eq 1 ]
}
