/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kmod_check.c: checks the sendgroup module from user space, in a guest: what is delivered, what is refused, and what it
 * may be used for. Each check prints "ok NAME" or dies telling where it failed.
 *
 * usage: kmod_check deliver ADDR N [NETNS]  every size and up to N recipients to receivers at ADDR (in that namespace)
 *        kmod_check mixed ADDR              recipients of whom some cannot be reached, among others who can
 *        kmod_check refuse                  every errno that is documented
 *        kmod_check memory CGROUP           what it says when this control group, of memory, has none left
 *        kmod_check missing                 what the library says where the module is not loaded
 *        kmod_check bound                   SO_SETGRP
 *        kmod_check block ADDR              the send buffer, signals and MSG_DONTWAIT; ADDR is behind a slow device
 */
#include "kmod/include/libsendgroup.h"
#include "kmod/include/sendgroup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(what) \
	do { \
		if (!(what)) { \
			printf("failed %s:%d: %s (errno %d %s)\n", __func__, __LINE__, #what, errno, strerror(errno)); \
			exit(1); \
		} \
	} while (0)

enum { READERS = 8, GROUP_MAX = 4096, BYTES_MAX = 65536 };

static struct {
	int family, from, readers[READERS];
	struct sockaddr_storage addr[READERS];
	struct giorec6 rec[GROUP_MAX];
	int gerrno[GROUP_MAX];
	char payload[BYTES_MAX], heads[READERS][BYTES_MAX], got[BYTES_MAX];
} s;

static socklen_t addr_len(void)
{
	return s.family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/* ---- Receivers ---- */

static void enter(const char *path)
{
	int fd = open(path, O_RDONLY);

	MUST(fd >= 0 && !setns(fd, CLONE_NEWNET));
	close(fd);
}

static void open_reader(const char *to, int i)
{
	socklen_t n = addr_len();
	void *where = s.family == AF_INET ? (void *)&((struct sockaddr_in *)&s.addr[i])->sin_addr :
					    (void *)&((struct sockaddr_in6 *)&s.addr[i])->sin6_addr;

	s.addr[i].ss_family = (sa_family_t)s.family;
	MUST(inet_pton(s.family, to, where) == 1);
	s.readers[i] = socket(s.family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	MUST(s.readers[i] >= 0);
	setsockopt(s.readers[i], SOL_SOCKET, SO_RCVBUFFORCE, &(int){ 1 << 29 }, sizeof(int));
	MUST(!bind(s.readers[i], (void *)&s.addr[i], n) && !getsockname(s.readers[i], (void *)&s.addr[i], &n));
}

static void open_all(const char *to, const char *netns)
{
	s.family = strchr(to, ':') ? AF_INET6 : AF_INET;
	if (netns)
		enter(netns);
	for (int i = 0; i < READERS; i++)
		open_reader(to, i);
	if (netns)
		enter("/proc/1/ns/net");
	s.from = socket(s.family, SOCK_DGRAM, 0);
	MUST(s.from >= 0);
	for (int i = 0; i < BYTES_MAX; i++)
		s.payload[i] = (char)(i * 7 + i / 251);
	for (int r = 0; r < READERS; r++)
		for (int i = 0; i < BYTES_MAX; i++)
			s.heads[r][i] = (char)(r * 31 + i * 5);
	for (int i = 0; i < GROUP_MAX; i++)
		s.rec[i].gr_addr = s.addr[i % READERS];
}

/* ---- deliver ---- */

struct shape {
	size_t payload, head, tail;
	unsigned n;
};

static void check_one(const struct shape *h, int r)
{
	size_t whole = h->head + h->payload + h->tail;
	ssize_t n;

	for (int tries = 0; (n = recv(s.readers[r], s.got, sizeof s.got, 0)) < 0 && errno == EAGAIN && tries < 2000; tries++)
		usleep(500);
	if (n != (ssize_t)whole)
		printf("payload %zu head %zu tail %zu n %u reader %d\n", h->payload, h->head, h->tail, h->n, r);
	MUST(n == (ssize_t)whole);
	MUST(!memcmp(s.got, s.heads[r], h->head) && !memcmp(s.got + h->head, s.payload, h->payload));
	MUST(!memcmp(s.got + h->head + h->payload, s.heads[r], h->tail));
}

/* A card and its receiver share one processor here: what is more than the card's ring holds at once goes in parts. */
static void deliver(const struct shape *h, unsigned at_once)
{
	struct giobuf6 buf = { { s.payload, h->payload }, s.rec };

	for (unsigned i = 0; i < h->n; i++) {
		s.rec[i].gr_head = (struct iovec){ s.heads[i % READERS], h->head };
		s.rec[i].gr_tail = (struct iovec){ s.heads[i % READERS], h->tail };
	}
	for (unsigned done = 0; done < h->n;) {
		unsigned n = h->n - done < at_once ? h->n - done : at_once;

		buf.gb_rec = s.rec + done;
		memset(s.gerrno, 0xff, n * sizeof *s.gerrno);
		MUST(sendgroup6(s.from, &buf, n, 0, s.gerrno) == (int)n);
		for (unsigned i = 0; i < n; i++) {
			MUST(!s.gerrno[i]);
			check_one(h, (int)((done + i) % READERS));
		}
		done += n;
	}
	for (int r = 0; r < READERS; r++)
		MUST(recv(s.readers[r], s.got, 1, 0) < 0 && errno == EAGAIN);
}

static unsigned at_once(const struct shape *h, int on_wire)
{
	size_t frames = (h->head + h->payload + h->tail) / 1400 + 1;

	if (!on_wire)
		return (unsigned)(h->payload > 5000 ? 512 : GROUP_MAX);
	return frames > 100 ? 1 : (unsigned)(160 / frames + 1);
}

static int deliver_all(const char *to, const char *netns, unsigned group_max)
{
	static const size_t payloads[] = { 0, 1, 7, 100, 1000, 1472, 5000, 65507 }, privates[] = { 0, 3, 40, 1400 };
	static const unsigned groups[] = { 1, 2, 10, 1000, 4096 };
	unsigned long n = 0;

	open_all(to, netns);
	for (int p = 0; p < 8; p++) {
		for (int v = 0; v < 4; v++) {
			for (int g = 0; g < 5; g++) {
				for (int side = 0; side < 3; side++) {
					struct shape h = { payloads[p], side != 1 ? privates[v] : 0, side ? privates[v] : 0, groups[g] };

					if (h.n > group_max)
						continue;
					if (h.head + h.tail + h.payload > 65507)
						h.payload = 65507 - h.head - h.tail; /* the greatest that there is with these */
					if ((netns && h.n > 10 && h.payload > 1472) || (side && h.n > 10 && h.payload > 1472))
						continue;
					deliver(&h, at_once(&h, netns != NULL));
					n++;
				}
			}
		}
	}
	printf("ok deliver %s: %lu settings\n", to, n);
	return 0;
}

/* ---- mixed ---- */

/* Recipient i of a group: what is wrong with him, 0 for nothing. */
static int spoil(unsigned i)
{
	struct sockaddr_in *in = (void *)&s.rec[i].gr_addr;
	struct sockaddr_in6 *in6 = (void *)&s.rec[i].gr_addr;

	switch (i % 7) {
	case 1:
		in->sin_port = 0; /* both families have it there */
		return EINVAL;
	case 3:
		if (s.family == AF_INET)
			return in->sin_addr.s_addr = htonl(0xc0a8c801), ENETUNREACH;
		MUST(inet_pton(AF_INET6, "2001:db8::1", &in6->sin6_addr) == 1);
		return ENETUNREACH;
	case 4:
		s.rec[i].gr_tail = (struct iovec){ (void *)8, 4 };
		return EFAULT;
	case 6:
		s.rec[i].gr_head = (struct iovec){ s.payload, 65500 };
		return EMSGSIZE;
	default:
		return 0;
	}
}

static int mixed(const char *to)
{
	enum { GROUP = 1000 };
	struct giobuf6 buf = { { s.payload, 100 }, s.rec };
	int errors[GROUP], reached = 0;
	struct shape h = { .payload = 100, .n = GROUP };

	open_all(to, NULL);
	for (unsigned i = 0; i < GROUP; i++) {
		errors[i] = spoil(i);
		reached += !errors[i];
	}
	MUST(sendgroup6(s.from, &buf, GROUP, 0, s.gerrno) == reached);
	for (unsigned i = 0; i < GROUP; i++) {
		MUST(s.gerrno[i] == errors[i]);
		if (!errors[i])
			check_one(&h, (int)(i % READERS));
	}
	for (int r = 0; r < READERS; r++)
		MUST(recv(s.readers[r], s.got, 1, 0) < 0 && errno == EAGAIN);
	printf("ok mixed %s: %d of %d\n", to, reached, GROUP);
	return 0;
}

/* ---- refuse ---- */

static int device(void)
{
	int fd = open("/dev/sendgroup", O_RDWR);

	MUST(fd >= 0);
	return fd;
}

static void refused(int dev, const struct sendgroup_msg *good, size_t at, const void *value, size_t n, int err)
{
	struct { struct sendgroup_msg msg; char behind[64]; } bad = { .msg = *good };

	memcpy((char *)&bad + at, value, n);
	errno = 0;
	if (ioctl(dev, SENDGROUP_SEND, &bad) != -1 || errno != err)
		printf("field at %zu: expected %d\n", at, err);
	MUST(errno == err);
}

#define REFUSED(field, value, err) \
	refused(dev, &good, offsetof(struct sendgroup_msg, field), &(typeof(good.field)){ value }, sizeof good.field, err)

static void refuse_calls(void)
{
	struct sendgroup_msg good = {
		.size = sizeof good, .fd = s.from, .addr_size = sizeof s.rec[0].gr_addr, .recnum = 2,
		.records = (uintptr_t)s.rec, .shared = (uintptr_t)s.payload, .shared_len = 10, .gerrno = (uintptr_t)s.gerrno,
	};
	int dev = device(), tcp = socket(AF_INET, SOCK_STREAM, 0);
	struct { struct sendgroup_msg msg; __u64 more; } longer = { .msg = good };

	MUST(ioctl(dev, SENDGROUP_SEND, &good) == 2);
	longer.msg.size = sizeof longer;
	MUST(ioctl(dev, SENDGROUP_SEND, &longer) == 2); /* a later version with nothing new in it */
	longer.more = 1;
	MUST(ioctl(dev, SENDGROUP_SEND, &longer) == -1 && errno == E2BIG);
	REFUSED(size, 0, EINVAL);
	REFUSED(size, sizeof good - 1, EINVAL);
	REFUSED(size, 1 << 20, EINVAL);
	REFUSED(fd, -1, EBADF);
	REFUSED(fd, dev, ENOTSOCK);
	REFUSED(fd, tcp, EOPNOTSUPP);
	REFUSED(flags, MSG_MORE, EINVAL);
	REFUSED(flags, 1u << 31, EINVAL);
	REFUSED(addr_size, 17, EINVAL);
	REFUSED(pad, 1, EINVAL);
	REFUSED(recnum, 1u << 31, EINVAL);
	REFUSED(records, 8, EFAULT);
	REFUSED(records, ~0ull - 8, EFAULT);
	REFUSED(gerrno, 8, EFAULT);
	MUST(ioctl(dev, SENDGROUP_SEND, (void *)8) == -1 && errno == EFAULT);
	MUST(ioctl(dev, _IO('G', 1), &good) == -1 && errno == ENOTTY);
	close(tcp);
	close(dev);
}

static int error_of(struct giorec6 *rec, size_t payload)
{
	struct giobuf6 buf = { { s.payload, payload }, rec };
	int gerrno = -1;

	MUST(sendgroup6(s.from, &buf, 1, 0, &gerrno) == !gerrno);
	return gerrno;
}

static void refuse_recipients(void)
{
	struct giorec6 good = { .gr_addr = s.addr[0] }, r;
	struct sockaddr_in *in = (void *)&r.gr_addr;

	r = good; MUST(error_of(&r, 10) == 0);
	r = good; in->sin_port = 0; MUST(error_of(&r, 10) == EINVAL);
	r = good; in->sin_family = AF_UNIX; MUST(error_of(&r, 10) == EAFNOSUPPORT);
	r = good; in->sin_addr.s_addr = htonl(0xc0a8c801); MUST(error_of(&r, 10) == ENETUNREACH);
	r = good; in->sin_addr.s_addr = htonl(0x7fffffff); MUST(error_of(&r, 10) == EACCES);
	r = good; r.gr_head = (struct iovec){ (void *)8, 4 }; MUST(error_of(&r, 10) == EFAULT);
	r = good; r.gr_tail = (struct iovec){ (void *)8, 4 }; MUST(error_of(&r, 5000) == EFAULT);
	r = good; r.gr_tail = (struct iovec){ s.payload, 1 }; MUST(error_of(&r, 65507) == EMSGSIZE);
	r = good; MUST(error_of(&r, 65508) == EMSGSIZE);
	r = good; r.gr_head = (struct iovec){ s.payload, (size_t)-1 }; MUST(error_of(&r, 10) == EMSGSIZE);
}

/* The kernel says ENOTCONN, and shuts it all the same. */
static void refuse_shut(void)
{
	struct giorec6 good = { .gr_addr = s.addr[0] };

	MUST(shutdown(s.from, SHUT_WR) && errno == ENOTCONN);
	MUST(error_of(&good, 10) == EPIPE);
}

/* Socket options that make sendmsg() do more than the module does are left to sendmsg(): EOPNOTSUPP. */
static void refuse_options(void)
{
	struct giobuf6 buf = { { s.payload, 10 }, s.rec };

	MUST(!setsockopt(s.from, IPPROTO_UDP, 1 /* UDP_CORK */, &(int){ 1 }, sizeof(int)));
	MUST(sendgroup6(s.from, &buf, 1, 0, NULL) == -1 && errno == EOPNOTSUPP);
	MUST(!setsockopt(s.from, IPPROTO_UDP, 1, &(int){ 0 }, sizeof(int)));
	MUST(!setsockopt(s.from, SOL_IP, IP_OPTIONS, "\1\1\1\1", 4));
	MUST(sendgroup6(s.from, &buf, 1, 0, NULL) == -1 && errno == EOPNOTSUPP);
	MUST(!setsockopt(s.from, SOL_IP, IP_OPTIONS, "", 0));
	MUST(!setsockopt(s.from, IPPROTO_UDP, 103 /* UDP_SEGMENT */, &(int){ 1000 }, sizeof(int)));
	MUST(sendgroup6(s.from, &buf, 1, 0, NULL) == -1 && errno == EOPNOTSUPP);
	MUST(!setsockopt(s.from, IPPROTO_UDP, 103, &(int){ 0 }, sizeof(int)));
	MUST(!setsockopt(s.from, SOL_SOCKET, SO_TIMESTAMPING, &(int){ 1 << 1 /* SOF_TIMESTAMPING_TX_SOFTWARE */ }, sizeof(int)));
	MUST(sendgroup6(s.from, &buf, 1, 0, NULL) == -1 && errno == EOPNOTSUPP);
	MUST(!setsockopt(s.from, SOL_SOCKET, SO_TIMESTAMPING, &(int){ 0 }, sizeof(int)));
	MUST(sendgroup6(s.from, &buf, 1, 0, NULL) == 1);
}

/* Flow labels, which only an IPv6 socket has. */
static void refuse_flow_label(void)
{
	struct giobuf6 buf = { { s.payload, 10 }, s.rec };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	MUST(fd >= 0 && sendgroup6(fd, &buf, 1, 0, NULL) == 1);
	MUST(!setsockopt(fd, SOL_IPV6, 33 /* IPV6_FLOWINFO_SEND */, &(int){ 1 }, sizeof(int)));
	MUST(sendgroup6(fd, &buf, 1, 0, NULL) == -1 && errno == EOPNOTSUPP);
	close(fd);
}

/* A program of the root control group that decides on each sendmsg(), and lets pass all of them. Not every kernel has BPF. */
static void refuse_guarded(void)
{
	static const struct bpf_insn pass[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 }, { .code = BPF_JMP | BPF_EXIT } };
	struct giobuf6 buf = { { s.payload, 10 }, s.rec };
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR, .expected_attach_type = BPF_CGROUP_UDP4_SENDMSG,
		.insns = (uintptr_t)pass, .insn_cnt = 2, .license = (uintptr_t)"GPL",
	}, attach = { .attach_type = BPF_CGROUP_UDP4_SENDMSG };
	int program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);

	if (program < 0 && errno == ENOSYS)
		return;
	attach.attach_bpf_fd = (__u32)program;
	attach.target_fd = (__u32)open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY);
	MUST(program >= 0 && !syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach));
	MUST(sendgroup6(s.from, &buf, 1, 0, NULL) == -1 && errno == EOPNOTSUPP);
	MUST(!syscall(SYS_bpf, BPF_PROG_DETACH, &attach, sizeof attach));
	MUST(sendgroup6(s.from, &buf, 1, 0, NULL) == 1);
	close((int)attach.target_fd);
	close(program);
}

