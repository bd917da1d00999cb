#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# headers.sh: what building a module for a Debian kernel needs, downloaded by apt and unpacked into the cache, never
# installed. Prints the folder for `make -C`. Those of an arm64 kernel are had on amd64, too: its headers, this machine's tools.
#
# usage: kmod/headers.sh KERNEL        (6.1.0-56-amd64, 6.12.117+deb12-cloud-amd64, ...)
set -eu
kernel=$1
cache=${FORECALL_CACHE:-$HOME/.cache/forecall}/headers
root=$cache/$kernel

fail() {
	echo "make kmod: $*" >&2
	exit 1
}

# show: of the running machine where its own headers are installed, else of the cache.
if [ -e "/lib/modules/$kernel/build/Makefile" ]; then
	echo "/lib/modules/$kernel/build"
	exit
fi
if [ ! -d "$root" ]; then
	common=linux-headers-$(sed -E 's/-(cloud-|rt-)?(amd64|arm64)$//' <<< "$kernel")-common
	kbuild=$(apt-cache show "linux-headers-${kernel/%-arm64/-$(dpkg --print-architecture)}" 2> /dev/null | grep -m 1 '^Depends' | grep -oE 'linux-kbuild-[^ ,(]+' | head -n 1) ||
		fail "the Debian archive has no linux-headers-$kernel; \`apt-cache search linux-headers\` lists those it has"
	mkdir -p "$cache"
	new=$(mktemp -d "$cache/.new.XXXXXX")
	trap 'rm -rf "$new"' EXIT
	packages=("$common" "$kbuild")
	if [[ $kernel == *-arm64 && $(dpkg --print-architecture) != arm64 ]]; then
		build/forecall lab unpack "$new" "linux-headers-$kernel" >&2 || fail "cannot have the headers of $kernel"
	else
		packages+=("linux-headers-$kernel")
	fi
	(cd "$new" && apt-get -qq download "${packages[@]}" >&2) ||
		fail "cannot download the headers of $kernel; as root, run: apt-get update"
	for package in "$new"/*.deb; do
		dpkg-deb -x "$package" "$new"
	done
	rm -f "$new"/*.deb
	# The one absolute path in them.
	sed -i "s|^include /usr/src|include $root/usr/src|" "$new/usr/src/linux-headers-$kernel/Makefile"
	chmod 755 "$new"
	mv -T "$new" "$root" 2> /dev/null || [ -d "$root" ] || fail "cannot write $root"
fi
echo "$root/usr/src/linux-headers-$kernel"
