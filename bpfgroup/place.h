/* SPDX-License-Identifier: GPL-2.0-or-later */
/* place.h: where a group facility lies in the file system (lane.h has the tree): made, found and taken away. */
#ifndef BPFGROUP_PLACE_H
#define BPFGROUP_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PLACE_PATH_BYTES = 256 };

/* Enters a network namespace by name (ip-netns(8)) or path. By fail(); 0 or -errno. */
int place_enter_netns(const char *netns);

/* Inode of the network namespace of this thread: 0 and *out, or -errno by fail(). */
int place_netns_inode(uint32_t *out);

/* Gives this process a mount namespace with an empty /run, so that all that is made below is gone with the process. By
 * fail(); 0 or -errno. */
int place_hide(void);

/* Waits for other runs of up and down, and keeps them waiting until this process ends. By fail(); 0 or -errno. */
int place_lock(void);

/* The folder of this namespace's facility, with "/file" behind it unless file is "". Into path[PLACE_PATH_BYTES]. */
void place_path(uint32_t inode, const char *file, char *path);

/* Makes the folder with its bpffs; what an interrupted run left there is taken away first. By fail(); 0 or -errno. */
int place_make(uint32_t inode);

/* Takes everything below the folder away, and the folder. Nothing there is no error. By fail(); 0 or -errno. */
int place_remove(uint32_t inode);

/* Makes a folder below the facility's. It stays root's: nobody else can change what a later `down` will find in it. */
int place_make_folder(uint32_t inode, const char *folder);

/* Removes the folder of all facilities if none is left. */
void place_forget(void);

bool place_has(uint32_t inode, const char *file);

/* Gives a file to a user and group. By fail(); 0 or -errno. */
int place_give(uint32_t inode, const char *file, uid_t uid, gid_t gid, mode_t mode);

/* Writes a small file at once: it has its whole content or does not exist. mode as of open(). By fail(); 0 or -errno. */
int place_write(uint32_t inode, const char *file, mode_t mode, const char *text);

/* Reads one into text[n], ended by NUL: 0; -ENOENT, and nothing said; -errno by fail(). */
int place_read(uint32_t inode, const char *file, char *text, size_t n);

#endif
