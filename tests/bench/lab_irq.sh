#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lab_irq.sh: interrupts of an e1000e in the ledger, beside the kernel's own counts, and f with and without them.
#
# The card's wire leads nowhere, so all that runs is the sender and its card. One window spans all of the traffic; the counts of
# /proc/interrupts and /proc/softirqs are taken right before and after the sends. The truth of f is what the same work takes
# without the sends (way null): f = 1 - busy without / busy with, on the whole CPU, in instructions.
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
for way in sendmsg null; do
	forecall profile -C 0 --path sendmsg --seconds 3 --window 3000 --doses 1 --calibration 1 > /dev/null 2> /root/said &
	sleep 1 # the calibration takes less, the window lasts 3 s
	while ! grep -q . /proc/$!/stat; do sleep 0.1; done
	sleep 0.5
	counts > before.$way
	groupsend --to 198.18.0.2:20000 --way $way --group 100 --bursts 50 --period-ns 10000000 --gap-ns 5000 --payload 1000
	sleep 0.2
	counts > after.$way
	wait
	cat /root/said
	echo "$way: irq, NET_TX, NET_RX, packets before: $(xargs < before.$way), after: $(xargs < after.$way)"
done
END
chmod +x "$work/inside"
FORECALL_DB=$work/db "$forecall" lab run --kernel '6.12.*[0-9]-amd64' --nic e1000e --wire sink --in "$work/inside" -- ./inside || exit 1
sqlite3 -box "$work/db" "SELECT run, sum(CASE WHEN hardirq IN ('net', 'line') THEN entries_n END) AS irqs, sum(CASE WHEN hardirq = 'none' AND softirq = 'net_tx' THEN entries_n END) AS net_tx,
	sum(CASE WHEN hardirq = 'none' AND softirq = 'net_rx' THEN entries_n END) AS net_rx,
	sum(CASE WHEN task <> 'idle' OR softirq <> 'none' OR hardirq <> 'none' THEN cyc END) AS busy,
	sum(CASE WHEN call = 'path' THEN cyc END) AS t_sc,
	sum(CASE WHEN call <> 'path' AND hardirq IN ('net', 'line') THEN cyc END) AS t_irq,
	sum(CASE WHEN call <> 'path' AND hardirq = 'none' AND softirq IN ('net_tx', 'net_rx') THEN cyc END) AS t_bh FROM ledger GROUP BY run"
