/* SPDX-License-Identifier: GPL-2.0-or-later */
/* turns.c: a lock that says whose turn it is. */
#include "workloads/turns.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/err.h"
#include "workloads/process.h"

struct taker {
	struct turns *turns;
	const struct turns_part *part;
	size_t index;
	pthread_t thread;
	bool over;
	uint64_t since_ns; /* of the present turn */
};

struct turns {
	pthread_mutex_t lock; /* protects all that follows */
	pthread_cond_t changed;
	struct taker takers[TURNS_PARTS_MAX];
	size_t n, whose;
	void *context;
	uint64_t turn_ns;
	int err; /* the first error */
};

static _Thread_local struct taker *self;

/* The next who is not over: `from` itself when there is no other. */
static size_t next_after(const struct turns *t, size_t from)
{
	size_t i = from;

	do
		i = (i + 1) % t->n;
	while (i != from && t->takers[i].over);
	return i;
}

static int call(int (*callback)(void *context), void *context)
{
	return callback ? callback(context) : 0;
}

/* Under the lock: waits for the turn of this thread, and begins it. */
static int take(struct taker *me)
{
	struct turns *t = me->turns;

	while (t->whose != me->index)
		pthread_cond_wait(&t->changed, &t->lock);
	int err = t->err ? -ECANCELED : call(me->part->begin, t->context);
	me->since_ns = process_wall_ns();
	return err;
}

/* Under the lock: ends the turn of this thread. After a failure there is nothing to be made ready for others. */
static int give(struct taker *me)
{
	struct turns *t = me->turns;
	int err = t->err ? 0 : call(me->part->end, t->context);

	t->whose = next_after(t, me->index);
	pthread_cond_broadcast(&t->changed);
	return err;
}

int turns_between(void)
{
	struct turns *t = self->turns;
	int err;

	if ((double)(process_wall_ns() - self->since_ns) < (self->part->share > 0 ? self->part->share : 1) * (double)t->turn_ns)
		return 0;
	pthread_mutex_lock(&t->lock);
	err = turns_alone() ? 0 : give(self);
	if (!err)
		err = take(self);
	pthread_mutex_unlock(&t->lock);
	return err;
}

bool turns_alone(void)
{
	return next_after(self->turns, self->index) == self->index;
}

static void *run(void *context)
{
	struct turns *t;
	int err;

	self = context;
	t = self->turns;
	pthread_mutex_lock(&t->lock);
	err = take(self);
	pthread_mutex_unlock(&t->lock);
	if (!err)
		err = self->part->run(t->context);
	pthread_mutex_lock(&t->lock);
	if (err && !t->err)
		t->err = err;
	self->over = true;
	give(self);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static int start(struct turns *t, const struct turns_part *part)
{
	struct taker *taker = &t->takers[t->n];

	*taker = (struct taker){ .turns = t, .part = part, .index = t->n };
	int err = pthread_create(&taker->thread, NULL, run, taker);

	if (err)
		return fail(-err, "cannot start a thread: %s", strerror(err));
	t->n++;
	return 0;
}

int turns_run(const struct turns_part *parts, size_t n, void *context, unsigned turn_ms)
{
	struct turns t = { .context = context, .turn_ns = turn_ms * UINT64_C(1000000) };
	int err = n <= TURNS_PARTS_MAX ? 0 : -E2BIG;

	pthread_mutex_init(&t.lock, NULL);
	pthread_cond_init(&t.changed, NULL);
	pthread_mutex_lock(&t.lock); /* nobody begins before all are there */
	for (size_t i = 0; i < n && !err; i++)
		err = start(&t, &parts[i]);
	if (err)
		t.err = err;
	pthread_mutex_unlock(&t.lock);
	for (size_t i = 0; i < t.n; i++)
		pthread_join(t.takers[i].thread, NULL);
	pthread_cond_destroy(&t.changed);
	pthread_mutex_destroy(&t.lock);
	return t.err;
}
