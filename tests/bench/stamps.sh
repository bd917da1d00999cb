#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stamps.sh [PROFILES [SECONDS [OPTION...]]]: f of memcached by both engines, against stamps around each of its sends (tests/helpers/stamps.c): cycles
# between stamps over CPU time, in the unprobed windows for the ledger, in the sampled ones for the samples. The C library's part of a call is
# between the stamps and in no frame: some 0.005 to 0.01 of f that the engines are below.
set -u -o pipefail
cd "$(dirname "$0")/../.." || exit 1
build=$(realpath "${BUILD:-build}")
[ "${1:-}" = inside ] || exec unshare --net "$0" inside "$@" # no other datagrams than these
profiles=${2:-20} seconds=${3:-5}
shift $(($# < 3 ? $# : 3))
dir=$(mktemp -d) || exit 1
recipe=workloads/servers/memcached load=
export FORECALL_RECIPES=$dir/recipes FORECALL_SERVERS=${FORECALL_SERVERS:-$build/servers} FORECALL_DB=$dir/stamps.db STAMPS=$dir/log
trap '[ -z "$load" ] || kill $load; $recipe stop; rm -rf "$dir"' EXIT
ip link set lo up
mkdir -m 755 "$FORECALL_RECIPES"
cc -O2 -D_GNU_SOURCE -shared -fPIC -o "$dir/stamps.so" tests/helpers/stamps.c -ldl || exit 1
cc -O2 -D_GNU_SOURCE -DSTAMPS_READ -o "$dir/stamps" tests/helpers/stamps.c || exit 1
touch "$STAMPS"
chmod 755 "$dir"
chmod 666 "$STAMPS" # the server drops root
LD_PRELOAD=$dir/stamps.so taskset -c 0 $recipe start || exit
taskset -c 1 $recipe load > "$dir/load" 2>&1 &
load=$!
server=$($recipe pid)
sleep 1
for i in $(seq "$profiles"); do
	"$build/forecall" profile -p "$server" --path sendmsg --engine both --rate 499 --seconds "$seconds" --window 50 --doses 1,0 --calibration 16 --seed "$i" --json "$@" 2> "$dir/err" |
		jq -r '[.fraction.value, .sampled.fraction.value] | @tsv' > "$dir/one" && [ -s "$dir/one" ] || { cat "$dir/err" >&2; exit 1; }
	# The ring keeps two minutes of this load: each profile is read at once. Of 31 datagrams one is the client's request.
	sqlite3 -separator ' ' "$FORECALL_DB" "SELECT started_ns + start_ns, CAST(started_ns + start_ns + wall_cyc / clock_hz * 1e9 AS INTEGER), coalesce(sampled, 0), cpu_cyc / clock_hz * 1e9,
		meter_udp * 30.0 / 31 FROM block JOIN run USING (run) WHERE run = (SELECT max(run) FROM run) AND dose = 0" | "$dir/stamps" "$STAMPS" |
		awk -v engines="$(cat "$dir/one")" '{ n[$3] += $1; ns[$3] += $2; cpu[$3] += $4; calls[$3] += $5 }
			END { split(engines, f); for (i = 0; i < 2; i++) printf "%.4f %.4f %.4f ", ns[i] / n[i] / (cpu[i] / calls[i]), f[i + 1], n[i] / calls[i]; print "" }'
done | tee "$dir/all" | awk '
	{ for (i = 0; i < 2; i++) { stamps[i] += $(3 * i + 1); f[i] += $(3 * i + 2); calls[i] += $(3 * i + 3); d = $(3 * i + 2) - $(3 * i + 1); sum[i] += d; squares[i] += d * d } }
	END {
		split("ledger samples", name)
		for (i = 0; i < 2 && NR > 1; i++) {
			mean = sum[i] / NR
			printf "%-8s f %.4f, by stamps %.4f: %+.4f +- %.4f; calls by stamps over those by the meter: %.4f\n", name[i + 1], f[i] / NR, stamps[i] / NR, mean,
				1.96 * sqrt((squares[i] / NR - mean * mean) / (NR - 1)), calls[i] / NR
		}
	}'
