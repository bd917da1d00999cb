/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab.h: a guest from its start to its end: boots a kernel in QEMU, runs one command in it, and hands back what it left.
 *
 * Nothing of a guest has a name in the host's file system: files, console and channel are memory of this process and of
 * QEMU, which the kernel ends with this process. So nothing can be left behind, in whatever way it ends. */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "lab/cache.h"
#include "lab/spawn.h"

/* The guest's real-time clock starts here under icount, so that two guests do the same: 2026-01-01, in seconds. */
#define LAB_EPOCH_S 1767225600LL

struct lab_options {
	struct kernel kernel;
	const char *nic;	 /* QEMU's name of a network card; NULL: none */
	bool sink;		 /* the card's packets go nowhere; else to a second card in the namespace WIRE_PEER_NS */
	bool icount;		 /* one instruction is one nanosecond and one tick; else the emulator's real time */
	bool verbose;		 /* the guest's console on stderr */
	bool shell;		 /* the command gets this terminal */
	unsigned cpus_n;
	unsigned memory_mb;
	unsigned limit_s;	 /* the guest is ended after it; 0: never */
	const char *append;	 /* more words for the kernel's command line; NULL: none */
	struct strings args;	 /* the command; its first word is looked up by lab_resolve() */
	struct strings in;	 /* "FILE", "FILE:PATH" or "FILE:FOLDER/": files, programs and folders to copy in */
	struct strings out;	 /* "PATH" or "PATH:FILE": files to bring back */
	struct strings env;	 /* NAME=VALUE for the command */
	struct strings modules;	 /* kernel modules to load before the command */
	volatile sig_atomic_t *stop; /* not zero: end the guest */
};

struct lab_result {
	bool ended;	     /* the command ran to its end, so the rest is known */
	int status;	     /* of the command */
	int64_t started_ns;  /* wall clock of the host when the guest was started */
	struct buffer runs;  /* of the guest's store, as `runs export` writes them */
};

/* Runs the guest: its output goes to our stdout and stderr as it comes, the files that were asked for are written in the
 * end, each for itself. 0 when the command ran to its end, whatever its status. By fail(), -errno: of a file, -ETIMEDOUT for the limit, -EINTR for a
 * stop, -EIO for a panic. The caller frees result->runs in any case. */
int lab_run(const struct lab_options *options, struct lab_result *result);

/* ---- For the parts of the lab ---- */

struct archive;

/* The guest's files. The caller frees the archive. By fail(); 0 or -errno. */
int image_make(const struct lab_options *options, struct archive *out);

/* A running guest. */
struct guest {
	pid_t pid;
	int pidfd;
	int console; /* memory into which QEMU writes the guest's console; -1 for a shell */
	int errors;  /* what QEMU itself prints */
	int memory;  /* of the channel */
	int slot;    /* holds our place among the guests of this machine */
	struct channel *channel;
};

/* Waits for a free place and starts QEMU. By fail(); 0 or -errno. */
int guest_start(const struct lab_options *options, int initrd, struct guest *guest);

/* Ends it, if it has not ended, and frees all it held. */
void guest_end(struct guest *guest);

#endif
