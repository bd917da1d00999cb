/* SPDX-License-Identifier: GPL-2.0-or-later */
/* take.c: reads the ring. A guest runs whatever its user likes, as root: nothing that it writes is trusted. */
#include "lab/take.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The ring's bytes [at, at + n) into data; both are multiples of 8. */
static void copy_out(const struct channel *channel, uint64_t at, void *data, size_t n)
{
	uint64_t from = at % CHANNEL_RING_BYTES;
	size_t first = n < CHANNEL_RING_BYTES - from ? n : (size_t)(CHANNEL_RING_BYTES - from);

	memcpy(data, (const char *)channel->ring + from, first);
	memcpy((char *)data + first, channel->ring, n - first);
}

static int write_all(int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t wrote = write(fd, data, n);

		if (wrote < 0 && errno != EINTR)
			return fail(-errno, "lab: cannot write what the guest prints: %s", strerror(errno));
		data += wrote > 0 ? wrote : 0;
		n -= wrote > 0 ? (size_t)wrote : 0;
	}
	return 0;
}

static int begin_file(struct take *take, const uint32_t *head, size_t n)
{
	struct taken_file *more = realloc(take->files, (take->files_n + 1) * sizeof *more);

	if (!more)
		return fail(-ENOMEM, "lab: out of memory");
	take->files = more;
	more[take->files_n++] = (struct taken_file){ .index = n < 8 ? -1 : (int32_t)head[0], .mode = n < 8 ? 0 : head[1] };
	return 0;
}

static int keep(struct buffer *buffer, const void *data, size_t n)
{
	return buffer_add(buffer, data, n) ? fail(-ENOMEM, "lab: out of memory for what the guest brings back") : 0;
}

static int deal(struct take *take, const struct channel_record *head, const char *data)
{
	size_t n = head->bytes;

	switch (head->kind) {
	case CHANNEL_STDOUT:
		return write_all(STDOUT_FILENO, data, n);
	case CHANNEL_STDERR:
		return write_all(STDERR_FILENO, data, n);
	case CHANNEL_FAULT:
		take->faulty = true;
		return fail(0, "lab: %.*s", (int)n, data);
	case CHANNEL_REMARK:
		warn("lab: %.*s", (int)n, data);
		return 0;
	case CHANNEL_RUNS:
		return keep(&take->runs, data, n);
	case CHANNEL_FILE:
		return begin_file(take, (const uint32_t *)(const void *)data, n);
	case CHANNEL_DATA:
		return take->files_n ? keep(&take->files[take->files_n - 1].data, data, n) : 0;
	case CHANNEL_STATUS:
		take->done = true;
		memcpy(&take->status, data, n < sizeof take->status ? n : sizeof take->status);
		return 0;
	default:
		return fail(-EPROTO, "lab: the guest wrote a record of kind %u; its memory is damaged", head->kind);
	}
}

int64_t take_records(struct take *take, struct channel *channel)
{
	static uint64_t data[CHANNEL_RECORD_MAX / sizeof(uint64_t)];
	uint64_t at = channel->taken, begin = at, end = __atomic_load_n(&channel->written, __ATOMIC_ACQUIRE);
	int err = 0;

	while (at != end && !err && !take->done) {
		struct channel_record head;
		size_t room;

		copy_out(channel, at, &head, sizeof head);
		room = (head.bytes + sizeof *data - 1) / sizeof *data * sizeof *data;
		if (head.bytes > CHANNEL_RECORD_MAX || end - at > CHANNEL_RING_BYTES || end - at < sizeof head + room)
			return fail(-EPROTO, "lab: the guest's records make no sense; its memory is damaged");
		copy_out(channel, at + sizeof head, data, room);
		at += sizeof head + room;
		__atomic_store_n(&channel->taken, at, __ATOMIC_RELEASE);
		err = deal(take, &head, (const char *)data);
	}
	return err ? err : (int64_t)(at - begin);
}

void take_free(struct take *take)
{
	for (size_t i = 0; i < take->files_n; i++)
		buffer_free(&take->files[i].data);
	free(take->files);
	buffer_free(&take->runs);
	memset(take, 0, sizeof *take);
}
