/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accounts.c: users and groups by name or number, and a group's members. */
#include "bpfgroup/accounts.h"

#include "base/err.h"
#include "base/parse.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_member(struct account *account, uint32_t uid)
{
	for (size_t i = 0; i < account->members_n; i++)
		if (account->members[i] == uid)
			return 0;
	if (account->members_n == ACCOUNT_MEMBERS_MAX)
		return fail(-E2BIG, "%s has more than %d members; make a smaller group for it", account->name, ACCOUNT_MEMBERS_MAX);
	account->members[account->members_n++] = uid;
	return 0;
}

static int new_account(struct accounts *accounts, const char *kind, uint32_t id, struct account **out)
{
	struct account *account = &accounts->list[accounts->n];

	if (accounts->n == ACCOUNTS_MAX)
		return fail(-E2BIG, "more than %d users and groups; put the users into one group", ACCOUNTS_MAX);
	memset(account, 0, sizeof *account);
	snprintf(account->name, sizeof account->name, "%s-%u", kind, id);
	for (size_t i = 0; i < accounts->n; i++)
		if (!strcmp(accounts->list[i].name, account->name))
			return fail(-EEXIST, "%s %u is named twice", kind, id);
	account->members = calloc(ACCOUNT_MEMBERS_MAX, sizeof *account->members);
	if (!account->members)
		return fail(-ENOMEM, "out of memory");
	accounts->n++;
	*out = account;
	return 0;
}

int accounts_add_user(struct accounts *accounts, const char *user)
{
	const struct passwd *entry = getpwnam(user);
	struct account *account = NULL;
	uint64_t uid = 0;
	int err;

	if (entry)
		uid = entry->pw_uid;
	else if (parse_u64(user, 0, UINT32_MAX - 1, &uid))
		return fail(-ENOENT, "no user is called %s; give a name of passwd(5) or a number", user);
	err = new_account(accounts, "user", (uint32_t)uid, &account);
	if (err || !account)
		return err;
	account->uid = (uid_t)uid;
	account->mode = 0600;
	return add_member(account, (uint32_t)uid);
}

/* Those who are listed in the group, and those whose first group it is. */
static int add_members(struct account *account, const struct group *entry)
{
	const struct passwd *user;
	int err = 0;

	for (char **name = entry->gr_mem; !err && *name; name++) {
		user = getpwnam(*name);
		if (user)
			err = add_member(account, user->pw_uid);
	}
	setpwent();
	while (!err && (user = getpwent()))
		if (user->pw_gid == account->gid)
			err = add_member(account, user->pw_uid);
	endpwent();
	return err;
}

int accounts_add_group(struct accounts *accounts, const char *group)
{
	const struct group *entry = getgrnam(group);
	struct account *account = NULL;
	uint64_t gid;
	int err;

	if (!entry && !parse_u64(group, 0, UINT32_MAX - 1, &gid))
		entry = getgrgid((gid_t)gid);
	if (!entry)
		return fail(-ENOENT, "no group is called %s; give a name or number of group(5)", group);
	gid = entry->gr_gid;
	err = new_account(accounts, "group", (uint32_t)gid, &account);
	if (err || !account)
		return err;
	account->gid = (gid_t)gid;
	account->mode = 0660;
	return add_members(account, entry);
}

void accounts_free(struct accounts *accounts)
{
	for (size_t i = 0; i < accounts->n; i++)
		free(accounts->list[i].members);
	accounts->n = 0;
}
