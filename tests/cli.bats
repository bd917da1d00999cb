#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# cli.bats: the frame of the command line, and the commands that need only a database.

setup() {
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	export FORECALL_DB=$BATS_TEST_TMPDIR/test.db
}

# A database with a profile (1), a bench (2), an interrupted observe run (3) and three observed predictions.
make_db() {
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/../schema.sql"
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/runs.sql"
}

# forecall ARG...: its stdout is in $output, its stderr in $stderr, its status in $status.
forecall() {
	bats_require_minimum_version 1.5.0
	run --separate-stderr "$FORECALL" "$@"
}

# Every error is one line that begins with the program's name and holds the text.
said() {
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == "forecall: "*"$1"* ]]
}

# The JSON on stdout makes the filter true.
answers() {
	[ "$status" -eq 0 ]
	[ -n "$output" ]
	jq -e "$1" <<< "$output" > "$BATS_TEST_TMPDIR/answer" || { echo "$output"; false; }
}

# Runs a command without any capability. Root stays root, who may enter the checkout wherever it lies.
powerless() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --bounding-set=-all --inh-caps=-all "$@"
	else
		"$@"
	fi
}

# ---- The frame ----

@test "--help goes to stdout, lists the commands and is no error" {
	forecall --help
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ $output == "usage: forecall "* ]]
	for command in runs score doctor; do
		grep -q "^  $command " <<< "$output"
	done
}

