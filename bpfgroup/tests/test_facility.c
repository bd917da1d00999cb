/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_facility.c: the threat model of docs/sendgroup-bpf.md, a test per line: what a process with a lane can make the kernel
 * send, and what it cannot. The lane is written here as a hostile process would, without libsendgroup. Needs root: it makes
 * two network namespaces joined by veth and a facility in one of them, all of which end with this process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpfgroup/device.h"
#include "bpfgroup/facility.h"
#include "bpfgroup/program.h"
#include "kmod/include/libsendgroup.h"
#include "kmod/lib/backend.h"
#include "kmod/lib/bpf_lane.h"
#include "workloads/topology.h"

#define HERE "198.18.0.1"
#define THERE "198.18.0.2"
#define NOBODY 65534

static struct topology *veth;

/* Of each test: a lane of root's, a receiver at THERE:7001 and a sender at HERE:7002. */
static struct bpf_lane *lane;
static int reader, sd;

static struct facility_options options = { .device = "sendgroup0", .lanes_n = 3, .rate = FACILITY_RATE, .burst = FACILITY_BURST };

/* ---- Sockets ---- */

static struct sockaddr_in addr4(const char *host, unsigned port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	inet_pton(AF_INET, host, &addr.sin_addr);
	return addr;
}

static int bound(const char *host, unsigned port)
{
	struct sockaddr_in addr = addr4(host, port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (void *)&addr, sizeof addr), 0);
	return fd;
}

/* A socket on the far side. */
static int receiver(unsigned port)
{
	int fd;

	assert_int_equal(topology_enter(veth, TOPOLOGY_PEER), 0);
	fd = bound(THERE, port);
	assert_int_equal(topology_enter(veth, TOPOLOGY_SERVER), 0);
	return fd;
}

/* The next datagram, and who it says it is from; -1 when none comes. */
static ssize_t next(int fd, void *data, size_t n, struct sockaddr_in *from)
{
	socklen_t from_n = sizeof *from;

	if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 200) != 1)
		return -1;
	return recvfrom(fd, data, n, MSG_DONTWAIT, (void *)from, &from_n);
}

static void assert_silent(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
}

static void run(const char *command)
{
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): constant commands */
}

/* ---- Writing a lane as anybody could ---- */

static void aim(struct bpf_lane *of, unsigned i, const char *host, unsigned port)
{
	struct sockaddr_in to = addr4(host, port);

	of->memory->recipients[i] = (struct group_recipient){ .addr = { to.sin_addr.s_addr }, .port = to.sin_port };
}

