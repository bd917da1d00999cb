#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# sendgroup-bpf.sh: runs in a guest of the lab (tests/bench/bpfgroup-guests.sh): sends to groups over lo, over veth with checksum offload on
# and off, and from card to card where there is one, has every byte verified, and prints a line for each: what came, what was
# lost, corrupt, and how many of the packets were copies that the program sent.
export PATH=$PATH:/root
modprobe veth 2> /dev/null

# become NAMESPACE COMMAND...: for a subshell in the background, whose pid is then the command's.
become() {
	ns=$1
	shift
	if [ "$ns" = here ]; then exec "$@"; else exec ip netns exec "$ns" "$@"; fi
}

sent() { sendgroupctl status --json | sed -n 's/.*"sent":\([0-9]*\).*/\1/p'; }

# over NAME NAMESPACE ADDRESS: 20 bursts to 60 recipients there, with pauses: an emulated card's ring is soon full.
over() {
	become "$2" receivers --listen "$3:20000" --count 60 --verify --receive-buffer 1000000 > /tmp/out &
	pid=$!
	until grep -q ready /tmp/out; do kill -0 $pid || return; usleep 20000; done
	before=$(sent)
	groupsend --to "$3:20000" --group 60 --bursts 20 --payload 1000 --period-ns 20000000 --way sendgroup-bpf > /tmp/sent || return
	usleep 300000
	kill -TERM $pid
	wait $pid
	came=$(tail -n 1 /tmp/out | sed 's/.*"packets":\([0-9]*\).*"lost":\([0-9]*\).*"corrupt":\([0-9]*\).*/came \1 lost \2 corrupt \3/')
	echo "$1: $came copies $(($(sent) - before))"
}

ip netns add far
ip link add v0 type veth peer name v1 netns far
ip addr add 198.18.7.1/24 dev v0
ip link set v0 up
ip netns exec far ip addr add 198.18.7.2/24 dev v1
ip netns exec far ip link set v1 up
ip addr add fd00:7::1/64 dev v0 nodad
ip netns exec far ip addr add fd00:7::2/64 dev v1 nodad
ping -c 1 198.18.7.2 > /dev/null
ping -c 1 fd00:7::2 > /dev/null
sendgroupctl up || exit 1
over lo here 127.0.0.1
over lo6 here '[::1]'
over veth far 198.18.7.2
over veth6 far '[fd00:7::2]'
ethtool -K v0 tx off > /dev/null
over veth-off far 198.18.7.2
over veth6-off far '[fd00:7::2]'
# The addresses of lab/wire.h.
if ip link show nic0 > /dev/null 2>&1; then
	ip netns exec peer ethtool -K nic1 rx off > /dev/null # so that its stack verifies the sums
	over card peer 198.18.0.2
	over card6 peer '[fd00::2]'
	ip netns exec peer ip -s link show nic1 # what it dropped
fi
sendgroupctl status
sendgroupctl down
