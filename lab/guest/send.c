/* SPDX-License-Identifier: GPL-2.0-or-later */
/* send.c: the guest's end of the channel. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "lab/guest/guest.h"

#define PCI "/sys/bus/pci/devices"

static volatile struct channel *channel;

/* ---- Finding it ---- */

static unsigned long number_in(const char *device, const char *name)
{
	char path[512], text[32] = "";
	int fd;

	snprintf(path, sizeof path, PCI "/%s/%s", device, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
		*text = 0;
	if (fd >= 0)
		close(fd);
	return strtoul(text, NULL, 0);
}

/* Write-combined where the kernel offers it: on arm64 the other mapping is device memory, which faults on odd accesses. */
static int map_window(const char *device)
{
	static const char *const windows[] = { "resource2_wc", "resource2" };
	char path[512];

	snprintf(path, sizeof path, PCI "/%s/enable", device);
	write_text(path, "1");
	for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
		int fd;
		void *memory;

		snprintf(path, sizeof path, PCI "/%s/%s", device, windows[i]);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		memory = mmap(NULL, CHANNEL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		if (memory == MAP_FAILED)
			continue;
		channel = memory;
		channel->magic = CHANNEL_MAGIC;
		return 0;
	}
	return -errno;
}

int send_open(void)
{
	DIR *folder = opendir(PCI);
	int err = -ENODEV;

	for (struct dirent *entry; folder && err && (entry = readdir(folder));)
		if (number_in(entry->d_name, "vendor") == CHANNEL_PCI_VENDOR &&
		    number_in(entry->d_name, "device") == CHANNEL_PCI_DEVICE)
			err = map_window(entry->d_name);
	if (folder)
		closedir(folder);
	return err;
}

/* ---- Writing ---- */

/* Eight bytes at a time, each a single store: nothing is assumed about the kind of memory. */
static void put_words(uint64_t *at, const void *data, size_t bytes)
{
	enum { WORDS = CHANNEL_RING_BYTES / sizeof(uint64_t) };

	for (size_t done = 0; done < bytes; done += sizeof(uint64_t)) {
		uint64_t word = 0;

		memcpy(&word, (const char *)data + done, bytes - done < sizeof word ? bytes - done : sizeof word);
		channel->ring[*at / sizeof word % WORDS] = word;
		*at += sizeof word;
	}
}

static void put_record(enum channel_kind kind, const void *data, size_t bytes)
{
	struct channel_record head = { .kind = kind, .bytes = (uint32_t)bytes };
	uint64_t at = channel->written;

	while (at + sizeof head + bytes + sizeof(uint64_t) - channel->taken > CHANNEL_RING_BYTES)
		sleep_ms(1);
	put_words(&at, &head, sizeof head);
	put_words(&at, data, bytes);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* the host sees the data before the count */
	channel->written = at;
}

void send_data(enum channel_kind kind, const void *data, size_t bytes)
{
	if (!channel)
		return;
	for (size_t done = 0, part; done < bytes; done += part) {
		part = bytes - done < CHANNEL_RECORD_MAX ? bytes - done : CHANNEL_RECORD_MAX;
		put_record(kind, (const char *)data + done, part);
	}
}

static void send_args(enum channel_kind kind, const char *fmt, va_list args)
{
	char text[1024];

	vsnprintf(text, sizeof text, fmt, args);
	send_data(kind, text, strlen(text));
	if (!channel) /* the console is all there is */
		dprintf(STDERR_FILENO, "lab: %s\n", text);
}

void send_text(enum channel_kind kind, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	send_args(kind, fmt, args);
	va_end(args);
}

int send_file(enum channel_kind kind, const char *path)
{
	static char part[CHANNEL_RECORD_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, part, sizeof part)) > 0)
		send_data(kind, part, (size_t)n);
	close(fd);
	return n < 0 ? -errno : 0;
}

/* ---- The end ---- */

void send_status(int status)
{
	int32_t value = status;

	send_data(CHANNEL_STATUS, &value, sizeof value);
	sync();
	reboot(RB_AUTOBOOT); /* QEMU ends where others start anew; the host rarely waits for it */
	for (;;)
		pause();
}

void guest_fault(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	send_args(CHANNEL_FAULT, fmt, args);
	va_end(args);
	send_status(1);
}
