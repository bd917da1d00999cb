#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# make.bats: installation, and that the counting of tests counts what went wrong.

setup() {
	cd "$BATS_TEST_DIRNAME/.."
	unset MAKEFLAGS MAKELEVEL MFLAGS
}

# program NAME: a unit test program that prints what stdin says, and ends with status $STATUS.
program() {
	{ echo '#!/bin/bash'; echo "cat << 'END'"; cat; echo END; echo "exit ${STATUS:-0}"; } > "$BATS_TEST_TMPDIR/$1"
	chmod +x "$BATS_TEST_TMPDIR/$1"
}

closing() {
	[ "${lines[-1]}" = "$1" ]
}

@test "unit tests that pass, fail and skip are counted, over all programs" {
	program one <<< $'1..2\nok 1 - a\nok 2 - b'
	STATUS=1 program two <<< $'1..3\nok 1 - a\nnot ok 2 - b\nskip: needs root\nnot ok 3 # SKIP c\n# not ok - group'
	run tests/unit.sh "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
	[ "$status" -eq 1 ]
	closing "3 passed, 1 failed, 1 skipped"
	[[ $output == *"not ok 2 - b"* ]]
}

@test "a skipped unit test shows its reason and is no failure" {
	program one <<< $'1..2\nok 1 - a\nskip: needs root\nnot ok 2 # SKIP c'
	run tests/unit.sh "$BATS_TEST_TMPDIR/one"
	[ "$status" -eq 0 ]
	[[ $output == *"skip: needs root"* ]]
	closing "1 passed, 0 failed, 1 skipped"
}

@test "a unit test program that dies is a failure, whatever passed before" {
	STATUS=134 program one <<< $'1..2\nok 1 - a'
	run tests/unit.sh "$BATS_TEST_TMPDIR/one"
	[ "$status" -eq 1 ]
	[[ $output == *"ended with status 134"* ]]
	closing "1 passed, 1 failed"
}

@test "a unit test program that runs no test is a failure" {
	program one <<< ''
	run tests/unit.sh "$BATS_TEST_TMPDIR/one"
	[ "$status" -eq 1 ]
	closing "0 passed, 1 failed"
}

@test "a unit test program that ends with 77 is skipped" {
	STATUS=77 program one <<< 'skip: no BTF'
	run tests/unit.sh "$BATS_TEST_TMPDIR/one"
	[ "$status" -eq 0 ]
	closing "0 passed, 0 failed, 1 skipped"
}

@test "make help lists every target that is documented" {
	run make help
	[ "$status" -eq 0 ]
	for target in all deps unit check demo bench-accuracy bench-overhead bench-coverage bench-predict install uninstall clean; do
		grep -q "^  make $target " <<< "$output"
	done
}

@test "make deps does nothing, and needs no root, when no package is missing" {
	command -v dpkg-query > /dev/null || skip "not a Debian system"
	run make deps APT=false SUDO= PACKAGES='make bash'
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "make deps names the packages and the command when it cannot install them" {
	command -v dpkg-query > /dev/null || skip "not a Debian system"
	run make deps APT=false SUDO= PACKAGES='make no-such-package'
	[ "$status" -ne 0 ]
	[[ $output == *"as root, run: apt-get update && apt-get install no-such-package"* ]]
}

@test "make install puts programs, pages and completion below DESTDIR, and uninstall removes them" {
	to=$BATS_TEST_TMPDIR/root
	run make -s install DESTDIR="$to" prefix=/usr
	[ "$status" -eq 0 ]
	[ "$("$to/usr/bin/forecall" --version)" = "$(build/forecall --version)" ]
	for file in bin/forecall libexec/forecall/livecast libexec/forecall/groupsend libexec/forecall/receivers \
		share/man/man1/forecall.1 share/man/man1/forecall-runs.1 share/bash-completion/completions/forecall; do
		[ -f "$to/usr/$file" ]
	done
	run make -s uninstall DESTDIR="$to" prefix=/usr
	[ "$status" -eq 0 ]
	[ -z "$(find "$to" -type f)" ]
}
