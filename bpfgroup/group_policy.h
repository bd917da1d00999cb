/* SPDX-License-Identifier: GPL-2.0-or-later */
/* group_policy.h: whether a datagram may be sent past the kernel's own path: netfilter, IPsec, routing rules, programs of a cgroup. */
#ifndef BPFGROUP_GROUP_POLICY_H
#define BPFGROUP_GROUP_POLICY_H

#include "bpfgroup/group_state.h"
#include <bpf/bpf_core_read.h>

#define RT_TABLE_DEFAULT 253
#define RT_TABLE_LOCAL 255
#define RULES_MAX 16 /* that are looked through */
#define PRIORITY_SECURITY -225 /* NF_IP_PRI_SELINUX_FIRST */

#ifndef container_of
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#endif

/* AppArmor, on every Debian kernel, has a hook at POST_ROUTING for packets with a security mark, which only netfilter's own
 * rules can give. (SELinux and Smack, which mean it, are at LOCAL_OUT too.) */
static __always_inline bool is_apparmor(struct nf_hook_entries *hooks)
{
	struct nf_hook_ops **all = (void *)&hooks->hooks[1], *ops = NULL;

	if (bpf_probe_read_kernel(&ops, sizeof ops, all))
		return false;
	return BPF_CORE_READ(ops, priority) == PRIORITY_SECURITY && BPF_CORE_READ_BITFIELD_PROBED(ops, hook_ops_type) == 0;
}

static __always_inline bool hooked(struct nf_hook_entries *hooks, bool may_be_apparmor)
{
	__u16 n = hooks ? hooks->num_hook_entries : 0;

	return n > 1 || (n == 1 && !(may_be_apparmor && is_apparmor(hooks)));
}

/* The group's datagram passes LOCAL_OUT and POST_ROUTING, its copies do not. */
static __always_inline bool netfilter_wants(struct net *net)
{
	if (!bpf_core_field_exists(net->nf.hooks_ipv4))
		return false;
	return hooked(net->nf.hooks_ipv4[3], false) || hooked(net->nf.hooks_ipv4[4], true) || hooked(net->nf.hooks_ipv6[3], false) ||
	       hooked(net->nf.hooks_ipv6[4], true);
}

static __always_inline bool xfrm_wants(struct net *net)
{
	const int out = 1; /* XFRM_POLICY_OUT */

	if (!bpf_core_field_exists(net->xfrm))
		return false;
	return net->xfrm.policy_count[out] || net->xfrm.policy_default[out] == 1;
}

/* Rules that only lead to the tables local, main and default are what a lookup without rules does. */
static __always_inline bool leads_elsewhere(struct fib_rules_ops *ops)
{
	struct list_head *head = &ops->rules_list, *node = BPF_CORE_READ(head, next);

	for (int i = 0; i < RULES_MAX; i++) {
		struct fib_rule *rule = container_of(node, struct fib_rule, list);
		__u32 table;

		if (node == head || !node)
			return false;
		table = BPF_CORE_READ(rule, table);
		if (table < RT_TABLE_DEFAULT || table > RT_TABLE_LOCAL)
			return true;
		node = BPF_CORE_READ(node, next);
	}
	return true;
}

/* The kernel notes that there was a rule, and not that it has gone. */
static __always_inline bool rules_want(struct net *net)
{
	if (bpf_core_field_exists(net->ipv4.fib_has_custom_rules) && net->ipv4.fib_has_custom_rules && leads_elsewhere(net->ipv4.rules_ops))
		return true;
	return bpf_core_field_exists(net->ipv6.fib6_has_custom_rules) && net->ipv6.fib6_has_custom_rules &&
	       leads_elsewhere(net->ipv6.fib6_rules_ops);
}

static __always_inline bool attached(struct cgroup *cgroup, int type)
{
	struct bpf_prog_array *array = cgroup->bpf.effective[type];

	return array && array->items[0].prog;
}

static __always_inline bool cgroup_wants(struct cgroup *cgroup)
{
	if (!bpf_core_field_exists(cgroup->bpf))
		return false;
	return attached(cgroup, bpf_core_enum_value(enum cgroup_bpf_attach_type, CGROUP_INET_EGRESS)) ||
	       attached(cgroup, bpf_core_enum_value(enum cgroup_bpf_attach_type, CGROUP_UDP4_SENDMSG)) ||
	       attached(cgroup, bpf_core_enum_value(enum cgroup_bpf_attach_type, CGROUP_UDP6_SENDMSG));
}

/* What of the namespace wants to see packets: bits of enum group_policy. */
static __always_inline __u32 policy_of(struct net *net)
{
	return (netfilter_wants(net) ? GROUP_NETFILTER : 0) | (xfrm_wants(net) ? GROUP_XFRM : 0) |
	       (rules_want(net) ? GROUP_RULES : 0);
}

/* A datagram comes here in the context of the task that sent it. It is judged by that task's namespace and cgroup, so these
 * must be those of the socket. */
static __always_inline int check_policy(struct __sk_buff *skb, const struct group_config *conf)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cgroup *cgroup;
	struct net *net;

	if (conf->ignore_policy)
		return 0;
	if (!task->nsproxy || !task->cgroups)
		return GROUP_PLACE;
	net = task->nsproxy->net_ns;
	cgroup = task->cgroups->dfl_cgrp;
	if (net->ns.inum != conf->netns_inode || cgroup->kn->id != bpf_skb_cgroup_id(skb))
		return GROUP_PLACE;
	return policy_of(net) || cgroup_wants(cgroup) ? GROUP_POLICY : 0;
}

#endif
