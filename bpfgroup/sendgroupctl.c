/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sendgroupctl: the one privileged step of group send by BPF: brings the group device up and takes it away. */
#include "base/err.h"
#include "base/parse.h"
#include "bpfgroup/facility.h"
#include "bpfgroup/place.h"
#include "bpfgroup/show.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const char usage[] =
	"usage: sendgroupctl up [options] | hold [options] | down [--netns N] | status [--netns N] [--json]\n"
	"Lets unprivileged programs send to groups by libsendgroup's backend `bpf`, in one network namespace.\n"
	"  up      make the group device with its program, and give it to users; again: bring it up to date\n"
	"  hold    the same until standard input ends or a signal comes; it is for this process's descendants, and for root\n"
	"          through the folder that is printed (SENDGROUP_BPF)\n"
	"  down    take all of it away\n"
	"  status  what it did, and what it refused\n"
	"  --netns N         network namespace, by name (ip-netns) or path (default: this one)\n"
	"  --device D        name of the group device (default " FACILITY_DEVICE ")\n"
	"  --user U          who may send, by name or number; may be repeated (default: root)\n"
	"  --group G         the members that it has now; may be repeated\n"
	"  --lanes N         callers at once, per user or group (default 8)\n"
	"  --rate N          packets per second, per user or group (default 5000000)\n"
	"  --burst N         packets (default 262144)\n"
	"  --ignore-policy   send past netfilter, IPsec policies, routing rules and cgroup programs, which do not see it\n"
	"  --json            for status\n"
	"  --help\n"
	"Exit status: 0 done, 1 failed, 2 bad usage, 3 refused, because something on this host wants to see what is sent.\n";

struct options {
	struct facility_options facility;
	const char *netns;
	int json, help, ignore_policy;
};

static int set_number(const char *name, const char *value, uint64_t min, uint64_t max, uint64_t *out)
{
	if (parse_u64(value, min, max, out))
		return fail(-EINVAL, "--%s %s: give a whole number from %" PRIu64 " to %" PRIu64, name, value, min, max);
	return 0;
}

static int set_device(struct options *o, const char *value)
{
	if (!*value || strlen(value) >= IFNAMSIZ || strpbrk(value, "/ \t\n%:") || !strcmp(value, ".") || !strcmp(value, ".."))
		return fail(-EINVAL, "--device %s: a device's name has 1 to %d letters, without blanks, slashes, colons and %%", value,
			    IFNAMSIZ - 1);
	o->facility.device = value;
	return 0;
}

static int set_option(struct options *o, const char *name, const char *value)
{
	if (!strcmp(name, "netns")) {
		o->netns = value;
		return 0;
	}
	if (!strcmp(name, "device"))
		return set_device(o, value);
	if (!strcmp(name, "user"))
		return accounts_add_user(&o->facility.accounts, value);
	if (!strcmp(name, "group"))
		return accounts_add_group(&o->facility.accounts, value);
	if (!strcmp(name, "lanes"))
		return set_number(name, value, 1, GROUP_LANES_MAX, &o->facility.lanes_n);
	if (!strcmp(name, "rate"))
		return set_number(name, value, 1, UINT32_MAX, &o->facility.rate);
	return set_number(name, value, 1, UINT32_MAX, &o->facility.burst);
}

static int read_options(int argc, char **argv, struct options *o)
{
	const struct option table[] = {
		{ "netns", 1, NULL, 0 }, { "device", 1, NULL, 0 }, { "user", 1, NULL, 0 }, { "group", 1, NULL, 0 },
		{ "lanes", 1, NULL, 0 }, { "rate", 1, NULL, 0 }, { "burst", 1, NULL, 0 },
		{ "ignore-policy", 0, &o->ignore_policy, 1 }, { "json", 0, &o->json, 1 }, { "help", 0, &o->help, 1 }, { 0 },
	};
	int i, c;

	while ((c = getopt_long(argc, argv, "", table, &i)) == 0)
		if (table[i].has_arg && set_option(o, table[i].name, optarg))
			return -EINVAL;
	if (c != -1)
		return -EINVAL;
	o->facility.ignore_policy = o->ignore_policy;
	if (o->help)
		return 0;
	if (optind + 1 != argc)
		return fail(-EINVAL, "give one of up, hold, down and status; see --help");
	return 0;
}

