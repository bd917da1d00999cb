#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lab_irq.sh: interrupts of an e1000e in the ledger while livecast sends, beside the kernel's own counts, and f with and without them.
#
# The card's wire leads nowhere, so all that runs is the server, the source of its stream, and the card. One window spans all of the
# traffic; the counts of /proc/interrupts and /proc/softirqs are taken right before and after it. The truth of f is what the same stream
# takes when livecast sends nothing (way null): f = 1 - busy without / busy with, on the whole CPU, in instructions.
set -u
cd "$(dirname "$0")/../.." || exit 1
forecall=${BUILD:-build}/forecall
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cat > "$work/inside" << 'END'
#!/bin/sh
counts() {
	awk '/nic0/ { irq += $2 } END { printf "%d ", irq }' /proc/interrupts
	awk '/NET_TX/ { tx = $2 } /NET_RX/ { rx = $2 } END { print tx, rx }' /proc/softirqs
	cat /sys/class/net/nic0/statistics/tx_packets
}
# Clients are where they join from: they do over a veth pair, and then their address lies behind the card.
ip netns add clients
ip link add v0 type veth peer name v1 netns clients
ip link set v0 up
ip -n clients link set v1 up
ip -n clients addr add 198.18.0.2/32 dev v1
ip -n clients route add 198.18.0.1 dev v1
for way in sendmsg null; do
	livecast --ingest 127.0.0.1:5004 --control 198.18.0.1:5005 --send $way > /root/ready.$way 2>&1 &
	server=$!
	until grep -q ready ready.$way; do sleep 0.1; done
	ip route add 198.18.0.2 dev v0
	{ echo 'JOIN 20000 100'; sleep 1000; } | ip netns exec clients nc 198.18.0.1 5005 > /root/joined.$way &
	client=$!
	until grep -q . joined.$way; do sleep 0.1; done
	ip route del 198.18.0.2 dev v0
	forecall profile -C 0 --path sendmsg --seconds 6 --window 6000 --doses 1 --calibration 1 > /root/said 2>&1 &
	profile=$!
	sleep 5 # of the guest's time: it calibrates for less, and the window lasts longer than the traffic
	counts > before.$way
	livecast --produce --to 127.0.0.1:5004 --payload 1000 --packets-per-s 100 --packets 50 > /dev/null
	sleep 0.2
	counts > after.$way
	wait $profile
	kill $server $client
	wait $server $client 2> /dev/null
done
awk '{ for (i = 1; i <= NF; i++) v[n++] = $i } END { printf "%d %d %d %d\n", v[4] - v[0], v[5] - v[1], v[6] - v[2], v[7] - v[3] }' before.sendmsg after.sendmsg > counted
END
chmod +x "$work/inside"
FORECALL_DB=$work/db "$forecall" -q lab run --kernel '6.12.*[0-9]-amd64' --nic e1000e --wire sink --in "$work/inside" --out counted:"$work/counted" \
	-- ./inside || exit 1
read -r irq tx rx packets < "$work/counted"

# ledger RUN EXPRESSION
ledger() { sqlite3 "$work/db" "SELECT CAST(total($2) AS INTEGER) FROM ledger WHERE run = $1"; }
entries() { ledger 1 "CASE WHEN $1 THEN entries_n END"; }
BUSY="CASE WHEN task <> 'idle' OR softirq <> 'none' OR hardirq <> 'none' THEN cyc END"
T_SC="CASE WHEN call = 'path' THEN cyc END"
T_IRQ="CASE WHEN call <> 'path' AND hardirq IN ('net', 'line') THEN cyc END"
T_BH="CASE WHEN call <> 'path' AND NOT (task = 'other' AND call = 'call') AND hardirq = 'none' AND softirq IN ('net_tx', 'net_rx') THEN cyc END"
busy=$(ledger 1 "$BUSY") none=$(ledger 2 "$BUSY") sc=$(ledger 1 "$T_SC") hard=$(ledger 1 "$T_IRQ") bh=$(ledger 1 "$T_BH")
calls=$(sqlite3 "$work/db" "SELECT sum(calls_n) FROM block WHERE run = 1")

echo "$packets packets by an e1000e in $calls calls of sendmsg, in instructions:"
echo "  interrupts of the card: $(entries "hardirq IN ('net', 'line')") in the ledger, $irq in /proc/interrupts"
echo "  NET_TX: $(entries "hardirq = 'none' AND softirq = 'net_tx'") in the ledger, $tx in /proc/softirqs; NET_RX: $(entries \
	"hardirq = 'none' AND softirq = 'net_rx'"), $rx"
echo "  T_sc $sc, T_irq $hard, T_bh $bh"
BC_LINE_LENGTH=0 bc <<< "scale=4; print \"  share of the busy instructions: truth \", ($busy - $none) / $busy, \", f with interrupts \", ($sc + $hard + $bh) / $busy, \", without \", $sc / $busy, \"\n\""
[ "$(bc <<< "$hard > 0 && $bh > 0")" = 1 ]
