/* SPDX-License-Identifier: GPL-2.0-or-later */
/* profile.c: the steps of a profile: scope, ledger, calibration, windows, store. */
#include <linux/types.h>

#include "collect/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analyze/fraction.h"
#include "analyze/store.h"
#include "base/err.h"
#include "base/now.h"
#include "collect/budget.h"
#include "collect/calibrate.h"
#include "collect/clock.h"
#include "collect/cpus.h"
#include "collect/event_counts.h"
#include "collect/host.h"
#include "collect/ledger.h"
#include "collect/measure.h"
#include "collect/privilege.h"
#include "collect/profile_store.h"
#include "collect/sample.h"
#include "collect/sample_measure.h"
#include "collect/scope.h"
#include "collect/syscalls.h"
#include "collect/wakes.h"

#define CALIBRATE_CPUS 2 /* more would only repeat the same figures */
#define CALIBRATE_SHARE 0.1 /* of the progress bar, at either end */
#define STEPS_MAX PROFILE_DOSES_MAX
#define WAKES_MS 200 /* how long calls that wake somebody are counted, */
#define WAKES_SHARE 0.05 /* but no longer than this share of the measurement */
#define WAKES_PIDS 256

/* Everything that is open while a profile runs. */
struct session {
	const struct profile_options *options;
	struct clock clock;
	struct event_counts events;
	struct ledger *ledger;
	struct host *host;
	uint8_t path[ACCOUNT_CALLS_MAX];
	char *path_names;
	pid_t pid;         /* of the target; 0 when the scope is CPUs */
	pid_t child;       /* started here, to be ended here */
	int child_go;      /* pipe: the child execs when it is closed */
	int child_errno;   /* pipe: why it could not, or nothing */
	char target[4096]; /* command line, or CPU list */
	struct calibration_row *calibrations;
	int calibrations_n;
	int calibrate_cpus[CALIBRATE_CPUS], calibrate_cpus_n;
	int rounds; /* of the calibration, per CPU */
	int64_t origin_ns;     /* CLOCK_MONOTONIC when the run began */
	int64_t calibrated_ns; /* time that it took */
	struct budget budget;
	struct wakes *wakes; /* NULL: not counted */
	struct wakes_count woken;
	int64_t wakes_ns; /* how long they were counted */
	struct measurement measurement;
	struct sampler *sampler;           /* NULL: the engine is the ledger alone */
	struct sample_measurement sampled;
};

static int uses_ledger(const struct session *session)
{
	return !session->options->engine || strcmp(session->options->engine, "sample") != 0;
}

static int uses_samples(const struct session *session)
{
	return session->options->engine && strcmp(session->options->engine, "ledger") != 0;
}