static void set_mtu(const char *device, int mtu)
{
	struct ifreq request = { .ifr_mtu = mtu };

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
	MUST(!ioctl(s.from, SIOCSIFMTU, &request));
}

/* What fits into MTU `mtu` of the device that leads to r, and what does not, with `headers` bytes of IP and UDP. */
static void mtu_is(struct giorec6 *r, int mtu, int headers)
{
	set_mtu("dummy9", mtu);
	MUST(error_of(r, (size_t)(mtu - headers)) == 0 && error_of(r, (size_t)(mtu - headers) + 1) == EMSGSIZE);
}

/* What must not be fragmented and does not fit, to `to` behind the dummy device. */
static void refuse_above_mtu(int family, const char *to, int level, int option, int headers)
{
	int from = s.from;
	struct giorec6 r = { .gr_addr = { .ss_family = (sa_family_t)family } };

	s.from = socket(family, SOCK_DGRAM, 0);
	((struct sockaddr_in *)&r.gr_addr)->sin_port = htons(7001); /* both families have it there */
	MUST(inet_pton(family, to, family == AF_INET ? (void *)&((struct sockaddr_in *)&r.gr_addr)->sin_addr :
						       (void *)&((struct sockaddr_in6 *)&r.gr_addr)->sin6_addr) == 1);
	MUST(error_of(&r, 2000) == 0);
	MUST(!setsockopt(s.from, level, option, &(int){ IP_PMTUDISC_DO }, sizeof(int)));
	mtu_is(&r, 1500, headers);
	mtu_is(&r, 1400, headers); /* under the route that is kept */
	mtu_is(&r, 1500, headers);
	close(s.from);
	s.from = from;
}

