#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kmod_fuzz.sh: malformed calls to the sendgroup module in guests of the lab, while interfaces come and go and the module is
# unloaded and loaded. It fails when the kernel complains of anything, or memory does not come back; where the kernel has
# kmemleak, when that has found anything that was allocated for the fuzzer.
#
# usage: tests/kmod_fuzz.sh CALLS SEED [KERNEL...]
set -eu
cd "$(dirname "$0")/.."
calls=$1 seed=$2
shift 2
[ $# -gt 0 ] || set -- 6.1.0-56-amd64 6.12.117+deb12-amd64
. tests/helpers/have_kernel.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gcc -O2 -static -D_GNU_SOURCE -I. -o "$work/kmod_fuzz" tests/helpers/kmod_fuzz.c -pthread
cat > "$work/guest.sh" << 'END'
insmod sendgroup.ko
ip link add dummy9 type dummy 2> /dev/null
ip link set dummy9 up
ip addr add 10.9.0.1/24 dev dummy9
addrs="127.0.0.1 10.9.0.2 10.7.0.2 ::1 fd00:7::2 255.255.255.255 224.0.0.5 ff02::1 ::ffff:10.9.0.3 10.9.0.255"

upheaval() {
	while [ ! -e stop ]; do
		rmmod sendgroup 2> /dev/null && insmod sendgroup.ko
		ip link del fleeting 2> /dev/null
		ip link add fleeting type dummy && ip link set fleeting up
		ip addr add 10.7.0.1/24 dev fleeting
		ip -6 addr add fd00:7::1/64 dev fleeting
		sleep 0.5
	done
	ip link del fleeting
}

# Unloading may have to wait for sockets that RCU has not freed yet.
unload() {
	for i in 1 2 3 4 5 6 7 8 9 10; do
		rmmod sendgroup 2> /dev/null && return
		sleep 0.5
	done
	echo "the module cannot be unloaded"
	exit 1
}

# kB that are free, with the pages that each CPU keeps for its next allocations (tens of MB of a guest's 1000), and kB of slab.
memory() {
	sleep 2
	echo 3 > /proc/sys/vm/drop_caches
	awk '/^MemFree/ { free += $2 } $1 == "count:" { free += 4 * $2 } /^SUnreclaim/ { slab = $2 } END { print free, slab }' \
		/proc/meminfo /proc/zoneinfo
}

# round CALLS: with interfaces and the module coming and going.
round() {
	rm -f stop
	upheaval 2> /dev/null &
	./kmod_fuzz "$seed" "$1" 4 $addrs || exit 1
	touch stop
	wait
	unload
}

# What nothing refers to: a first scan is for what was just being freed.
leaks() {
	[ -w /sys/kernel/debug/kmemleak ] || return 1
	echo scan > /sys/kernel/debug/kmemleak
	sleep 6
	echo scan > /sys/kernel/debug/kmemleak
	grep -A 14 'comm "kmod_fuzz"' /sys/kernel/debug/kmemleak
}

seed=$2
round $(($1 / 2 < 20000 ? $1 / 2 : 20000)) # fills what the kernel keeps once and for all
before=$(memory)
insmod sendgroup.ko
round "$1"
after=$(memory)
echo "free and slab kB before: $before, after: $after"
! dmesg | grep -E 'WARNING|BUG|Oops|Call Trace|general protection|refcount|unregister_netdevice|soft lockup' || exit 1
! leaks || exit 1
[ ! -e /sys/kernel/debug/kmemleak ] || exit 0 # a checking kernel keeps what was freed for a while
set -- $before $after
[ $(($4 - $2)) -lt 2048 ] && [ $(($1 - $3)) -lt 2048 ] || { echo "memory did not come back"; exit 1; }
END

make --no-print-directory -s kmod "KERNEL=$*"
for kernel; do
	have_kernel "$kernel"
	echo "$kernel:"
	build/forecall lab run -k "$kernel" --clock real --cpus 2 -m 1000 -t 7200 --module dummy -i "build/kmod/$kernel/sendgroup.ko" \
		-i "$work/kmod_fuzz" -i "$work/guest.sh" -- sh guest.sh "$calls" "$seed"
done