/* Sends `text` to the lane's group address with n recipients in chunk 0, which may say anything. */
static int shoot_as(struct bpf_lane *of, int from, const char *text, struct group_chunk chunk, uint32_t generation)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)GROUP_PORT(generation, 0)),
		.sin_addr.s_addr = htonl(GROUP_NET4 | of->number) };
	union {
		char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
		struct cmsghdr head;
	} control = { .head = { CMSG_LEN(sizeof(struct in_pktinfo)), IPPROTO_IP, IP_PKTINFO } };
	struct in_pktinfo info = { .ipi_ifindex = (int)of->ifindex };
	struct iovec part = { (void *)text, strlen(text) };
	struct msghdr message = { .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof control };

	memcpy(CMSG_DATA(&control.head), &info, sizeof info);
	of->memory->chunks[0] = chunk;
	memset(of->memory->answers, 0, sizeof of->memory->answers);
	return sendmsg(from, &message, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static void shoot(struct bpf_lane *of, int from, const char *text, unsigned n)
{
	uint32_t generation = of->memory->generation % (GROUP_GENERATIONS - 1) + 1;

	of->memory->generation = generation;
	shoot_as(of, from, text, (struct group_chunk){ .n = (uint16_t)n, .payload = (uint32_t)strlen(text) }, generation);
}

/* What became of recipient i: what his answer says, or the chunk's. */
static int code(unsigned i)
{
	uint32_t whole = lane->memory->chunks[0].answer, own = lane->memory->answers[i];

	return (int)((whole & 0xff ? whole : own) & 0xff);
}

static int shoot_one(int from, const char *host, unsigned port)
{
	aim(lane, 0, host, port);
	shoot(lane, from, "x", 1);
	return code(0);
}

static uint64_t strays(void)
{
	struct facility_status *now = calloc(1, sizeof *now);
	uint64_t n;

	assert_non_null(now);
	assert_int_equal(facility_status(now), 0);
	n = now->strays_n;
	free(now);
	return n;
}

/* ---- The lines ---- */

static void the_source_is_the_socket_s_own(void **state)
{
	int unbound = socket(AF_INET, SOCK_DGRAM, 0), second;
	struct sockaddr_in from;
	char byte;

	(void)state;
	run("ip addr add 198.18.0.9/32 dev fc-server");
	second = bound("198.18.0.9", 7009);
	assert_int_equal(shoot_one(second, THERE, 7001), GROUP_SENT);
	assert_int_equal(next(reader, &byte, 1, &from), 1);
	assert_int_equal(from.sin_addr.s_addr, inet_addr("198.18.0.9"));
	assert_int_equal(ntohs(from.sin_port), 7009);
	assert_int_equal(shoot_one(unbound, THERE, 7001), GROUP_SENT);
	assert_int_equal(next(reader, &byte, 1, &from), 1);
	assert_int_equal(from.sin_addr.s_addr, inet_addr(HERE));
	assert_int_equal(shoot_one(second, THERE, 7001), GROUP_SENT);
	assert_int_equal(next(reader, &byte, 1, &from), 1);
	assert_int_equal(from.sin_addr.s_addr, inet_addr("198.18.0.9"));
	run("ip addr del 198.18.0.9/32 dev fc-server");
	close(second), close(unbound);
}

static void an_address_that_is_received_by_is_no_source(void **state)
{
	int multicast = bound("239.1.2.3", 7010), broadcast = bound("198.18.0.3", 7011);
	struct sockaddr_in from;
	char byte;

	(void)state;
	assert_int_equal(shoot_one(multicast, THERE, 7001), GROUP_SENT);
	assert_int_equal(next(reader, &byte, 1, &from), 1);
	assert_int_equal(from.sin_addr.s_addr, inet_addr(HERE));
	assert_int_equal(shoot_one(broadcast, THERE, 7001), GROUP_SOURCE);
	assert_silent(reader);
	close(multicast), close(broadcast);
}

static void a_loopback_source_does_not_leave_the_host(void **state)
{
	int local = bound("127.0.0.1", 7002);

	(void)state;
	assert_int_equal(shoot_one(local, THERE, 7001), GROUP_SOURCE);
	assert_silent(reader);
	close(local);
}

static void a_socket_bound_to_a_device_sends_by_no_other(void **state)
{

	(void)state;
	assert_int_equal(setsockopt(sd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	assert_int_equal(shoot_one(sd, THERE, 7001), GROUP_DEVICE);
	assert_silent(reader);
}

static void nothing_goes_where_sendmsg_needs_a_right(void **state)
{
	static const char *const hosts[] = {
		"255.255.255.255", "198.18.0.3" /* the subnet's broadcast address */, "127.255.255.255", "224.0.0.1", "239.1.2.3", "0.0.0.0",
		"0.1.2.3", "240.0.0.1", "247.102.103.0" /* the group itself */,
	};

	(void)state;
	setsockopt(sd, SOL_SOCKET, SO_BROADCAST, &(int){ 1 }, sizeof(int));
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		assert_int_equal(shoot_one(sd, hosts[i], 7001), GROUP_ADDRESS);
	assert_int_equal(shoot_one(sd, THERE, 0), GROUP_ADDRESS);
}

static void a_route_that_forbids_is_obeyed(void **state)
{
	static const char *const kinds[] = { "blackhole", "prohibit", "unreachable" };
	char command[128];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(command, sizeof command, "ip route add %s 198.19.%zu.1", kinds[i], i);
		run(command);
		snprintf(command, sizeof command, "198.19.%zu.1", i);
		assert_int_equal(shoot_one(sd, command, 7001), GROUP_NO_ROUTE);
	}
	assert_int_equal(shoot_one(sd, "203.0.113.1", 7001), GROUP_ADDRESS); /* and none at all: the kernel tells no difference */
}

static void nothing_loops_back_to_the_group_device(void **state)
{

	(void)state;
	run("ip route add 198.51.100.0/24 dev sendgroup0");
	assert_true(shoot_one(sd, "198.51.100.1", 7001) >= GROUP_PLAIN);
	run("ip route del 198.51.100.0/24 dev sendgroup0");
}

static void what_is_larger_than_the_route_s_mtu_is_left(void **state)
{
	char large[1474];

	(void)state;
	memset(large, 'x', sizeof large);
	large[1473] = 0;
	aim(lane, 0, THERE, 7001);
	shoot(lane, sd, large, 1);
	assert_int_equal(code(0), GROUP_MTU);
	large[1472] = 0;
	shoot(lane, sd, large, 1);
	assert_int_equal(code(0), GROUP_SENT);
}

static void time_to_live_and_tos_are_the_socket_s(void **state)
{
	int ttl = 0, tos = 0;
	char byte, control[128];
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };

	(void)state;
	setsockopt(sd, IPPROTO_IP, IP_TTL, &(int){ 7 }, sizeof(int));
	setsockopt(sd, IPPROTO_IP, IP_TOS, &(int){ 0x48 }, sizeof(int));
	setsockopt(reader, IPPROTO_IP, IP_RECVTTL, &(int){ 1 }, sizeof(int));
	setsockopt(reader, IPPROTO_IP, IP_RECVTOS, &(int){ 1 }, sizeof(int));
	assert_int_equal(shoot_one(sd, THERE, 7001), GROUP_SENT);
	assert_int_equal(poll(&(struct pollfd){ .fd = reader, .events = POLLIN }, 1, 200), 1);
	assert_int_equal(recvmsg(reader, &message, 0), 1);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_type == IP_TTL)
			memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
		else if (c->cmsg_type == IP_TOS)
			tos = *CMSG_DATA(c);
	}
	assert_int_equal(ttl, 7);
	assert_int_equal(tos, 0x48);
}