/* In a child: a device that another user or another namespace has opened. */
static int misuse(int as_user)
{
	struct sendgroup_msg msg = {
		.size = sizeof msg, .fd = s.from, .addr_size = sizeof s.rec[0].gr_addr, .recnum = 1,
		.records = (uintptr_t)s.rec, .shared = (uintptr_t)s.payload, .shared_len = 1,
	};
	int dev = device(), status;
	pid_t pid = fork();

	if (!pid) {
		if (as_user ? setuid(1000) : unshare(CLONE_NEWNET))
			_exit(255);
		if (!as_user)
			msg.fd = socket(AF_INET, SOCK_DGRAM, 0);
		_exit(ioctl(dev, SENDGROUP_SEND, &msg) == -1 ? errno : 0);
	}
	MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	close(dev);
	return WEXITSTATUS(status);
}

static int refuse_all(void)
{
	open_all("127.0.0.1", NULL);
	refuse_calls();
	refuse_recipients();
	refuse_options();
	refuse_flow_label();
	refuse_guarded();
	refuse_above_mtu(AF_INET, "10.9.0.2", SOL_IP, IP_MTU_DISCOVER, 28);
	refuse_above_mtu(AF_INET6, "fd09::2", SOL_IPV6, IPV6_MTU_DISCOVER, 48);
	MUST(misuse(1) == EPERM);
	MUST(misuse(0) == EXDEV);
	refuse_shut();
	printf("ok refuse\n");
	return 0;
}