@test "every command has a --help of its own" {
	forecall --help
	commands=$(sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p' <<< "$output")
	[ -n "$commands" ]
	for command in $commands; do
		forecall "$command" --help
		[ "$status" -eq 0 ]
		[[ $output == "usage: forecall $command"* ]]
		[[ $output == *"--json"* ]]
	done
}

@test "help COMMAND is COMMAND --help" {
	forecall help score
	one=$output
	forecall score --help
	[ "$status" -eq 0 ]
	[ "$one" = "$output" ]
}

@test "--version tells the version of the changelog" {
	forecall --version
	[ "$status" -eq 0 ]
	version=$(sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' "$BATS_TEST_DIRNAME/../CHANGELOG.md" | head -n 1)
	[[ $output == "forecall $version"* ]]
}

@test "without a command the usage is named and the status is 2" {
	forecall
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	said "needs a command; see forecall --help"
}

@test "an unknown command is answered with the nearest one and status 2" {
	forecall scroe
	[ "$status" -eq 2 ]
	said 'there is no command "scroe"; did you mean "score"?'
	forecall runs lits
	[ "$status" -eq 2 ]
	said 'there is no command "runs lits"; did you mean "runs list"?'
	forecall xyzzy
	[ "$status" -eq 2 ]
	said 'there is no command "xyzzy"; see forecall --help'
}

@test "an unknown option is answered with the nearest one and status 2" {
	forecall runs list --knid profile
	[ "$status" -eq 2 ]
	said "runs list: there is no option --knid; did you mean --kind?"
}

@test "a bad option value is answered with what is allowed and status 2" {
	forecall runs list --kind dream
	[ "$status" -eq 2 ]
	said 'runs list: --kind: "dream" is none of profile, bench, observe, slice, capacity'
}

@test "a bad operand is named and the status is 2" {
	make_db
	forecall runs show seven
	[ "$status" -eq 2 ]
	said '"seven" is not the number of a run'
	forecall runs show 0
	[ "$status" -eq 2 ]
	forecall runs delete
	[ "$status" -eq 2 ]
	said "needs RUN..."
	forecall score 7
	[ "$status" -eq 2 ]
	said '"7" is one operand too many'
}

@test "global options are taken before and after the command" {
	make_db
	mv "$FORECALL_DB" "$BATS_TEST_TMPDIR/other.db"
	forecall --db "$BATS_TEST_TMPDIR/other.db" --json runs list
	[ "$status" -eq 0 ]
	before=$output
	forecall runs list --db "$BATS_TEST_TMPDIR/other.db" --json
	[ "$status" -eq 0 ]
	[ "$before" = "$output" ]
	answers '.runs | length == 3'
}

@test "the database is --db, else FORECALL_DB, else ./forecall.db" {
	make_db
	cp "$FORECALL_DB" "$BATS_TEST_TMPDIR/forecall.db"
	"$FORECALL" runs delete 1 --db "$BATS_TEST_TMPDIR/forecall.db"
	cd "$BATS_TEST_TMPDIR"
	forecall runs list --json
	answers '.runs | length == 3'
	FORECALL_DB= forecall runs list --json
	answers '.runs | length == 2'
	forecall runs list --json --db forecall.db
	answers '.runs | length == 2'
}

@test "output that cannot be written is an error" {
	make_db
	run bash -c '"$1" runs list > /dev/full' _ "$FORECALL"
	[ "$status" -eq 1 ]
	[[ $output == *"cannot write to stdout: No space left on device"* ]]
}

# ---- Databases that are not as they should be ----

@test "a database that is not there is an error, and is not made" {
	for command in "runs list" "runs show 1" "runs delete 1" "runs export" score; do
		forecall $command
		[ "$status" -eq 1 ]
		said "there is no database $FORECALL_DB"
		[ ! -e "$FORECALL_DB" ]
	done
}

@test "a file that is no database is refused and left as it is" {
	echo "this is a letter, not a database, and is long enough to be taken for one at first sight" > "$FORECALL_DB"
	cp "$FORECALL_DB" "$BATS_TEST_TMPDIR/copy"
	forecall runs list
	[ "$status" -eq 1 ]
	said "$FORECALL_DB"
	cmp "$FORECALL_DB" "$BATS_TEST_TMPDIR/copy"
}

@test "a database of a newer schema is refused and left as it is" {
	make_db
	sqlite3 "$FORECALL_DB" 'PRAGMA user_version = 1000'
	for command in "runs list" "runs delete 1"; do
		forecall $command
		[ "$status" -eq 1 ]
		said "newer"
	done
	[ "$(sqlite3 "$FORECALL_DB" 'SELECT count(*) FROM run')" -eq 3 ]
}

@test "a damaged database is an error that names the file" {
	make_db
	size=$(stat -c %s "$FORECALL_DB")
	dd if=/dev/urandom of="$FORECALL_DB" bs=1 seek=4096 count=$((size - 4096)) conv=notrunc status=none
	forecall runs show 1
	[ "$status" -eq 1 ]
	[[ $stderr == *"$FORECALL_DB"* ]]
}

@test "a read-only database can be read, and deleting from it is an error that says so" {
	make_db
	mkdir "$BATS_TEST_TMPDIR/ro"
	mv "$FORECALL_DB" "$BATS_TEST_TMPDIR/ro/test.db"
	chmod 444 "$BATS_TEST_TMPDIR/ro/test.db"
	chmod 555 "$BATS_TEST_TMPDIR/ro"
	run powerless "$FORECALL" --db "$BATS_TEST_TMPDIR/ro/test.db" runs list
	[ "$status" -eq 0 ]
	run powerless "$FORECALL" --db "$BATS_TEST_TMPDIR/ro/test.db" runs delete 1
	[ "$status" -eq 1 ]
	[[ $output == *"cannot be written"* ]]
	[ "$(sqlite3 "file:$BATS_TEST_TMPDIR/ro/test.db?immutable=1" 'SELECT count(*) FROM run')" -eq 3 ]
}

# ---- runs ----

@test "runs alone lists the runs with their marks" {
	make_db
	forecall runs
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 4 ]
	[[ ${lines[1]} == *"1  profile"*"complete"*"größe"*"livecast --send sendmsg" ]]
	[[ ${lines[3]} == *"interrupted, lost, unbalanced, steal"* ]]
	forecall runs list
	[ "${#lines[@]}" -eq 4 ]
}

@test "runs list --kind and --state leave out the others" {
	make_db
	forecall runs list --kind bench --json
	answers '[.runs[].run] == [2]'
	forecall runs list --state interrupted --json
	answers '[.runs[].run] == [3]'
}

@test "runs list of an empty database says that there are none" {
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/../schema.sql"
	forecall runs list
	[ "$status" -eq 0 ]
	[ "$output" = "no runs in $FORECALL_DB" ]
	forecall runs list --json
	answers '.runs == []'
}

@test "runs list --json gives null, not zero, for what was not measured" {
	make_db
	forecall runs list --json
	answers '.runs[1] | .residue == null and .pid == null and .topology == null and .lost_n == 0'
}

@test "runs show prints what was measured: calls, bursts, threads, ledger and balance" {
	make_db
	forecall runs show 1
	[ "$status" -eq 0 ]
	grep -Eq '^sendmsg +1009 +1 +2018000 +2000$' <<< "$output"
	grep -Eq '^burst +100 +10 +10.0 +10$' <<< "$output"
	grep -Eq '^ +7 +livecast +1009 +500000 +2018000 ' <<< "$output"
	grep -Eq '^ +0 +target +path +none +none +10 +750 +75.00 %$' <<< "$output"
	grep -Eq '^ +0 +1000 +0 +0.0010 %$' <<< "$output"
}

@test "runs show of a bench sums the rounds of each way at each point" {
	make_db
	forecall runs show 2
	[ "$status" -eq 0 ]
	grep -Eq '^ +10 +100 +0 +sendmsg +2 +2000 +0 +2200$' <<< "$output"
}

@test "runs show tells losses and warnings" {
	make_db
	forecall runs show 3
	[[ $output == *"lost      3 events; worst residue 0.2 %; steal 40.0 ms"* ]]
	[[ $output == *"warning: lost: 3 events were lost"* ]]
}

@test "runs show without a number takes the newest run" {
	make_db
	forecall runs show
	[[ $output == "run 3: observe"* ]]
}

@test "a run that does not exist is an error with status 1" {
	make_db
	for command in "runs show 9" "runs export 9" "runs delete 9"; do
		forecall $command
		[ "$status" -eq 1 ]
		said "no run 9"
	done
}

@test "an export that fails leaves what was there before" {
	make_db
	forecall runs export -o "$BATS_TEST_TMPDIR/all.jsonl"
	[ "$status" -eq 0 ]
	[ "$(wc -l < "$BATS_TEST_TMPDIR/all.jsonl")" -eq 3 ]
	forecall runs export 1 99 -o "$BATS_TEST_TMPDIR/all.jsonl"
	[ "$status" -eq 1 ]
	[ "$(wc -l < "$BATS_TEST_TMPDIR/all.jsonl")" -eq 3 ]
	[ "$(ls "$BATS_TEST_TMPDIR"/all.jsonl*)" = "$BATS_TEST_TMPDIR/all.jsonl" ]
	forecall runs export 1 -o /dev/stdout # no file
	[ "${#lines[@]}" -eq 1 ]
}

@test "predict --with all says what is wrong with the run, as for one way" {
	make_db
	forecall predict 99 --with all
	[ "$status" -eq 1 ]
	said "99"
	forecall predict 2 --with all # a bench
	[ "$status" -ne 0 ]
	[ "$status" -lt 128 ]
	[ -n "$stderr" ]
	sqlite3 "$FORECALL_DB" < "$BATS_TEST_DIRNAME/data/windows.sql"
	sqlite3 "$FORECALL_DB" "UPDATE block SET calls_n = 0 WHERE calls_n > 0"
	forecall predict 1 --with all
	[ "$status" -eq 3 ]
	said "never called"
}

@test "what runs export writes, runs import reads, and once only" {
	make_db
	forecall runs export -o "$BATS_TEST_TMPDIR/all.jsonl"
	[ "$status" -eq 0 ]
	[ "$(wc -l < "$BATS_TEST_TMPDIR/all.jsonl")" -eq 3 ]
	export FORECALL_DB=$BATS_TEST_TMPDIR/second.db
	forecall runs import "$BATS_TEST_TMPDIR/all.jsonl"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "run 1: added" ]
	forecall runs import --json - < "$BATS_TEST_TMPDIR/all.jsonl"
	answers '[.runs[].new] == [false, false, false]'
	for table in run call ledger bench prediction observation; do
		one=$(sqlite3 "$BATS_TEST_TMPDIR/test.db" "SELECT * FROM $table")
		two=$(sqlite3 "$FORECALL_DB" "SELECT * FROM $table")
		[ -n "$one" ]
		[ "$one" = "$two" ]
	done
}

