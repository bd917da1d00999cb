/* SPDX-License-Identifier: GPL-2.0-or-later */
/* job.h: what the host asks of a guest: a file of words "key=value", each ended by a zero byte, in the guest's memory. */
#ifndef LAB_JOB_H
#define LAB_JOB_H

#define JOB_PATH    "/lab/job"
#define JOB_MODULES "/lab/modules" /* kernel modules with modules.dep and modules.alias */
#define JOB_WORK    "/root"	   /* working directory of the command */
#define JOB_DB      "/lab/forecall.db" /* the guest's store, in $FORECALL_DB */
#define JOB_FORECALL "/usr/local/bin/forecall"

/* Keys, in any order; those marked * may come again.
 *   arg *      a word of the command
 *   env *      NAME=VALUE for the command
 *   out *      a file to bring back afterwards, absolute or from JOB_WORK
 *   host       the guest's name
 *   load *     a kernel module to load before the command
 *   wire       peer: the second card lies in another network namespace; sink: there is none
 *   settle     1: wait until the kernel's self-tests of its ciphers are done
 *   tty        the terminal of an interactive command, without /dev/ */

#endif