static void a_lane_serves_only_sockets_of_its_users(void **state)
{
	int status;
	uint64_t before = strays();
	pid_t pid = fork();

	(void)state;
	if (!pid) { /* the mapping is still there, but the socket is nobody's */
		int other;

		if (setresuid(NOBODY, NOBODY, NOBODY))
			_exit(1);
		other = socket(AF_INET, SOCK_DGRAM, 0);
		aim(lane, 0, THERE, 7001);
		shoot(lane, other, "x", 1);
		_exit(lane->memory->chunks[0].answer || lane->memory->answers[0] ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_silent(reader);
	assert_int_equal(strays(), before + 1);
}

/* From another host, to two lanes: one that is written, and one of nobody, whose a packet without a socket seems to be. */
static void what_the_host_forwards_is_turned_away(void **state)
{
	const unsigned ports[2] = { GROUP_PORT(9, 0), GROUP_PORT(0, 1) };
	const uint32_t lanes[2] = { lane->number, lane->number + (uint32_t)options.lanes_n };
	uint64_t before = strays();

	(void)state;
	run("sysctl -qw net.ipv4.conf.fc-server.forwarding=1");
	aim(lane, 0, THERE, 7001);
	lane->memory->generation = 9;
	lane->memory->chunks[0] = (struct group_chunk){ .n = 1, .payload = 1 };
	assert_int_equal(topology_enter(veth, TOPOLOGY_PEER), 0);
	run("ip route add 247.102.103.0/24 via " HERE);
	for (int i = 0; i < 2; i++) {
		struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)ports[i]),
			.sin_addr.s_addr = htonl(GROUP_NET4 | lanes[i]) };

		assert_int_equal(sendto(reader, "x", 1, 0, (void *)&to, sizeof to), 1);
	}
	run("ip route del 247.102.103.0/24");
	assert_int_equal(topology_enter(veth, TOPOLOGY_SERVER), 0);
	run("sysctl -qw net.ipv4.conf.fc-server.forwarding=0");
	for (int i = 0; i < 100 && strays() < before + 2; i++) /* a softirq may be put off */
		usleep(10000);
	assert_int_equal(strays(), before + 2);
	assert_int_equal(lane->memory->chunks[0].answer, 0);
	assert_silent(reader);
}

