/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guest.c: QEMU's command line, and its process. */
#include "base/err.h"
#include "lab/archive.h"
#include "lab/channel.h"
#include "lab/lab.h"
#include "lab/platform.h"
#include "lab/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLOT_WAIT_MS = 200 };

/* ---- Places: as many guests at once as there are processors ---- */

/* Names of sockets that no file system knows: the kernel frees them with the process that holds them. */
static int take_slot(int number)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), n, err;

	n = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "forecall-lab-%d", number);
	if (fd >= 0 && !bind(fd, (const struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)))
		return fd;
	err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

static int wait_for_slot(const struct lab_options *o)
{
	long cpus_n = sysconf(_SC_NPROCESSORS_ONLN);

	for (bool told = false; !o->stop || !*o->stop; told = true) {
		for (int i = 0; i < cpus_n; i++) {
			int fd = take_slot(i);

			if (fd != -EADDRINUSE)
				return fd >= 0 ? fd : fail(fd, "lab: cannot take a place for a guest: %s", strerror(-fd));
		}
		if (!told)
			warn("lab: %ld guests run already, as many as there are processors; waiting for one to end", cpus_n);
		poll(NULL, 0, SLOT_WAIT_MS);
	}
	return fail(-EINTR, "lab: interrupted before the guest was started");
}

/* ---- The command line ---- */

static int words(struct strings *line, const char *const *list)
{
	int err = 0;

	for (; *list && !err; list++)
		err = strings_add(line, *list);
	return err;
}

