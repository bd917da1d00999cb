#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# sysroot.sh FORECALL DIR: a folder like / of arm64, to link forecall against and to fill guests from; for make lab-arm64.
#
# Packages are downloaded and unpacked, never installed. The folder has its name only once it is whole.
set -eu
forecall=$1 root=$2
build=(libbpf-dev libelf-dev zlib1g-dev libpfm4-dev libsqlite3-dev libgsl-dev libjansson-dev liburing-dev libcap-dev
	libseccomp-dev)
run=(libc6 libgcc-s1 libbpf1 libelf1 zlib1g libpfm4 libsqlite3-0 libgsl27 libgslcblas0 libjansson4 liburing2 libcap2
	libseccomp2)
tools=(busybox-static dash iproute2 ethtool libmnl0 libbsd0 libmd0 libdb5.3 libselinux1 libpcre2-8-0 libtirpc3
	libxtables12 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libcom-err2 libkrb5support0 libkeyutils1 libssl3)

part=$root.part
rm -rf "$part"
mkdir -p "$part"
trap 'rm -rf "$part"' EXIT
"$forecall" lab unpack "$part" "${build[@]}" "${run[@]}" "${tools[@]}"
# Links that begin at / would lead to the libraries of this machine.
find "$part" -type l -lname '/*' | while read -r link; do
	ln -sfnr "$part$(readlink "$link")" "$link"
done
rm -rf "$root" "$part"/usr/share
mv "$part" "$root"