/* Runs in a child as nobody: 0 when no map but his own can be opened. */
static int opens_only_his_own(void)
{
	char path[128];
	struct stat st;
	int own = 0;

	if (setresuid(NOBODY, NOBODY, NOBODY) || stat("/proc/self/ns/net", &st))
		return 1;
	for (int i = 0; i < 6; i++) {
		snprintf(path, sizeof path, GROUP_ROOT "/net-%u/maps/user-%d/%d", (unsigned)st.st_ino, i < 3 ? 0 : NOBODY, i);
		own += bpf_obj_get(path) >= 0;
		if (i == 2 && own)
			return 2;
	}
	snprintf(path, sizeof path, GROUP_ROOT "/net-%u/maps/quotas", (unsigned)st.st_ino);
	if (bpf_obj_get(path) >= 0)
		return 3;
	snprintf(path, sizeof path, GROUP_ROOT "/net-%u/user-0/lock", (unsigned)st.st_ino);
	if (open(path, O_RDWR) >= 0)
		return 4;
	return own == 3 ? 0 : 5;
}

static int in_child(int (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void nobody_opens_the_maps_of_another(void **state)
{
	(void)state;
	assert_int_equal(in_child(opens_only_his_own), 0);
}

static int sends_by_the_library(void)
{
	struct giorec rec[4];
	struct giobuf buf = { { "hello", 5 }, rec };
	int gerrno[4];

	if (setresuid(NOBODY, NOBODY, NOBODY) || sendgroup_use("bpf"))
		return 1;
	for (int i = 0; i < 4; i++)
		rec[i] = (struct giorec){ .gr_addr = addr4(THERE, 7001) };
	return sendgroup(socket(AF_INET, SOCK_DGRAM, 0), &buf, 4, 0, gerrno) != 4;
}

/* Whether anybody has a lane of nobody's. */
static bool lane_is_locked(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[128];
	struct stat st;
	int fd;

	if (stat("/proc/self/ns/net", &st))
		return false;
	snprintf(path, sizeof path, GROUP_ROOT "/net-%u/user-%d/lock", (unsigned)st.st_ino, NOBODY);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd >= 0 && !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type == F_WRLCK;
}

/* Closes every descriptor, among them the library's lock, and gives the numbers to other files. */
static int loses_descriptors(void)
{
	enum { FILES = 20 };
	int wrong = sends_by_the_library(), files[FILES];

	close_range(3, ~0u, 0);
	for (int i = 0; i < FILES; i++)
		files[i] = open("/dev/null", O_RDONLY);
	wrong |= sends_by_the_library();
	for (int i = 0; i < FILES; i++)
		wrong |= files[i] < 0 || read(files[i], &(char){ 0 }, 1) != 0;
	return wrong || !lane_is_locked();
}

static uint64_t sent_by(const char *account)
{
	struct facility_status *now = calloc(1, sizeof *now);
	uint64_t n = 0;

	assert_non_null(now);
	assert_int_equal(facility_status(now), 0);
	for (uint32_t i = 0; i < now->accounts_n; i++)
		if (!strcmp(now->accounts[i].name, account))
			n = now->accounts[i].counters.codes_n[GROUP_SENT];
	free(now);
	return n;
}

static void a_user_without_privilege_sends(void **state)
{
	uint64_t before = sent_by("user-65534");

	(void)state;
	assert_int_equal(in_child(sends_by_the_library), 0);
	assert_int_equal(sent_by("user-65534"), before + 4);
}

static void descriptors_that_a_program_closes_are_not_missed(void **state)
{
	uint64_t before = sent_by("user-65534");

	(void)state;
	assert_int_equal(in_child(loses_descriptors), 0);
	assert_int_equal(sent_by("user-65534"), before + 8);
}

static void above_rate_and_burst_nothing_is_sent(void **state)
{
	struct facility_options slow = options;

	(void)state;
	slow.rate = 1;
	slow.burst = 10;
	assert_int_equal(facility_up(&slow, false), 0); /* is up: sets the quota anew */
	for (unsigned i = 0; i < 8; i++)
		aim(lane, i, THERE, 7001);
	shoot(lane, sd, "x", 8);
	assert_int_equal(code(7), GROUP_SENT);
	shoot(lane, sd, "x", 8);
	assert_int_equal(code(0), GROUP_QUOTA);
	assert_int_equal(facility_up(&options, false), 0);
}

static void a_late_datagram_does_not_meet_the_next_call_s_recipients(void **state)
{

	(void)state;
	lane->memory->generation = 76;
	shoot_as(lane, sd, "x", (struct group_chunk){ .n = 1, .payload = 1 }, 76);
	assert_int_equal(code(0), GROUP_ADDRESS); /* it is looked at: port 0 */
	aim(lane, 0, THERE, 7001);
	lane->memory->generation = 77;
	shoot_as(lane, sd, "x", (struct group_chunk){ .n = 1, .payload = 1 }, 76);
	assert_int_equal(lane->memory->chunks[0].answer, 0);
	assert_silent(reader);
}

/* What one thread loses is not taken from another one in the middle of its call. */
static void a_lane_in_use_stays_its_caller_s_when_another_is_lost(void **state)
{
	struct bpf_lane *used = bpf_lane_get(), *lost = bpf_lane_get(), *others[2] = {NULL};

	(void)state;
	assert_non_null(used);
	assert_non_null(lost);
	bpf_lane_lost(lost);
	assert_int_equal(bpf_lane_probe(), 0); /* looks for them anew */
	for (int i = 0; i < 2; i++)
		if ((others[i] = bpf_lane_get()))
			assert_int_not_equal(others[i]->number, used->number);
	bpf_lane_put(used);
	for (int i = 0; i < 2; i++)
		if (others[i])
			bpf_lane_put(others[i]);
	assert_int_equal(bpf_lane_probe(), 0);
}

static void a_chunk_that_says_what_is_not_so_is_refused(void **state)
{
	static const struct group_chunk wrong[] = {
		{ .n = GROUP_CHUNK_MAX + 1, .payload = 1 }, { .n = 65535, .payload = 1 }, { .n = 0, .payload = 1 },
		{ .n = 1, .payload = 2 }, { .n = 1, .payload = 0 },
	};

	(void)state;
	aim(lane, 0, THERE, 7001);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		lane->memory->generation = 5;
		shoot_as(lane, sd, "x", wrong[i], 5);
		assert_int_equal(code(0), GROUP_FORM);
	}
	shoot_as(lane, sd, "x", (struct group_chunk){ .n = 1, .payload = 1, .head = 2 }, 5);
	assert_int_equal(code(0), GROUP_PRIVATE);
	shoot_as(lane, sd, "x", (struct group_chunk){ .n = 1, .payload = 1, .head = 65535, .tail = 65535 }, 5);
	assert_int_equal(code(0), GROUP_PRIVATE);
	lane->memory->recipients[0].private_at = UINT32_MAX;
	shoot_as(lane, sd, "x", (struct group_chunk){ .n = 1, .payload = 1, .head = 1 }, 5);
	assert_int_equal(code(0), GROUP_PRIVATE);
	assert_silent(reader);
}

/* ---- Policy ---- */

/* What the program says while something is there that wants to see packets, and after it has gone. */
static void check_policy(const char *add, const char *del)
{

	assert_int_equal(shoot_one(sd, THERE, 7001), GROUP_SENT);
	run(add);
	assert_int_equal(shoot_one(sd, THERE, 7001), GROUP_POLICY);
	run(del);
	assert_int_equal(shoot_one(sd, THERE, 7001), GROUP_SENT);
}

static void routing_rules_and_ipsec_policies_are_seen_at_once(void **state)
{
	(void)state;
	check_policy("ip rule add from 198.18.0.77 table 77", "ip rule del from 198.18.0.77 table 77");
	check_policy("ip xfrm policy add src 198.18.0.0/24 dst 198.18.5.0/24 dir out tmpl src 198.18.0.1 dst 198.18.5.1 proto esp mode tunnel",
		     "ip xfrm policy flush");
}

static void netfilter_s_output_hooks_are_seen_at_once(void **state)
{
	(void)state;
	check_policy("nft 'add table ip t; add chain ip t c { type filter hook output priority 0; }'", "nft flush ruleset");
	check_policy("nft 'add table inet t; add chain inet t c { type filter hook postrouting priority 0; }'", "nft flush ruleset");
}

/* A program at the egress of a cgroup that this process is in. */
static void a_cgroup_s_program_is_seen_at_once(void **state)
{
	const struct bpf_insn pass[] = { { .code = 0xb7, .dst_reg = 0, .imm = 1 }, { .code = 0x95 } };
	int prog = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, "pass", "GPL", pass, 2, NULL), cgroup, inside;

	(void)state;
	assert_true(prog >= 0);
	run("mkdir -p /run/cg && mount -t cgroup2 cg /run/cg && mkdir -p /run/cg/forecall-test");
	run("echo $PPID > /run/cg/forecall-test/cgroup.procs");
	inside = socket(AF_INET, SOCK_DGRAM, 0); /* of the new cgroup */
	assert_int_equal(shoot_one(inside, THERE, 7001), GROUP_SENT);
	cgroup = open("/run/cg/forecall-test", O_RDONLY | O_DIRECTORY);
	assert_int_equal(bpf_prog_attach(prog, cgroup, BPF_CGROUP_INET_EGRESS, 0), 0);
	assert_int_equal(shoot_one(inside, THERE, 7001), GROUP_POLICY);
	assert_int_equal(bpf_prog_detach2(prog, cgroup, BPF_CGROUP_INET_EGRESS), 0);
	run("echo $PPID > /run/cg/cgroup.procs");
	assert_int_equal(shoot_one(inside, THERE, 7001), GROUP_PLACE); /* the socket is still of the other cgroup */
	close(inside), close(cgroup), close(prog);
	run("rmdir /run/cg/forecall-test && umount /run/cg");
}

