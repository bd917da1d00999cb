#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bpfgroup-deliver.sh: `make bench-bpfgroup-deliver`: 2 million datagrams by sendgroup-bpf to 1000 recipients beyond veth, with checksum
# offload, without it, and with the receive half steered to another CPU: content, private header and count of each recipient
# are verified, and what is missing must stand in the kernel's counts of drops.
set -u
if [ "${1:-}" != inside ]; then
	exec unshare --net --mount "$0" inside
fi
cd "$(dirname "$0")/../.." || exit 1
failed=0
out=$(mktemp)
trap 'kill "$far" 2> /dev/null; rm -f "$out"' EXIT
unshare --net sleep infinity &
far=$!
until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
mount -t sysfs sysfs /sys
ip link set lo up
ip link add v0 type veth peer name v1 netns $far
ip addr add 198.18.7.1/24 dev v0
ip link set v0 up
beyond() { nsenter --net=/proc/$far/ns/net "$@"; }
beyond ip addr add 198.18.7.2/24 dev v1
beyond ip link set v1 up
build/sendgroupctl up || exit 1

# drops: of the far side's sockets, of both devices, and of all CPUs' backlogs.
drops() {
	beyond awk '/^Udp: [0-9]/ { print $6 }' /proc/net/snmp
	ip -j -s link show v0 | jq '.[0].stats64 | .tx.dropped + .rx.dropped'
	beyond ip -j -s link show v1 | jq '.[0].stats64 | .tx.dropped + .rx.dropped'
	while read -r _ dropped _; do echo $((0x$dropped)); done < /proc/net/softnet_stat
}

total() { awk '{ n += $1 } END { print n }'; }

deliver() {
	local before after lost
	nsenter --net=/proc/$far/ns/net build/receivers --listen 198.18.7.2:20000 --count 1000 --verify --receive-buffer 4000000 --cpu 1 > "$out" &
	receivers=$!
	until grep -q ready "$out"; do sleep 0.05; done
	before=$(drops | total)
	build/groupsend --to 198.18.7.2:20000 --group 1000 --payload 1000 --bursts 2000 --period-ns "${PERIOD_NS:-4000000}" --cpu 0 \
		--way sendgroup-bpf > /dev/null || failed=1
	sleep 0.5
	after=$(drops | total)
	kill -TERM $receivers
	wait $receivers
	set -- "$1" $(tail -n 1 "$out" | jq -r '[.packets, .duplicates, .corrupt, .malformed] | @tsv')
	lost=$((2000000 - $2))
	echo "$1: $2 of 2000000 came, $3 twice, $4 corrupt, $5 malformed; $lost missing, $((after - before)) reported as dropped"
	[ $(($3 + $4 + $5)) -eq 0 ] && [ $lost -le $((after - before)) ] || failed=1
}

deliver 'offload'
ethtool -K v0 tx off > /dev/null
deliver 'no offload'
ethtool -K v0 tx on > /dev/null
beyond sh -c 'mount -t sysfs sysfs /sys && echo 2 > /sys/class/net/v1/queues/rx-0/rps_cpus'
deliver 'steered'
beyond sh -c 'echo 0 > /sys/class/net/v1/queues/rx-0/rps_cpus'
beyond ethtool -K v1 gro on > /dev/null # through a ring of 256, by NAPI
deliver 'gro'
build/sendgroupctl status | sed -n '2,$p'
build/sendgroupctl down
exit $failed