static int fill_defaults(struct options *o)
{
	int err = o->facility.accounts.n ? 0 : accounts_add_user(&o->facility.accounts, "0");

	if (!err && o->facility.lanes_n * o->facility.accounts.n > GROUP_LANES_MAX)
		err = fail(-EINVAL, "--lanes %" PRIu64 " for %zu users and groups: all lanes together are at most %d", o->facility.lanes_n,
			   o->facility.accounts.n, GROUP_LANES_MAX);
	return err;
}

static int up(struct options *o)
{
	return facility_up(&o->facility, false);
}

/* SIGTERM and the like end the wait, so that what was made is taken away in order. They come to ppoll() only: one that comes before is not lost. */
static void on_signal(int number)
{
	(void)number;
}

static void block_signals(sigset_t *before)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
		sigaction(ending[i], &action, NULL);
		sigaddset(&set, ending[i]);
	}
	sigprocmask(SIG_BLOCK, &set, before);
}

/* Until the end of input, or a signal. */
static void wait_for_end(const sigset_t *signals)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char byte;

	while (ppoll(&input, 1, NULL, signals) > 0 && read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static int hold(struct options *o)
{
	sigset_t before;
	int err;

	if (!strcmp(o->facility.device, FACILITY_DEVICE))
		o->facility.device = "sendgroup%d"; /* several may be held at once */
	prctl(PR_SET_PDEATHSIG, 0); /* who started this may have wanted it killed with him: the end of input tells it in time */
	block_signals(&before);
	err = facility_up(&o->facility, true);
	if (err)
		return err;
	printf("ready SENDGROUP_BPF=/proc/%d/root" GROUP_ROOT "\n", (int)getpid());
	fflush(stdout);
	wait_for_end(&before);
	return facility_down();
}

static int down(struct options *o)
{
	(void)o;
	return facility_down();
}

static int status(struct options *o)
{
	struct facility_status *now = calloc(1, sizeof *now);
	int err = now ? facility_status(now) : fail(-ENOMEM, "out of memory");

	if (!err && o->json)
		err = show_json(now, stdout);
	else if (!err)
		show_text(now, stdout);
	free(now);
	return err;
}

static int run(struct options *o, const char *verb)
{
	static const struct {
		const char *name;
		int (*run)(struct options *o);
	} verbs[] = { { "up", up }, { "hold", hold }, { "down", down }, { "status", status } };
	int err = fill_defaults(o);

	if (!err && o->netns)
		err = place_enter_netns(o->netns);
	for (size_t i = 0; !err && i < sizeof verbs / sizeof *verbs; i++)
		if (!strcmp(verb, verbs[i].name))
			return verbs[i].run(o);
	return err ? err : fail(-EINVAL, "%s: give one of up, hold, down and status; see --help", verb);
}

static int exit_status(int err)
{
	return err == -EINVAL ? 2 : err == -ECANCELED ? 3 : err ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options o = {
		.facility = { .device = FACILITY_DEVICE, .lanes_n = FACILITY_LANES, .rate = FACILITY_RATE, .burst = FACILITY_BURST },
	};
	int err;

	err_program("sendgroupctl");
	if (read_options(argc, argv, &o)) {
		accounts_free(&o.facility.accounts);
		return 2;
	}
	if (o.help) {
		fputs(usage, stdout);
		return 0;
	}
	err = run(&o, argv[optind]);
	accounts_free(&o.facility.accounts);
	return exit_status(err);
}