static void it_does_not_come_up_where_policy_forbids_unless_told_otherwise(void **state)
{
	struct facility_options careless = options;

	(void)state;
	run("ip rule add from 198.18.0.77 table 77");
	assert_int_equal(facility_up(&options, false), -ECANCELED);
	careless.ignore_policy = true;
	assert_int_equal(facility_up(&careless, false), 0);
	run("ip rule del from 198.18.0.77 table 77");
	assert_int_equal(facility_up(&options, false), 0);
}

/* ---- Who writes while the program reads ---- */

static volatile int *scribbles_end;

/* Writes noise over a lane of nobody's while sending from it; ends when told. */
static int scribble(void)
{
	struct bpf_lane *own;
	unsigned seed = 1;
	int from;
	pid_t other;

	if (setresuid(NOBODY, NOBODY, NOBODY) || !(own = bpf_lane_get()))
		return 1;
	from = bound(HERE, 7099);
	other = fork();
	while (!*scribbles_end) {
		uint32_t *word = (uint32_t *)own->memory + (unsigned)rand_r(&seed) % (sizeof *own->memory / 4 / (other ? 1 : 16));

		*(volatile uint32_t *)word = (uint32_t)rand_r(&seed) << (rand_r(&seed) & 15);
		if (other && !(rand_r(&seed) & 15)) {
			aim(own, 0, THERE, 7001);
			shoot(own, from, "hostile", 1 + (unsigned)rand_r(&seed) % GROUP_CHUNK_MAX);
		}
	}
	if (other)
		waitpid(other, NULL, 0);
	return 0;
}

