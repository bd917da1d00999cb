#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# capacity.bats: the largest group that the built-in server serves, by real trials, and the report of it.

setup() {
	bats_require_minimum_version 1.5.0
	FORECALL=$(realpath "${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}")
	export FORECALL_DB=$BATS_TEST_TMPDIR/test.db
	cd "$BATS_TEST_TMPDIR" || return 1
}

sql() {
	sqlite3 "$FORECALL_DB" "$1"
}

# 100 packets a second and 1 ms of work for each client of each: more than ten clients no processor can serve.
slow() {
	"$FORECALL" capacity --packets 100 --work 1000000 --from 4 --within 0.3 --seconds 0.5 "$@"
}

@test "a server whose work is known serves no more clients than that allows, and each trial is kept" {
	run --separate-stderr slow --json
	[ "$status" -eq 0 ]
	jq -e '.ways[0] | .way == "sendmsg" and .served >= 1 and .served <= 10 and .refused > .served' <<< "$output"
	[ "$(jq '.ways[0].trials' <<< "$output")" = "$(sql 'SELECT count(*) FROM trial WHERE run = 1')" ]
	[ "$(sql "SELECT kind || state FROM run")" = capacitycomplete ]
	[ "$(sql "SELECT count(*) FROM trial_v WHERE group_size > 11 AND served")" -eq 0 ]
	# Every packet of the stream at every client, or lost: 100 a second for each client.
	[ "$(sql "SELECT count(*) FROM trial_v WHERE served AND rate_share_min < 0.99")" -eq 0 ]
}

@test "a server that serves all it is asked for has no upper end" {
	run --separate-stderr "$FORECALL" capacity --from 2 --most 8 --seconds 0.2 --quality 0.5
	[ "$status" -eq 0 ]
	[[ $output == *"sendmsg"*" 8 "*" - "* ]]
}

@test "an alternative stands beside the prediction made from a profile, on the terminal and in the report" {
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/../schema.sql"
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/runs.sql"
	run --separate-stderr slow --with sendmmsg --profile 1
	[ "$status" -eq 0 ]
	[[ $output == *"capacity sendmsg -> sendmmsg"*"observed "*"predicted 1.300 [1.290, 1.310] (run 1)"* ]] # the newest that was not forced
	[ "$(sql "SELECT like_run FROM run WHERE kind = 'capacity'")" -eq 1 ]
	[ "$(sql "SELECT count(DISTINCT way) FROM trial")" -eq 2 ]
	run --separate-stderr "$FORECALL" report -o out
	[ "$status" -eq 0 ]
	run=$(sql "SELECT run FROM run WHERE kind = 'capacity'")
	[ -e "out/cpu-run-$run.svg" ] && [ -e "out/service-run-$run.pdf" ]
	[ "$(tail -n +2 "out/cpu-run-$run.csv" | wc -l)" -eq "$(sql 'SELECT count(*) FROM trial')" ]
	[[ $(sed 's/<[^>]*>//g' out/index.html | tr '\n' ' ') == *"The group is "*"times as large"*"predicted from run&nbsp;1: 1.300 [1.290, 1.310]"* ]]
	run --separate-stderr "$FORECALL" report "$run" -o only # brings the profile, its predictions and what they rest on
	[[ $(sed 's/<[^>]*>//g' only/index.html | tr '\n' ' ') == *"predicted from run&nbsp;1: 1.300"* ]]
	"$FORECALL" runs export "$run" > run.json
	[ "$(jq '[.. | .trial? // empty | arrays | length] | add' run.json)" -eq "$(sql 'SELECT count(*) FROM trial')" ]
}

@test "an alternative is profiled and predicted on the way" {
	[ "$(id -u)" -eq 0 ] || skip "profiling needs root"
	run --separate-stderr "$FORECALL" capacity --with sendmmsg --profile-seconds 2 --from 32 --most 64 --quality 0.5 --seconds 0.2 --json
	[ "$status" -eq 0 ]
	jq -e '.predicted.value > 0 and .observed.value == 1 and .observed.high == null and .profile >= 1 and .error > -1' <<< "$output"
	[ "$(sql "SELECT group_concat(kind) FROM run")" = "profile,bench,observe,capacity" ]
	[ "$(sql "SELECT count(*) FROM observation")" -eq 1 ]
}

@test "a signal ends it: nothing is stored, and nobody runs on" {
	"$FORECALL" --progress capacity --seconds 60 2> err 3>&- &
	pid=$!
	for _ in {1..200}; do
		pgrep -P "$pid" receivers > children && break
		sleep 0.05
	done
	pgrep -P "$pid" > children
	[ "$(wc -l < children)" -ge 2 ]
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 1 ]
	grep -q 'interrupted' err
	while read -r child; do
		[ ! -e "/proc/$child" ]
	done < children
	[ "$(sql 'SELECT count(*) FROM run')" -eq 0 ]
}

@test "bad usage is told, with the remedy" {
	for arguments in '--with sendmsg' '--with nosuchway' '--baseline nosuchway' '--profile 1' '--quality 0' '--quality 1.5' '--topology ring' 'operand'; do
		run --separate-stderr "$FORECALL" capacity $arguments
		[ "$status" -eq 2 ]
		[[ $stderr == "forecall: "* ]]
	done
	run --separate-stderr "$FORECALL" capacity --with sendmmsg --profile 9
	[ "$status" -eq 1 ]
	[[ $stderr == *"nothing was predicted for sendmmsg from run 9: forecall predict 9 --with sendmmsg"* ]]
	run --separate-stderr slow --work 1000000000 --seconds 0.2 --with sendmmsg --profile-seconds 1
	[ "$status" -eq 1 ]
	[[ $stderr == *"not even one client is served by sendmsg as asked"* ]]
}
