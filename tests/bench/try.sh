#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# try.sh: forecall try over a million datagrams: each must arrive once, whole and in order, by every way and whatever the server does; and
# how long they were held back. Prints figures beside targets.
set -u
cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cc -O2 -D_GNU_SOURCE -pthread -o "$dir/datagrams" tests/helpers/datagrams.c || exit 1

# one WAY SENDER COUNT
one() {
	rm -f "$dir/port"
	"$dir/datagrams" receive "$dir/port" > "$dir/received" &
	local receiver=$!
	until [ -e "$dir/port" ]; do sleep 0.01; done
	build/forecall --json try --with "$1" -- "$dir/datagrams" "$2" "$(cat "$dir/port")" "$3" > "$dir/try" 2> "$dir/err" || cat "$dir/err"
	"$dir/datagrams" end "$(cat "$dir/port")"
	wait $receiver
	printf '%-9s %-13s %s; %s\n' "$1" "$2" "$(cat "$dir/received")" \
		"$(jq -r '"\(.counts.taken / .counts.batches * 10 | round / 10) to a batch, longest delay \(.delay_max_ns / 1000 | round) us, \(.over) of \(.counts.batches) beyond the bound"' "$dir/try")"
}

echo "target: 0 twice or late, 0 missing, 0 broken; no batch beyond the bound of 200 us"
for way in sendmmsg uring; do
	one $way plain 400000
	one $way threads 300000
	one $way sockets 200000
	one $way children 80000
	one $way forks 10000
	one $way computing 10000
done
