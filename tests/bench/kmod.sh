#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kmod.sh: instructions per packet of the sendgroup module beside sendmsg, sendmmsg, io_uring and pktgen, in guests of the lab,
# with the targets. They are instructions: cache misses, mode switches and DMA are not in them. Without a kernel: on one 6.1
# and one 6.12. Exit status 1 when a target was missed.
#
# usage: tests/bench/kmod.sh [KERNEL...]
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- 6.1.0-56-amd64 6.12.117+deb12-amd64
. tests/helpers/have_kernel.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gcc -O2 -static -D_GNU_SOURCE -I. -o "$work/kmod_insn" tests/bench/kmod_insn.c kmod/lib/*.c -luring -lbpf -lelf -lz -pthread

# Way, recipients, payload, private bytes. 256 and 512 bytes are where the module goes over from copies to shared pages.
for group in 2 10 1000; do
	for payload in 16 256 264 512 520 1000 1472; do
		for share in 0 50 100; do
			for way in sendmsg sendmmsg io_uring module; do
				echo "$way $group $payload $((payload * share / 100))"
			done
		done
	done
done > "$work/sweep"
grep ' 1000 1000 0$' "$work/sweep" > "$work/plain"

cat > "$work/guest.sh" << 'END'
insmod sendgroup.ko || exit 1
ip link add dummy9 type dummy 2> /dev/null
ip link set dummy9 up
ip addr add 10.9.0.1/24 dev dummy9
to() {
	echo "sink $1"
	./kmod_insn "$2" 20000 2 < sweep
	echo "sink $1-plain"
	echo 0 > /sys/module/sendgroup/parameters/fast
	./kmod_insn "$2" 20000 2 < plain
	echo 1 > /sys/module/sendgroup/parameters/fast
}

# What the kernel's own generator takes for a packet of the same length, each one new.
pktgen() {
	modprobe pktgen && cd /proc/net/pktgen || return
	echo "add_device $1" > kpktgend_0
	for line in "count 20000" "clone_skb 0" "pkt_size 1042" "delay 0" "dst $2" "dst_mac $3"; do
		echo "$line" > "$1"
	done
	echo start > pgctrl
	sed -n 's/^Result: OK: \([0-9]*\).*/\1/p' "$1" | awk -v sink="$4" '{ print "pktgen", sink, $1 * 1000 / 20000 }'
	cd - > /dev/null
}

to dummy 10.9.0.2
to lo 127.0.0.1
if [ -e /sys/class/net/nic0 ]; then
	to e1000 198.18.0.2
	pktgen nic0 198.18.0.2 52:54:00:66:63:02 e1000
fi
pktgen dummy9 10.9.0.2 02:00:00:00:00:01 dummy
END

# table KERNEL: from the guest's lines. Its exit status tells whether every target was met.
table() {
	awk -v kernel="$1" '
		function verdict(ok) { missed += !ok; return ok ? "met" : "MISSED" }
		function seen_before(o) { if (o in seen) return 1; seen[o]; return 0 }
		$1 == "sink" { sink = $2; next }
		$1 == "pktgen" { pktgen[$2] = $3; next }
		$5 == "failed" { print; missed++; next }
		NF == 7 {
			o = sink SUBSEP $2 SUBSEP $3 SUBSEP $4
			cost[o, $1] = $5
			if (!seen_before(o)) order[++n] = o
		}
		END {
			printf "%s: instructions per packet\n%-12s %6s %8s %8s %9s %9s %9s %9s %8s\n", kernel, "sink", "group", "payload",
				"private", "sendmsg", "sendmmsg", "io_uring", "module", "times"
			for (i = 1; i <= n; i++) {
				o = order[i]
				split(o, k, SUBSEP)
				m = cost[o, "module"]
				best = cost[o, "sendmmsg"] < cost[o, "io_uring"] ? cost[o, "sendmmsg"] : cost[o, "io_uring"]
				printf "%-12s %6d %8d %8d %9.0f %9.0f %9.0f %9.0f %8.2f%s\n", k[1], k[2], k[3], k[4], cost[o, "sendmsg"],
					cost[o, "sendmmsg"], cost[o, "io_uring"], m, cost[o, "sendmsg"] / m, (m > best) ? " more" : ""
				if (k[1] ~ /plain/ || k[2] < 2) continue
				settings++
				worse += m > best
				if (!nearest || best / m < nearest) { nearest = best / m; where = k[1] ", " k[2] " recipients, " k[3] " bytes, " k[4] " private" }
				if (k[4] == k[3]) { all_private++; slower += m >= cost[o, "sendmsg"] }
			}
			printf "from 2 recipients on, settings in which sendmmsg or io_uring takes less: %d of %d (target 0): %s\n", worse, settings, verdict(settings && !worse)
			printf "the nearest: %.2f times (%s)\n", nearest, where
			printf "all of it private, settings in which sendmsg takes less: %d of %d (target 0): %s\n", slower, all_private, verdict(all_private && !slower)
			split("e1000-plain 1.9 e1000 2.5 dummy-plain 2.5 dummy 3.2", t, " ")
			for (i = 1; i <= 8; i += 2) {
				o = t[i] SUBSEP 1000 SUBSEP 1000 SUBSEP 0
				r = cost[o, "module"] ? cost[o, "sendmsg"] / cost[o, "module"] : 0
				printf "sendmsg / sendgroup, %-12s %5.2f (target at least %.1f): %s\n", t[i], r, t[i + 1], verdict(r >= t[i + 1])
			}
			o = "e1000" SUBSEP 1000 SUBSEP 1000 SUBSEP 0
			r = pktgen["e1000"] ? cost[o, "module"] / pktgen["e1000"] : 99
			printf "sendgroup / pktgen (%.0f), e1000 %5.2f (target at most 1.3): %s\n", pktgen["e1000"], r, verdict(r <= 1.3)
			exit missed > 0
		}'
}

make --no-print-directory -s kmod "KERNEL=$*"
status=0
for kernel; do
	have_kernel "$kernel"
	build/forecall lab run -k "$kernel" --nic e1000 --wire sink --module dummy -t 3000 -i "build/kmod/$kernel/sendgroup.ko" \
		-i "$work/kmod_insn" -i "$work/sweep" -i "$work/plain" -i "$work/guest.sh" -- sh guest.sh | tee "${RAW:-/dev/null}" | table "$kernel" || status=1
done
exit $status
