#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stamps.sh [memcached|livecast|fall [PROFILES [SECONDS [OPTION...]]]]: f of it by both engines, against stamps around each of its sends
# (tests/helpers/stamps.c): cycles between stamps over CPU time, in the unprobed windows for the ledger, in the sampled ones for the samples. The
# C library's part of a call is between the stamps and in no frame: some 0.005 to 0.01 of f that the engines are below. "fall": whether samples of livecast
# fall into its sends as often as these take time (tests/bench/fall.c), SECONDS long, no profile.
set -u -o pipefail
cd "$(dirname "$0")/../.." || exit 1
build=$(realpath "${BUILD:-build}")
[ "${1:-}" = inside ] || exec unshare --net "$0" inside "$@" # no other datagrams than these
name=${2:-memcached} profiles=${3:-20} seconds=${4:-5}
shift $(($# < 4 ? $# : 4))
work=$(mktemp -d) || exit 1
recipe= pids=()
export FORECALL_RECIPES=$work/recipes FORECALL_SERVERS=${FORECALL_SERVERS:-$build/servers} FORECALL_DB=$work/stamps.db STAMPS=$work/log
trap '[ ${#pids[@]} = 0 ] || kill "${pids[@]}"; [ -z "$recipe" ] || $recipe stop; rm -rf "$work"' EXIT
ip link set lo up
mkdir -m 755 "$FORECALL_RECIPES"
. tests/bench/paced_livecast.bash
cc -O2 -I. -D_GNU_SOURCE -shared -fPIC -o "$work/stamps.so" tests/helpers/stamps.c -ldl || exit 1
cc -O2 -I. -D_GNU_SOURCE -DSTAMPS_READ -o "$work/stamps" tests/helpers/stamps.c || exit 1
touch "$STAMPS"
chmod 755 "$work"
chmod 666 "$STAMPS" # the server drops root
stamped_by="env LD_PRELOAD=$work/stamps.so"
case $name in
memcached) # of 31 datagrams one is the client's request
	recipe=workloads/servers/memcached sends=30
	$stamped_by taskset -c 0 $recipe start || { recipe=; exit 1; }
	start load taskset -c 1 $recipe load
	server=$($recipe pid)
	;;
livecast | fall) # of 101 datagrams one is the producer's
	sends=100
	livecast_start 5000 500
	livecast_pace 500 || exit
	;;
*)
	echo "stamps.sh: there is no $name here: memcached, livecast or fall" >&2
	exit 1
	;;
esac
sleep 1
[ "$name" != fall ] || { "$build/bench/fall" "$server" "$STAMPS" "$seconds"; exit; }
for i in $(seq "$profiles"); do
	"$build/forecall" profile -p "$server" --path sendmsg --engine both --rate 499 --seconds "$seconds" --window 50 --doses 1,0 --calibration 16 --seed "$i" --json "$@" 2> "$work/err" |
		jq -r '[.fraction.value, .sampled.fraction.value] | @tsv' > "$work/one" && [ -s "$work/one" ] || { cat "$work/err" >&2; exit 1; }
	# The ring keeps a minute or two of this load: each profile is read at once.
	sqlite3 -separator ' ' "$FORECALL_DB" "SELECT started_ns + start_ns, CAST(started_ns + start_ns + wall_cyc / clock_hz * 1e9 AS INTEGER), coalesce(sampled, 0), cpu_cyc / clock_hz * 1e9,
		meter_udp * $sends.0 / ($sends + 1) FROM block JOIN run USING (run) WHERE run = (SELECT max(run) FROM run) AND dose = 0" | "$work/stamps" "$STAMPS" |
		awk -v engines="$(cat "$work/one")" '{ n[$3] += $1; ns[$3] += $2; cpu[$3] += $4; calls[$3] += $5 }
			END { split(engines, f); for (i = 0; i < 2; i++) printf "%.4f %.4f %.4f ", ns[i] / n[i] / (cpu[i] / calls[i]), f[i + 1], n[i] / calls[i]; print "" }'
done | tee "$work/all" | awk '
	{ for (i = 0; i < 2; i++) { stamps[i] += $(3 * i + 1); f[i] += $(3 * i + 2); calls[i] += $(3 * i + 3); d = $(3 * i + 2) - $(3 * i + 1); sum[i] += d; squares[i] += d * d } }
	END {
		split("ledger samples", name)
		for (i = 0; i < 2 && NR > 1; i++) {
			mean = sum[i] / NR
			printf "%-8s f %.4f, by stamps %.4f: %+.4f +- %.4f; calls by stamps over those by the meter: %.4f\n", name[i + 1], f[i] / NR, stamps[i] / NR, mean,
				1.96 * sqrt((squares[i] / NR - mean * mean) / (NR - 1)), calls[i] / NR
		}
	}'
