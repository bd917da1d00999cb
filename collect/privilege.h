/* SPDX-License-Identifier: GPL-2.0-or-later */
/* privilege.h: what a measurement still needs once everything is attached; the rest is given up for good. */
#ifndef COLLECT_PRIVILEGE_H
#define COLLECT_PRIVILEGE_H

enum privilege {
	PRIVILEGE_BPF = 1,    /* CAP_BPF: run programs on other CPUs, attach them anew for each window */
	PRIVILEGE_PERFMON = 2, /* CAP_PERFMON: the same for programs that trace; watch the switches of CPUs beside samples, now and then */
	PRIVILEGE_PTRACE = 4, /* CAP_SYS_PTRACE: read the meters of other users' processes ... */
	PRIVILEGE_READ = 8,   /* CAP_DAC_READ_SEARCH: ... whose files in /proc are theirs alone */
	PRIVILEGE_NICE = 16,  /* CAP_SYS_NICE: wake each CPU, so that CPU times are up to date (nudge.h) */
	PRIVILEGE_KILL = 32,  /* CAP_KILL: end a command that has changed its user */
	PRIVILEGE_FILES = 64, /* CAP_DAC_OVERRIDE: write where another user may */
	PRIVILEGE_ADMIN = 128, /* CAP_SYS_ADMIN: as PERFMON, of a kernel to which that is not enough */
};

/*
 * Keeps of this process' capabilities those of `keep` that it has, in all its sets, and lets no program that it starts gain any. To be called
 * before threads are started. Without any capability nothing happens. 0 or -errno, said.
 */
int privilege_drop(unsigned int keep);

/*
 * What opening a counter of a whole CPU takes. Where kernel.perf_event_paranoid is above 2, which means nothing to the kernel's own source, distributions
 * have changed perf_event_open() to ask for CAP_SYS_ADMIN (Debian, Ubuntu).
 */
unsigned int privilege_to_open_counters(void);

/* PRIVILEGE_FILES if the folder of this file belongs to another user, else 0: a store writes and removes files beside its own. */
unsigned int privilege_for(const char *file);

#endif