/* ---- memory ---- */

static void put(const char *folder, const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_WRONLY);
	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* In a child that has all its own memory already, and whom nothing kills for want of more. */
static int starved(const char *cgroup, int dev)
{
	struct sendgroup_msg msg = {
		.size = sizeof msg, .fd = s.from, .addr_size = sizeof s.rec[0].gr_addr, .recnum = 1,
		.records = (uintptr_t)s.rec, .shared = (uintptr_t)s.payload, .shared_len = 1000,
	};

	MUST(!mlockall(MCL_CURRENT | MCL_FUTURE));
	put("/proc/self", "oom_score_adj", "-1000");
	put(cgroup, "memory.max", "0");
	put(cgroup, "cgroup.procs", "0");
	if (ioctl(dev, SENDGROUP_SEND, &msg) != -1 || errno != ENOMEM)
		return 1;
	if (setsockopt(s.from, SOL_IP, SO_SETGRP, s.addr, 40 * sizeof(struct sockaddr_in)) != -1 || errno != ENOMEM)
		return 2;
	return 0;
}

static int memory(const char *cgroup)
{
	int dev = device(), status;
	pid_t pid;

	open_all("127.0.0.1", NULL);
	pid = fork();
	if (!pid)
		_exit(starved(cgroup, dev));
	MUST(waitpid(pid, &status, 0) == pid);
	MUST(!status);
	MUST(error_of(&(struct giorec6){ .gr_addr = s.addr[0] }, 10) == 0); /* the socket is none the worse for it */
	printf("ok memory\n");
	return 0;
}

