/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernelversion.h: the order of kernel releases (uname -r). Pure; nothing here prints or fails: any text has a place.
 *
 * Three parts are compared one after the other:
 *  1. the upstream version, number by number, a missing one being 0: 6.1 = 6.1.0 < 6.1.2 < 6.12;
 *  2. the candidate: 6.12-rc1, 6.12~rc1, 6.12.0-rc2 come before 6.12, by their numbers;
 *  3. the rest, as Debian orders the parts of a version (deb-version(7)): runs of digits as numbers, so that 6.1.0-9-amd64 comes
 *     before 6.1.0-10-amd64, letters before other characters, '~' before everything, even the end.
 * What is still alike (6.12 and 6.12.0) is ordered as text, so that the order is total.
 */
#ifndef ANALYZE_KERNELVERSION_H
#define ANALYZE_KERNELVERSION_H

#include <stddef.h>

/* Below 0, 0 or above 0, as strcmp(); 0 only for the same text. */
int kernelversion_compare(const char *a, const char *b);

/* The flavour of a release, "cloud-amd64", "rt-arm64", "generic": its last words that begin with a letter, the candidate's and
 * git's left out; "" when there is none. Points into `release`. Kernels of two flavours have other settings: they are no
 * neighbours on one line of time. */
const char *kernelversion_flavour(const char *release);

#endif
