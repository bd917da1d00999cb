/* SPDX-License-Identifier: GPL-2.0-or-later */
/* topology.c: makes namespaces by unshare(2), and fills them with ip(8), which is run inside them. */
#include "workloads/topology.h"

#include "base/err.h"
#include "lab/wire.h"
#include "workloads/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

struct topology {
	enum topology_kind kind;
	int ns[TOPOLOGY_SIDE_MAX]; /* -1 for lo, and for the peer of a sink */
	int sink;		/* what holds the device of a sink, else -1 */
};

const char *const topology_names[TOPOLOGY_KIND_MAX] = {
	[TOPOLOGY_LO] = "lo",
	[TOPOLOGY_VETH] = "veth",
	[TOPOLOGY_VETH_RPS] = "veth-rps",
	[TOPOLOGY_SINK] = "sink",
	[TOPOLOGY_NIC] = "nic",
};

static const struct side {
	const char *host, *host6, *device, *mac;
} sides[TOPOLOGY_SIDE_MAX] = {
	[TOPOLOGY_SERVER] = { WIRE_HOST, WIRE_HOST6, "fc-server", "02:66:63:00:00:01" },
	[TOPOLOGY_PEER] = { WIRE_PEER_HOST, WIRE_PEER_HOST6, "fc-peer", "02:66:63:00:00:02" },
};

int topology_parse(const char *name, enum topology_kind *out)
{
	for (int kind = 0; kind < TOPOLOGY_KIND_MAX; kind++) {
		if (strcmp(name, topology_names[kind]) != 0)
			continue;
		*out = (enum topology_kind)kind;
		return 0;
	}
	return fail(-EINVAL, "no topology is called %s; give lo, veth, veth-rps, sink or nic", name);
}

const char *topology_host(const struct topology *topology, enum topology_side side)
{
	return topology->kind == TOPOLOGY_LO ? "127.0.0.1" : sides[side].host;
}

const char *topology_host6(const struct topology *topology, enum topology_side side)
{
	return topology->kind == TOPOLOGY_LO ? "::1" : sides[side].host6;
}

int topology_enter(const struct topology *topology, enum topology_side side)
{
	if (topology->kind == TOPOLOGY_LO)
		return 0;
	return setns(topology->ns[side], CLONE_NEWNET) ? -errno : 0;
}

