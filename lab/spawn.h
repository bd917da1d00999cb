/* SPDX-License-Identifier: GPL-2.0-or-later */
/* spawn.h: programs that the lab leans on (apt, dpkg-deb, xz, the dynamic loader), run without a shell. */
#ifndef LAB_SPAWN_H
#define LAB_SPAWN_H

#include <stddef.h>

/* Text or bytes that grow. Zeroed: empty. There is always a zero byte behind the last. */
struct buffer {
	char *data;
	size_t n, room;
};

/* 0 or -ENOMEM. */
int buffer_add(struct buffer *buffer, const void *data, size_t n);
void buffer_free(struct buffer *buffer);

/* The same for strings. Zeroed: empty. */
struct strings {
	char **at;
	size_t n, room;
};

int strings_add(struct strings *strings, const char *text);
int strings_has(const struct strings *strings, const char *text);
void strings_free(struct strings *strings);

/* Runs argv[0] (looked up in PATH) in folder `in` (NULL: here) and waits for it. What it prints on stdout is added to
 * `out`; with NULL it goes to our stderr. Its stdin is empty, its stderr ours; it dies with us. Returns its exit status,
 * 128 + signal, or -errno: -ENOENT when there is no such program. Says nothing. */
int spawn(const char *const *argv, const char *in, struct buffer *out);

#endif