@test "an import that is cut off is an error that names the file, and keeps the runs before it" {
	make_db
	"$FORECALL" runs export 1 2 | head -c -20 > "$BATS_TEST_TMPDIR/cut.jsonl"
	export FORECALL_DB=$BATS_TEST_TMPDIR/second.db
	forecall runs import "$BATS_TEST_TMPDIR/cut.jsonl"
	[ "$status" -eq 1 ]
	said "cut.jsonl is not what runs export writes, or is cut off"
	[ "$(sqlite3 "$FORECALL_DB" 'SELECT count(*) FROM run')" -eq 1 ]
}

@test "an export that cannot be written is an error and leaves no file" {
	make_db
	forecall runs export -o "$BATS_TEST_TMPDIR/no/such/folder.jsonl"
	[ "$status" -eq 1 ]
	said "cannot write $BATS_TEST_TMPDIR/no/such/folder.jsonl"
	for runs in "" 3; do # more than a buffer, and less
		forecall runs export $runs -o /dev/full
		[ "$status" -eq 1 ]
		said "/dev/full"
	done
	[ -c /dev/full ] # and no more than that
}

@test "runs delete removes the run, its counts and its predictions" {
	make_db
	forecall runs delete 1
	[ "$status" -eq 0 ]
	[ "$output" = "deleted run 1" ]
	for table in run call hist thread ledger balance; do
		[ "$(sqlite3 "$FORECALL_DB" "SELECT count(*) FROM $table WHERE run = 1")" -eq 0 ]
	done
	[ "$(sqlite3 "$FORECALL_DB" 'SELECT count(*) FROM prediction')" -eq 0 ]
}

