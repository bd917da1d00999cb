/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * datagrams.c: sends numbered datagrams in every way that `forecall try` has to follow, and checks at the receiver that each
 * came once, whole, and in order.
 *
 *     datagrams receive PORT-FILE            writes its port there, and reports when it is told to end
 *     datagrams end PORT
 *     datagrams HOW PORT COUNT [FILE]        a sender: see `senders` below; FILE: how many sends have returned, as they do
 *
 * Every WINDOW-th datagram of a stream asks for an answer and waits for it, so that nothing is lost for want of room.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 191, STREAMS_MAX = 65536, SIZE_MAX_BYTES = 1400, END = 0xffffffff };

struct head {
	uint32_t stream, size;
	uint64_t seq;
	uint32_t ask;
};

/* One socket, and the number of its next datagram. */
struct stream {
	int fd;
	uint32_t id;
	uint64_t next;
	pthread_mutex_t lock;
};

static struct sockaddr_in to = {.sin_family = AF_INET};
static volatile uint64_t *returned; /* sends that have returned */

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

/* ---- Receiver ---- */

static uint64_t next_seq[STREAMS_MAX];
static uint64_t streams_n, datagrams_n, twice_n, missing_n, broken_n;

static unsigned char pattern(const struct head *head, uint32_t i)
{
	return (unsigned char)(head->seq * 31 + head->stream * 7 + i);
}

static void check(const unsigned char *bytes, ssize_t n)
{
	struct head head;

	memcpy(&head, bytes, sizeof head);
	datagrams_n++;
	if (n < (ssize_t)sizeof head || head.size != (uint64_t)n || head.stream >= STREAMS_MAX) {
		broken_n++;
		return;
	}
	for (uint32_t i = sizeof head; i < head.size; i++)
		if (bytes[i] != pattern(&head, i)) {
			broken_n++;
			break;
		}
	uint64_t *next = &next_seq[head.stream];
	streams_n += !*next;
	if (head.seq < *next) {
		twice_n++; /* or late, which is as wrong */
	} else {
		missing_n += head.seq - *next;
		*next = head.seq + 1;
	}
}

static int receive(const char *file)
{
	static unsigned char bytes[65536];
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof name;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 64 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	if (bind(fd, (struct sockaddr *)&name, sizeof name) || getsockname(fd, (struct sockaddr *)&name, &len))
		die("bind");
	char made[4096];
	snprintf(made, sizeof made, "%s.new", file);
	FILE *out = fopen(made, "w");
	fprintf(out, "%d\n", ntohs(name.sin_port));
	fclose(out);
	rename(made, file);
	for (int flags = 0;;) {
		struct sockaddr_in from;
		socklen_t from_len = sizeof from;
		ssize_t n = recvfrom(fd, bytes, sizeof bytes, flags, (struct sockaddr *)&from, &from_len);
		struct head head = {0};

		if (n < 0 && errno == EAGAIN)
			break;
		memcpy(&head, bytes, sizeof head);
		if (head.stream == END) {
			flags = MSG_DONTWAIT; /* loopback: what was sent before is here */
			continue;
		}
		check(bytes, n);
		if (head.ask)
			sendto(fd, &head.seq, sizeof head.seq, 0, (struct sockaddr *)&from, from_len);
	}
	printf("%lu datagrams of %lu streams, %lu twice or late, %lu missing, %lu broken\n", datagrams_n, streams_n, twice_n, missing_n, broken_n);
	return 0;
}

/* ---- Sending ---- */

static uint32_t streams_used;

static void stream_open(struct stream *stream)
{
	*stream = (struct stream){.fd = socket(AF_INET, SOCK_DGRAM, 0), .id = streams_used++, .lock = PTHREAD_MUTEX_INITIALIZER};
	if (stream->fd < 0)
		die("socket");
}

/* By the calls in turn; payload and name are overwritten as soon as a call has returned. */
static ssize_t send_by(int fd, unsigned int call, unsigned char *bytes, size_t size)
{
	struct sockaddr_in name = to;
	struct iovec parts[3] = {{bytes, 7}, {bytes + 7, 13}, {bytes + 20, size - 20}};
	struct msghdr message = {.msg_name = &name, .msg_namelen = sizeof name, .msg_iov = parts, .msg_iovlen = 3};
	ssize_t n = 0;

	if (call == 0)
		n = sendmsg(fd, &message, 0);
	else if (call == 1)
		n = sendto(fd, bytes, size, 0, (struct sockaddr *)&name, sizeof name);
	else if (call == 2)
		n = send(fd, bytes, size, 0);
	else if (call == 3)
		n = write(fd, bytes, size);
	else
		n = writev(fd, parts, 3);
	memset(bytes, 0xee, size);
	memset(&name, 0xee, sizeof name);
	return n;
}

