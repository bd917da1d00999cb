/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock_sync.c: two threads, each on its CPU, and a word that goes to and fro between them. */
#include "collect/clock_sync.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "base/now.h"
#include "collect/counter.h"
#include "collect/cpu_thread.h"
#include "collect/cpus.h"

#define ROUNDS 200
#define LIMIT_NS 100000000
#define SPINS 4096 /* before the CPU is offered to somebody else */

/* What both threads share. Even turns are the first's. */
struct game {
	uint64_t (*read)(int cpu);
	_Atomic unsigned int turn;
	atomic_bool ends;
	uint64_t sent;     /* by whose turn it was before */
	int64_t least[2];  /* what the first, and the other, read less what was sent to it */
	int cpu[2];
	int64_t until_ns;
};

struct player {
	struct game *game;
	unsigned int me; /* 0 or 1 */
};

/* Not before what stands in front of it is done. */
static uint64_t counter(const struct player *player)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_lfence();
#endif
	return player->game->read ? player->game->read(player->game->cpu[player->me]) : counter_clock();
}

/* False: the other one has given up, or does not answer. */
static bool await(struct game *game, unsigned int turn)
{
	for (unsigned int i = 1; game->turn != turn; i++) {
		if (game->ends)
			return false;
		if (i % SPINS)
			continue;
		sched_yield();
		if (now_ns() > game->until_ns)
			return false;
	}
	return true;
}

static void *play(void *argument)
{
	const struct player *player = argument;
	struct game *game = player->game;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int turn = 2 * round + player->me;

		if (!await(game, turn))
			break;
		int64_t took = turn ? (int64_t)(counter(player) - game->sent) : INT64_MAX;
		if (took < game->least[player->me])
			game->least[player->me] = took;
		game->sent = counter(player);
		game->turn = turn + 1;
	}
	if (game->turn < 2 * ROUNDS - 1)
		game->ends = true;
	return NULL;
}

/* Bounds of the other's counter less the first's, in ns. -EAGAIN: one of them did not answer in time. */
static int measure(struct game *game, double hz, double *low_ns, double *high_ns)
{
	struct player players[2] = {{game, 0}, {game, 1}};
	pthread_t threads[2];
	int err = cpu_thread(game->cpu[0], play, &players[0], &threads[0]);

	if (err)
		return err;
	err = cpu_thread(game->cpu[1], play, &players[1], &threads[1]);
	if (err)
		game->ends = true;
	else
		pthread_join(threads[1], NULL);
	pthread_join(threads[0], NULL);
	if (err)
		return err;
	if (game->least[0] == INT64_MAX || game->least[1] == INT64_MAX)
		return -EAGAIN;
	*low_ns = -(double)game->least[0] / hz * 1e9;
	*high_ns = (double)game->least[1] / hz * 1e9;
	return 0;
}

void clock_sync_spread(const double *low_ns, const double *high_ns, size_t n, struct clock_apart *out)
{
	double low_min = 0, low_max = 0, high_min = 0, high_max = 0;

	for (size_t i = 0; i < n; i++) {
		low_min = fmin(low_min, low_ns[i]);
		low_max = fmax(low_max, low_ns[i]);
		high_min = fmin(high_min, high_ns[i]);
		high_max = fmax(high_max, high_ns[i]);
	}
	out->least_ns = fmax(0, low_max - high_min);
	out->most_ns = high_max - low_min;
}

int clock_sync(double hz, uint64_t (*read)(int cpu), struct clock_apart *out)
{
	double *low_ns = calloc(CPUS_MAX, sizeof *low_ns), *high_ns = calloc(CPUS_MAX, sizeof *high_ns);
	int first = -1, err = low_ns && high_ns ? 0 : -ENOMEM;
	cpu_set_t allowed;
	size_t n = 0;

	*out = (struct clock_apart){0};
	if (!err && sched_getaffinity(0, sizeof allowed, &allowed))
		err = -errno;
	for (int cpu = 0; cpu < CPU_SETSIZE && cpu < CPUS_MAX && !err; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		if (first < 0) {
			first = cpu;
			continue;
		}
		struct game game = {.read = read, .least = {INT64_MAX, INT64_MAX}, .cpu = {first, cpu}, .until_ns = now_ns() + LIMIT_NS};
		err = measure(&game, hz, &low_ns[n], &high_ns[n]);
		n += !err;
		if (err == -EAGAIN || err == -EINVAL) { /* it was busy, or went offline */
			out->unknown_n++;
			err = 0;
		}
	}
	if (!err)
		clock_sync_spread(low_ns, high_ns, n, out);
	free(low_ns);
	free(high_ns);
	return err;
}
