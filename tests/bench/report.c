/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.c: how long `forecall report` takes, with all its pictures, and how much memory, on databases of 1,000 runs and 10^6 rows.
 *
 * Two shapes: 500 profiles and 500 benches of 1,000 rows each with a prediction for every profile, and the same with one bench that alone
 * has half of all rows. Memory is that of the largest process, forecall or gnuplot.
 * Usage: report [FORECALL], the program; default: beside this one.
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/bench/database.h"
#include "tests/bench/judge.h"

#define TARGET_S 5.0
#define TARGET_MB 200.0
#define TIMES_N 5
#define PROFILES_N 500
#define ROWS_N 500000 /* of profiles, and of benches */

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Seconds and megabytes of one report. */
static int run_forecall(const char *program, const struct synthetic *db, const char *to, double *seconds, double *megabytes)
{
	struct rusage usage;
	double start = now_s();
	int status, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid = fork();

	if (!pid) {
		dup2(null, STDOUT_FILENO);
		execl(program, program, "report", "--db", db->path, "-o", to, (char *)NULL);
		_exit(127);
	}
	close(null);
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		return -errno;
	*seconds = now_s() - start;
	*megabytes = (double)usage.ru_maxrss / 1024;
	return status ? fail(-EINVAL, "bench: %s report ended with status %d", program, WEXITSTATUS(status)) : 0;
}

/* One for each profile, every tenth of them observed with an error of some per cent. */
static int add_predictions(struct synthetic *db, int64_t profiles_n)
{
	int err = 0;

	for (int64_t run = 1; run <= profiles_n && !err; run++) {
		struct prediction_row row;
		int64_t prediction;

		store_null_prediction(&row);
		row.profile = run;
		row.made_ns = run;
		row.path = "sendmsg";
		row.alternative = "sendmmsg";
		row.fraction = 0.7;
		row.speedup = 1.3;
		row.overhead = row.forced = 0;
		row.predicted = 1.2 * (1 + 0.02 * wobble(run));
		row.predicted_low = row.predicted - 0.02;
		row.predicted_high = row.predicted + 0.02;
		err = store_add_prediction(db->store, &row, &prediction);
		if (!err && run % 10 == 0)
			err = store_add_observation(db->store, &(struct observation_row){ prediction, run, 1.2, 1.19, 1.21 });
	}
	return err;
}

static int build_all(struct synthetic *db, int64_t benches_n)
{
	int err = build(db, PROFILES_N, benches_n, ROWS_N);

	if (!err)
		err = store_open(db->path, STORE_WRITE, &db->store);
	if (!err)
		err = store_begin(db->store);
	if (!err)
		err = add_predictions(db, PROFILES_N);
	if (!err)
		err = store_commit(db->store);
	synthetic_close(db);
	return err;
}

static int remove_report(const char *dir)
{
	char command[PATH_MAX];

	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command); /* NOLINT(cert-env33-c): a name of our own */
}

static int shape(const char *what, const char *program, int64_t benches_n)
{
	double seconds[TIMES_N], megabytes[TIMES_N], first[2];
	char name[96], to[128];
	struct synthetic db;
	int err = build_all(&db, benches_n);

	snprintf(to, sizeof to, "%s/report", db.dir);
	if (!err)
		err = run_forecall(program, &db, to, &first[0], &first[1]); /* the first reads the file from the disk */
	for (int i = 0; i < TIMES_N && !err; i++)
		err = run_forecall(program, &db, to, &seconds[i], &megabytes[i]);
	if (!err) {
		snprintf(name, sizeof name, "%s: seconds", what);
		judge_at_most(name, judge_median(seconds, TIMES_N), TARGET_S);
		snprintf(name, sizeof name, "%s: MB", what);
		judge_at_most(name, judge_median(megabytes, TIMES_N), TARGET_MB);
	}
	remove_report(to);
	synthetic_free(&db);
	return err;
}

int main(int argc, char **argv)
{
	char self[PATH_MAX] = "", program[PATH_MAX + 16];

	err_program("report");
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return fail(1, "bench: cannot find itself: %s", strerror(errno));
	snprintf(program, sizeof program, "%s/../forecall", dirname(self));
	printf("what `forecall report` takes, median of %d [half of them lie within]\n", TIMES_N);
	if (shape("500 profiles and 500 benches of 1,000 rows", argc > 1 ? argv[1] : program, 500) ||
	    shape("500 profiles, one bench of 500,000 rows", argc > 1 ? argv[1] : program, 1))
		return 1;
	return judge_missed > 0;
}
