#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# sendgroupctl.bats: the group facility comes up, serves, and leaves nothing, each test in namespaces of its own: the network,
# and a mount namespace with an empty /run.

bats_require_minimum_version 1.5.0

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root to make a network namespace"
	[ -c /dev/net/tun ] || skip "no /dev/net/tun here, of which a group device is made"
	BIN=$(dirname "${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}")
	OUT=$BATS_TEST_TMPDIR
	CHILDREN=()
	unshare --net --mount sh -c 'mount -t tmpfs run /run && exec sleep infinity' 3>&- &
	NS=$!
	until inside mountpoint -q /run 2> /dev/null && [ "$(ns_of $NS)" != "$(ns_of self)" ]; do sleep 0.01; done
	inside ip link set lo up
}

teardown() {
	[ -n "${NS:-}" ] || return 0
	kill -9 "${CHILDREN[@]}" "$NS" 2> /dev/null || true
	wait "${CHILDREN[@]}" "$NS" 2> /dev/null || true
}

ns_of() { readlink "/proc/$1/ns/net"; }

# inside COMMAND...: runs it in both namespaces.
inside() {
	nsenter --net="/proc/$NS/ns/net" --mount="/proc/$NS/ns/mnt" "$@"
}

ctl() { inside "$BIN/sendgroupctl" "$@"; }

# nothing: no trace of a facility is left.
nothing() {
	[ -z "$(inside ls /run)" ] || { inside find /run; false; }
	! inside ip link show sendgroup0 2> /dev/null || return 1
	[ "$(inside cat /proc/sys/net/ipv4/conf/lo/accept_local /proc/sys/net/ipv4/conf/lo/route_localnet | xargs)" = "0 0" ]
	! inside grep -q sendgroup /proc/mounts
}

@test "down leaves nothing of what up made, and may be said twice" {
	ctl up
	inside ip link show sendgroup0
	ctl status | grep -q '^up: device sendgroup0'
	ctl down
	nothing
	ctl down
	nothing
	[ "$(ctl status)" = down ]
}

@test "up again changes nothing for who uses it, and up otherwise makes it anew" {
	ctl up --user 65534
	before=$(ctl status --json | jq .ifindex)
	ctl up --user 65534 --rate 77
	[ "$(ctl status --json | jq ".ifindex == $before and .accounts[0].rate == 77")" = true ]
	ctl up --user 65534 --user 0 --lanes 2
	[ "$(ctl status --json | jq -c '[.ifindex != '"$before"', (.accounts | map(.lanes))]')" = '[true,[2,2]]' ]
	ctl down
	nothing
}

forwards() { ctl status --json | jq -c '[.forwards_ipv4, .forwards_ipv6]'; }

@test "forwarding that is switched off for all devices is told, and up again mends it" {
	ctl up
	[ "$(forwards)" = '[true,true]' ]
	before=$(ctl status --json | jq .ifindex)
	inside sysctl -qw net.ipv4.ip_forward=1
	inside sysctl -qw net.ipv4.ip_forward=0
	inside ip route del 247.102.103.0/24
	[ "$(forwards)" = '[false,true]' ]
	ctl status | grep -q 'forwarding of IPv4 was .* run `sendgroupctl up` again'
	inside sysctl -qw net.ipv6.conf.sendgroup0.forwarding=0
	[ "$(forwards)" = '[false,false]' ]
	ctl up
	[ "$(forwards)" = '[true,true]' ]
	[ "$(ctl status --json | jq .ifindex)" = "$before" ]
	inside ip route show 247.102.103.0/24 | grep -q 'dev sendgroup0'
	ctl down
	nothing
}

@test "up serves IPv4 where IPv6 is disabled" {
	inside sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	ctl up
	[ "$(forwards)" = '[true,true]' ]
	ctl up
	ctl down
	nothing
}

@test "up that is killed at any moment is mended by the next up, or taken away by down" {
	for delay in 0.02 0.05 0.08 0.11 0.14 0.17 0.2 0.25; do
		inside timeout -s KILL $delay "$BIN/sendgroupctl" up || true
		ctl up
		ctl status | grep -q '^up:'
		ctl down
		nothing
		inside timeout -s KILL $delay "$BIN/sendgroupctl" up || true
		ctl down
		nothing
	done
}

@test "two at once both end well" {
	ctl up & first=$!
	ctl up
	wait $first
	ctl status | grep -q '^up:'
	ctl down
	nothing
}

@test "a held facility is gone when its input ends, and when it is killed" {
	mkfifo "$OUT/in"
	for how in end kill; do
		nsenter --net="/proc/$NS/ns/net" --mount="/proc/$NS/ns/mnt" "$BIN/sendgroupctl" hold < "$OUT/in" > "$OUT/hold" 3>&- 9>&- &
		HOLD=$!
		CHILDREN+=("$HOLD")
		exec 9> "$OUT/in"
		until grep -q ready "$OUT/hold"; do sleep 0.02; done
		inside ip link show sendgroup0
		[ -z "$(inside ls /run)" ]
		[ $how = end ] || kill -9 "$HOLD"
		exec 9>&-
		wait "$HOLD" || true
		! inside ip link show sendgroup0 2> /dev/null || false
	done
}