static int missing(void)
{
	struct giobuf6 buf = { { s.payload, 10 }, s.rec };

	MUST(!setenv("SENDGROUP_BACKEND", "module", 1)); /* read at the first call */
	open_all("127.0.0.1", NULL);
	MUST(!sendgroup_backend() && errno == ENOSYS);
	MUST(sendgroup6(s.from, &buf, 1, 0, NULL) == -1 && errno == ENOSYS);
	MUST(sendgroup_use("module") == -1 && errno == ENOSYS);
	MUST(!sendgroup_use("sendmmsg") && sendgroup6(s.from, &buf, 1, 0, NULL) == 1);
	printf("ok missing\n");
	return 0;
}

/* ---- bound ---- */

static void heard(int from, int to)
{
	for (int r = 0; r < READERS; r++)
		MUST((recv(s.readers[r], s.got, sizeof s.got, 0) == 100) == (r >= from && r < to));
}

static int bound_all(const char *to)
{
	char addrs[READERS * sizeof(struct sockaddr_in6)];
	int status, tcp = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t one;
	pid_t pid;

	open_all(to, NULL);
	one = addr_len();
	for (int r = 0; r < READERS; r++)
		memcpy(addrs + r * one, &s.addr[r], one);
	MUST(send(s.from, s.payload, 100, 0) == -1 && errno == EDESTADDRREQ);
	MUST(!setsockopt(s.from, SOL_IP, SO_SETGRP, addrs, READERS * one));
	MUST(send(s.from, s.payload, 100, 0) == 100);
	heard(0, READERS);
	MUST(!setsockopt(s.from, SOL_IP, SO_SETGRP, addrs, 3 * one));
	MUST(write(s.from, s.payload, 100) == 100);
	heard(0, 3);
	pid = fork();
	if (!pid)
		_exit(send(s.from, s.payload, 100, 0) != 100);
	MUST(waitpid(pid, &status, 0) == pid && !status);
	heard(0, 3);
	MUST(sendto(s.from, s.payload, 100, 0, (void *)&s.addr[5], one) == 100); /* an address of one's own goes before */
	heard(5, 6);
	MUST(setsockopt(s.from, SOL_IP, SO_SETGRP, addrs, one - 1) == -1 && errno == EINVAL);
	MUST(setsockopt(s.from, SOL_IP, SO_SETGRP, (void *)8, one) == -1 && errno == EFAULT);
	MUST(setsockopt(tcp, SOL_IP, SO_SETGRP, addrs, one) == -1 && errno == EOPNOTSUPP);
	MUST(send(s.from, s.payload, s.family == AF_INET ? 65508 : 65528, 0) == -1 && errno == EMSGSIZE);
	MUST(!setsockopt(s.from, SOL_IP, SO_SETGRP, NULL, 0));
	MUST(send(s.from, s.payload, 100, 0) == -1 && errno == EDESTADDRREQ);
	heard(0, 0);
	printf("ok bound %s\n", to);
	return 0;
}

