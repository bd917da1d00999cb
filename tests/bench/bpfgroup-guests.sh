#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bpfgroup-guests.sh: `make bench-bpfgroup-guests`: sendgroup-bpf in guests of Debian's kernels 6.1 and 6.12 (KERNELS names others):
# over lo, veth and from one e1000 card to another, every byte verified. Fails when a packet is missing.
set -uf # patterns are forecall's
cd "$(dirname "$0")/../.." || exit 1
failed=0
seen=$(mktemp)
trap 'rm -f "$seen"' EXIT
for kernel in ${KERNELS:-6.1.0-*[0-9]-amd64 6.12.*+deb12-amd64}; do
	echo "== $kernel"
	build/forecall --quiet lab kernels add "$kernel"
	build/forecall --quiet lab run --kernel "$kernel" --clock real --nic e1000 --limit 300 --module tun --module veth \
		--module cls_bpf --module sch_ingress --in build/sendgroupctl --in build/groupsend --in build/receivers \
		--in tests/guest/sendgroup-bpf.sh -- sh /root/sendgroup-bpf.sh | tee "$seen"
	[ "$(grep -c 'came 1200 lost 0 corrupt 0' "$seen")" = 8 ] || failed=1
done
[ $failed -eq 0 ] && echo 'every packet came whole' || echo 'packets are missing'
exit $failed
