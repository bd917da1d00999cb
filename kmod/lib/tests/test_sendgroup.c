/* SPDX-License-Identifier: MIT */
/* test_sendgroup.c: every way of libsendgroup gives the same results, over real sockets on loopback. */
#include "kmod/include/libsendgroup.h"
#include "kmod/lib/backend.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	GROUP = 150,		/* more than two chunks of the batched ways */
	PAYLOAD_MAX = 65507,
	READERS = 5,		/* recipient i is reader i % READERS */
};

struct scene {
	int family, from, readers[READERS];
	struct sockaddr_storage addr[READERS];
	struct giorec6 rec[GROUP];
	char heads[GROUP][64], tails[GROUP][64];
	char payload[PAYLOAD_MAX];
	struct giobuf6 buf;
	int gerrno[GROUP];
};

static const char *const unreachable_text = "no ::1 here";

static int open_reader(struct scene *s, unsigned i)
{
	struct sockaddr_in *in = (void *)&s->addr[i];
	struct sockaddr_in6 *in6 = (void *)&s->addr[i];
	socklen_t n = sizeof s->addr[i];

	memset(&s->addr[i], 0, sizeof s->addr[i]);
	s->addr[i].ss_family = (sa_family_t)s->family;
	if (s->family == AF_INET)
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		in6->sin6_addr = in6addr_loopback;
	s->readers[i] = socket(s->family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (s->readers[i] < 0 || setsockopt(s->readers[i], SOL_SOCKET, SO_RCVBUF, &(int){ 1 << 20 }, sizeof(int)))
		return -1;
	n = s->family == AF_INET ? sizeof *in : sizeof *in6;
	return bind(s->readers[i], (void *)&s->addr[i], n) || getsockname(s->readers[i], (void *)&s->addr[i], &n);
}

static void set_private(struct scene *s, unsigned i, size_t head, size_t tail)
{
	snprintf(s->heads[i], sizeof s->heads[i], "<%03u%058u", i, i);
	snprintf(s->tails[i], sizeof s->tails[i], ">%03u%058u", i, i);
	s->rec[i].gr_head = (struct iovec){ s->heads[i], head };
	s->rec[i].gr_tail = (struct iovec){ s->tails[i], tail };
}

/* NULL when this machine has not the family. */
static struct scene *scene_new(int family, size_t payload, size_t head, size_t tail)
{
	struct scene *s = calloc(1, sizeof *s);

	assert_non_null(s);
	s->family = family;
	s->from = socket(family, SOCK_DGRAM, 0);
	for (unsigned i = 0; i < READERS; i++) {
		if (open_reader(s, i)) {
			assert_int_equal(family, AF_INET6);
			printf("skip: %s\n", unreachable_text);
			free(s);
			return NULL;
		}
	}
	for (size_t i = 0; i < payload; i++)
		s->payload[i] = (char)(i * 7 + i / 251);
	for (unsigned i = 0; i < GROUP; i++) {
		s->rec[i].gr_addr = s->addr[i % READERS];
		set_private(s, i, head, tail);
		s->gerrno[i] = -1;
	}
	s->buf = (struct giobuf6){ { s->payload, payload }, s->rec };
	return s;
}

static void scene_free(struct scene *s)
{
	for (unsigned i = 0; i < READERS; i++)
		close(s->readers[i]);
	close(s->from);
	free(s);
}

/* The next datagram of a reader is what recipient i should get. */
static void check_datagram(struct scene *s, unsigned i)
{
	static char got[PAYLOAD_MAX + 1];
	const struct iovec *head = &s->rec[i].gr_head, *tail = &s->rec[i].gr_tail;
	size_t shared = s->buf.gb_shared.iov_len, whole = head->iov_len + shared + tail->iov_len;
	ssize_t n = recv(s->readers[i % READERS], got, sizeof got, 0);

	assert_int_equal(n, whole);
	assert_memory_equal(got, s->heads[i], head->iov_len);
	assert_memory_equal(got + head->iov_len, s->payload, shared);
	assert_memory_equal(got + head->iov_len + shared, s->tails[i], tail->iov_len);
}

static void check_silent(struct scene *s)
{
	char byte;

	for (unsigned i = 0; i < READERS; i++) {
		assert_int_equal(recv(s->readers[i], &byte, 1, 0), -1);
		assert_int_equal(errno, EAGAIN);
	}
}

/* Whether the way is one that runs here; it is then the one in use. */
static int use(size_t row)
{
	const struct sendgroup_backend *backend = sendgroup_backend_row(row);

	if (backend->probe()) {
		assert_int_equal(sendgroup_use(backend->name), -1);
		assert_int_equal(errno, ENOSYS);
		return 0;
	}
	assert_int_equal(sendgroup_use(backend->name), 0);
	assert_string_equal(sendgroup_backend(), backend->name);
	return 1;
}

static void each_gets_head_payload_and_tail_in_order(int family, size_t payload, size_t head, size_t tail)
{
	for (size_t row = 0; sendgroup_backend_row(row); row++) {
		struct scene *s = use(row) ? scene_new(family, payload, head, tail) : NULL;
		unsigned n = payload > 2000 ? 7 : GROUP; /* the readers' buffers hold no more */

		if (!s)
			continue;
		assert_int_equal(sendgroup6(s->from, &s->buf, n, 0, s->gerrno), n);
		for (unsigned i = 0; i < n; i++) {
			check_datagram(s, i);
			assert_int_equal(s->gerrno[i], 0);
		}
		check_silent(s);
		scene_free(s);
	}
}

static void bytes_and_order_are_the_same_by_all_ways(void **state)
{
	const size_t payloads[] = { 0, 1, 7, 100, 1000, 1472, 5000, 65000 };
	const size_t private[] = { 0, 3, 40 };

	(void)state;
	for (size_t p = 0; p < 8; p++) {
		for (size_t h = 0; h < 3; h++) {
			each_gets_head_payload_and_tail_in_order(AF_INET, payloads[p], private[h], private[2 - h]);
			each_gets_head_payload_and_tail_in_order(AF_INET6, payloads[p], private[h], 0);
			each_gets_head_payload_and_tail_in_order(AF_INET, payloads[p], 0, private[h]);
		}
	}
}

/* One recipient for each way to be refused, among those that are reached. */
static void spoil(struct scene *s, int *expected)
{
	struct sockaddr_in *in;

	in = (void *)&s->rec[0].gr_addr; /* a first one fails, */
	in->sin_port = 0;
	expected[0] = EINVAL;
	in = (void *)&s->rec[63].gr_addr; /* two in a row, the last of a chunk and the first of the next, */
	in->sin_addr.s_addr = htonl(INADDR_BROADCAST);
	expected[63] = EACCES;
	s->rec[64].gr_addr.ss_family = AF_UNIX;
	expected[64] = EAFNOSUPPORT;
	s->rec[70].gr_head = (struct iovec){ (void *)8, 4 };
	expected[70] = EFAULT;
	s->rec[GROUP - 1].gr_tail = (struct iovec){ s->payload, PAYLOAD_MAX }; /* and the last one. */
	expected[GROUP - 1] = EMSGSIZE;
}

static void who_cannot_be_reached_only_misses_his_own(void **state)
{
	(void)state;
	for (size_t row = 0; sendgroup_backend_row(row); row++) {
		struct scene *s = use(row) ? scene_new(AF_INET, 300, 12, 0) : NULL;
		int expected[GROUP] = { 0 };

		if (!s)
			continue;
		spoil(s, expected);
		assert_int_equal(sendgroup6(s->from, &s->buf, GROUP, 0, s->gerrno), GROUP - 5);
		for (unsigned i = 0; i < GROUP; i++) {
			assert_int_equal(s->gerrno[i], expected[i]);
			if (!expected[i])
				check_datagram(s, i);
		}
		check_silent(s);
		assert_int_equal(sendgroup6(s->from, &s->buf, GROUP, 0, NULL), GROUP - 5);
		scene_free(s);
	}
}

static void a_bad_shared_payload_reaches_nobody(void **state)
{
	(void)state;
	for (size_t row = 0; sendgroup_backend_row(row); row++) {
		struct scene *s = use(row) ? scene_new(AF_INET, 300, 12, 0) : NULL;

		if (!s)
			continue;
		s->buf.gb_shared.iov_base = (void *)8;
		assert_int_equal(sendgroup6(s->from, &s->buf, 5, 0, s->gerrno), 0);
		for (unsigned i = 0; i < 5; i++)
			assert_int_equal(s->gerrno[i], EFAULT);
		check_silent(s);
		scene_free(s);
	}
}

static void the_ipv4_call_is_the_same_call(void **state)
{
	struct giorec rec[READERS];
	struct giobuf buf = { .gb_rec = rec };

	(void)state;
	for (size_t row = 0; sendgroup_backend_row(row); row++) {
		struct scene *s = use(row) ? scene_new(AF_INET, 100, 4, 5) : NULL;

		if (!s)
			continue;
		buf.gb_shared = s->buf.gb_shared;
		for (unsigned i = 0; i < READERS; i++) {
			memcpy(&rec[i].gr_addr, &s->addr[i], sizeof rec[i].gr_addr);
			rec[i].gr_head = s->rec[i].gr_head;
			rec[i].gr_tail = s->rec[i].gr_tail;
		}
		assert_int_equal(sendgroup(s->from, &buf, READERS, MSG_CONFIRM, s->gerrno), READERS);
		for (unsigned i = 0; i < READERS; i++)
			check_datagram(s, i);
		scene_free(s);
	}
}

static void check_refused(int sd, struct giobuf6 *buf, size_t recnum, int flags, int err)
{
	errno = 0;
	assert_int_equal(sendgroup6(sd, buf, recnum, flags, NULL), -1);
	assert_int_equal(errno, err);
}

static void a_call_that_is_wrong_as_a_whole_is_refused(void **state)
{
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	for (size_t row = 0; sendgroup_backend_row(row); row++) {
		struct scene *s = use(row) ? scene_new(AF_INET, 100, 0, 0) : NULL;

		if (!s)
			continue;
		check_refused(s->from, NULL, 1, 0, EINVAL);
		check_refused(s->from, &s->buf, 1, MSG_MORE, EINVAL);
		check_refused(s->from, &s->buf, (size_t)INT_MAX + 1, 0, EINVAL);
		check_refused(-1, &s->buf, 3, 0, EBADF);
		check_refused(pipes[0], &s->buf, 3, 0, ENOTSOCK);
		s->buf.gb_rec = NULL;
		check_refused(s->from, &s->buf, 1, 0, EINVAL);
		assert_int_equal(sendgroup6(s->from, &s->buf, 0, 0, NULL), 0);
		check_silent(s);
		scene_free(s);
	}
	close(pipes[0]);
	close(pipes[1]);
}

/* A TCP socket that is not connected: every way must say the same, though not every way can serve it. */
static void other_sockets_get_what_sendmsg_says(void **state)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_true(tcp >= 0);
	for (size_t row = 0; sendgroup_backend_row(row); row++) {
		struct scene *s = use(row) ? scene_new(AF_INET, 100, 0, 0) : NULL;

		if (!s)
			continue;
		assert_int_equal(sendgroup_use(NULL), 0);
		assert_int_equal(sendgroup6(tcp, &s->buf, 2, MSG_NOSIGNAL, s->gerrno), 0);
		assert_int_equal(s->gerrno[0], EPIPE);
		assert_int_equal(s->gerrno[1], EPIPE);
		scene_free(s);
	}
	close(tcp);
}

