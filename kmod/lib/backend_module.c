/* SPDX-License-Identifier: MIT */
/* backend_module.c: one ioctl of /dev/sendgroup for the whole group.
 *
 * Each thread has an open file of its own: with it go the routes that the module keeps from call to call. Behind fork(),
 * setuid() or setns() a new one is opened, because the module serves only the user and network namespace that opened it. */
#include "kmod/lib/backend.h"

#include "kmod/include/sendgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* On 32-bit machines a record is not what the module reads, and the next way is taken. */
_Static_assert(sizeof(void *) != 8 || sizeof(struct sendgroup_private) == 2 * sizeof(struct iovec),
	       "records of the library are records of the module");

static const char device[] = "/dev/sendgroup";

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* of the descriptor plus 1, and the generation above it */
static int key_err;
static unsigned generation;

enum { DESCRIPTOR_BITS = 32 };

static void file_close(void *arg)
{
	close((int)((uintptr_t)arg & UINT32_MAX) - 1);
}

static void in_child(void)
{
	generation++;
}

static void make_key(void)
{
	key_err = pthread_key_create(&key, file_close);
	if (!key_err)
		key_err = pthread_atfork(NULL, NULL, in_child);
}

static uintptr_t packed(int fd)
{
	return (uintptr_t)generation << DESCRIPTOR_BITS | ((uintptr_t)fd + 1);
}

/* Opens the calling thread's file, instead of the one that it has: descriptor or -errno. */
static int file_open(void)
{
	void *old = pthread_getspecific(key);
	int fd;

	pthread_setspecific(key, NULL);
	if (old)
		file_close(old);
	fd = open(device, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pthread_setspecific(key, (void *)packed(fd))) {
		close(fd);
		return -ENOMEM;
	}
	return fd;
}

static int file_get(void)
{
	uintptr_t value;

	pthread_once(&once, make_key);
	if (key_err)
		return -ENOMEM;
	value = (uintptr_t)pthread_getspecific(key);
	if (value && value >> DESCRIPTOR_BITS == generation)
		return (int)(value & UINT32_MAX) - 1;
	return file_open();
}

static int module_probe(void)
{
	struct sendgroup_info info = { .size = sizeof info };
	int fd = sizeof(void *) == 8 ? open(device, O_RDWR | O_CLOEXEC) : -1;
	int err;

	if (fd < 0)
		return -ENOSYS;
	err = ioctl(fd, SENDGROUP_INFO, &info) ? -errno : 0;
	close(fd);
	return err;
}

static int module_send(const struct sendgroup_job *job)
{
	struct sendgroup_msg msg = {
		.size = sizeof msg, .fd = job->sd, .flags = (uint32_t)job->flags, .addr_size = (uint32_t)job->addr_bytes,
		.recnum = (uint32_t)job->recnum, .records = (uintptr_t)job->rec,
		.shared = (uintptr_t)job->shared.iov_base, .shared_len = job->shared.iov_len,
		.gerrno = (uintptr_t)job->gerrno,
	};
	int fd = file_get();
	int reached = fd < 0 ? -1 : ioctl(fd, SENDGROUP_SEND, &msg);

	if (fd >= 0 && reached < 0 && (errno == EPERM || errno == EXDEV)) {
		fd = file_open();
		reached = fd < 0 ? -1 : ioctl(fd, SENDGROUP_SEND, &msg);
	}
	if (reached >= 0)
		return reached;
	if (fd < 0 || errno == EPERM || errno == EXDEV || errno == ENOTTY)
		return -EOPNOTSUPP;
	return -errno;
}

const struct sendgroup_backend sendgroup_module = {
	.name = "module",
	.probe = module_probe,
	.send = module_send,
};