static int open_own_namespace(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A new namespace, held by a descriptor alone: this thread visits it and comes back. */
static int new_namespace(void)
{
	int home = open_own_namespace(), made;

	if (home < 0)
		return home;
	made = unshare(CLONE_NEWNET) ? -errno : open_own_namespace();
	if (setns(home, CLONE_NEWNET) && made >= 0) {
		close(made);
		made = -errno;
	}
	close(home);
	return made;
}

/* Calls `visit` in the server's namespace, and comes back. What it returns, or -errno. */
static int visit_server(const struct topology *t, int (*visit)(void *arg), void *arg)
{
	int home = open_own_namespace(), result;

	if (home < 0)
		return home;
	result = setns(t->ns[TOPOLOGY_SERVER], CLONE_NEWNET) ? -errno : visit(arg);
	if (setns(home, CLONE_NEWNET))
		result = -errno;
	close(home);
	return result;
}

/* The commands for ip(8) on one side. The neighbour is known beforehand: until an address is resolved, packets wait. */
static void write_script(FILE *out, const struct topology *t, enum topology_side side)
{
	const struct side *own = &sides[side], *other = &sides[!side];
	const char *device = t->kind == TOPOLOGY_SINK ? SINK_DEVICE : own->device;

	fprintf(out, "link set lo up\n");
	if (side == TOPOLOGY_SERVER && t->kind != TOPOLOGY_SINK)
		fprintf(out,
			"link add %s address %s numtxqueues 1 numrxqueues 1 type veth "
			"peer name %s address %s numtxqueues 1 numrxqueues 1 netns /proc/%d/fd/%d\n",
			own->device, own->mac, other->device, other->mac, (int)getppid(), t->ns[!side]);
	fprintf(out, "link set %s up\n", device);
	fprintf(out, "addr add %s/30 dev %s\n", own->host, device);
	fprintf(out, "neigh add %s lladdr %s dev %s nud permanent\n", other->host, other->mac, device);
	if (access("/proc/net/if_inet6", F_OK))
		return; /* a kernel without IPv6 */
	fprintf(out, "addr add %s/64 dev %s nodad\n", own->host6, device);
	fprintf(out, "neigh add %s lladdr %s dev %s nud permanent\n", other->host6, other->mac, device);
}

/* In a child: becomes ip(8), with the commands of this side as its standard input. */
static int become_ip(const struct topology *t, enum topology_side side)
{
	FILE *script = tmpfile();

	if (!script)
		return 126;
	write_script(script, t, side);
	rewind(script);
	if (dup2(fileno(script), STDIN_FILENO) < 0)
		return 126;
	execlp("ip", "ip", "-batch", "-", (char *)NULL);
	return 127;
}

/* In a child: steers what the peer's device receives to one CPU. /sys shows the devices of the namespace in which it was
 * mounted, so this child mounts it anew for itself. rps_cpus is a mask in words of 32 CPUs, the highest first. */
static int steer(int cpu)
{
	FILE *mask;

	if (unshare(CLONE_NEWNS) || mount("", "/", NULL, MS_SLAVE | MS_REC, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL))
		return 1;
	mask = fopen("/sys/class/net/fc-peer/queues/rx-0/rps_cpus", "we");
	if (!mask)
		return 1;
	fprintf(mask, "%x", 1u << cpu % 32);
	for (int word = cpu / 32; word > 0; word--)
		fputs(",00000000", mask);
	return fclose(mask) ? 1 : 0;
}

/* Runs become_ip(), or steer() if cpu is not -1, in a child on that side, and returns its exit status or -errno. */
static int run_inside(const struct topology *t, enum topology_side side, int cpu)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(topology_enter(t, side) ? 126 : cpu < 0 ? become_ip(t, side) : steer(cpu));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static int fill(const struct topology *t, enum topology_side side)
{
	int status = run_inside(t, side, -1);

	if (status == 127)
		return fail(-ENOENT, "ip(8), which joins the namespaces, is not there; install iproute2");
	if (status)
		return fail(-EIO, "cannot set up the devices of a network namespace (%s); use --topology lo",
			    status < 0 ? strerror(-status) : "ip(8) has said why");
	return 0;
}

static int make_namespaces(struct topology *t)
{
	for (int side = 0; side < TOPOLOGY_SIDE_MAX; side++) {
		t->ns[side] = new_namespace();
		if (t->ns[side] < 0)
			return fail(t->ns[side], "cannot make a network namespace: %s; run as root (CAP_SYS_ADMIN) or use --topology lo",
				    strerror(-t->ns[side]));
	}
	return 0;
}

static int visit_open(void *arg)
{
	(void)arg;
	return sink_open();
}

static int visit_dropped(void *arg)
{
	return sink_dropped(arg);
}

int topology_dropped(const struct topology *t, uint64_t *packets_n)
{
	return visit_server(t, visit_dropped, packets_n);
}

static int make_sink(struct topology *t)
{
	t->ns[TOPOLOGY_SERVER] = new_namespace();
	if (t->ns[TOPOLOGY_SERVER] < 0)
		return fail(t->ns[TOPOLOGY_SERVER], "cannot make a network namespace: %s; run as root (CAP_SYS_ADMIN) or use --topology lo",
			    strerror(-t->ns[TOPOLOGY_SERVER]));
	t->sink = visit_server(t, visit_open, NULL);
	if (t->sink < 0)
		return fail(t->sink, "cannot make a device that drops what is sent: %s; it needs /dev/net/tun (CONFIG_TUN): use --topology veth",
			    strerror(-t->sink));
	return fill(t, TOPOLOGY_SERVER);
}

static int make_veth(struct topology *t, int peer_cpu)
{
	int err = make_namespaces(t);

	if (!err)
		err = fill(t, TOPOLOGY_SERVER);
	if (!err)
		err = fill(t, TOPOLOGY_PEER);
	if (!err && t->kind == TOPOLOGY_VETH_RPS && run_inside(t, TOPOLOGY_PEER, peer_cpu))
		err = fail(-EIO, "cannot steer packets to cpu %d; is it online, and does the kernel have CONFIG_RPS? Use --topology veth",
			   peer_cpu);
	return err;
}

/* The cards are there, with addresses, and the wire between them carries: the guest's first process saw to that. */
static int find_cards(struct topology *t)
{
	static const char peer[] = "/run/netns/" WIRE_PEER_NS;

	t->ns[TOPOLOGY_SERVER] = open_own_namespace();
	t->ns[TOPOLOGY_PEER] = open(peer, O_RDONLY | O_CLOEXEC);
	if (t->ns[TOPOLOGY_SERVER] < 0 || t->ns[TOPOLOGY_PEER] < 0 || access("/sys/class/net/" WIRE_DEVICE, F_OK))
		return fail(-ENODEV, "there are no two cards with a wire between them; run this in a guest that has them: "
			    "forecall lab run --nic e1000 ... -- COMMAND");
	return 0;
}

int topology_new(enum topology_kind kind, int peer_cpu, struct topology **out)
{
	struct topology *t;
	int err = 0;

	if (kind == TOPOLOGY_VETH_RPS && peer_cpu < 0)
		return fail(-EINVAL, "veth-rps steers packets to the receivers' CPU; name it");
	t = calloc(1, sizeof *t);
	if (!t)
		return fail(-ENOMEM, "out of memory");
	t->kind = kind;
	t->ns[TOPOLOGY_SERVER] = t->ns[TOPOLOGY_PEER] = t->sink = -1;
	if (kind == TOPOLOGY_SINK)
		err = make_sink(t);
	else if (kind == TOPOLOGY_NIC)
		err = find_cards(t);
	else if (kind != TOPOLOGY_LO)
		err = make_veth(t, peer_cpu);
	if (err)
		topology_free(t);
	else
		*out = t;
	return err;
}

void topology_free(struct topology *t)
{
	if (!t)
		return;
	for (int side = 0; side < TOPOLOGY_SIDE_MAX; side++)
		if (t->ns[side] >= 0)
			close(t->ns[side]);
	if (t->sink >= 0)
		close(t->sink);
	free(t);
}
