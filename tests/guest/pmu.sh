#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# pmu.sh: runs in a guest of the lab that has a PMU (tests/events.bats): what it counts, livecast profiled by it, and a bench whose events are
# read in user space. Writes events.json, profile.json, bench.json and denied.json into the folder that it is started in.
set -e
here=$PWD
cd /tmp
forecall events --all --json > "$here/events.json"

livecast > live 2> live.err &
server=$!
until grep -q ready live; do sleep 0.05; done
receivers --control 127.0.0.1:5005 --count 20 > clients 2> clients.err &
livecast --produce --packets-per-s 200 --payload 300 > /dev/null 2>&1 &
until grep -q flowing clients; do sleep 0.05; done
forecall profile -p $server --clock cycles --event INST_RETIRED,arm_n1::L1D_CACHE_REFILL --seconds 3 --window 300 --calibration 2 \
	--json > "$here/profile.json"
kill $server
wait $server || true

bench() { forecall bench --group 10 --payload 100 --rounds 10 --clock cycles --event INST_RETIRED,CPU_CYCLES --json; }
counts() { groupsend --json --group 10 --bursts 100 --event INST_RETIRED,CPU_CYCLES; }
echo 1 > /proc/sys/kernel/perf_user_access
bench > "$here/bench.json"
{ counts; echo 0 > /proc/sys/kernel/perf_user_access; counts; } > "$here/counts.json"
