/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpu_thread.h: a thread that runs on one CPU alone, ahead of all others where that is allowed. */
#ifndef COLLECT_CPU_THREAD_H
#define COLLECT_CPU_THREAD_H

#include <pthread.h>

/* 0; -EINVAL: the CPU is not there or not ours; -EAGAIN: no thread can be had. Prints nothing. Its stack is small. */
int cpu_thread(int cpu, void *(*run)(void *), void *argument, pthread_t *out);

#endif
