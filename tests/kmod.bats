#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kmod.bats: the sendgroup module in guests of the lab, on a 6.1 and a 6.12 of Debian: what it delivers and what it refuses.
# KMOD_KERNELS=6.12-kasan-amd64 KMOD_LIMIT=3000 runs it on the kernel that `make lab-kasan` builds.

bats_require_minimum_version 1.5.0

KERNELS=${KMOD_KERNELS:-6.1.0-56-amd64 6.12.117+deb12-amd64}

setup_file() {
	cd "$BATS_TEST_DIRNAME/.." || return
	unset MAKEFLAGS MAKELEVEL MFLAGS
	export FORECALL=$PWD/build/forecall HELPERS=$BATS_FILE_TMPDIR
	make --no-print-directory kmod "KERNEL=$KERNELS" > /dev/null || return
	. tests/helpers/have_kernel.sh
	for kernel in $KERNELS; do
		have_kernel "$kernel" || return
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
ip addr add fd09::1/64 dev dummy9 nodad
status=0
eval "$1" || status=$?
for i in 1 2 3 4 5 6 7 8; do rmmod sendgroup 2> /dev/null && break; sleep 0.5; done
[ ! -e /sys/module/sendgroup ] || { echo "cannot be unloaded"; exit 1; }
! dmesg | grep -E 'WARNING|BUG|Oops|Call Trace|general protection|refcount|unregister_netdevice' || exit 1
exit $status
END
}

# guest KERNEL COMMANDS [OPTION...]: runs them there with the module loaded and a dummy device; options are those of the guest.
guest() {
	"$FORECALL" lab run -k "$1" --clock real -m 1500 -t "${KMOD_LIMIT:-300}" --module dummy -i "build/kmod/$1/sendgroup.ko" "${@:3}" \
		-i "$HELPERS/kmod_check" -i "$HELPERS/kmod_fuzz" -i "$HELPERS/guest.sh" -- sh guest.sh "$2"
}

# on_both COMMANDS TEXT [OPTION...]: on both kernels the commands succeed and print the text.
on_both() {
	cd "$BATS_TEST_DIRNAME/.."
	for kernel in $KERNELS; do
		run guest "$kernel" "$1" "${@:3}"
		echo "$kernel: $output"
		[ "$status" -eq 0 ]
		[[ $output == *"$2"* ]]
	done
}

@test "every errno that is documented comes from what it is documented for" {
	on_both './kmod_check refuse' 'ok refuse'
}

# What the kernel prints when a control group is out of memory has a call trace that is no complaint.
@test "without memory it is ENOMEM, without the module ENOSYS" {
	on_both 'rmmod sendgroup && ./kmod_check missing && insmod sendgroup.ko &&
		echo +memory > /sys/fs/cgroup/cgroup.subtree_control && mkdir /sys/fs/cgroup/tight &&
		./kmod_check memory /sys/fs/cgroup/tight && ! dmesg -c | grep -E "WARNING|BUG|Oops|general protection|refcount"' 'ok memory'
}

@test "each recipient who cannot be reached is told of, and the others are sent to" {
	on_both './kmod_check mixed 127.0.0.1 && ./kmod_check mixed ::1' 'ok mixed ::1'
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

@test "it arrives in another namespace over veth, and from card to card with right checksums, offloaded or not, over IPv4 and IPv6" {
	cat > "$BATS_TEST_TMPDIR/wire.sh" << 'END'
set -e
bad_sums() { ip netns exec peer cat /proc/net/snmp /proc/net/snmp6 | awk '$1 == "Udp:" { n += $8 } $1 == "Udp6InCsumErrors" { n += $2 } END { print n + 0 }'; }
ip netns exec peer head -n 30 /proc/net/snmp | grep -q '^Udp:.* SndbufErrors InCsumErrors' # the seventh figure
ip netns exec peer ethtool -K nic1 rx off # so that its stack adds the sums up
./kmod_check deliver 198.18.0.2 10 /run/netns/peer
./kmod_check deliver fd00::2 10 /run/netns/peer
[ "$(bad_sums)" = 0 ] || { echo "bad checksums: $(bad_sums)"; exit 1; }
ip netns add far
ip link add v0 type veth peer name v1 netns far
ip addr add 10.8.0.1/24 dev v0
ip -6 addr add fd00:8::1/64 dev v0 nodad
ip -n far addr add 10.8.0.2/24 dev v1
ip -n far -6 addr add fd00:8::2/64 dev v1 nodad
ip link set v0 up
ip -n far link set v1 up
./kmod_check deliver 10.8.0.2 10 /run/netns/far
./kmod_check deliver fd00:8::2 10 /run/netns/far
ip netns del far
# Without scatter-gather and sums of its own a card gets each packet in one piece, and whole.
ethtool -K nic0 tx off sg off
ethtool -k nic0 | grep -q '^scatter-gather: off'
ethtool -k nic0 | grep -q '^tx-checksumming: off'
./kmod_check deliver 198.18.0.2 2 /run/netns/peer
./kmod_check deliver fd00::2 2 /run/netns/peer
[ "$(bad_sums)" = 0 ] || { echo "bad checksums without offload: $(bad_sums)"; exit 1; }
END
	on_both 'sh wire.sh' 'ok deliver fd00:8::2' --nic e1000 -i "$BATS_TEST_TMPDIR/wire.sh"
}

@test "malformed calls, from several threads and with signals, harm nothing" {
	on_both './kmod_fuzz 1 20000 4 127.0.0.1 10.9.0.2 ::1 255.255.255.255 224.0.0.5 ff02::1 ::ffff:10.9.0.3' 'fuzzed: 20000 calls'
}