@test "several are held at once, and the last of them sets lo back" {
	inside sh -c 'echo 1 > /proc/sys/net/ipv4/conf/lo/accept_local'
	for n in 1 2; do
		mkfifo "$OUT/in$n"
		nsenter --net="/proc/$NS/ns/net" --mount="/proc/$NS/ns/mnt" "$BIN/sendgroupctl" hold < "$OUT/in$n" > "$OUT/hold$n" 3>&- 8>&- &
		CHILDREN+=("$!")
		eval "HOLD$n=$!"
		if [ $n = 1 ]; then exec 8> "$OUT/in1"; else exec 9> "$OUT/in2"; fi
		until grep -q ready "$OUT/hold$n"; do sleep 0.02; done
	done
	settings() { inside cat /proc/sys/net/ipv4/conf/lo/accept_local /proc/sys/net/ipv4/conf/lo/route_localnet | xargs; }
	[ "$(inside ip -o link show | grep -c sendgroup)" = 2 ]
	exec 8>&-
	wait "$HOLD1"
	[ "$(settings)" = "1 1" ]
	exec 9>&-
	wait "$HOLD2"
	[ "$(settings)" = "1 0" ]
	[ "$(inside ip -o link show | grep -c sendgroup)" = 0 ]
}

@test "bad usage is answered with status 2 and its remedy" {
	run -2 --separate-stderr ctl
	[[ "$stderr" == *"up, hold, down and status"* ]]
	run -2 ctl sideways
	run -2 --separate-stderr ctl up --user nobody-here
	[[ "$stderr" == *"no user is called nobody-here"* ]]
	run -2 --separate-stderr ctl up --device a/b
	[[ "$stderr" == *"--device a/b"* ]]
	run -2 ctl up --lanes 0
	run -2 ctl up --lanes 150 --user 1 --user 2
	run -2 ctl up --rate many
	run -2 ctl up --user 1 --user 1
	nothing
}

@test "without privilege it says what is needed, and leaves nothing" {
	run -1 --separate-stderr inside setpriv --reuid 65534 --clear-groups "$BIN/sendgroupctl" up
	[ -n "$stderr" ]
	nothing
}

@test "a device of that name is not taken over" {
	inside ip link add sendgroup0 type ifb
	run -1 --separate-stderr ctl up
	[[ "$stderr" == *"--device"* ]]
	inside ip link show sendgroup0
	ctl up --device other0
	ctl down
	inside ip link del sendgroup0
	nothing
}

@test "a host with rules for outgoing packets is refused with status 3, unless told otherwise" {
	inside ip rule add from 192.0.2.1 table 77
	run -3 --separate-stderr ctl up
	[[ "$stderr" == *"routing rules"*"--ignore-policy"* ]]
	nothing
	ctl up --ignore-policy
	ctl status | grep -q 'policy ignored'
	ctl down
	nothing
}

@test "the bpf way gives the same results as every other way of libsendgroup" {
	[ -x "$BIN/san/kmod/lib/tests/test_sendgroup" ] || skip "make unit has not built test_sendgroup"
	inside ip route add 255.255.255.255 dev lo # so that a broadcast fails for its own reason
	ctl up
	inside "$BIN/san/kmod/lib/tests/test_sendgroup"
	[ "$(ctl status --json | jq '.accounts[0].sent > 9000')" = true ]
	ctl down
	nothing
}

# start_receivers OPTIONS...: 150 of them, which verify every byte.
start_receivers() {
	nsenter --net="/proc/$NS/ns/net" "$BIN/receivers" --count 150 --verify --receive-buffer 4000000 "$@" > "$OUT/receivers" 3>&- &
	RECEIVERS=$!
	CHILDREN+=("$RECEIVERS")
	until grep -q ready "$OUT/receivers"; do sleep 0.02; done
}

# check_received N: each of the N packets came once and whole.
check_received() {
	kill -TERM "$RECEIVERS"
	wait "$RECEIVERS"
	[ "$(tail -n 1 "$OUT/receivers" | jq -c '[.packets, .lost, .duplicates, .corrupt]')" = "[$1,0,0,0]" ] || {
		cat "$OUT/receivers"
		false
	}
}

@test "every recipient gets every packet whole, on lo, in IPv4 and IPv6, with heads and tails of all kinds" {
	ctl up
	for to in 127.0.0.1 "[::1]"; do
		for shape in "--payload 1000" "--payload 60" "--payload 1472 --tail 1400" "--payload 300 --head 13 --tail 5" \
			"--payload 12"; do
			head=$(sed -n 's/.*--head \([0-9]*\).*/--head \1/p' <<< "$shape")
			tail=$(sed -n 's/.*--tail \([0-9]*\).*/--tail \1/p' <<< "$shape")
			start_receivers --listen "$to:20000" $head $tail
			inside "$BIN/groupsend" --to "$to:20000" --group 150 --bursts 20 --way sendgroup-bpf $shape
			check_received 3000
		done
	done
	[ "$(ctl status --json | jq '.accounts[0].sent')" -ge 29700 ]
}
