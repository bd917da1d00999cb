/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accounts.h: who may use a group facility: a user, or a group with the members that it has now. */
#ifndef BPFGROUP_ACCOUNTS_H
#define BPFGROUP_ACCOUNTS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	ACCOUNTS_MAX = 32,
	ACCOUNT_MEMBERS_MAX = 1024,
	ACCOUNT_NAME_BYTES = 32,
};

struct account {
	char name[ACCOUNT_NAME_BYTES]; /* user-UID or group-GID: its folder */
	uid_t uid;		/* owner of its files: the user, or root for a group */
	gid_t gid;		/* of its files: the group, or root for a user */
	mode_t mode;		/* of its files */
	uint32_t *members;	/* uids */
	size_t members_n;
};

struct accounts {
	struct account list[ACCOUNTS_MAX];
	size_t n;
};

/* Adds one by name or number. By fail(): -ENOENT for a name that nobody has, -EEXIST when it is in already, -E2BIG. */
int accounts_add_user(struct accounts *accounts, const char *user);
int accounts_add_group(struct accounts *accounts, const char *group);
void accounts_free(struct accounts *accounts);

#endif
