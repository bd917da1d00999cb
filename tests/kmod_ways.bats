#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kmod_ways.bats: the ways sendgroup, setgrp and setgrp-change in a guest that has the module: sending, benching, predicting, and
# livecast's whole experiment. Under icount, so the figures are instructions and the same in every run.

bats_require_minimum_version 1.5.0

KERNEL="6.12.117+deb12-amd64"

setup_file() {
	cd "$BATS_TEST_DIRNAME/.." || return
	unset MAKEFLAGS MAKELEVEL MFLAGS
	export FORECALL=$PWD/build/forecall
	make --no-print-directory kmod "KERNEL=$KERNEL" > /dev/null || return
	. tests/helpers/have_kernel.sh
	have_kernel "$KERNEL" || return
	cat > "$BATS_FILE_TMPDIR/guest.sh" << 'END'
insmod sendgroup.ko || exit 1
eval "$1" || exit
for i in 1 2 3 4 5 6 7 8; do rmmod sendgroup 2> /dev/null && break; sleep 0.5; done
[ ! -e /sys/module/sendgroup ] || { echo "cannot be unloaded"; exit 1; }
! dmesg | grep -E 'WARNING|BUG|Oops|Call Trace|general protection|refcount|unregister_netdevice'
END
}

# guest COMMANDS: with the module loaded; standard output, one object a line.
guest() {
	cd "$BATS_TEST_DIRNAME/.."
	FORECALL_DB=$BATS_TEST_TMPDIR/db "$FORECALL" -q lab run -k "$KERNEL" -t 400 -i "build/kmod/$KERNEL/sendgroup.ko" \
		-i "$BATS_FILE_TMPDIR/guest.sh" -- sh guest.sh "$1"
}

# holds FILTER: of the objects in $output.
holds() { jq -es "$1" <<< "$output" > /dev/null || { echo "$1 does not hold of:"; echo "$output"; false; }; }

@test "what groupsend sends by each way of the module arrives, every byte of it" {
	run --separate-stderr guest 'groupsend --json --verify --topology veth --group 50 --bursts 20 --payload 1000 --tail 40 --way sendgroup &&
		groupsend --json --verify --topology lo --ipv6 --group 50 --bursts 20 --payload 300 --way sendgroup &&
		groupsend --json --verify --topology veth --group 50 --bursts 20 --payload 1000 --head 0 --way setgrp,setgrp-change'
	echo "$stderr"
	[ "$status" -eq 0 ]
	holds 'map(.way) == ["sendgroup", "sendgroup", "setgrp", "setgrp-change"] and all(.[]; .packets == 1000 and .errors == 0)'
}

@test "without the module its ways say what is missing" {
	run --separate-stderr guest 'rmmod sendgroup; ! groupsend --way sendgroup 2>&1 && ! groupsend --head 0 --way setgrp 2>&1; insmod sendgroup.ko'
	[ "$status" -eq 0 ]
	[ "$(grep -c 'make kmod' <<< "$output")" -eq 2 ]
}

@test "the ways are benched, the bound group too, and its change before each send costs more" {
	run --separate-stderr guest 'forecall -q --json bench --baseline sendmsg --alternative sendgroup,setgrp,setgrp-change --group 100 --payload 1000 \
		--private 0 --topology veth --rounds 10'
	echo "$stderr"
	[ "$status" -eq 0 ]
	holds '.[0].points | (map({(.way): .speedup.value}) | add) | .sendgroup > 1.5 and .setgrp > 1.5 and .setgrp > ."setgrp-change"'
}

@test "livecast is profiled, its gain by sendgroup predicted, and observed" {
	run --separate-stderr guest 'forecall -q --json validate --with sendgroup --group 20 --payload 1000 --packets 100 --seconds 1.5 --width 0.01 &&
		forecall -q --json predict --with sendgroup'
	echo "$stderr"
	[ "$status" -eq 0 ]
	holds '.[0].alternatives[0] | .predicted.value > 1.5 and .observed.value > 1.5'
	holds '.[0].quality.lost == 0 and .[1].alternatives[0].predicted.value == .[0].alternatives[0].predicted.value'
}
