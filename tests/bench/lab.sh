#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lab.sh: how long a guest takes to boot, whether two guests give the same figures, how long the tests with guests take, and what a network
# card's interrupts are to the ledger. $BUILD is where the programs are. Usage: lab.sh [boots|same|tests|irq], the part; default: all.
# Exit status 1 when a target was missed.
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

now() { date +%s.%N; }
since() { bc <<< "scale=2; ($(now) - $1) / 1"; }

# cold: a cache of its own, for which the kernel's package is fetched and unpacked, and then every file of this machine out of the page cache. A
# guest's image is made anew for each guest in any case.
cold() {
	local begin
	begin=$(now)
	rm -rf "$work/cache"
	FORECALL_CACHE=$work/cache "$forecall" -q lab kernels add "$cloud" > /dev/null || return
	echo "the lists and the package of the kernel were fetched and unpacked in $(since "$begin") s" >&2
	sync
	echo 3 > /proc/sys/vm/drop_caches
}

# boot CLOCK: seconds of three boots that do nothing, the first from cold.
boot() {
	local i begin
	cold || return
	for i in 1 2 3; do
		begin=$(now)
		FORECALL_CACHE=$work/cache "$forecall" lab run --kernel "$cloud" --clock "$1" -- true || return
		since "$begin"
	done
}

# boots CLOCK TARGET
boots() {
	local times
	times=$(boot "$1" | xargs)
	echo "boot, run true, end: $1: $times s, the first from cold (target $2 s): $(verdict "$(bc <<< "${times%% *} <= $2")")"
}

# tests_of_guests: profile, bench and validate in guests of 6.1, 6.12 and arm64.
tests_of_guests() {
	local begin
	begin=$(now)
	bats -f 'profile, bench and validate pass' tests/lab.bats > "$work/tests" || { cat "$work/tests"; status=1; }
	echo "tests with guests of 6.1, 6.12 and arm64: $(since "$begin") s (target 240 s): $(verdict "$(bc <<< "$(since "$begin") <= 240")")"
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
part=${1:-all}
case $part in all | boots)
	boots icount 8
	boots real 3 ;;
esac
case $part in all | same)
	twice lo --kernel "$cloud"
	twice veth --kernel "$cloud"
	twice sink --kernel "$cloud"
	twice "nic (e1000)" --kernel "$generic" --nic e1000
	twice "nic (e1000e)" --kernel "$generic" --nic e1000e ;;
esac
case $part in all | tests) tests_of_guests ;; esac
case $part in all | irq) tests/bench/lab_irq.sh || status=1 ;; esac
exit $status
