/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nudge.c: one waiting thread per CPU, woken to make the CPU switch. */
#include "collect/nudge.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "collect/cpu_thread.h"
#include "collect/cpus.h"

#define WAIT_NS 2000000

struct waiter {
	pthread_t thread;
	sem_t go, done;
	atomic_bool ends;
};

struct nudge {
	struct waiter *waiters; /* [n] */
	int n;
};

static void *wait_and_answer(void *argument)
{
	struct waiter *waiter = argument;

	for (;;) {
		while (sem_wait(&waiter->go))
			;
		if (waiter->ends)
			return NULL;
		sem_post(&waiter->done);
	}
}

static int start(struct waiter *waiter, int cpu)
{
	sem_init(&waiter->go, 0, 0);
	sem_init(&waiter->done, 0, 0);
	return cpu_thread(cpu, wait_and_answer, waiter, &waiter->thread);
}

int nudge_new(struct nudge **out)
{
	struct nudge *nudge = calloc(1, sizeof *nudge);
	uint8_t online[CPUS_MAX];
	int n = cpus_online(online), err = 0;

	if (n < 0) {
		free(nudge);
		return n;
	}
	if (nudge)
		nudge->waiters = calloc((size_t)n, sizeof *nudge->waiters);
	if (!nudge || !nudge->waiters) {
		nudge_free(nudge);
		return -ENOMEM;
	}
	for (int cpu = 0; cpu < CPUS_MAX && nudge->n < n && !err; cpu++) {
		if (!online[cpu])
			continue;
		err = start(&nudge->waiters[nudge->n], cpu);
		if (!err)
			nudge->n++;
		else if (err == -EINVAL) /* it went offline since, or our cpuset lacks it */
			err = 0;
	}
	if (err) {
		nudge_free(nudge);
		return err;
	}
	*out = nudge;
	return 0;
}

static void end(struct waiter *waiter)
{
	waiter->ends = true;
	sem_post(&waiter->go);
	pthread_join(waiter->thread, NULL);
	sem_destroy(&waiter->go);
	sem_destroy(&waiter->done);
}

void nudge_free(struct nudge *nudge)
{
	if (!nudge)
		return;
	for (int i = 0; i < nudge->n; i++)
		end(&nudge->waiters[i]);
	free(nudge->waiters);
	free(nudge);
}

static void await(struct waiter *waiter)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += WAIT_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (sem_clockwait(&waiter->done, CLOCK_MONOTONIC, &until) && errno == EINTR)
		;
}

void nudge_all(struct nudge *nudge)
{
	for (int i = 0; i < nudge->n; i++) {
		while (!sem_trywait(&nudge->waiters[i].done)) /* an answer that came too late the last time */
			;
		sem_post(&nudge->waiters[i].go);
	}
	for (int i = 0; i < nudge->n; i++)
		await(&nudge->waiters[i]);
}
