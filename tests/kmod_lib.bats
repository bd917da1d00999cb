#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# kmod_lib.bats: libsendgroup as another program sees it: installed, found by pkg-config, linked both ways.

bats_require_minimum_version 1.5.0

setup_file() {
	cd "$BATS_TEST_DIRNAME/.."
	unset MAKEFLAGS MAKELEVEL MFLAGS
	make --no-print-directory install prefix="$BATS_FILE_TMPDIR/usr" > /dev/null
	cat > "$BATS_FILE_TMPDIR/user.c" << 'END'
#include <arpa/inet.h>
#include <libsendgroup.h>
#include <stdio.h>

/* Sends to a port that it has itself, and prints what came and by which way. */
int main(void)
{
	char got[16] = "";
	int from = socket(AF_INET, SOCK_DGRAM, 0), to = socket(AF_INET, SOCK_DGRAM, 0), gerrno[1];
	struct giorec rec = { { .sin_family = AF_INET }, { "a", 1 }, { "c", 1 } };
	struct giobuf buf = { { "b", 1 }, &rec };
	socklen_t n = sizeof rec.gr_addr;

	rec.gr_addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(to, (struct sockaddr *)&rec.gr_addr, n) || getsockname(to, (struct sockaddr *)&rec.gr_addr, &n))
		return 1;
	if (sendgroup(from, &buf, 1, 0, gerrno) != 1 || gerrno[0] || recv(to, got, 15, MSG_DONTWAIT) != 3)
		return 1;
	printf("%s %s\n", got, sendgroup_backend());
	return 0;
}
END
}

setup() {
	cd "$BATS_FILE_TMPDIR"
	export PKG_CONFIG_PATH=$BATS_FILE_TMPDIR/usr/lib/pkgconfig
}

@test "a program links the shared library by pkg-config, and it sends" {
	gcc -Wall -Werror -o shared user.c $(pkg-config --cflags --libs sendgroup)
	export LD_LIBRARY_PATH=$BATS_FILE_TMPDIR/usr/lib
	readelf -d shared | grep -q libsendgroup.so.1
	run -0 ./shared
	[[ $output == "abc "* ]]
	SENDGROUP_BACKEND=sendmsg run -0 ./shared
	[ "$output" = "abc sendmsg" ]
}

@test "a program links the static library by pkg-config, and it sends" {
	gcc -Wall -Werror -static -o static user.c $(pkg-config --static --cflags --libs sendgroup)
	SENDGROUP_BACKEND=sendmmsg run -0 ./static
	[ "$output" = "abc sendmmsg" ]
}

@test "the shared library shows its four calls and nothing else" {
	run nm -D --defined-only "$BATS_FILE_TMPDIR/usr/lib/libsendgroup.so"
	[ "$(awk '{ print $3 }' <<< "$output" | sort | xargs)" = "sendgroup sendgroup6 sendgroup_backend sendgroup_use" ]
}

@test "uninstall leaves nothing of the library" {
	cd "$BATS_TEST_DIRNAME/.."
	unset MAKEFLAGS MAKELEVEL MFLAGS
	make --no-print-directory install prefix="$BATS_TEST_TMPDIR/usr" > /dev/null
	make --no-print-directory uninstall prefix="$BATS_TEST_TMPDIR/usr" > /dev/null
	run find "$BATS_TEST_TMPDIR/usr" -name '*sendgroup*'
	[ -z "$output" ]
}