static void send_next_on(struct stream *stream, int fd, unsigned int call, int may_ask)
{
	unsigned char bytes[SIZE_MAX_BYTES];
	struct head head = {stream->id, (uint32_t)(24 + stream->next * 37 % (SIZE_MAX_BYTES - 24)), stream->next, 0};
	uint64_t answer;

	head.ask = may_ask && stream->next % WINDOW == WINDOW - 1;
	memcpy(bytes, &head, sizeof head);
	for (uint32_t i = sizeof head; i < head.size; i++)
		bytes[i] = pattern(&head, i);
	if (send_by(fd, call, bytes, head.size) != (ssize_t)head.size)
		die("send");
	stream->next++;
	if (returned)
		__atomic_fetch_add(returned, 1, __ATOMIC_SEQ_CST);
	if (head.ask && (recv(fd, &answer, sizeof answer, 0) != sizeof answer || answer != head.seq))
		die("answer");
}

static void send_next(struct stream *stream)
{
	send_next_on(stream, stream->fd, (unsigned int)(stream->next % 2), 1);
}

/* A call that is no send, now and then: bursts of many lengths. */
static void breathe(uint64_t i)
{
	if (i % 23 == 22 || i % 57 == 1)
		nanosleep(&(struct timespec){.tv_nsec = 1}, NULL);
}

/* ---- The senders ---- */

static void plain(uint64_t count)
{
	struct stream stream;

	stream_open(&stream);
	for (uint64_t i = 0; i < count; i++) {
		send_next(&stream);
		breathe(i);
	}
}

/* Connected: by every call that sends. */
static void connected(uint64_t count)
{
	struct stream stream;

	stream_open(&stream);
	if (connect(stream.fd, (struct sockaddr *)&to, sizeof to))
		die("connect");
	for (uint64_t i = 0; i < count; i++) {
		send_next_on(&stream, stream.fd, 2 + (unsigned int)(i % 3), 1);
		breathe(i);
	}
}

/* Never another call than a send, nor an answer: only the bound on delay, and the end, give anything away. */
static void computing(uint64_t count)
{
	struct stream stream;

	stream_open(&stream);
	for (uint64_t i = 0; i < count; i++) {
		send_next_on(&stream, stream.fd, 0, 0);
		for (volatile int spin = 0; spin < 20000; spin++)
			;
	}
}

static void sockets(uint64_t count)
{
	struct stream streams[7];

	for (int i = 0; i < 7; i++)
		stream_open(&streams[i]);
	for (uint64_t i = 0; i < count; i++) {
		send_next(&streams[i * i % 7]);
		breathe(i);
	}
}

static struct stream shared;
static uint64_t share;

/* Own socket and a socket of all, in turn; the lock gives the datagrams of the latter their order. */
static void *thread(void *own)
{
	for (uint64_t i = 0; i < share; i++) {
		if (i % 5 < 3) {
			send_next(own);
		} else {
			pthread_mutex_lock(&shared.lock);
			send_next(&shared);
			pthread_mutex_unlock(&shared.lock);
		}
		breathe(i);
	}
	return NULL;
}

