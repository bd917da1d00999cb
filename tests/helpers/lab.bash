# SPDX-License-Identifier: GPL-2.0-or-later
# lab.bash: what tests that need a guest begin with.

# kernel PATTERN: puts the newest kernel that matches into the cache, if none is there, and sets $KERNEL to its name. Without
# the emulator or the Debian archive the test is skipped.
kernel() {
	local emulator=qemu-system-x86_64
	[[ $1 != *arm64* ]] || emulator=qemu-system-aarch64
	command -v $emulator > /dev/null || skip "needs $emulator"
	command -v busybox > /dev/null || skip "needs busybox-static"
	KERNEL=$("$FORECALL" lab kernels --cached --json | jq -r '.kernels[].kernel' | glob "$1")
	[ -z "$KERNEL" ] || return 0
	"$FORECALL" lab kernels add "$1" > "$BATS_TEST_TMPDIR/kernels" 2>&1 ||
		skip "the kernel $1 cannot be had: $(tail -n 1 "$BATS_TEST_TMPDIR/kernels")"
	KERNEL=$("$FORECALL" lab kernels --cached --json | jq -r '.kernels[].kernel' | glob "$1")
}

# glob PATTERN: the last of the lines that matches.
glob() {
	local line found=
	while read -r line; do
		# shellcheck disable=SC2254
		case $line in $1) found=$line ;; esac
	done
	echo "$found"
}

# guest OPTION... -- COMMAND...: lab run, with the kernel that was chosen.
guest() { "$FORECALL" lab run --kernel "$KERNEL" --limit 600 "$@"; }
