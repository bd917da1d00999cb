/* SPDX-License-Identifier: GPL-2.0-or-later */
/* idle.c: holds the kernel's bound on the latency of idle states at 0. */
#include "collect/idle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

#define DRIVER "/sys/devices/system/cpu/cpuidle/current_driver"
#define LATENCY "/dev/cpu_dma_latency"

/* Only a driver chooses between states of idleness; without one the kernel halts, whatever the bound says. */
static bool has_driver(void)
{
	char name[64] = "none";
	FILE *file = fopen(DRIVER, "re");

	if (file && !fgets(name, sizeof name, file))
		strcpy(name, "none");
	if (file)
		fclose(file);
	return strncmp(name, "none", 4) != 0;
}

/* In an emulated guest (lab/guest.c names its clock) nothing is lent to a neighbour, and what polls is emulated too. */
static bool is_emulated(void)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/cmdline", "re");

	if (file && !fgets(line, sizeof line, file))
		line[0] = 0;
	if (file)
		fclose(file);
	return strstr(line, "forecall.clock=") != NULL;
}

int idle_hold(void)
{
	const int32_t none_us = 0;

	if (!has_driver() || is_emulated())
		return -EOPNOTSUPP;
	int fd = open(LATENCY, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, &none_us, sizeof none_us) != sizeof none_us) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

int idle_hold_unless(bool halt, const char *command, const char **idle)
{
	int fd = halt ? -EOPNOTSUPP : idle_hold();

	*idle = fd < 0 ? NULL : IDLE_POLL;
	if (fd < 0 && fd != -EOPNOTSUPP)
		warn("%s: idle CPUs cannot be kept from halting, which makes intervals wider: %s", command, strerror(-fd));
	return fd;
}

void idle_release(int fd)
{
	if (fd >= 0)
		close(fd);
}