/* Everything that comes is from the hostile socket and of its length, or is ours and whole. */
static void read_all(uint64_t *ours, uint64_t *theirs)
{
	struct sockaddr_in from;
	char data[64];
	ssize_t n;

	while ((n = next(reader, data, sizeof data, &from)) >= 0) {
		assert_int_equal(from.sin_addr.s_addr, inet_addr(HERE));
		if (ntohs(from.sin_port) == 7099) {
			assert_int_equal(n, 7);
			++*theirs;
		} else {
			assert_int_equal(ntohs(from.sin_port), 7002);
			assert_int_equal(n, 4);
			assert_memory_equal(data, "ours", 4);
			++*ours;
		}
	}
}

static void who_scribbles_over_his_lane_harms_only_his_own_packets(void **state)
{
	int status;
	uint64_t ours = 0, theirs = 0, sent = 0;
	pid_t pid;

	(void)state;
	scribbles_end = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setsockopt(reader, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ 1 << 24 }, sizeof(int));
	pid = fork();
	if (!pid)
		_exit(scribble());
	for (int i = 0; i < 2000; i++) {
		aim(lane, 0, THERE, 7001);
		shoot(lane, sd, "ours", 1);
		sent += code(0) == GROUP_SENT;
		usleep(100);
	}
	*scribbles_end = 1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	read_all(&ours, &theirs);
	assert_int_equal(sent, 2000);
	assert_int_equal(ours, 2000);
	assert_true(theirs > 0);
	munmap((void *)scribbles_end, 4096);
}

