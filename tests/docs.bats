#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# docs.bats: the manual pages say what the program does, no less and no more.

setup() {
	FORECALL=${FORECALL:-$BATS_TEST_DIRNAME/../build/forecall}
	MAN=$BATS_TEST_DIRNAME/../docs/man
}

commands() {
	"$FORECALL" ${1:+"$1"} --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# All that --help prints for a command and for the commands below it.
help_of() {
	"$FORECALL" "$1" --help
	for below in $(commands "$1"); do
		"$FORECALL" "$1" "$below" --help
	done
}

# The options of --help, long and short, one a line.
options_of() {
	help_of "$1" | grep -E '^ +(-., )?--[a-z]' | grep -oE '^ +(-., )?--[a-z-]+' | tr -d ' ' | tr ',' '\n' | sort -u
}

page() {
	mandoc -T ascii -O width=200 "$MAN/forecall-$1.1" | col -b
}

# The options that have an entry of their own in a page.
documented_in() {
	page "$1" | sed -n '/^OPTIONS/,/^[A-Z]/p' | grep -oE '^     (-., )?--[a-z-]+' | tr -d ' ' | tr ',' '\n' | sort -u
}

@test "every command has a manual page" {
	[ -n "$(commands)" ]
	for command in $(commands); do
		[ -f "$MAN/forecall-$command.1" ] || { echo "no page for $command"; false; }
	done
}

@test "every option that --help shows is in the page of its command" {
	for command in $(commands); do
		text=$(page "$command")
		[ -n "$(options_of "$command")" ]
		for option in $(options_of "$command"); do
			grep -qE -- "(^|[^a-z-])$option([^a-z-]|$)" <<< "$text" || { echo "$command: $option is not in its page"; false; }
		done
	done
}

@test "every option that a page describes is one of its command" {
	for command in $(commands); do
		known=$(options_of "$command")
		for option in $(documented_in "$command"); do
			grep -qxe "$option" <<< "$known" || { echo "$command: $option is no option"; false; }
		done
	done
}

@test "the words that an option takes are those in its page" {
	for command in $(commands); do
		text=$(page "$command")
		help_of "$command" | sed -n 's/^ *\(-., \)\{0,1\}\(--[a-z-]*\) \([a-z0-9-]*|[a-z0-9|-]*\).*/\2 \3/p' | sort -u | while read -r option words; do
			grep -qE -- "$option ${words//|/ \\| }(]|\$)" <<< "$text" || { echo "$command: $option takes $words"; exit 1; }
		done
	done
}

@test "forecall(1) lists every command and every global option" {
	text=$(mandoc -T ascii -O width=200 "$MAN/forecall.1" | col -b)
	for command in $(commands); do
		grep -qE "^     $command( |$)" <<< "$text" || { echo "$command is not listed"; false; }
		grep -qF "forecall-$command(1)" <<< "$text" || { echo "$command is not under SEE ALSO"; false; }
	done
	for option in --db --json --quiet --progress --help --version; do
		grep -qE -- "(-., )?$option" <<< "$text" || { echo "$option is not described"; false; }
	done
}

@test "every page referred to is there" {
	for reference in $(grep -ohE '^\.Xr forecall[a-z-]* 1' "$MAN"/*.1 | cut -d ' ' -f 2 | sort -u); do
		[ -f "$MAN/$reference.1" ] || { echo "$reference"; false; }
	done
}

@test "mandoc finds nothing wrong with the pages" {
	run mandoc -T lint -W warning "$MAN"/*.1
	[ "$status" -eq 0 ]
}

@test "every file begins with its licence" {
	cd "$BATS_TEST_DIRNAME/.."
	git rev-parse 2> /dev/null || skip "not a git checkout"
	for file in $(git ls-files '*.c' '*.h' '*.sh' '*.bats' '*.sql' '*.1' '*.bash' '*.gp' Makefile .ci/run); do
		case $file in
		kmod/lib/* | kmod/include/* | bpfgroup/lane.h) licence='(MIT|GPL-2.0 WITH Linux-syscall-note)' ;; # servers link them
		kmod/*) licence='GPL-2.0(-or-later)?' ;;
		*) licence=GPL-2.0-or-later ;;
		esac
		head -n 2 "$file" | grep -Eq "SPDX-License-Identifier: \(*$licence\)*( \*/)?$" || { echo "$file"; false; }
	done
}