@test "runs delete with one wrong number deletes nothing" {
	make_db
	forecall runs delete 1 9 2
	[ "$status" -eq 1 ]
	[ "$(sqlite3 "$FORECALL_DB" 'SELECT count(*) FROM run')" -eq 3 ]
}

# ---- score ----

@test "score gives each error and leaves forced predictions out of the sums" {
	make_db
	forecall score --json
	[ "$status" -eq 0 ]
	answers '.scored == 2 and (.predictions | length) == 3'
	answers '.predictions[1].error > 0.03999 and .predictions[1].error < 0.04001'
	answers '[.predictions[].inside] == [true, false, false]'
	answers '.error.worst < 0.041 and .error.inside.value == 0.5'
	forecall score
	grep -Eq 'r predicted +r observed' <<< "$output"
	grep -q '+4.00 %  no$' <<< "$output"
	grep -q '^forced predictions left out: 1$' <<< "$output"
}

@test "score without an observed prediction says so and is no error" {
	make_db
	sqlite3 "$FORECALL_DB" 'DELETE FROM observation'
	forecall score
	[ "$status" -eq 0 ]
	[[ $output == "no prediction in $FORECALL_DB was observed yet"* ]]
	forecall score --json
	answers '.scored == 0 and .predictions == [] and .error == null'
}

# ---- doctor ----

@test "doctor names every check, and a consequence and a fix for each that is not ok" {
	forecall doctor --json
	[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
	status=0
	answers '.checks | length >= 10'
	answers 'all(.checks[]; if .state == "ok" then .fix == null else (.fix | length) > 0 and (.consequence | length) > 0 end)'
	answers '.ready == all(.checks[]; (.needed and .state == "missing") | not)'
}

@test "doctor ends with 3 and names CAP_BPF and CAP_PERFMON when they are missing" {
	run powerless "$FORECALL" doctor
	[ "$status" -eq 3 ]
	[[ $output == *"without CAP_BPF, without CAP_PERFMON"* ]]
	[[ $output == *"this machine cannot profile"* ]]
}