static void *send_in_thread(void *arg)
{
	struct scene *s = arg;

	return (void *)(intptr_t)sendgroup6(s->from, &s->buf, GROUP, 0, s->gerrno);
}

static void threads_send_at_the_same_time(void **state)
{
	(void)state;
	for (size_t row = 0; sendgroup_backend_row(row); row++) {
		struct scene *s[4];
		pthread_t threads[4];

		if (!use(row))
			continue;
		for (int t = 0; t < 4; t++) {
			s[t] = scene_new(AF_INET, 500, 12, 0);
			assert_int_equal(pthread_create(&threads[t], NULL, send_in_thread, s[t]), 0);
		}
		for (int t = 0; t < 4; t++) {
			void *sent;

			assert_int_equal(pthread_join(threads[t], &sent), 0);
			assert_int_equal((intptr_t)sent, GROUP);
			for (unsigned i = 0; i < GROUP; i++)
				check_datagram(s[t], i);
			scene_free(s[t]);
		}
	}
}

/* 0 when the whole group was sent to. */
static int send_all(struct scene *s)
{
	return sendgroup6(s->from, &s->buf, GROUP, 0, NULL) != GROUP;
}

/* A child does what is given, by each way, between two sends of the parent's; `rounds` datagrams come to each in all. */
static void with_a_child(int (*what)(struct scene *s), int rounds)
{
	for (size_t row = 0; sendgroup_backend_row(row); row++) {
		struct scene *s = use(row) ? scene_new(AF_INET, 500, 12, 0) : NULL;
		int status;
		pid_t pid;

		if (!s)
			continue;
		assert_int_equal(send_all(s), 0);
		pid = fork();
		if (!pid)
			_exit(what(s));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_int_equal(send_all(s), 0);
		for (int round = 0; round < rounds; round++)
			for (unsigned i = 0; i < GROUP; i++)
				check_datagram(s, i);
		scene_free(s);
	}
}

