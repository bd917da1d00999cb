#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# added.sh [TURNS [SECONDS [OPTION...]]]: what `forecall profile` adds to the CPU time of a server that makes 20,000 sends a second, as the
# kernel accounts it: per datagram, from before forecall starts until it has ended, calibration and all, against stretches without it
# before and behind. Prints it beside what the profile says it added, and beside the target.
set -u
cd "$(dirname "$0")/../.." || exit 1
turns=${1:-8} seconds=${2:-10}
shift $(($# < 2 ? $# : 2))
options=("$@")
dir=$(mktemp -d) || exit 1
recipe=workloads/servers/memcached port=21011
export FORECALL_RECIPES=$dir/recipes PORT_BASE=21000 RATE=667 # gets of 30 keys: 20,000 datagrams a second
mkdir -m 755 "$FORECALL_RECIPES"
chmod 755 "$dir"
taskset -c 0 $recipe start || exit
taskset -c 1 $recipe load > "$dir/load" 2>&1 &
load=$!
trap 'kill $load; $recipe stop; rm -rf "$dir"' EXIT
server=$($recipe pid)
sleep 1

# CPU time of the server, ns, and keys that it has answered, until now. Each makes a datagram.
now() {
	exec 3<> /dev/tcp/127.0.0.1/$port
	printf 'stats\r\nquit\r\n' >&3
	awk '/cmd_get / { keys = $3 + 0 } END { print keys }' <&3 > "$dir/keys"
	exec 3>&-
	cat /proc/$server/task/*/schedstat | awk '{ ns += $1 } END { printf "%.0f ", ns }'
	cat "$dir/keys"
}

# per_datagram COMMAND...: the server's ns of CPU time for each datagram while it runs.
per_datagram() {
	local before after
	before=($(now))
	"$@"
	after=($(now))
	echo "$before ${before[1]} $after ${after[1]}" | awk '{ print ($3 - $1) / ($4 - $2) }'
}

profile() { build/forecall --json --db "${FORECALL_DB:-$dir/added.db}" profile -p $server --path sendmsg --seconds $seconds "${options[@]}" > "$dir/profile" || cat "$dir/profile" >&2; }

# Half of the stretch without it before, half after.
for turn in $(seq $turns); do
	before=$(per_datagram sleep $((seconds / 2)))
	with=$(per_datagram profile)
	after=$(per_datagram sleep $((seconds / 2)))
	echo "$before $with $after $(jq -r '"\(.added_all.value) \(.fraction.value) \(.fraction.high - .fraction.low)"' "$dir/profile")"
done > "$dir/turns"
awk -v turns=$turns '
	{ x = 2 * $2 / ($1 + $3) - 1; sum += x; squares += x * x; said += $4; f += $5; width += $6 }
	END {
		mean = sum / turns
		printf "%d profiles: added to the server, as the kernel has it: %.1f +- %.1f %%; as the profiles say: %.1f %%; target: 5 %%\n", turns, 100 * mean,
			100 * 2 * sqrt((squares / turns - mean * mean) / (turns - 1)), 100 * said / turns
		printf "f %.3f, its interval %.4f wide\n", f / turns, width / turns
	}' "$dir/turns"
