/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * audit_rules.c: turns the kernel's audit on and adds N rules for sendmsg that match nobody, so that each call pays for looking at them.
 * For guests: auditctl is not there. Usage: audit_rules N.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 4000000000u /* a user that nobody is; each rule has another, as the kernel refuses a rule twice */

static struct {
	struct nlmsghdr head;
	union {
		struct audit_status status;
		struct audit_rule_data rule;
		struct nlmsgerr answer;
		char room[4096];
	};
} message;

/* Sends a request of n bytes behind its head, and waits for the kernel's word. 0 or -errno. */
static int ask(int fd, unsigned short type, size_t n)
{
	message.head = (struct nlmsghdr){ .nlmsg_len = (unsigned)NLMSG_LENGTH(n), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK };
	if (send(fd, &message, message.head.nlmsg_len, 0) < 0)
		return -errno;
	do {
		if (recv(fd, &message, sizeof message, 0) < 0)
			return -errno;
	} while (message.head.nlmsg_type != NLMSG_ERROR);
	return message.answer.error;
}

static int turn_on(int fd)
{
	memset(message.room, 0, sizeof message.room);
	message.status = (struct audit_status){ .mask = AUDIT_STATUS_ENABLED, .enabled = 1 };
	return ask(fd, AUDIT_SET, sizeof message.status);
}

/* -a always,exit -S sendmsg -F uid=NOBODY */
static int add_rule(int fd, unsigned number)
{
	memset(message.room, 0, sizeof message.room);
	message.rule = (struct audit_rule_data){ .flags = AUDIT_FILTER_EXIT, .action = AUDIT_ALWAYS, .field_count = 1 };
	message.rule.mask[AUDIT_WORD(SYS_sendmsg)] = (unsigned)AUDIT_BIT(SYS_sendmsg);
	message.rule.fields[0] = AUDIT_UID;
	message.rule.values[0] = NOBODY - number;
	message.rule.fieldflags[0] = AUDIT_EQUAL;
	return ask(fd, AUDIT_ADD_RULE, sizeof message.rule);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT), err = fd < 0 ? -errno : turn_on(fd);

	for (unsigned i = 0; i < n && !err; i++)
		err = add_rule(fd, i);
	if (err)
		fprintf(stderr, "audit_rules: %s\n", strerror(-err));
	return err != 0;
}