/* One option and its value. */
static int option(struct strings *line, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int option(struct strings *line, const char *name, const char *fmt, ...)
{
	char value[PATH_MAX + 256];
	va_list args;
	int err = strings_add(line, name);

	va_start(args, fmt);
	if (vsnprintf(value, sizeof value, fmt, args) >= (int)sizeof value)
		err = -E2BIG;
	va_end(args);
	return err ? err : strings_add(line, value);
}

/* The kernel's self-tests of its ciphers are left out: on one processor they take as long as the rest of the boot, and would double the
 * figures of whoever does not wait for their end. */
#define COUNTED " forecall.clock=icount cryptomgr.notests"

static int kernel_words(struct strings *line, const struct lab_options *o, int initrd)
{
	char path[PATH_MAX];
	int err = cache_kernel_path(path, &o->kernel, "vmlinuz");

	if (!err)
		err = option(line, "-kernel", "%s", path);
	if (!err)
		err = option(line, "-initrd", "/proc/self/fd/%d", initrd);
	return err ? err : option(line, "-append", "%s nokaslr %s panic=-1 rdinit=/init%s%s%s", platform_append(o->kernel.arch),
				  o->verbose ? "ignore_loglevel" : "quiet", o->icount ? COUNTED : " forecall.clock=real",
				  o->append ? " " : "", o->append ? o->append : "");
}

static int device_words(struct strings *line, const struct lab_options *o, const struct guest *guest)
{
	int err;

	if (o->shell)
		err = option(line, "-chardev", "stdio,id=console,signal=off");
	else
		err = option(line, "-chardev", "file,id=console,path=/proc/self/fd/%d", guest->console);
	if (!err)
		err = option(line, "-serial", "chardev:console");
	if (!err)
		err = option(line, "-object", "memory-backend-file,id=channel,share=on,size=%d,mem-path=/proc/self/fd/%d", CHANNEL_BYTES,
			     guest->memory);
	return err ? err : option(line, "-device", "ivshmem-plain,memdev=channel");
}

/* One instruction is one nanosecond; time jumps on while the guest sleeps; nothing comes from the host's clock or its
 * random numbers. */
static int clock_words(struct strings *line, const struct lab_options *o)
{
	static const char *const icount[] = { "-accel", "tcg", "-icount", "shift=0,sleep=off", "-seed", "1", "-rtc",
					      "base=2026-01-01,clock=vm", NULL };
	static const char *const real[] = { "-accel", "tcg,thread=multi", NULL };

	return words(line, o->icount ? icount : real);
}

/* What counts the guest's instructions function by function, once the guest asks for it. */
static int plugin_words(struct strings *line, const struct lab_options *o, const struct guest *guest)
{
	char path[PATH_MAX];
	int err;

	if (!o->icount || strcmp(o->kernel.arch, "amd64") != 0)
		return 0;
	err = platform_plugin(path);
	if (err)
		return fail(err, "lab: the plugin that counts instructions is not there; run `make`");
	return option(line, "-plugin", "file=%s,memory=/proc/self/fd/%d", path, guest->memory);
}

/* Two cards on one hub are a wire; one alone sends into nothing. */
static int card_words(struct strings *line, const struct lab_options *o)
{
	static const char *const macs[] = { WIRE_MAC, WIRE_PEER_MAC };
	int err = 0;

	for (int i = 0; i < (o->nic ? o->sink ? 1 : 2 : 0) && !err; i++) {
		err = option(line, "-netdev", "hubport,id=wire%d,hubid=0", i);
		if (!err)
			err = option(line, "-device", "%s,netdev=wire%d,mac=%s,romfile=", o->nic, i, macs[i]);
	}
	return err;
}

static int command_line(struct strings *line, const struct lab_options *o, const struct guest *guest, int initrd)
{
	static const char *const common[] = { "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", NULL };
	int err = strings_add(line, platform_qemu(o->kernel.arch));

	if (!err)
		err = words(line, platform_machine(o->kernel.arch));
	if (!err)
		err = words(line, common);
	if (!err)
		err = option(line, "-smp", "%u", o->cpus_n);
	if (!err)
		err = option(line, "-m", "%u", o->memory_mb);
	if (!err)
		err = clock_words(line, o);
	if (!err)
		err = plugin_words(line, o, guest);
	if (!err)
		err = kernel_words(line, o, initrd);
	if (!err)
		err = device_words(line, o, guest);
	if (!err)
		err = card_words(line, o);
	return err;
}

/* ---- The process ---- */

static void inherit(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

/* In the child. It has a process group of its own, so that ^C reaches us alone; but a terminal is only for the group in
 * front, and with it QEMU itself takes no signal from it. */
static void become(char **argv, const struct lab_options *o, const struct guest *guest, int initrd, pid_t parent, int told)
{
	int null = open("/dev/null", O_RDWR), err;
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	if (!o->shell) {
		setpgid(0, 0);
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	dup2(guest->errors, STDERR_FILENO);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	inherit(initrd);
	inherit(guest->console);
	inherit(guest->memory);
	execvp(argv[0], argv);
	err = errno;
	if (write(told, &err, sizeof err) < 0)
		_exit(126);
	_exit(127);
}

static int start(struct guest *guest, const struct lab_options *o, char **argv, int initrd)
{
	int told[2], failed = 0;
	pid_t parent = getpid();

	if (pipe2(told, O_CLOEXEC))
		return -errno;
	guest->pid = fork();
	if (!guest->pid)
		become(argv, o, guest, initrd, parent, told[1]);
	if (guest->pid < 0)
		failed = errno;
	close(told[1]);
	if (guest->pid > 0 && read(told[0], &failed, sizeof failed) != sizeof failed)
		failed = 0;
	close(told[0]);
	if (!failed)
		guest->pidfd = (int)syscall(SYS_pidfd_open, guest->pid, 0);
	return failed ? -failed : guest->pidfd < 0 ? -errno : 0;
}

static int make_memory(struct guest *guest, bool console)
{
	guest->memory = memfd_create("forecall-channel", MFD_CLOEXEC);
	if (guest->memory < 0 || ftruncate(guest->memory, CHANNEL_BYTES))
		return -errno;
	guest->channel = mmap(NULL, CHANNEL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, guest->memory, 0);
	if (guest->channel == MAP_FAILED) {
		guest->channel = NULL;
		return -errno;
	}
	guest->errors = memfd_create("forecall-qemu", MFD_CLOEXEC);
	if (console)
		guest->console = memfd_create("forecall-console", MFD_CLOEXEC);
	return guest->errors < 0 || (console && guest->console < 0) ? -errno : 0;
}

static int start_said(struct guest *guest, const struct lab_options *o, int initrd)
{
	const char *qemu = platform_qemu(o->kernel.arch);
	struct strings line = { 0 };
	char **argv = NULL;
	int err = make_memory(guest, !o->shell);

	if (!err)
		err = command_line(&line, o, guest, initrd);
	if (!err)
		argv = calloc(line.n + 1, sizeof *argv);
	if (argv)
		memcpy(argv, line.at, line.n * sizeof *argv);
	if (!err)
		err = argv ? start(guest, o, argv, initrd) : -ENOMEM;
	free(argv);
	strings_free(&line);
	if (err == -ENOENT)
		return fail(err, "lab: there is no %s; install %s", qemu,
			    strcmp(o->kernel.arch, "arm64") ? "qemu-system-x86" : "qemu-system-arm");
	return err ? fail(err, "lab: cannot start %s: %s", qemu, strerror(-err)) : 0;
}

int guest_start(const struct lab_options *o, int initrd, struct guest *guest)
{
	int err;

	*guest = (struct guest){ .pidfd = -1, .console = -1, .errors = -1, .memory = -1, .slot = -1 };
	guest->slot = wait_for_slot(o);
	if (guest->slot < 0)
		return guest->slot;
	err = start_said(guest, o, initrd);
	if (err)
		guest_end(guest);
	return err;
}

void guest_end(struct guest *guest)
{
	const int fds[] = { guest->pidfd, guest->console, guest->errors, guest->memory, guest->slot };

	if (guest->pid > 0) {
		kill(guest->pid, SIGKILL);
		while (waitpid(guest->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (guest->channel)
		munmap(guest->channel, CHANNEL_BYTES);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	*guest = (struct guest){ .pidfd = -1, .console = -1, .errors = -1, .memory = -1, .slot = -1 };
}