/* A router on the far side says so. */
static void announce_router(void)
{
	const struct nd_router_advert message = { .nd_ra_type = ND_ROUTER_ADVERT, .nd_ra_router_lifetime = htons(1800) };
	struct sockaddr_in6 all = { .sin6_family = AF_INET6 };
	int fd;

	assert_int_equal(topology_enter(veth, TOPOLOGY_PEER), 0);
	inet_pton(AF_INET6, "ff02::1", &all.sin6_addr);
	all.sin6_scope_id = if_nametoindex("fc-peer");
	fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	assert_true(fd >= 0);
	setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &(int){ 255 }, sizeof(int));
	sendto(fd, &message, sizeof message, 0, (void *)&all, sizeof all);
	close(fd);
	assert_int_equal(topology_enter(veth, TOPOLOGY_SERVER), 0);
}

static bool has_announced_route(void)
{
	return !system("ip -6 route show default dev fc-server | grep -q ."); /* NOLINT(cert-env33-c) */
}

static void routes_that_routers_announced_stay(void **state)
{

	(void)state;
	run("sysctl -qw net.ipv6.conf.sendgroup0.forwarding=0");
	for (int i = 0; i < 50 && !has_announced_route(); i++) { /* until addresses have been checked for others that have them */
		announce_router();
		usleep(100000);
	}
	assert_true(has_announced_route());
	assert_int_equal(device_set_up("sendgroup0", if_nametoindex("sendgroup0")), 0);
	run("sysctl -n net.ipv6.conf.sendgroup0.forwarding net.ipv6.conf.fc-server.accept_ra | xargs | grep -qx '1 1'");
	assert_true(has_announced_route());
	run("ip -6 route flush default dev fc-server");
}

