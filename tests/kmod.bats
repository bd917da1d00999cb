#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kmod.bats: the sendgroup module in guests of the lab, on a 6.1 and a 6.12 of Debian: what it delivers and what it refuses.

bats_require_minimum_version 1.5.0

KERNELS="6.1.0-56-amd64 6.12.117+deb12-amd64"

setup_file() {
	cd "$BATS_TEST_DIRNAME/.." || return
	unset MAKEFLAGS MAKELEVEL MFLAGS
	export FORECALL=$PWD/build/forecall HELPERS=$BATS_FILE_TMPDIR
	make --no-print-directory kmod "KERNEL=$KERNELS" > /dev/null || return
	for kernel in $KERNELS; do
		"$FORECALL" lab kernels add "$kernel" > /dev/null || return
	done
	for helper in check fuzz; do
		gcc -O2 -static -D_GNU_SOURCE -Wall -Wextra -Werror -I. -o "$HELPERS/kmod_$helper" "tests/helpers/kmod_$helper.c" \
			kmod/lib/*.c -luring -lbpf -lelf -lz -pthread || return
	done
	# The module is unloaded in the end, and whatever the kernel had to complain of is an error.
	cat > "$HELPERS/guest.sh" << 'END'
insmod sendgroup.ko || exit 1
ip link add dummy9 type dummy 2> /dev/null
ip link set dummy9 up
ip addr add 10.9.0.1/24 dev dummy9
status=0
eval "$1" || status=$?
for i in 1 2 3 4 5 6 7 8; do rmmod sendgroup 2> /dev/null && break; sleep 0.5; done
[ ! -e /sys/module/sendgroup ] || { echo "cannot be unloaded"; exit 1; }
! dmesg | grep -E 'WARNING|BUG|Oops|Call Trace|general protection|refcount|unregister_netdevice' || exit 1
exit $status
END
}

# guest KERNEL COMMANDS: runs them there with the module loaded and a dummy device.
guest() {
	"$FORECALL" lab run -k "$1" --clock real -m 1500 -t 200 --module dummy -i "build/kmod/$1/sendgroup.ko" \
		-i "$HELPERS/kmod_check" -i "$HELPERS/kmod_fuzz" -i "$HELPERS/guest.sh" -- sh guest.sh "$2"
}

on_both() {
	cd "$BATS_TEST_DIRNAME/.."
	for kernel in $KERNELS; do
		run guest "$kernel" "$1"
		echo "$kernel: $output"
		[ "$status" -eq 0 ]
		[[ $output == *"$2"* ]]
	done
}

@test "every errno that is documented comes from what it is documented for" {
	on_both './kmod_check refuse' 'ok refuse'
}

@test "a group that is bound to a socket is reached by plain send, changed, inherited and cleared" {
	on_both './kmod_check bound 127.0.0.1 && ./kmod_check bound ::1' 'ok bound ::1'
}

@test "a full send buffer blocks, a signal ends it, and each recipient is told" {
	on_both 'ip link set dummy9 arp on; ./kmod_check block 10.9.0.2' 'ok block'
}

@test "every size to every number of recipients arrives as it was sent, over IPv4 and IPv6" {
	on_both './kmod_check deliver 127.0.0.1 10 && ./kmod_check deliver ::1 10' 'ok deliver ::1'
}

@test "malformed calls, from several threads and with signals, harm nothing" {
	on_both './kmod_fuzz 1 20000 4 127.0.0.1 10.9.0.2 ::1 255.255.255.255 224.0.0.5 ff02::1 ::ffff:10.9.0.3' 'fuzzed: 20000 calls'
}
