#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# completion.bats: what bash offers for an unfinished command line.

setup() {
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	export FORECALL_DB=$BATS_TEST_TMPDIR/test.db
	source "$BATS_TEST_DIRNAME/../completion/forecall.bash"
}

make_db() {
	sqlite3 "$1" < "$BATS_TEST_DIRNAME/../schema.sql"
	sqlite3 "$1" < "$BATS_TEST_DIRNAME/data/runs.sql"
}

# offered WORD...: the command line behind "forecall", the last word unfinished. Sets $output to what is offered.
offered() {
	COMP_WORDS=("$FORECALL" "$@")
	COMP_CWORD=$#
	_forecall
	output="${COMPREPLY[*]}"
}

@test "an empty line offers every command that --help lists" {
	offered ""
	for command in $("$FORECALL" --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p') help; do
		[[ " $output " == *" $command "* ]]
	done
	[[ " $output " != *" complete "* ]]
}

@test "a begun command is finished" {
	offered sco
	[ "$output" = score ]
}

@test "a dash offers every option of that command, short ones too" {
	offered runs export -
	for option in --output -o --db --json --quiet -q --progress --help; do
		[[ " $output " == *" $option "* ]]
	done
	offered runs list --k
	[ "$output" = --kind ]
}

@test "an option that takes words offers them" {
	offered runs list --kind ""
	[ "$output" = "profile bench observe slice capacity" ]
	offered runs list --kind p
	[ "$output" = profile ]
}

@test "runs offers its commands, and they offer the runs of the database" {
	make_db "$FORECALL_DB"
	offered runs ""
	[ "$output" = "list show export import delete" ]
	offered runs show ""
	[ "$output" = "1 2 3" ]
	offered runs delete 1 ""
	[ "$output" = "1 2 3" ]
}

@test "runs are those of the database that --db names" {
	make_db "$BATS_TEST_TMPDIR/other.db"
	offered runs show ""
	[ "$output" = "" ]
	offered --db "$BATS_TEST_TMPDIR/other.db" runs show ""
	[ "$output" = "1 2 3" ]
	offered runs show --db "$BATS_TEST_TMPDIR/other.db" ""
	[ "$output" = "1 2 3" ]
}

@test "the value of an option is not taken for the command" {
	offered --db runs sco
	[ "$output" = score ]
}

@test "ways of sending are completed behind each comma" {
	"$FORECALL" bench --help > /dev/null 2>&1 || skip "there is no bench"
	offered bench --alternative ""
	[ "$output" = "$("$FORECALL" complete ways | xargs)" ]
	offered bench --alternative sendmsg,sendm
	[ "$output" = "sendmsg,sendmsg sendmsg,sendmmsg" ]
}

@test "an option that takes a run offers the runs" {
	make_db "$FORECALL_DB"
	"$FORECALL" bench --help > /dev/null 2>&1 || skip "there is no bench"
	offered bench --like ""
	[ "$output" = "1 2 3" ]
}

@test "system calls are completed by name" {
	"$FORECALL" profile --help > /dev/null 2>&1 || skip "there is no profile"
	offered profile --path sendmm
	[ "$output" = sendmmsg ]
}

@test "behind -- any command of the system is offered" {
	offered profile -- bas
	[[ " $output " == *" bash "* ]]
}

@test "files are offered where a file is wanted" {
	touch "$BATS_TEST_TMPDIR/night.jsonl"
	offered runs import "$BATS_TEST_TMPDIR/ni"
	[ "$output" = "$BATS_TEST_TMPDIR/night.jsonl" ]
	offered runs export -o "$BATS_TEST_TMPDIR/ni"
	[ "$output" = "$BATS_TEST_TMPDIR/night.jsonl" ]
}