static void threads(uint64_t count)
{
	pthread_t id[4];
	struct stream own[4];

	stream_open(&shared);
	share = count / 4;
	for (int i = 0; i < 4; i++) {
		stream_open(&own[i]);
		pthread_create(&id[i], NULL, thread, &own[i]);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(id[i], NULL);
}

/* Threads that end with something held back. */
static void *short_thread(void *stream)
{
	for (uint64_t i = 0; i < share; i++)
		send_next(stream);
	return NULL;
}

static void short_threads(uint64_t count)
{
	struct stream stream;
	pthread_t id;

	stream_open(&stream);
	share = 10;
	for (uint64_t i = 0; i < count; i += share) {
		pthread_create(&id, NULL, short_thread, &stream);
		pthread_join(id, NULL);
	}
}

/* Parent and child send on one socket by turns, a child at a time. */
static void forks(uint64_t count)
{
	struct stream *stream = mmap(NULL, sizeof *stream, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	stream_open(stream);
	while (stream->next < count) {
		for (int i = 0; i < 5; i++)
			send_next(stream);
		pid_t child = fork();
		if (!child) {
			for (int i = 0; i < 5; i++)
				send_next(stream);
			if (stream->next % 20 == 0)
				_exit(0);
			exit(0);
		}
		waitpid(child, NULL, 0);
	}
}

/* Many processes at once, each with a socket of its own. */
static void children(uint64_t count)
{
	for (int i = 0; i < 4; i++, streams_used++) {
		if (!fork()) {
			plain(count / 4);
			exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
}

static void duplicates(uint64_t count)
{
	struct stream stream;
	int fds[3];

	stream_open(&stream);
	fds[0] = stream.fd;
	fds[1] = dup(stream.fd);
	fds[2] = fcntl(stream.fd, F_DUPFD, 100);
	for (uint64_t i = 0; i < count; i++) {
		send_next_on(&stream, fds[i % 3], 0, 1);
		if (i % 50 == 49) {
			close(fds[1]);
			fds[1] = dup2(fds[0], fds[1] == 90 ? 91 : 90);
		}
	}
}

/* A socket for every ten datagrams, closed with the last of them held back, and its number used again. */
static void closing(uint64_t count)
{
	for (uint64_t i = 0; i < count; i += 10) {
		struct stream stream;

		stream_open(&stream);
		for (int j = 0; j < 10; j++)
			send_next_on(&stream, stream.fd, 0, 0);
		if (i % 20)
			dup2(STDOUT_FILENO, stream.fd);
		close(stream.fd);
		if (i % 1000 == 990) { /* room: a stream of its own waits for the receiver */
			stream_open(&stream);
			for (int j = 0; j < WINDOW; j++)
				send_next(&stream);
			close(stream.fd);
		}
	}
}

static char **arguments;

/* Ten datagrams to an image. */
static void execs(uint64_t count)
{
	const char *from = getenv("NEXT");
	struct stream stream = {.fd = 100, .next = from ? strtoull(from, NULL, 10) : 0};
	char next[32];

	if (!from) {
		stream_open(&stream);
		dup2(stream.fd, 100);
		stream.fd = 100;
	}
	for (int i = 0; i < 10; i++)
		send_next(&stream);
	snprintf(next, sizeof next, "%lu", stream.next);
	setenv("NEXT", next, 1);
	if (stream.next < count)
		execv("/proc/self/exe", arguments);
}

/* Until it is killed. */
static void endless(uint64_t count)
{
	(void)count;
	plain(UINT64_MAX);
}

/* Count times, or until it is killed: without the C library's functions. */
static void direct(uint64_t count)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	to.sin_port = htons(9); /* nobody */
	for (uint64_t i = 0; !count || i < count; i++) {
#ifdef __x86_64__
		register long result __asm__("rax") = 44; /* sendto */
		register long a4 __asm__("r10") = 0;
		register void *a5 __asm__("r8") = &to;
		register long a6 __asm__("r9") = sizeof to;

		__asm__ volatile("syscall" : "+r"(result) : "D"(fd), "S"("x"), "d"(1), "r"(a4), "r"(a5), "r"(a6) : "rcx", "r11", "memory");
#endif
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
}

/* Nobody listens there: each error is told, by a call on the socket, and sends between errors succeed. */
static void refused(uint64_t count)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), error, told = 0;
	socklen_t len = sizeof error;

	to.sin_port = htons(9); /* nobody */
	connect(fd, (struct sockaddr *)&to, sizeof to);
	for (uint64_t i = 0; i < count; i++) {
		if (send(fd, "x", 1, 0) < 0)
			told += errno == ECONNREFUSED;
		nanosleep(&(struct timespec){.tv_nsec = 1}, NULL);
	}
	send(fd, "x", 1, 0);
	nanosleep(&(struct timespec){.tv_nsec = 1}, NULL);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	printf("told %s, then %s\n", told ? "ECONNREFUSED" : "nothing", error == ECONNREFUSED ? "ECONNREFUSED" : "nothing");
}

/* A refused datagram between two good ones: they arrive, and the next call says why the other did not. */
static void oversize(uint64_t count)
{
	static unsigned char large[65000];
	struct stream stream;
	int one = IP_PMTUDISC_DO;

	(void)count;
	stream_open(&stream);
	setsockopt(stream.fd, IPPROTO_IP, IP_MTU_DISCOVER, &one, sizeof one);
	setsockopt(stream.fd, SOL_SOCKET, SO_BROADCAST, &(int){0}, sizeof(int));
	struct sockaddr_in all = {.sin_family = AF_INET, .sin_addr.s_addr = INADDR_BROADCAST, .sin_port = to.sin_port};
	send_next(&stream);
	if (sendto(stream.fd, large, 10, 0, (struct sockaddr *)&all, sizeof all) < 0)
		printf("at once: %s\n", strerror(errno));
	else if (sendto(stream.fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to) >= 0) {
		nanosleep(&(struct timespec){.tv_nsec = 1}, NULL);
		printf("next call: %s\n", recv(stream.fd, large, sizeof large, MSG_DONTWAIT) < 0 ? strerror(errno) : "nothing");
	}
	send_next(&stream);
}

enum { READERS = 12 };

static unsigned char stream_byte(int reader, uint64_t at)
{
	return (unsigned char)(at * 2654435761u >> 13) + (unsigned char)reader;
}

/* Reads now and then only, and not all readers alike, so that the writer finds full sockets. */
static void read_slowly(const int *fds, uint64_t count)
{
	static unsigned char bytes[65536];
	uint64_t got[READERS] = {0}, broken = 0;
	int open_n = READERS;

	while (open_n)
		for (int i = 0; i < READERS; i++) {
			ssize_t n = got[i] == UINT64_MAX ? 0 : recv(fds[i], bytes, sizeof bytes >> (i % 4), MSG_DONTWAIT);

			for (ssize_t j = 0; j < n; j++)
				broken += bytes[j] != stream_byte(i, got[i] + (uint64_t)j);
			if (n > 0)
				got[i] += (uint64_t)n;
			if (!n && got[i] != UINT64_MAX) {
				broken += got[i] != count;
				got[i] = UINT64_MAX;
				open_n--;
			}
			nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
		}
	printf("%lu bytes to each of %d readers, %lu broken\n", count, READERS, broken);
	fflush(stdout);
}

/* To many connections by turns, without blocking, as a server with an event loop does; pieces of many lengths. */
static void write_all(const int *fds, uint64_t count)
{
	static unsigned char bytes[9000];
	uint64_t done[READERS] = {0};

	for (int left = READERS; left;) {
		left = 0;
		for (int i = 0; i < READERS; i++) {
			size_t n = 1 + (size_t)(done[i] * 31 % sizeof bytes);

			n = done[i] + n > count ? count - done[i] : n;
			for (size_t j = 0; j < n; j++)
				bytes[j] = stream_byte(i, done[i] + j);
			ssize_t written = n ? write(fds[i], bytes, n) : 0;
			if (written < 0 && errno != EAGAIN)
				die("write");
			done[i] += written > 0 ? (uint64_t)written : 0;
			left += done[i] < count;
		}
		nanosleep(&(struct timespec){.tv_nsec = 1000}, NULL);
	}
}

static void streams(uint64_t count)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof name;
	int listener = socket(AF_INET, SOCK_STREAM, 0), writers[READERS], readers[READERS];

	if (bind(listener, (struct sockaddr *)&name, sizeof name) || listen(listener, READERS) || getsockname(listener, (struct sockaddr *)&name, &len))
		die("listen");
	for (int i = 0; i < READERS; i++) {
		readers[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(readers[i], (struct sockaddr *)&name, sizeof name))
			die("connect");
		writers[i] = accept(listener, NULL, NULL);
		fcntl(writers[i], F_SETFL, O_NONBLOCK);
		setsockopt(writers[i], SOL_SOCKET, SO_SNDBUF, &(int){16384}, sizeof(int));
	}
	if (!fork()) {
		for (int i = 0; i < READERS; i++)
			close(writers[i]);
		read_slowly(readers, count);
		_exit(0);
	}
	for (int i = 0; i < READERS; i++)
		close(readers[i]);
	write_all(writers, count);
	for (int i = 0; i < READERS; i++)
		close(writers[i]);
	wait(NULL);
}

static const struct sender {
	const char *name;
	void (*run)(uint64_t count);
} senders[] = {
	{"plain", plain}, {"connected", connected}, {"computing", computing}, {"sockets", sockets}, {"threads", threads},
	{"short-threads", short_threads}, {"forks", forks}, {"children", children}, {"duplicates", duplicates}, {"closing", closing},
	{"execs", execs}, {"endless", endless}, {"direct", direct}, {"streams", streams}, {"refused", refused}, {"oversize", oversize},
};

int main(int argc, char **argv)
{
	arguments = argv;
	if (argc == 3 && !strcmp(argv[1], "receive"))
		return receive(argv[2]);
	if (argc < 3)
		return 2;
	to.sin_port = htons((uint16_t)atoi(argv[2]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!strcmp(argv[1], "end")) {
		struct head head = {.stream = END};

		return sendto(socket(AF_INET, SOCK_DGRAM, 0), &head, sizeof head, 0, (struct sockaddr *)&to, sizeof to) < 0;
	}
	if (argc > 4) {
		int fd = open(argv[4], O_RDWR | O_CREAT, 0600);

		if (fd < 0 || ftruncate(fd, 4096))
			die(argv[4]);
		returned = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	for (size_t i = 0; i < sizeof senders / sizeof *senders; i++)
		if (!strcmp(argv[1], senders[i].name))
			return senders[i].run(argc > 3 ? strtoull(argv[3], NULL, 10) : 0), 0;
	return 2;
}
