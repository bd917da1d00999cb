#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kasan.sh: a kernel with KASAN, lockdep and kmemleak for the guests in which the sendgroup module is tested: from Debian's
# linux-source, with the configuration kasan.config. The kernel goes into the cache of `forecall lab`, and what `make kmod`
# needs to build for it lies beside the headers of other kernels. Nothing is installed; a build that is there is left alone, and
# one that was interrupted goes on.
#
# usage: kmod/kasan.sh [VERSION]      (of the package linux-source-VERSION; 6.12). Prints the kernel's name.
set -eu
cd "$(dirname "$0")/.."
version=${1:-6.12}
name=$version-kasan-amd64
cache=${FORECALL_CACHE:-$HOME/.cache/forecall}/headers
root=$cache/$name
new=$cache/.$name
forecall=${FORECALL:-build/forecall}

fail() {
	echo "make lab-kasan: $*" >&2
	exit 1
}

has_kernel() {
	"$forecall" lab kernels --cached --json | jq -e --arg name "$name" 'any(.kernels[]; .kernel == $name)' > /dev/null
}

# unpack: the source into $new/source.
unpack() {
	rm -rf "${new:?}"/*.deb "${new:?}/usr" "$new/source"
	(cd "$new" && apt-get -qq download "linux-source-$version" >&2) ||
		fail "cannot download linux-source-$version; as root, run: apt-get update"
	dpkg-deb --fsys-tarfile "$new"/*.deb | tar -x -C "$new" --wildcards '*.tar.xz'
	rm "$new"/*.deb
	mkdir "$new/source"
	tar -xf "$new"/usr/src/*.tar.xz -C "$new/source" --strip-components=1
	rm -r "${new:?}/usr"
	touch "$new/unpacked"
}

# configure: allnoconfig with kasan.config over it. A symbol that this version has not, or hides, is told and no error.
configure() {
	make -s -C "$new/source" KCONFIG_ALLCONFIG="$PWD/kmod/kasan.config" allnoconfig >&2
	grep '^CONFIG' kmod/kasan.config | while read -r line; do
		grep -qxF "$line" "$new/source/.config" || echo "make lab-kasan: this kernel does without $line" >&2
	done
}

# keep: of the source only what modules are built with.
keep() {
	local part
	for part in "$new"/source/*; do
		case ${part##*/} in
		arch | include | scripts | tools | Makefile | Kbuild | Kconfig | Module.symvers) ;;
		*) rm -r "$part" ;;
		esac
	done
	find "$new/source/arch" -mindepth 1 -maxdepth 1 ! -name x86 -exec rm -r {} +
	find "$new/source/tools" -mindepth 1 -maxdepth 1 ! -name objtool -exec rm -r {} +
	find "$new/source" -name '*.o' ! -path '*/scripts/*' -delete
}

if [ ! -d "$root" ] || ! has_kernel; then
	mkdir -p "$new"
	exec 9> "$new/lock" && flock 9
	[ -e "$new/unpacked" ] || unpack
	configure
	make -s -C "$new/source" -j "$(nproc)" LOCALVERSION=-kasan bzImage modules > "$new/log" 2>&1 || {
		tail -n 20 "$new/log" >&2
		fail "linux-source-$version cannot be built"
	}
	make -s -C "$new/source" LOCALVERSION=-kasan INSTALL_MOD_PATH="$new/install" modules_install > "$new/log" 2>&1 || fail "$(cat "$new/log")"
	"$forecall" --quiet lab kernels add "$name" --vmlinuz "$new/source/arch/x86/boot/bzImage" --modules "$new"/install/lib/modules/* >&2
	keep
	rm -rf "$new/install" "$new/log" "$new/unpacked" "$new/lock"
	mkdir -p "$new/usr/src"
	mv "$new/source" "$new/usr/src/linux-headers-$name"
	rm -rf "$root"
	mv -T "$new" "$root"
fi
echo "$name"