/* The command line of a process with blanks between the words, or its name in brackets. */
static int read_target(pid_t pid, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return fail(-ESRCH, "profile: there is no process %d; `ps -e` lists them", pid);
	size_t n = fread(text, 1, size - 1, file);
	fclose(file);
	while (n && !text[n - 1])
		n--;
	for (size_t i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	text[n] = 0;
	if (n)
		return 0;
	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (file && fgets(text, (int)size, file))
		text[strcspn(text, "\n")] = 0;
	if (file)
		fclose(file);
	return 0;
}

/* Starts the command, which waits for its exec until start_go(): nothing of it is missed. */
static int start_command(struct session *session)
{
	int fds[2], result[2];

	if (pipe2(fds, O_CLOEXEC))
		return fail(-errno, "profile: cannot make a pipe: %s", strerror(errno));
	session->child_go = fds[1];
	if (pipe2(result, O_CLOEXEC | O_NONBLOCK))
		return fail(-errno, "profile: cannot make a pipe: %s", strerror(errno));
	pid_t parent = getpid();
	session->child = fork();
	if (session->child < 0)
		return fail(-errno, "profile: cannot fork: %s", strerror(errno));
	if (!session->child) {
		char *const *argv = session->options->command;
		char byte;

		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close(fds[1]);
		if (getppid() != parent || read(fds[0], &byte, 1) < 0)
			_exit(1);
		execvp(argv[0], argv);
		int err = errno;
		_exit(write(result[1], &err, sizeof err) == sizeof err ? 127 : 1);
	}
	close(fds[0]);
	close(result[1]);
	session->child_errno = result[0];
	session->pid = session->child;
	for (char *const *word = session->options->command; *word; word++)
		snprintf(session->target + strlen(session->target), sizeof session->target - strlen(session->target), "%s%s",
			 *session->target ? " " : "", *word);
	return 0;
}

static void end_command(struct session *session)
{
	if (session->child > 0)
		kill(session->child, SIGTERM); /* first: it would exec when the pipe is closed */
	if (session->child_go >= 0)
		close(session->child_go);
	if (session->child_errno >= 0)
		close(session->child_errno);
	if (session->child <= 0)
		return;
	for (int i = 0; i < 200; i++) {
		struct timespec pause = {.tv_nsec = 10000000};

		if (waitpid(session->child, NULL, WNOHANG))
			return;
		nanosleep(&pause, NULL);
	}
	kill(session->child, SIGKILL);
	waitpid(session->child, NULL, 0);
}

static void describe_cpus(struct session *session)
{
	const uint8_t *cpus = session->options->cpus;
	char *text = session->target;

	for (int cpu = 0; cpu < CPUS_MAX; cpu++)
		if (cpus[cpu])
			snprintf(text + strlen(text), sizeof session->target - strlen(text), "%s%d", *text ? "," : "", cpu);
}

/* Until the first process of a scope is there. */
static int await_scope(struct session *session)
{
	const struct profile_options *options = session->options;
	struct scope *scope = options->scope;
	int64_t until_ns = now_ns() + (int64_t)(options->wait_seconds * 1e9);
	int err = 0;

	snprintf(session->target, sizeof session->target, "%s %s", scope->comm ? "comm" : "cgroup", scope->comm ? scope->comm : scope->cgroup);
	while (!scope->first && (err = scope_refresh(scope, session->ledger)) == 0) {
		struct timespec pause = {.tv_nsec = 10000000};

		if (*options->stop)
			return fail(-EINTR, "profile: interrupted before %s had a process: nothing was stored", session->target);
		if (now_ns() > until_ns)
			return fail(-ESRCH, "profile: there was no process of %s within %g s; --wait gives it more", session->target, options->wait_seconds);
		if (options->progress)
			options->progress(options->progress_context, 0, "waiting for the target");
		nanosleep(&pause, NULL);
	}
	return err < 0 ? err : 0;
}

static int refresh_scope(void *context)
{
	const struct session *session = context;
	int err = scope_refresh(session->options->scope, session->ledger);

	return err < 0 ? err : 0;
}

static int open_scope(struct session *session)
{
	const struct profile_options *options = session->options;

	if (options->cpus) {
		describe_cpus(session);
		return 0;
	}
	if (options->command)
		return start_command(session);
	if (options->scope)
		return await_scope(session);
	session->pid = options->pid;
	return read_target(session->pid, session->target, sizeof session->target);
}

static int check_cpus(const uint8_t *cpus)
{
	uint8_t online[CPUS_MAX];
	int err = cpus_online(online);

	if (err < 0)
		return err;
	for (int cpu = 0; cpu < CPUS_MAX; cpu++)
		if (cpus[cpu] && !online[cpu])
			return fail(-EINVAL, "profile: cpu %d is not online; /sys/devices/system/cpu/online lists those that are", cpu);
	return 0;
}

static int open_sampler(struct session *session)
{
	const struct profile_options *options = session->options;
	const struct sample_options sampling = {
		.clock = &session->clock, .path = session->path_names, .scope_cpus = options->cpus, .hz = options->rate, .seed = options->seed,
	};

	return sampler_open(&sampling, session->pid, &session->sampler);
}

static int open_session(struct session *session)
{
	const struct profile_options *options = session->options;
	int err = syscalls_path(options->path, session->path);

	if (!err && options->cpus)
		err = check_cpus(options->cpus);
	if (!err && options->pid)
		err = read_target(options->pid, session->target, sizeof session->target);
	if (err)
		return err;
	session->path_names = syscalls_names(session->path);
	if (!session->path_names)
		return -ENOMEM;
	err = clock_open(options->clock, &session->clock);
	if (!err)
		err = event_counts_open(options->events, &session->events);
	struct ledger_options ledger = {.events = session->events.n ? &session->events : NULL, .clock = &session->clock, .path = session->path, .scope_cpus = options->cpus};
	if (!err && uses_ledger(session))
		err = ledger_open(&ledger, &session->ledger);
	if (!err && session->ledger && !options->cpus && !options->ways && wakes_open(session->path, &session->wakes))
		warn("profile: goes on without counting the calls that wake somebody");
	if (!err)
		err = host_read(&session->host);
	if (!err)
		err = open_scope(session);
	return !err && uses_samples(session) ? open_sampler(session) : err;
}

static void close_session(struct session *session)
{
	end_command(session);
	measure_free(&session->measurement);
	sample_measurement_free(&session->sampled);
	sampler_free(session->sampler);
	wakes_free(session->wakes);
	ledger_free(session->ledger);
	clock_free(&session->clock);
	event_counts_free(&session->events);
	host_free(session->host);
	free(session->path_names);
	free(session->calibrations);
}

static int begin_run(struct session *session, struct store *store, int64_t *run)
{
	const struct profile_options *options = session->options;
	struct run_row row;
	int64_t host;
	int err = store_host(store, host_row(session->host), &host);

	if (err)
		return err;
	store_null_run(&row);
	row.kind = options->ways ? "observe" : "profile";
	row.label = options->label;
	row.host = host;
	row.started_ns = clock_ns(CLOCK_REALTIME);
	session->origin_ns = now_ns();
	row.command = options->command_line;
	row.version = options->version;
	row.scope = options->cpus ? "cpus" : "process";
	row.target = session->target;
	row.pid = session->pid ? session->pid : options->scope ? options->scope->first : STORE_NULL;
	row.path = session->path_names;
	row.clock = clock_name(session->clock.kind);
	row.clock_hz = session->clock.hz;
	row.engine = options->engine ? options->engine : "ledger";
	row.topology = options->topology;
	row.way = options->way;
	row.idle = options->idle;
	row.budget = session->ledger && options->budget > 0 ? options->budget : NAN;
	return store_run_begin(store, &row, run);
}

/* The CPUs on which the target may run: at most CALIBRATE_CPUS of them. */
static int calibrate_cpus(const struct session *session, int *cpus)
{
	const uint8_t *scope = session->options->cpus;
	uint8_t online[CPUS_MAX];
	cpu_set_t allowed, mine;
	int n = 0;

	sched_getaffinity(0, sizeof mine, &mine);
	pid_t pid = session->pid || !session->options->scope ? session->pid : session->options->scope->first;
	if (!pid || sched_getaffinity(pid, sizeof allowed, &allowed))
		allowed = mine;
	if (cpus_online(online) < 0)
		return 0;
	for (int cpu = 0; cpu < CPUS_MAX && n < CALIBRATE_CPUS; cpu++)
		if (online[cpu] && (scope ? scope[cpu] : CPU_ISSET(cpu, &allowed)))
			cpus[n++] = cpu;
	return n;
}

/* Makes room for all rounds, which the CPUs share. Without any there is no calibration. */
static int prepare_calibration(struct session *session)
{
	session->calibrate_cpus_n = calibrate_cpus(session, session->calibrate_cpus);
	if (!session->options->calibration_rounds || !session->calibrate_cpus_n || !session->ledger)
		return 0;
	session->rounds = (session->options->calibration_rounds + session->calibrate_cpus_n - 1) / session->calibrate_cpus_n;
	session->calibrations = calloc((size_t)(CALIBRATE_ROWS * session->rounds * session->calibrate_cpus_n), sizeof *session->calibrations);
	return session->calibrations ? 0 : -ENOMEM;
}

static int calibrate_session(struct session *session, int from, int to)
{
	const struct profile_options *options = session->options;

	if (from >= to)
		return 0;
	if (options->progress)
		options->progress(options->progress_context, from ? 1 - CALIBRATE_SHARE : 0, "calibrating the probes");
	int64_t begun_ns = now_ns();
	int err = calibrate(session->ledger, &session->clock, session->calibrate_cpus, session->calibrate_cpus_n, from, to, options->stop,
			    session->calibrations, &session->calibrations_n);

	session->calibrated_ns += now_ns() - begun_ns;
	return err;
}

/* The budget after the first half of the calibration; the second half will be like it. */
static struct budget *open_budget(struct session *session)
{
	struct budget *budget = &session->budget;
	int before = (session->rounds + 1) / 2;
	double whole = before ? (double)session->rounds / before : 1;

	if (!(session->options->budget > 0) || !session->ledger)
		return NULL;
	*budget = (struct budget){.share = session->options->budget, .other_ns = whole * (double)session->calibrated_ns};
	for (int dose = 1; dose < BUDGET_DOSES; dose++)
		budget->other_attached_ns[dose] = whole * (double)ledger_attached_ns(session->ledger, dose);
	return budget;
}

static int estimate_added(void *context, const struct measurement *so_far, double *added)
{
	const struct session *session = context;
	const struct fraction_input input = {
		.blocks = so_far->blocks, .blocks_n = so_far->blocks_n,
		.calibrations = session->calibrations, .calibrations_n = (size_t)session->calibrations_n,
	};
	int err = fraction_added(&input, added);

	return err == -ENODATA || err == -ENOENT ? 0 : err; /* not known yet */
}

static void forward_progress(void *context, double done)
{
	const struct session *session = context;

	session->options->progress(session->options->progress_context, CALIBRATE_SHARE + (1 - 2 * CALIBRATE_SHARE) * done, "measuring");
}

static void forward_sampled(void *context, double done)
{
	const struct session *session = context;

	session->options->progress(session->options->progress_context, done, "sampling");
}

/* The command begins when the first window is open, so that nothing of it is missed. */
static void start_go(void *context)
{
	struct session *session = context;

	if (session->child_go >= 0)
		close(session->child_go);
	session->child_go = -1;
	if (session->options->progress)
		forward_progress(session, 0);
}

static int forward_way(void *context, const char *way)
{
	const struct session *session = context;

	return session->options->set_way(session->options->way_context, way);
}

static void forward_rest(void *context)
{
	const struct session *session = context;

	session->options->rest(session->options->way_context);
}

static int64_t forward_work(void *context)
{
	const struct session *session = context;

	return session->options->work(session->options->way_context);
}

static int forward_pause(void *context)
{
	const struct session *session = context;

	return session->options->pause(session->options->pause_context);
}

/* One window of each dose in every cycle. */
static int profile_steps(const struct profile_options *options, struct measure_step *steps)
{
	static const uint8_t usual[] = PROFILE_DOSES;
	const uint8_t *doses = options->doses_n ? options->doses : usual;
	int n = options->doses_n ? (int)options->doses_n : (int)sizeof usual;

	for (int i = 0; i < n && i < PROFILE_DOSES_MAX; i++)
		steps[i] = (struct measure_step){doses[i], NULL};
	return n < PROFILE_DOSES_MAX ? n : PROFILE_DOSES_MAX;
}

/* Each way once, unprobed, in every cycle; and once more with probes where interrupts elsewhere count. */
static int observe_steps(const struct profile_options *options, struct measure_step *steps)
{
	int n = 0;

	for (size_t i = 0; i < options->ways_n && n + 3 < STEPS_MAX; i++) {
		steps[n++] = (struct measure_step){0, options->ways[i]};
		if (options->async)
			steps[n++] = (struct measure_step){1, options->ways[i]};
	}
	return n;
}

static struct sample_measure_options sampling_of(struct session *session)
{
	const struct profile_options *options = session->options;

	return (struct sample_measure_options){
		.sampler = session->sampler,
		.clock = &session->clock,
		.scope_cpus = options->cpus,
		.pid = session->pid,
		.origin_ns = session->origin_ns,
		.window_ms = options->window_ms,
		.stop = options->stop,
		.context = session,
	};
}

/* Both engines: as long a stretch of samples as the cycle of windows before it would be without a budget. */
static int sample_between(void *context)
{
	struct session *session = context;
	const struct sample_measure_options sampling = sampling_of(session);
	size_t windows = session->options->doses_n ? session->options->doses_n : sizeof (uint8_t[])PROFILE_DOSES;

	int err = sample_measure(&sampling, (double)windows * session->options->window_ms / 1e3, &session->sampled);
	session->measurement.ended |= session->sampled.ended;
	return err;
}

/* Samples alone. What is not a matter of windows is kept where the ledger's measurement has it. */
static int sample_session(struct session *session)
{
	struct sample_measure_options sampling = sampling_of(session);

	sampling.opened = start_go;
	sampling.progress = session->options->progress ? forward_sampled : NULL;
	int err = sample_measure(&sampling, session->options->seconds, &session->sampled);
	session->measurement.wall_ns = session->sampled.wall_ns;
	session->measurement.steal_ns = session->sampled.steal_ns;
	session->measurement.ended = session->sampled.ended;
	session->measurement.interrupted = session->sampled.interrupted;
	return err;
}

static int measure_session(struct session *session)
{
	const struct profile_options *options = session->options;
	struct measure_step steps[STEPS_MAX];
	struct measure_options measuring = {
		.ledger = session->ledger,
		.clock = &session->clock,
		.events = session->events.n ? &session->events : NULL,
		.scope_cpus = options->cpus,
		.left_out = options->left_out,
		.pid = session->pid,
		.origin_ns = session->origin_ns,
		.steps = steps,
		.steps_n = options->ways ? observe_steps(options, steps) : profile_steps(options, steps),
		.seconds = options->seconds,
		.window_ms = options->window_ms,
		.budget = open_budget(session),
		.seed = options->seed,
		.stop = options->stop,
		.refresh = options->scope ? refresh_scope : NULL,
		.set_way = forward_way,
		.rest = options->rest ? forward_rest : NULL,
		.work = options->work ? forward_work : NULL,
		.opened = start_go,
		.progress = options->progress ? forward_progress : NULL,
		.added = estimate_added,
		.between = session->sampler ? sample_between : NULL,
		.pause = options->pause ? forward_pause : NULL,
		.context = session,
	};

	if (!session->ledger)
		return sample_session(session);
	if (session->pid) {
		int err = ledger_add(session->ledger, session->pid);

		if (err == -ESRCH)
			return fail(err, "profile: process %d ended before it could be measured", session->pid);
		if (err)
			return err;
	}
	return measure(&measuring, &session->measurement);
}

/* Behind the windows, by probes of its own: what they add to a call is in none of the figures. Without it the profile is whole, too. */
static void count_wakes(struct session *session)
{
	pid_t pids[WAKES_PIDS];
	int64_t begun_ns = now_ns();
	int n, ms = (int)fmin(WAKES_MS, WAKES_SHARE * 1e3 * session->options->seconds);

	if (!session->wakes || session->measurement.ended || *session->options->stop)
		return;
	n = ledger_pids(session->ledger, pids, WAKES_PIDS);
	if (wakes_watch(session->wakes, pids, n < WAKES_PIDS ? n : WAKES_PIDS, ms, session->options->stop, &session->woken))
		warn("profile: goes on without knowing which calls wake somebody");
	session->wakes_ns = now_ns() - begun_ns;
}

/* Whether the command could be started, if there is one. */
static int check_started(const struct session *session)
{
	int err;

	if (session->child_errno < 0 || read(session->child_errno, &err, sizeof err) != sizeof err)
		return 0;
	return fail(-ENOEXEC, "profile: cannot start %s: %s", session->options->command[0], strerror(err));
}

static int write_run(struct session *session, struct store *store, int64_t run)
{
	const struct profile_record record = {
		.ledger = session->ledger,
		.measurement = &session->measurement,
		.sampled = session->sampler ? &session->sampled : NULL,
		.sampler = session->sampler,
		.calibrations = session->calibrations,
		.calibrations_n = (size_t)session->calibrations_n,
		.calibrated_ns = session->calibrated_ns,
		.wakes_ns = session->wakes_ns,
		.woken = session->woken,
		.pid = session->pid,
		.path = session->path_names,
		.clock_doubt = session->clock.doubt,
		.events = session->events.n ? &session->events : NULL,
		.observed = session->options->ways != NULL,
	};

	int err = check_started(session);
	if (!err && (session->ledger ? session->measurement.blocks_n : session->sampled.blocks_n))
		return profile_store(store, run, &record);
	store_delete(store, run);
	if (err)
		return err;
	return fail(-ENODATA, session->measurement.ended ? "profile: the target ended before a window was whole; measure longer or start it later"
							 : "profile: interrupted before a window was whole: nothing was stored");
}

/* From here on nothing is opened, but for the switches of CPUs now and then by the samples; a command was forked before, and keeps what it was started with. */
static int drop_privileges(const struct session *session)
{
	const struct profile_options *options = session->options;
	unsigned int keep = session->options->cpus ? 0 : PRIVILEGE_PTRACE | PRIVILEGE_READ | PRIVILEGE_NICE;

	if (!options->drop_for)
		return 0;
	if (session->ledger)
		keep |= PRIVILEGE_BPF | PRIVILEGE_PERFMON;
	if (session->sampler && sampler_sees_all(session->sampler) && !options->cpus)
		keep |= privilege_to_open_counters();
	if (session->child > 0)
		keep |= PRIVILEGE_KILL;
	return privilege_drop(keep | privilege_for(options->drop_for));
}

int profile_run(struct store *store, const struct profile_options *options, int64_t *run)
{
	struct session session = {.options = options, .child_go = -1, .child_errno = -1};
	int err = open_session(&session);

	if (!err)
		err = begin_run(&session, store, run);
	if (!err) {
		err = drop_privileges(&session);
		if (!err)
			err = prepare_calibration(&session);
		if (!err)
			err = calibrate_session(&session, 0, (session.rounds + 1) / 2);
		if (!err)
			err = measure_session(&session);
		if (!err)
			count_wakes(&session);
		if (!err)
			err = calibrate_session(&session, (session.rounds + 1) / 2, session.rounds);
		if (!err)
			err = write_run(&session, store, *run);
		else
			store_delete(store, *run);
	}
	close_session(&session);
	return err;
}