static void a_child_sends_as_its_parent_did(void **state)
{
	(void)state;
	with_a_child(send_all, 3);
}

/* Whether it is a file that the library may have opened. */
static bool is_library_s(int fd)
{
	char path[64], name[64] = "";

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return readlink(path, name, sizeof name - 1) > 0 && (!strcmp(name, "anon_inode:[io_uring]") || !strcmp(name, "/dev/sendgroup"));
}

/* Closes what the library has opened, and gives the numbers to other files: 0 when it sends all the same and leaves these alone. */
static int lose_files(struct scene *s)
{
	enum { FDS = 256 };
	bool taken[FDS];
	int null = open("/dev/null", O_RDONLY), wrong = send_all(s);

	for (int fd = 0; fd < FDS; fd++) {
		taken[fd] = is_library_s(fd);
		if (taken[fd])
			dup2(null, fd);
	}
	for (int i = 0; i < 2; i++)
		wrong |= send_all(s);
	for (int fd = 0; fd < FDS; fd++)
		wrong |= taken[fd] && read(fd, &(char){ 0 }, 1) != 0;
	return wrong;
}

static void descriptors_that_a_program_closes_are_not_missed(void **state)
{
	(void)state;
	with_a_child(lose_files, 5);
}

/* What sendgroup_backend() says in a fresh process with this environment. */
static int in_child(const char *name, int (*ask)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		setenv("SENDGROUP_BACKEND", name, 1);
		_exit(ask());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int is_sendmsg(void)
{
	const char *name = sendgroup_backend();

	return !name || strcmp(name, "sendmsg");
}

static int is_best(void)
{
	size_t row = 0;

	while (sendgroup_backend_row(row)->probe())
		row++;
	return !sendgroup_backend() || strcmp(sendgroup_backend(), sendgroup_backend_row(row)->name);
}

static int is_missing(void)
{
	struct giobuf6 buf = { 0 };

	if (sendgroup_backend() || errno != ENOSYS)
		return 1;
	return sendgroup6(-1, &buf, 0, 0, NULL) != -1 || errno != ENOSYS;
}

static void the_environment_forces_a_way(void **state)
{
	(void)state; /* the first test: nothing has been chosen in this process, so children choose anew */
	assert_int_equal(in_child("sendmsg", is_sendmsg), 0);
	assert_int_equal(in_child("", is_best), 0);
	assert_int_equal(in_child("carrier-pigeon", is_missing), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_forces_a_way),
		cmocka_unit_test(bytes_and_order_are_the_same_by_all_ways),
		cmocka_unit_test(who_cannot_be_reached_only_misses_his_own),
		cmocka_unit_test(a_bad_shared_payload_reaches_nobody),
		cmocka_unit_test(the_ipv4_call_is_the_same_call),
		cmocka_unit_test(a_call_that_is_wrong_as_a_whole_is_refused),
		cmocka_unit_test(other_sockets_get_what_sendmsg_says),
		cmocka_unit_test(threads_send_at_the_same_time),
		cmocka_unit_test(a_child_sends_as_its_parent_did),
		cmocka_unit_test(descriptors_that_a_program_closes_are_not_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
