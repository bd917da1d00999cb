#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# overhead.sh: what the probes cost per call, beside empty ones and beside other tools, and whether they lose anything.
# $BUILD is where the programs are. Exit status 1 when a target was missed.
set -u
bench=${BUILD:-build}/bench
status=0
for program in probes peers lost; do
	"$bench/$program" || status=1
	echo
done
exit $status
