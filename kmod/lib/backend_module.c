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
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* On 32-bit machines a record is not what the module reads, and the next way is taken. */
_Static_assert(sizeof(void *) != 8 || sizeof(struct sendgroup_private) == 2 * sizeof(struct iovec),
	       "records of the library are records of the module");

static const char device[] = "/dev/sendgroup";

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key; /* of a thread's struct file */
static int key_err;
static unsigned generation;

struct file {
	int fd;
	unsigned generation;	/* of the process that opened it */
	struct stat stat;
};

static void file_close(void *arg)
{
	struct file *file = arg;

	if (file && sendgroup_still(file->fd, &file->stat))
		close(file->fd);
	free(file);
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

/* Opens the calling thread's file, instead of the one that it has. NULL: the way is not there. */
static struct file *file_open(void)
{
	struct file *file;

	file_close(pthread_getspecific(key));
	pthread_setspecific(key, NULL);
	file = calloc(1, sizeof *file);
	if (!file)
		return NULL;
	file->generation = generation;
	file->fd = open(device, O_RDWR | O_CLOEXEC);
	if (file->fd < 0 || fstat(file->fd, &file->stat) || pthread_setspecific(key, file)) {
		if (file->fd >= 0)
			close(file->fd);
		free(file);
		return NULL;
	}
	return file;
}

static struct file *file_get(void)
{
	struct file *file;

	pthread_once(&once, make_key);
	if (key_err)
		return NULL;
	file = pthread_getspecific(key);
	return file && file->generation == generation ? file : file_open();
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
	struct file *file = file_get();
	int reached = file ? ioctl(file->fd, SENDGROUP_SEND, &msg) : -1;

	if (file && reached < 0 && (errno == EPERM || errno == EXDEV || !sendgroup_still(file->fd, &file->stat))) {
		file = file_open();
		reached = file ? ioctl(file->fd, SENDGROUP_SEND, &msg) : -1;
	}
	if (reached >= 0)
		return reached;
	if (!file || errno == EPERM || errno == EXDEV || errno == ENOTTY)
		return -EOPNOTSUPP;
	return -errno;
}

const struct sendgroup_backend sendgroup_module = {
	.name = "module",
	.probe = module_probe,
	.send = module_send,
};
