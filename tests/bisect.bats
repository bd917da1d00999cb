#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bisect.bats: `forecall bisect` on kernels that were measured before, so that none needs to boot, on two that do, and what it refuses.

bats_require_minimum_version 1.5.0
load helpers/lab.bash

setup() {
	FORECALL=$(realpath "${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}")
	REAL_CACHE=${FORECALL_CACHE:-} # of the user, when it is not where it usually is
	export FORECALL_DB=$BATS_TEST_TMPDIR/test.db FORECALL_CACHE=$BATS_TEST_TMPDIR/cache
	cd "$BATS_TEST_TMPDIR" || return 1
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/../schema.sql"
}

forecall() {
	run --separate-stderr "$FORECALL" "$@"
}

# measured NUMBER COST: a kernel in the cache that no guest could boot, with a run of the test on it.
measured() {
	local name=6.1.0-$1-cloud-amd64
	mkdir -p "cache/kernels/amd64/$name/modules"
	: > "cache/kernels/amd64/$name/vmlinuz"
	sqlite3 "$FORECALL_DB" "
	INSERT INTO host (host, digest, name, cpu_model, cpus_n, kernel, build, arch, cmdline)
	VALUES ($1, 'd$1', 'lab', 'cpu', 1, '$name', '#1', 'x86_64', 'forecall.clock=icount');
	INSERT INTO run (run, kind, state, label, host, started_ns, command, version, scope, target, path, clock, clock_hz, engine, topology)
	VALUES ($1, 'bench', 'complete', 'bisect bench --group 10', $1, $1, 'forecall bench', '0', 'process', 'groupsend', 'sendmsg', 'tsc', 1e9, 'none', 'lo');
	INSERT INTO bench (run, round, way, group_size, payload_bytes, private_bytes, packets_n, errors_n, cpu_cyc, preempt_n)
	VALUES ($1, 0, 'null', 10, 100, 0, 1000, 0, 10000, 0), ($1, 0, 'sendmsg', 10, 100, 0, 1000, 0, 10000 + 1000 * $2, 0)"
}

@test "the neighbours are found, and only the kernels between are looked at" {
	for k in 8 9 10 11 12 13 14; do measured $k $((1000 + (k > 11) * 50)); done
	forecall bisect --good 6.1.0-8-cloud-amd64 --bad 6.1.0-14-cloud-amd64 --test 'bench --group 10' --json
	[ "$status" -eq 0 ]
	jq -e '.last_good == "6.1.0-11-cloud-amd64" and .first_bad == "6.1.0-12-cloud-amd64"' <<< "$output"
	jq -e '(.steps | length <= 5) and all(.steps[]; .booted | not)' <<< "$output"
	forecall bisect --good 6.1.0-8-cloud-amd64 --bad 6.1.0-14-cloud-amd64 --test 'bench --group 10' --above 6%
	[ "$status" -eq 3 ]
	[[ $output == *"not worse by more than 6 %"* ]]
}

@test "what it cannot do is said with its remedy" {
	measured 8 1000
	measured 9 1100
	forecall bisect --good 6.1.0-9-cloud-amd64 --bad 6.1.0-8-cloud-amd64 --test 'bench --group 10'
	[ "$status" -eq 2 ]
	[[ $stderr == *"does not come before"* ]]
	forecall bisect --good 6.1.0-8-cloud-amd64 --bad 6.1.0-77-cloud-amd64 --test 'bench --group 10'
	[ "$status" -eq 1 ]
	[[ $stderr == *"lab kernels add 6.1.0-77-cloud-amd64"* ]]
	forecall bisect --good 6.1.0-8-cloud-amd64
	[ "$status" -eq 2 ]
	forecall bisect --good 6.1.0-8-cloud-amd64 --bad 6.1.0-9-cloud-amd64 --test 'bench --group 10' --benchmark nothing
	[ "$status" -eq 1 ]
	[[ $stderr == *"no cost called nothing"* ]]
}

@test "kernels that were not measured yet are booted, each once" {
	local here=$FORECALL_CACHE both='.last_good == $good and .first_bad == $bad'
	if [ -n "$REAL_CACHE" ]; then FORECALL_CACHE=$REAL_CACHE; else unset FORECALL_CACHE; fi
	mkdir -p "$here/kernels/amd64"
	for pattern in '6.1.*-cloud-amd64' '6.12.*-cloud-amd64'; do
		kernel "$pattern"
		ln -s "${REAL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/forecall}/kernels/amd64/$KERNEL" "$here/kernels/amd64/" # no others lie between
		good=${good:-$KERNEL}
	done
	export FORECALL_CACHE=$here
	for booted in true false; do # on a device that drops, 6.12 takes some more instructions a packet
		forecall --json bisect --good "$good" --bad "$KERNEL" --above 0.1% --test 'bench --topology sink --group 10 --payload 1000 --rounds 10 --block 1 --width 0.5'
		echo "$output $stderr"
		[ "$status" -eq 0 ]
		jq -e --arg good "$good" --arg bad "$KERNEL" "$both"' and .unit == "instructions" and (.steps | length == 2) and all(.steps[]; .booted == '$booted')' <<< "$output"
	done
	[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM run")" -eq 2 ]
}
