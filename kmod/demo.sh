#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# demo.sh: the guest's part of `make demo`: the paper's experiment. In a guest with the sendgroup module livecast is profiled on its
# sendmsg loop, 1000 clients of 1000 bytes, sendmsg and sendgroup are benched, and livecast is predicted and observed on
# sendgroup. Then one table of all that the database holds, of host and guest. What cannot be had (QEMU, a kernel, its
# headers, when there is no archive) is told, and is no error.
#
# usage: kmod/demo.sh            $FORECALL_DB: the database; $KERNEL: a generic kernel of Debian, else the newest 6.12 here
set -u
cd "$(dirname "$0")/.." || exit 1
forecall=build/forecall
db=${FORECALL_DB:-forecall.db}
limit_s=${LIMIT:-100} # of the guest, so that the whole of it stays short

skip() {
	echo "(without the guest, then: $*)"
	exit 0
}

# Of those in the cache, else of the archive.
kernel() {
	local cached
	cached=$("$forecall" lab kernels --cached --json | jq -r '.kernels[].kernel' | grep -E '^6\.12\.[0-9]+\+deb[0-9]+-amd64$' | sort -V | tail -n 1)
	[ -n "$cached" ] && echo "$cached" && return
	timeout 60 "$forecall" --json lab kernels add '6.12.*[0-9]-amd64' 2> /dev/null | jq -re .kernel
}

# Each prediction that was observed, and where.
table() {
	sqlite3 -readonly -header -column "$db" "
		SELECT iif(h.virt LIKE '%icount%', 'guest, ' || h.kernel, 'host, ' || h.kernel) AS \"where\",
			p.alternative AS 'sendmsg ->', printf('%.3f', p.fraction) AS f, printf('%.3f', p.speedup) AS s,
			printf('%.3f', p.predicted) AS predicted, printf('%.3f', p.observed) AS observed, printf('%+.2f %%', 100 * p.error) AS error
		FROM prediction_v p JOIN run r ON r.run = p.profile JOIN host h ON h.host = r.host WHERE p.observed IS NOT NULL ORDER BY p.prediction"
}

[ "$(uname -m)" = x86_64 ] || skip "its kernel is for x86_64"
kernel=${KERNEL:-$(kernel)}
[ -n "$kernel" ] || skip "no kernel is in the cache, and the Debian archive does not answer; \`forecall lab kernels add NAME\` adds one"
make --no-print-directory -s kmod "KERNEL=$kernel" || skip "the module could not be built for $kernel"
echo "guest: $kernel with the sendgroup module; figures are instructions"
timeout -k 5 $((limit_s + 10)) "$forecall" --db "$db" lab run -k "$kernel" -t "$limit_s" -m 800 -i "build/kmod/$kernel/sendgroup.ko" -- \
	sh -c 'insmod sendgroup.ko && forecall -q validate --with sendgroup --group 1000 --payload 1000 --packets 10 --seconds 1.5 --width 0.01' ||
	skip "it has failed, or did not end in $limit_s s"
echo
table
