#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# suite.bats: suites on the running kernel: what is marked, what goes on, what is refused.

setup() {
	bats_require_minimum_version 1.5.0
	FORECALL=$(realpath "${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}")
	export FORECALL_DB=$BATS_TEST_TMPDIR/test.db
	cd "$BATS_TEST_TMPDIR" || return 1
}

forecall() {
	run --separate-stderr "$FORECALL" "$@"
}

sql() {
	sqlite3 "$FORECALL_DB" "$1"
}

mini() {
	cat > mini.conf <<-'END'
		# a comment
		name mini
		version 2
		about a small one # and a remark
		passes 2
		set block 2 1
		step lo bench --alternative @ways:sendmmsg,nothing --group 10 --payload 100 --rounds 10 --block @block --width 0.5
	END
}

@test "every pass of every step is run once, marked, and goes on where it was" {
	mini
	forecall suite run ./mini.conf
	[ "$status" -eq 0 ]
	[[ $output == "mini@2: 2 of 2 steps were run"* ]]
	[ "$(sql "SELECT group_concat(suite, ' ') FROM run")" = "mini@2/lo#1 mini@2/lo#2" ]
	sql "PRAGMA foreign_keys = ON; DELETE FROM run WHERE suite = 'mini@2/lo#1'"
	forecall suite run ./mini.conf
	[[ $output == "mini@2: 1 of 2 steps were run"* ]]
	forecall suite run ./mini.conf --again --passes 1
	[ "$(sql "SELECT group_concat(suite, ' ') FROM (SELECT suite FROM run ORDER BY suite)")" = "mini@2/lo#1 mini@2/lo#2 mini@2/lo#3" ]
	forecall suite run ./mini.conf --label other --passes 1
	[ "$(sql "SELECT count(*) FROM run WHERE label = 'other' AND suite = 'mini@2/lo#1'")" -eq 1 ]
	forecall compare mini@2 mini@2 --all --fail-above 0%
	[ "$status" -eq 0 ]
	forecall track 'bench/lo/*'
	[ "$status" -eq 0 ]
}

@test "steps for real time are run where time is real, and counting is refused where nothing counts" {
	mini
	sed -i 's/^step lo \(.*\)/timed real \1 --count auto/' mini.conf
	forecall suite run ./mini.conf --passes 1
	[ "$status" -eq 0 ]
	[ "$(sql "SELECT group_concat(suite) FROM run")" = "mini@2/real#1" ]
	[ "$(sql "SELECT count(*) FROM counted")" -eq 0 ]
	export FORECALL_CACHE=$BATS_TEST_TMPDIR/cache # in a guest nothing would be left to run
	forecall suite run ./mini.conf --kernel all-cached
	[ "$status" -eq 2 ]
	[[ $stderr == *"a step"* ]]
	forecall bench --count yes --group 10 --payload 100 --rounds 10 --block 1 --width 0.5
	[ "$status" -eq 1 ]
	[[ $stderr == *"lab run"* ]]
}

@test "a step that fails is told with its output, and the others are run" {
	mini
	sed -i 's/^step.*/step wrong bench --alternative nothing\n&/' mini.conf
	forecall suite run ./mini.conf --passes 1
	[ "$status" -eq 1 ]
	[[ $stderr == *"mini@2/wrong#1 failed with status 2"*'no way of sending "nothing"'* ]]
	[ "$(sql "SELECT group_concat(suite) FROM run")" = "mini@2/lo#1" ]
}

@test "a step that stores no run is refused" {
	mini
	echo "step list runs list" >> mini.conf
	forecall suite run ./mini.conf --passes 1
	[ "$status" -eq 2 ]
	[[ $stderr == *"step list stored no run"* ]]
}

@test "a file that is no suite is refused with its line" {
	for bad in "step" "step x" "name ../x" "version 0" "set a b" "step a bench @nothing" "nonsense 1" "step lo bench"; do
		mini
		echo "$bad" >> mini.conf
		forecall suite run ./mini.conf
		[ "$status" -eq 2 ] || { echo "$bad"; false; }
		[[ $stderr == *"mini.conf: line 8: "* ]] || { echo "$bad: $stderr"; false; }
	done
	: > mini.conf
	forecall suite run ./mini.conf
	[ "$status" -eq 2 ]
	forecall suite run nothing
	[ "$status" -eq 1 ]
	[[ $stderr == *"suite list"* ]]
}

@test "the suites that ship are listed and can be read" {
	forecall suite list
	[ "$status" -eq 0 ]
	[[ $output == *"send "* ]]
	forecall suite --json
	jq -e '.suites | length >= 1' <<< "$output"
	FORECALL_SUITES=$BATS_TEST_TMPDIR/none forecall suite list
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "words for a kernel need a kernel and a label, and a kernel that is not here is named with its remedy" {
	mini
	export FORECALL_CACHE=$BATS_TEST_TMPDIR/cache
	forecall suite run ./mini.conf --append mitigations=off
	[ "$status" -eq 2 ]
	forecall suite run ./mini.conf --kernel 9.9.9-none
	[ "$status" -eq 1 ]
	[[ $stderr == *"lab kernels add 9.9.9-none"* ]]
	forecall suite run ./mini.conf --kernel all-cached
	[ "$status" -eq 1 ]
}

@test "two suites at once into one database run every step once" {
	mini
	"$FORECALL" suite run ./mini.conf > one 2> one.err &
	other=$!
	forecall suite run ./mini.conf
	[ "$status" -eq 0 ]
	wait $other
	[ "$(sql "SELECT group_concat(suite, ' ') FROM (SELECT suite FROM run ORDER BY run)")" = "mini@2/lo#1 mini@2/lo#2" ]
	cat one.err <(echo "$stderr") | grep -q "another suite runs into"
	[[ $(cat one)$output == *"2 of 2 steps"* && $(cat one)$output == *"0 of 2 steps"* ]]
}

@test "a signal ends the step and the suite, and the next call goes on" {
	mini
	sed -i 's/--rounds 10 --block @block --width 0.5/--rounds 10000 --block 20 --width 0.0001/' mini.conf
	"$FORECALL" suite run ./mini.conf 2> err &
	suite=$!
	for ((i = 0; i < 300; i++)); do
		[ "$(sql "SELECT count(*) FROM run" 2> /dev/null)" = 1 ] && break
		sleep 0.1
	done
	kill -TERM $suite
	status=0
	wait $suite || status=$?
	[ "$status" -eq 1 ]
	grep -q "interrupted in mini@2/lo#1" err
	[ "$(sql "SELECT count(*) FROM run WHERE suite IS NOT NULL")" -eq 0 ]
	mini
	forecall suite run ./mini.conf --passes 1
	[[ $output == "mini@2: 1 of 1 steps were run"* ]]
}
