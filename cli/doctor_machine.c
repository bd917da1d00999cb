/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor_machine.c: what the machine's settings allow. Nothing is changed; what is opened to try it is closed again. */
#include "cli/doctor_machine.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/io_uring.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collect/clock.h"
#include "collect/events.h"
#include "collect/host.h"
#include "collect/sample_ring.h"

__attribute__((format(printf, 2, 3))) static void say(char found[DOCTOR_FOUND], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(found, DOCTOR_FOUND, fmt, args);
	va_end(args);
}

/* The first line of a file, or "" when there is none. */
static const char *line_of(const char *path, char text[DOCTOR_FOUND])
{
	FILE *file = fopen(path, "re");

	*text = 0;
	if (file && !fgets(text, DOCTOR_FOUND, file))
		*text = 0;
	if (file)
		fclose(file);
	text[strcspn(text, "\n")] = 0;
	return text;
}

/* ---- Counters ---- */

struct counts {
	int hardware_n, other_n;
};

static int count_event(void *context, const struct event_info *event)
{
	struct counts *counts = context;

	if (event->opened < 0)
		return 0;
	if (strcmp(event->pmu, "perf") && strcmp(event->pmu, "kernel"))
		counts->hardware_n++;
	else
		counts->other_n++;
	return 0;
}

enum doctor_state look_events(char found[DOCTOR_FOUND])
{
	struct counts counts = {0};

	if (events_each(NULL, count_event, &counts)) {
		say(found, "libpfm4 does not work here");
		return DOCTOR_LIMITED;
	}
	say(found, "%d of the processor's own, %d generic and of the kernel", counts.hardware_n, counts.other_n);
	return counts.hardware_n ? DOCTOR_OK : DOCTOR_LIMITED;
}

enum doctor_state look_sampling(char found[DOCTOR_FOUND])
{
	const struct ring_options options = {.source = RING_CPU_CLOCK, .cpu = 0, .tid = -1, .period = 1000000, .pages = 1};
	struct ring *ring;
	int err = ring_open(&options, &ring);

	say(found, err ? "a sampling timer on a whole CPU: %s" : "a sampling timer on a whole CPU was opened", strerror(-err));
	ring_free(ring);
	return err ? DOCTOR_LIMITED : DOCTOR_OK;
}

enum doctor_state look_paranoid(char found[DOCTOR_FOUND])
{
	char text[DOCTOR_FOUND];
	int level = atoi(line_of("/proc/sys/kernel/perf_event_paranoid", text));

	if (!*text) {
		say(found, "this kernel has no perf events");
		return DOCTOR_LIMITED;
	}
	say(found, "kernel.perf_event_paranoid is %d", level);
	return level <= 1 || !geteuid() ? DOCTOR_OK : DOCTOR_LIMITED;
}

/* Without a word of its own: symbols_open() would print. The first addresses may be 0 where all can be read. */
enum doctor_state look_symbols(char found[DOCTOR_FOUND])
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[DOCTOR_FOUND];
	uint64_t address = 0;

	say(found, "%s", file ? "addresses are hidden" : "there is no /proc/kallsyms");
	while (file && !address && fgets(line, sizeof line, file))
		address = strtoull(line, NULL, 16);
	if (file)
		fclose(file);
	if (!address)
		return DOCTOR_LIMITED;
	say(found, "addresses can be read");
	return DOCTOR_OK;
}

enum doctor_state look_lockdown(char found[DOCTOR_FOUND])
{
	char text[DOCTOR_FOUND];

	if (!*line_of("/sys/kernel/security/lockdown", text)) {
		say(found, "none");
		return DOCTOR_OK;
	}
	say(found, "%.200s", text);
	return strstr(text, "[none]") ? DOCTOR_OK : DOCTOR_LIMITED;
}

/* ---- Clock and processors ---- */

enum doctor_state look_synchronised(char found[DOCTOR_FOUND])
{
	struct clock_check check;
	int err = clock_check(&check);

	if (err) {
		say(found, "not measured: %s", strerror(-err));
		return DOCTOR_LIMITED;
	}
	int n = snprintf(found, DOCTOR_FOUND, "%.3f MHz, the kernel's clock is %.32s, ", check.hz / 1e6, check.source);
	if (check.apart.unknown_n)
		snprintf(found + n, DOCTOR_FOUND - (size_t)n, "%d CPUs were too busy to be compared", check.apart.unknown_n);
	else
		snprintf(found + n, DOCTOR_FOUND - (size_t)n, "CPUs at most %.0f ns apart", check.apart.most_ns);
	return check.doubt || check.apart.unknown_n ? DOCTOR_LIMITED : DOCTOR_OK;
}

enum doctor_state look_smt(char found[DOCTOR_FOUND])
{
	char text[DOCTOR_FOUND];
	bool active = atoi(line_of("/sys/devices/system/cpu/smt/active", text)) != 0;

	say(found, active ? "CPUs share cores" : "none, as far as this kernel knows");
	return active ? DOCTOR_LIMITED : DOCTOR_OK;
}

enum doctor_state look_virtual(char found[DOCTOR_FOUND])
{
	struct host *host = NULL;
	const char *virt = host_read(&host) == 0 ? host_row(host)->virt : NULL;

	say(found, "%s", virt ? virt : "none");
	host_free(host);
	return virt ? DOCTOR_LIMITED : DOCTOR_OK;
}

/* ---- What else may be measured ---- */

enum doctor_state look_uring(char found[DOCTOR_FOUND])
{
	struct io_uring_params params = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 2, &params);

	say(found, fd < 0 ? "a ring: %s" : "a ring was opened", strerror(errno));
	if (fd < 0)
		return DOCTOR_LIMITED;
	close(fd);
	return DOCTOR_OK;
}

enum doctor_state look_modules(char found[DOCTOR_FOUND])
{
	char text[DOCTOR_FOUND], cmdline[DOCTOR_FOUND];

	if (access("/proc/modules", F_OK))
		say(found, "this kernel has no modules");
	else if (atoi(line_of("/proc/sys/kernel/modules_disabled", text)))
		say(found, "kernel.modules_disabled is 1");
	else if (strstr(line_of("/proc/cmdline", cmdline), "nomodule"))
		say(found, "the kernel was booted with nomodule");
	else if (geteuid()) {
		say(found, "only for root");
		return DOCTOR_LIMITED;
	} else {
		say(found, "modules can be loaded");
		return DOCTOR_OK;
	}
	return DOCTOR_LIMITED;
}

enum doctor_state look_qemu(char found[DOCTOR_FOUND])
{
	static const char *const names[] = {"qemu-system-x86_64", "qemu-system-aarch64"};
	const char *path = getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin";
	int found_n = 0;

	*found = 0;
	for (size_t i = 0; i < 2; i++) {
		char folders[4096], file[4200], *rest = folders;

		snprintf(folders, sizeof folders, "%s", path);
		for (char *folder; (folder = strsep(&rest, ":"));) {
			snprintf(file, sizeof file, "%s/%s", folder, names[i]);
			if (access(file, X_OK))
				continue;
			snprintf(found + strlen(found), DOCTOR_FOUND - strlen(found), "%s%s", found_n++ ? " " : "", names[i]);
			break;
		}
	}
	if (!found_n)
		say(found, "not in $PATH");
	return found_n == 2 ? DOCTOR_OK : DOCTOR_LIMITED;
}
