/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample_scope.h: which processes are in scope, and what each of their threads was seen doing. */
#ifndef COLLECT_SAMPLE_SCOPE_H
#define COLLECT_SAMPLE_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct scope;
struct sample_thread;

struct scope *scope_new(void); /* NULL: no memory */
void scope_free(struct scope *scope);

/* Adds a process and all that descend from it now. -ESRCH, -ENOMEM. */
int scope_add(struct scope *scope, pid_t pid);

/* Adds a process, without those. */
int scope_add_alone(struct scope *scope, pid_t pid);

/* A process or thread was started; seen twice it changes nothing. */
void scope_fork(struct scope *scope, uint32_t pid, uint32_t parent);

bool scope_has(const struct scope *scope, uint32_t pid);

/* The processes in scope that are no more, at most `max`; how many. They are in scope until scope_remove(). */
size_t scope_ended(const struct scope *scope, uint32_t *ended, size_t max);
void scope_remove(struct scope *scope, uint32_t pid);

/* The first `max` of those in scope; how many there are. */
int scope_pids(const struct scope *scope, pid_t *pids, int max);

/* The sums of a thread; NULL: no memory. Good until the next call. */
struct sample_thread *scope_thread(struct scope *scope, uint32_t pid, uint32_t tid);
const struct sample_thread *scope_threads(const struct scope *scope, size_t *n);

#endif