/* ---- block ---- */

static volatile sig_atomic_t alarms_n;

static void on_alarm(int signal)
{
	(void)signal;
	alarms_n++;
}

static int block_all(const char *to)
{
	struct giobuf6 buf = { { s.payload, 1000 }, s.rec };
	struct sigaction action = { .sa_handler = on_alarm };
	struct sockaddr_in *in;
	int n;

	open_all("127.0.0.1", NULL);
	for (int i = 0; i < GROUP_MAX; i++) {
		in = (void *)&s.rec[i].gr_addr;
		MUST(inet_pton(AF_INET, to, &in->sin_addr) == 1);
	}
	MUST(!setsockopt(s.from, SOL_SOCKET, SO_SNDBUF, &(int){ 20000 }, sizeof(int)));
	n = sendgroup6(s.from, &buf, 1000, MSG_DONTWAIT, s.gerrno);
	MUST(n > 0 && n < 1000 && s.gerrno[0] == 0 && s.gerrno[999] == EAGAIN);
	for (int i = 0; i < 1000; i++)
		MUST(s.gerrno[i] == (i < n ? 0 : EAGAIN));
	sigaction(SIGALRM, &action, NULL); /* without SA_RESTART */
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = 200000 }, NULL);
	MUST(sendgroup6(s.from, &buf, 1000, 0, s.gerrno) == -1 && errno == EINTR); /* nobody was reached: the buffer is full */
	MUST(alarms_n == 1);
	MUST(!setsockopt(s.from, SOL_SOCKET, SO_SNDBUF, &(int){ 100000 }, sizeof(int)));
	setitimer(ITIMER_REAL, &(struct itimerval){ .it_value.tv_usec = 200000 }, NULL);
	n = sendgroup6(s.from, &buf, 1000, 0, s.gerrno);
	MUST(n > 0 && n < 1000 && alarms_n == 2);
	for (int i = 0; i < 1000; i++)
		MUST(s.gerrno[i] == (i < n ? 0 : EINTR));
	MUST(!setsockopt(s.from, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ .tv_usec = 100000 }, sizeof(struct timeval)));
	MUST(sendgroup6(s.from, &buf, 2, 0, s.gerrno) == 0 && s.gerrno[0] == EAGAIN && s.gerrno[1] == EAGAIN);
	printf("ok block\n");
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(what, "missing"))
		return missing();
	if (strcmp(what, "bound") != 0)
		MUST(!sendgroup_use("module"));
	if (!strcmp(what, "deliver") && argc > 3)
		return deliver_all(argv[2], argv[4], (unsigned)atoi(argv[3]));
	if (!strcmp(what, "mixed") && argc > 2)
		return mixed(argv[2]);
	if (!strcmp(what, "refuse"))
		return refuse_all();
	if (!strcmp(what, "memory") && argc > 2)
		return memory(argv[2]);
	if (!strcmp(what, "bound") && argc > 2)
		return bound_all(argv[2]);
	if (!strcmp(what, "block") && argc > 2)
		return block_all(argv[2]);
	return 2;
}
