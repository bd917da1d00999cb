#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lab.sh: how long a guest takes to boot, whether two guests give the same figures, and what a network card's interrupts are
# to the ledger. $BUILD is where the programs are. Exit status 1 when a target was missed.
set -u
cd "$(dirname "$0")/../.." || exit 1
forecall=${BUILD:-build}/forecall
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0
cloud='6.1.*-cloud-amd64' generic='6.12.*[0-9]-amd64'

have() {
	"$forecall" lab kernels --cached --json | jq -r '.kernels[].kernel' |
		while read -r k; do case $k in $1) exit 3 ;; esac; done && "$forecall" lab kernels add "$1" > /dev/null
}

verdict() { if [ "$1" = 1 ]; then echo met; else echo MISSED; status=1; fi; }

# boot CLOCK: seconds of three boots that do nothing, the first with the kernel's files out of the page cache.
boot() {
	for i in 1 2 3; do
		[ $i -gt 1 ] || find "${FORECALL_CACHE:-$HOME/.cache/forecall}/kernels" -type f -exec dd oflag=nocache conv=notrunc,fdatasync count=0 of={} \; 2> /dev/null
		begin=$EPOCHREALTIME
		"$forecall" lab run --kernel "$cloud" --clock "$1" -- true || return
		bc <<< "$EPOCHREALTIME - $begin"
	done
}

# table CLOCK TARGET
boots() {
	local times
	times=$(boot "$1" | xargs)
	echo "boot, run true, end: $1: $times s, the first from a cold cache (target $2 s): $(verdict "$(bc <<< "${times%% *} <= $2")")"
}

# twice NAME OPTION... : the same bench in two guests.
twice() {
	local name=$1
	shift
	rm -f "$work/db"
	for i in 1 2; do
		FORECALL_DB=$work/db "$forecall" -q lab run "$@" -- bench --topology "${name%% *}" --group 10 --payload 1000 --rounds 10 > "$work/out" 2>&1 || cat "$work/out"
	done
	equal=$(sqlite3 "$work/db" "SELECT count(*) > 0 AND count(*) = (SELECT count(*) FROM bench WHERE run = 2) FROM bench a JOIN bench b
		USING (round, way, group_size, payload_bytes, private_bytes, packets_n, cpu_cyc) WHERE a.run = 1 AND b.run = 2")
	echo "the same bench under icount twice, $name: $(sqlite3 "$work/db" "SELECT count(*) FROM bench WHERE run = 1") blocks, identical to the last digit: $(verdict "$equal")"
}

have "$cloud"
have "$generic"
boots icount 8
boots real 3
twice lo --kernel "$cloud"
twice veth --kernel "$cloud"
twice sink --kernel "$cloud"
twice "nic (e1000)" --kernel "$generic" --nic e1000
twice "nic (e1000e)" --kernel "$generic" --nic e1000e
tests/bench/lab_irq.sh || status=1
exit $status
