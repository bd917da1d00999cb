/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_thread.c: starts a thread with a place and a priority of its own. */
#include "collect/cpu_thread.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>

#define STACK_BYTES 65536

static int attributes(pthread_attr_t *attr, int cpu, bool urgent)
{
	const struct sched_param param = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	int err = pthread_attr_init(attr);
	if (err)
		return -err;
	pthread_attr_setstacksize(attr, STACK_BYTES);
	err = pthread_attr_setaffinity_np(attr, sizeof set, &set);
	if (urgent) {
		pthread_attr_setinheritsched(attr, PTHREAD_EXPLICIT_SCHED);
		pthread_attr_setschedpolicy(attr, SCHED_FIFO);
		pthread_attr_setschedparam(attr, &param);
	}
	return -err;
}

static int start(int cpu, bool urgent, void *(*run)(void *), void *argument, pthread_t *out)
{
	pthread_attr_t attr;
	int err = attributes(&attr, cpu, urgent);

	if (err)
		return err;
	err = pthread_create(out, &attr, run, argument);
	pthread_attr_destroy(&attr);
	return -err;
}

int cpu_thread(int cpu, void *(*run)(void *), void *argument, pthread_t *out)
{
	int err = start(cpu, true, run, argument, out);

	return err == -EPERM ? start(cpu, false, run, argument, out) : err;
}
