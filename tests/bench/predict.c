/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * predict.c: how long `forecall predict` takes, as a whole process, on databases of 10^6 rows of ledger and bench.
 *
 * Two shapes: a hundred profiles and a hundred benches of 5,000 rows each, and one bench that alone has half of all rows. The
 * profile predicted from sends bursts and sizes all over the grid, so that every point of the bench matters.
 * Usage: predict [FORECALL], the program; default: beside this one.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/bench/database.h"
#include "tests/bench/judge.h"

#define TARGET_S 0.5
#define TIMES_N 15
#define ROWS_N 500000 /* of each of the two tables */

/* ---- Measuring ---- */

static int run_forecall(const char *program, const char *db)
{
	int status, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid = fork();

	if (!pid) {
		dup2(null, STDOUT_FILENO);
		execl(program, program, "predict", "--db", db, "--with", "sendmmsg", (char *)NULL);
		_exit(127);
	}
	close(null);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return status ? fail(-EINVAL, "bench: %s predict ended with status %d", program, WEXITSTATUS(status)) : 0;
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int measure(const char *program, const char *db, double times[TIMES_N])
{
	int err = run_forecall(program, db); /* the first reads the file from the disk */

	for (int i = 0; i < TIMES_N && !err; i++) {
		double start = now_s();

		err = run_forecall(program, db);
		times[i] = now_s() - start;
	}
	return err;
}

static int shape(const char *what, const char *program, int64_t profiles_n, int64_t benches_n)
{
	struct synthetic db;
	double times[TIMES_N];
	int err = build(&db, profiles_n, benches_n, ROWS_N);

	if (!err)
		err = measure(program, db.path, times);
	if (!err)
		judge_at_most(what, judge_median(times, TIMES_N), TARGET_S);
	synthetic_free(&db);
	return err;
}

int main(int argc, char **argv)
{
	char self[PATH_MAX] = "", program[PATH_MAX + 16];

	err_program("predict");
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return fail(1, "bench: cannot find itself: %s", strerror(errno));
	snprintf(program, sizeof program, "%s/../forecall", dirname(self));
	printf("seconds that `forecall predict` takes, median of %d [half of them lie within]\n", TIMES_N);
	if (shape("100 profiles and 100 benches of 5,000 rows", argc > 1 ? argv[1] : program, 100, 100) ||
	    shape("100 profiles of 5,000 rows, one bench of 500,000", argc > 1 ? argv[1] : program, 100, 1))
		return 1;
	return judge_missed > 0;
}