/* Two who share a lane send by it at once: no packet of one has the other's source. */
static void two_datagrams_of_a_lane_at_once_keep_their_sources(void **state)
{
	const struct group_chunk chunk = { .n = 64, .payload = 1 };
	_Atomic int *there = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t before = strays(), seen[2] = { 0 };
	struct sockaddr_in from;
	int second, status;
	char byte;
	pid_t pid;

	(void)state;
	run("ip addr add 198.18.0.9/32 dev fc-server");
	second = bound("198.18.0.9", 7009);
	for (unsigned i = 0; i < chunk.n; i++)
		aim(lane, i, THERE, 7001);
	lane->memory->generation = 9;
	pid = fork();
	++*there;
	for (int i = 0; i < 10000 && *there < 2; i++)
		usleep(1000);
	for (int i = 0; i < 3000; i++) {
		shoot_as(lane, pid ? sd : second, "x", chunk, 9);
		while (pid && recvfrom(reader, &byte, 1, MSG_DONTWAIT, (void *)&from, &(socklen_t){ sizeof from }) == 1) {
			bool his = ntohs(from.sin_port) == 7009;

			assert_int_equal(from.sin_addr.s_addr, inet_addr(his ? "198.18.0.9" : HERE));
			seen[his]++;
		}
	}
	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(seen[0] > 0 && seen[1] > 0);
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		assert_true(strays() > before); /* they did meet */
	munmap(there, 4096);
	run("ip addr del 198.18.0.9/32 dev fc-server");
	close(second);
}

static int open_scene(void **state)
{
	(void)state;
	lane = bpf_lane_get();
	reader = receiver(7001);
	sd = bound(HERE, 7002);
	if (lane)
		memset(lane->memory->recipients, 0, sizeof lane->memory->recipients);
	return !lane;
}

static int close_scene(void **state)
{
	(void)state;
	close(reader);
	close(sd);
	bpf_lane_put(lane);
	return 0;
}

static int set_up(void **state)
{
	int err = topology_new(TOPOLOGY_VETH, -1, &veth);

	(void)state;
	if (!err)
		err = topology_enter(veth, TOPOLOGY_SERVER);
	if (!err)
		err = accounts_add_user(&options.accounts, "0");
	if (!err)
		err = accounts_add_user(&options.accounts, "65534");
	return err ? err : facility_up(&options, true);
}

static int tear_down(void **state)
{
	int err = facility_down();

	(void)state;
	accounts_free(&options.accounts);
	topology_free(veth);
	return err;
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)
	const struct CMUnitTest tests[] = {
		SCENE(the_source_is_the_socket_s_own),
		SCENE(an_address_that_is_received_by_is_no_source),
		SCENE(a_loopback_source_does_not_leave_the_host),
		SCENE(a_socket_bound_to_a_device_sends_by_no_other),
		SCENE(nothing_goes_where_sendmsg_needs_a_right),
		SCENE(a_route_that_forbids_is_obeyed),
		SCENE(nothing_loops_back_to_the_group_device),
		SCENE(what_is_larger_than_the_route_s_mtu_is_left),
		SCENE(time_to_live_and_tos_are_the_socket_s),
		SCENE(a_lane_serves_only_sockets_of_its_users),
		SCENE(what_the_host_forwards_is_turned_away),
		SCENE(nobody_opens_the_maps_of_another),
		SCENE(a_user_without_privilege_sends),
		SCENE(descriptors_that_a_program_closes_are_not_missed),
		SCENE(above_rate_and_burst_nothing_is_sent),
		SCENE(a_late_datagram_does_not_meet_the_next_call_s_recipients),
		SCENE(a_lane_in_use_stays_its_caller_s_when_another_is_lost),
		SCENE(a_chunk_that_says_what_is_not_so_is_refused),
		SCENE(routing_rules_and_ipsec_policies_are_seen_at_once),
		SCENE(netfilter_s_output_hooks_are_seen_at_once),
		SCENE(a_cgroup_s_program_is_seen_at_once),
		SCENE(it_does_not_come_up_where_policy_forbids_unless_told_otherwise),
		SCENE(who_scribbles_over_his_lane_harms_only_his_own_packets),
		SCENE(two_datagrams_of_a_lane_at_once_keep_their_sources),
		SCENE(routes_that_routers_announced_stay),
	};

	if (geteuid()) {
		puts("skip: needs root to make network namespaces and load BPF programs");
		return 77;
	}
	if (access("/dev/net/tun", R_OK | W_OK)) {
		puts("skip: no /dev/net/tun here, of which a group device is made");
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
