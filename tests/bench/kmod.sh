#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kmod.sh: instructions per packet of the sendgroup module beside sendmsg, sendmmsg and io_uring, in guests of the lab, with
# the targets. They are instructions: cache misses, mode switches and DMA are not in them.
#
# usage: tests/bench/kmod.sh [KERNEL...]
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- 6.1.0-56-amd64 6.12.117+deb12-amd64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gcc -O2 -static -D_GNU_SOURCE -I. -o "$work/kmod_insn" tests/bench/kmod_insn.c kmod/lib/*.c -luring -lbpf -lelf -lz -pthread

# Recipients, payload, private bytes: the sweep, and what the targets are about first.
for group in 1000 2 10; do
	for payload in 1000 16 300 1472; do
		for private in 0 $((payload / 2)) "$payload"; do
			for way in sendmsg sendmmsg io_uring module; do
				echo "$way $group $payload $private"
			done
		done
	done
done > "$work/sweep"
grep ' 1000 1000 0$' "$work/sweep" > "$work/plain"

cat > "$work/guest.sh" << 'END'
insmod sendgroup.ko
ip link add dummy9 type dummy 2> /dev/null
ip link set dummy9 up
ip addr add 10.9.0.1/24 dev dummy9
sleep 7 # the kernel's own tests of its cryptography end
to() {
	echo "sink $1"
	./kmod_insn "$2" 20000 5 < sweep | grep -v info
	echo "sink $1-plain"
	echo 0 > /sys/module/sendgroup/parameters/fast
	./kmod_insn "$2" 20000 5 < plain | grep -v info
	echo 1 > /sys/module/sendgroup/parameters/fast
}
to dummy 10.9.0.2
[ ! -e /sys/class/net/nic0 ] || to e1000 198.18.4.2
to lo 127.0.0.1
END

table() {
	awk -v kernel="$1" '
		$1 == "sink" { sink = $2; next }
		NF == 7 { cost[sink, $2, $3, $4, $1] = $5; if (!((sink, $2, $3, $4) in seen)) { seen[sink, $2, $3, $4]; order[++n] = sink SUBSEP $2 SUBSEP $3 SUBSEP $4 } }
		END {
			printf "%s: instructions per packet\n%-12s %6s %8s %8s %9s %9s %9s %9s %8s\n", kernel, "sink", "group", "payload", "private", "sendmsg", "sendmmsg", "io_uring", "module", "times"
			for (i = 1; i <= n; i++) {
				split(order[i], k, SUBSEP); m = cost[order[i], "module"]; if (!m) continue
				printf "%-12s %6d %8d %8d %9.0f %9.0f %9.0f %9.0f %8.2f\n", k[1], k[2], k[3], k[4], cost[order[i], "sendmsg"], cost[order[i], "sendmmsg"], cost[order[i], "io_uring"], m, cost[order[i], "sendmsg"] / m
				if (m > cost[order[i], "sendmmsg"] || m > cost[order[i], "io_uring"] || m > cost[order[i], "sendmsg"]) worse++
			}
			printf "settings in which the module takes more than another way: %d (target 0)\n", worse
			split("e1000-plain 1.9 e1000 2.5 dummy-plain 2.5 dummy 3.2", t, " ")
			for (i = 1; i <= 8; i += 2) {
				if (!cost[t[i], 1000, 1000, 0, "module"]) continue
				r = cost[t[i], 1000, 1000, 0, "sendmsg"] / cost[t[i], 1000, 1000, 0, "module"]
				printf "sendmsg / sendgroup, %-12s %5.2f  target %.1f%s\n", t[i], r, t[i + 1], r < t[i + 1] ? ": missed" : ""
			}
		}'
}

make --no-print-directory -s kmod "KERNEL=$*"
for kernel; do
	build/forecall lab kernels add "$kernel" > /dev/null
	build/forecall lab run -k "$kernel" --nic e1000 --module dummy -t 500 -i "build/kmod/$kernel/sendgroup.ko" -i "$work/kmod_insn" \
		-i "$work/sweep" -i "$work/plain" -i "$work/guest.sh" -- sh guest.sh | table "$kernel"
done
