#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# engines-guest.sh [REPETITIONS [KERNEL]]: the two engines by turns on livecast, memcached and redis in a guest of one CPU whose time is instructions, and how
# often they agree. 20 s each, in boots of 25. Exit status 1 when a target was missed. $PARTS chooses from the servers, $FORECALL_SERVERS is where they
# are unpacked, $SEED is where the seeds count from, for other profiles than those of before; the kernel is one that `forecall lab kernels add` took.
set -u -o pipefail
build=$(realpath "${BUILD:-build}")
root=${FORECALL_SERVERS:-$build/servers}/root
repetitions=${1:-50} kernel=${2:-6.12.*-cloud-amd64} status=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export LD_LIBRARY_PATH=$root/usr/lib/$(uname -m)-linux-gnu # of the servers: their libraries are copied along, under the same path

# client NAME: one of workloads/servers, built.
client() {
	cc -O2 -D_GNU_SOURCE -o "$work/$1" "workloads/servers/$1.c" || exit 1
}

livecast_files=(--in "$build/livecast:/bin/livecast" --in "$build/receivers:/bin/receivers")
cat > "$work/livecast" << 'END'
path=sendmsg
livecast --work-ns 20000 > /tmp/livecast &
server=$!
until grep -q ready /tmp/livecast; do sleep 0.1; done
receivers --control 127.0.0.1:5005 --count 100 > /tmp/receivers &
livecast --produce --packets-per-s 50 --payload 300 > /dev/null &
until grep -q flowing /tmp/receivers; do sleep 0.1; done
END
memcached_files=(--in "$root/usr/bin/memcached:/bin/memcached" --in "$work/udpget:/bin/udpget" --in "$work/passwd:/etc/passwd")
echo root:x:0:0::/:/bin/sh > "$work/passwd"
cat > "$work/memcached" << 'END'
path=sendmsg
memcached -l 127.0.0.1 -p 17011 -U 17011 -t 1 -m 64 -u root &
server=$!
sleep 1
udpget 17011 300 30 1340 &
sleep 1
END
redis_files=(--in "$root/usr/bin/redis-server:/bin/redis-server" --in "$work/clients:/bin/clients")
cat > "$work/redis" << 'END'
path=write
redis-server --port 17012 --bind 127.0.0.1 --save "" --appendonly no --daemonize no > /dev/null &
server=$!
sleep 1
clients tcp 17012 100 "SUBSCRIBE live" &
clients publish 17012 60 100 &
sleep 1
END

# profiles FROM N: `forecall profile` of the server in the guest, one line of JSON each.
profiles() {
	cat <<- 'END'
		i=0
		while [ $i -lt $1 ]; do
			i=$((i + 1))
			forecall profile -p $server --path $path --engine both --rate 499 --seconds 5 --window 50 --doses 1,0 --calibration 16 --seed $((i + $2)) --json | tr -d '\n'
			echo
		done
	END
}

# agreement SERVER: boots, profiles and says how often the engines agreed.
agreement() {
	local from n files
	declare -n files=$1_files
	{ echo 'ip link set lo up'; cat "$work/$1"; profiles; } > "$work/script"
	for ((from = 0; from < repetitions; from += 25)); do
		n=$((repetitions - from < 25 ? repetitions - from : 25))
		"$build/forecall" lab run --db "$work/db" -t 1200 -k "$kernel" -e "LD_LIBRARY_PATH=$LD_LIBRARY_PATH" "${files[@]}" --in "$work/script:/script" -- sh /script $n $((${SEED:-0} + from)) > "$work/out" 2> "$work/err" ||
			{ cat "$work/err" >&2; exit 1; }
		grep '^{' "$work/out" >> "$work/$1.all"
	done
	jq -r '[.fraction.value, .sampled.difference.value, (.sampled.agree | if . then 1 else 0 end), (.sampled.difference.high - .sampled.difference.low) / 2] | @tsv' "$work/$1.all" |
		awk -v name="$1" -v wanted="$repetitions" '{ n++; f += $1; d += $2; q += $2 * $2; a += $3; w += $4 }
			END {
				if (n < 2) { print "engines-guest: no two profiles of " name " came" > "/dev/stderr"; exit 1 }
				printf "%s: mean f of the ledger %.4f, difference %+.4f +- %.4f; joint half width of one repetition %.4f\n", name, f / n, d / n, 1.96 * sqrt((q / n - d * d / n / n) / (n - 1)), w / n
				met = a >= 0.95 * n && n == wanted
				printf "%s: repetitions in which the engines agree, of %d: %d, target at least 95 %%: %s\n", name, n, a, met ? "met" : "MISSED"
				exit !met
			}' || status=1
}

cd "$(dirname "$0")/../.." || exit 1
[ -d "$root" ] || { echo "engines-guest: there are no servers in $root; run: make deps-servers" >&2; exit 1; }
client udpget
client clients
for server in ${PARTS:-livecast memcached redis}; do
	agreement "$server"
done
exit $status
