/* SPDX-License-Identifier: GPL-2.0-or-later */
/* privilege.c: capabilities down to a few. */
#include "collect/privilege.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define PARANOID_MOST 2 /* that the kernel's own source knows */

static const cap_value_t capabilities[] = {CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_SYS_NICE, CAP_KILL,
					   CAP_DAC_OVERRIDE, CAP_SYS_ADMIN}; /* in the order of enum privilege */

/* Copies to `to` what `from` has of the wanted ones. */
static int keep_some(cap_t from, cap_t to, unsigned int keep)
{
	for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++) {
		cap_flag_value_t has = CAP_CLEAR;

		if (!(keep & 1u << i))
			continue;
		if (cap_get_flag(from, capabilities[i], CAP_PERMITTED, &has) ||
		    cap_set_flag(to, CAP_PERMITTED, 1, &capabilities[i], has) || cap_set_flag(to, CAP_EFFECTIVE, 1, &capabilities[i], has))
			return -errno;
	}
	return 0;
}

int privilege_drop(unsigned int keep)
{
	cap_t now = cap_get_proc(), few = cap_init();
	int err = now && few ? keep_some(now, few, keep) : -ENOMEM;

	if (!err && (cap_set_proc(few) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
		err = -errno;
	cap_free(now);
	cap_free(few);
	return err ? fail(err, "cannot give up privileges that are not needed any more: %s", strerror(-err)) : 0;
}

unsigned int privilege_to_open_counters(void)
{
	FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	int level = 0;

	if (file && fscanf(file, "%d", &level) != 1)
		level = 0;
	if (file)
		fclose(file);
	return PRIVILEGE_PERFMON | (level > PARANOID_MOST ? PRIVILEGE_ADMIN : 0);
}

unsigned int privilege_for(const char *file)
{
	char folder[4096];
	struct stat about;

	snprintf(folder, sizeof folder, "%s", file);
	return !stat(dirname(folder), &about) && about.st_uid == geteuid() ? 0 : PRIVILEGE_FILES;
}
