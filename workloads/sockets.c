/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockets.c: connected sockets by slot. */
#include "workloads/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	KEY_BYTES = sizeof(struct sockaddr_in6),
	OTHER_FILES = 128,	/* beside the recipients' sockets */
};

/* The key tells whether the slot still has the recipient that the socket is connected to: its address or, of addresses that
 * are longer than IP's (of local sockets), where that lies. */
struct connected {
	int fd;			/* -1: none */
	uint8_t key[KEY_BYTES];
};

struct sockets {
	int flags;		/* SOCK_NONBLOCK, or 0 */
	size_t n;
	struct connected connected[];
};

static void raise_files(size_t n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= n)
		return;
	if (limit.rlim_max < n)
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){ n, n }); /* as root; who may not comes as far as the next line */
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max < n ? limit.rlim_max : n;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int sockets_new(const struct sender_config *config, struct sockets **out)
{
	struct sockets *s = malloc(sizeof *s + config->group_max * sizeof s->connected[0]);
	int flags = fcntl(config->fd, F_GETFL);

	if (!s)
		return -ENOMEM;
	raise_files(config->group_max + OTHER_FILES);
	s->flags = flags >= 0 && flags & O_NONBLOCK ? SOCK_NONBLOCK : 0;
	s->n = config->group_max;
	for (size_t i = 0; i < s->n; i++)
		s->connected[i].fd = -1;
	*out = s;
	return 0;
}

void sockets_free(struct sockets *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (s->connected[i].fd >= 0)
			close(s->connected[i].fd);
	free(s);
}

static void make_key(const struct sender_message *message, const void **key, size_t *n)
{
	bool is_short = message->addr_len <= KEY_BYTES;

	*key = is_short ? message->addr : (const void *)&message->addr;
	*n = is_short ? message->addr_len : sizeof message->addr;
}

static int connect_slot(struct sockets *s, struct connected *c, const struct sender_message *message)
{
	const struct sockaddr *addr = message->addr;
	const void *key;
	size_t key_n;

	if (c->fd >= 0)
		close(c->fd);
	c->fd = socket(addr->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | s->flags, 0);
	if (c->fd < 0)
		return -errno;
	if (connect(c->fd, addr, message->addr_len)) {
		int err = -errno;

		close(c->fd);
		c->fd = -1;
		return err;
	}
	make_key(message, &key, &key_n);
	memcpy(c->key, key, key_n);
	return c->fd;
}

int sockets_get(struct sockets *s, const struct sender_message *message)
{
	struct connected *c = &s->connected[message->slot];
	const void *key;
	size_t key_n;

	make_key(message, &key, &key_n);
	if (c->fd >= 0 && !memcmp(c->key, key, key_n))
		return c->fd;
	return connect_slot(s, c, message);
}
