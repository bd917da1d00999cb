# SPDX-License-Identifier: GPL-2.0-or-later
# have_kernel.sh: for scripts that boot a kernel by its name: sourced.

# have_kernel NAME: in the cache of the lab, from where it is downloaded only when it is not there.
have_kernel() {
	"${FORECALL:-build/forecall}" lab kernels --cached --json | jq -e --arg name "$1" 'any(.kernels[]; .kernel == $name)' > /dev/null ||
		"${FORECALL:-build/forecall}" lab kernels add "$1" > /dev/null
}
