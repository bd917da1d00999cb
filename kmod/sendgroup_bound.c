// SPDX-License-Identifier: GPL-2.0
/* sendgroup_bound.c: SO_SETGRP: a group bound to a UDP socket, so that plain send() and write() reach all of it.
 *
 * The option comes in through netfilter's door for socket options. A socket that uses it gets a copy of its protocol's
 * operations in which sendmsg is ours, for the rest of its life: another thread may be within it at any time. What is kept
 * for it goes with the socket, in sk_destruct. The copy's owner is this module, which the kernel itself lets go of behind
 * that: so the module cannot be unloaded while such a socket is there, and no code of ours runs after its last one. */
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/sockptr.h>
#include <net/udp.h>

#include "sendgroup.h"

struct sendgroup_bound {
	struct hlist_node node;
	struct rcu_head rcu;
	const struct sock *sk;
	void (*destruct)(struct sock *sk);	/* the socket's own */
	struct sendgroup_state *state;		/* its lock protects what follows, too */
	struct sendgroup_addr *addrs;
	u32 n;
};

static DEFINE_HASHTABLE(bounds, 8);
static DEFINE_SPINLOCK(bounds_lock);	/* writers of the table */
static DEFINE_MUTEX(copying);		/* bases[], copies[]; inside lock_sock() */

/* [0] IPv4, [1] IPv6. The kernel does not export udpv6_prot: it is found at the first IPv6 socket. */
static struct proto *bases[2] = { &udp_prot };
static struct proto copies[2];

/* The object lives as long as the socket, of which the caller has a reference. */
static struct sendgroup_bound *bound_find(const struct sock *sk)
{
	struct sendgroup_bound *bound;

	rcu_read_lock();
	hash_for_each_possible_rcu(bounds, bound, node, (unsigned long)sk) {
		if (bound->sk == sk) {
			rcu_read_unlock();
			return bound;
		}
	}
	rcu_read_unlock();
	return NULL;
}

/* ---- Sending ---- */

static int bound_read(struct sendgroup_source *source, struct sendgroup_call *call, u32 first, u32 n)
{
	struct sendgroup_item *items = call->state->items;
	const struct sendgroup_bound *bound = bound_find(call->sk);

	memset(items, 0, n * sizeof(*items));
	for (u32 i = 0; i < n; i++) {
		items[i].index = first + i;
		items[i].addr = bound->addrs[first + i];
	}
	return 0;
}

static int bound_send_locked(struct sendgroup_call *call, struct sendgroup_bound *bound, struct msghdr *msg, size_t len)
{
	struct sendgroup_source source = { .read = bound_read };
	int error, reached, err;

	err = sendgroup_shared_copy(call->state, &msg->msg_iter);
	if (err)
		return err;
	sendgroup_options_read(call);
	reached = sendgroup_call_run(call, &source, bound->n, &error);
	sendgroup_shared_put(call->state);
	if (reached < 0)
		return reached;
	return reached ? (int)len : error;
}

static int bound_send(struct sock *sk, struct sendgroup_bound *bound, struct msghdr *msg, size_t len)
{
	struct sendgroup_call call = {
		.state = bound->state, .sk = sk, .net = sock_net(sk), .flags = msg->msg_flags & SENDGROUP_FLAGS,
		.noblock = msg->msg_flags & MSG_DONTWAIT,
	};
	int err = sendgroup_socket_ready(sk);

	if (err)
		return err;
	if (len > 0xffff)
		return -EMSGSIZE;
	if (call.noblock && !mutex_trylock(&bound->state->lock))
		return -EAGAIN;
	if (!call.noblock && mutex_lock_interruptible(&bound->state->lock))
		return -ERESTARTSYS;
	err = bound_send_locked(&call, bound, msg, len);
	mutex_unlock(&bound->state->lock);
	return err;
}

static int base_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	return bases[sk->sk_family == AF_INET6]->sendmsg(sk, msg, len);
}

static int bound_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct sendgroup_bound *bound = bound_find(sk);

	if (!bound || !READ_ONCE(bound->n) || msg->msg_name)
		return base_sendmsg(sk, msg, len);
	if (msg->msg_controllen || msg->msg_flags & ~(SENDGROUP_FLAGS | MSG_CMSG_COMPAT | MSG_EOR))
		return -EOPNOTSUPP;
	return bound_send(sk, bound, msg, len);
}

/* ---- A socket's end ---- */

static void bound_destruct(struct sock *sk)
{
	struct sendgroup_bound *bound = bound_find(sk);
	void (*destruct)(struct sock *) = bound->destruct;

	spin_lock_bh(&bounds_lock);
	hash_del_rcu(&bound->node);
	spin_unlock_bh(&bounds_lock);
	sendgroup_state_free(bound->state);
	kvfree(bound->addrs);
	kfree_rcu(bound, rcu);
	destruct(sk);
}

/* ---- SO_SETGRP ---- */

/* Makes the copy of a protocol, once: 0 or -EOPNOTSUPP. */
static int copy_make(int v6, struct proto *base)
{
	if (v6 && !bases[1]) {
		if (strcmp(base->name, "UDPv6"))
			return -EOPNOTSUPP;
		bases[1] = base;
	}
	if (bases[v6] != base)
		return -EOPNOTSUPP;
	if (!copies[v6].sendmsg) {
		copies[v6] = *base;
		copies[v6].owner = THIS_MODULE;
		copies[v6].sendmsg = bound_sendmsg;
	}
	return 0;
}

/* Copies of the protocol that the socket speaks, and of the one that made it and takes its memory back: IPV6_ADDRFORM makes
 * them differ. */
static int copies_make(const struct sock *sk)
{
	int err;

	mutex_lock(&copying);
	err = copy_make(sk->sk_family == AF_INET6, sk->sk_prot);
	if (!err)
		err = copy_make(sk->sk_prot_creator != &udp_prot, sk->sk_prot_creator);
	mutex_unlock(&copying);
	return err;
}

/* Hands the socket over to the copies. 0 or -EOPNOTSUPP; under lock_sock(). */
static int adopt(struct sock *sk, struct sendgroup_bound *bound)
{
	int creator_v6 = sk->sk_prot_creator != &udp_prot;
	int err = copies_make(sk); /* refuses a socket in a sockmap, too: its operations are neither */

	if (err)
		return err;
	__module_get(THIS_MODULE);
	module_put(sk->sk_prot_creator->owner);
	sk->sk_prot_creator = &copies[creator_v6];
	bound->destruct = sk->sk_destruct;
	sk->sk_destruct = bound_destruct;
	spin_lock_bh(&bounds_lock);
	hash_add_rcu(bounds, &bound->node, (unsigned long)sk);
	spin_unlock_bh(&bounds_lock);
	WRITE_ONCE(sk->sk_prot, &copies[sk->sk_family == AF_INET6]);
	return 0;
}

static void bound_free(struct sendgroup_bound *bound)
{
	sendgroup_state_free(bound->state);
	kfree(bound);
}

/* The socket's object, made at its first group. */
static struct sendgroup_bound *bound_get(struct sock *sk)
{
	struct sendgroup_bound *bound = bound_find(sk), *other;
	int err;

	if (bound)
		return bound;
	bound = kzalloc(sizeof(*bound), GFP_KERNEL_ACCOUNT);
	if (!bound)
		return ERR_PTR(-ENOMEM);
	bound->sk = sk;
	bound->state = sendgroup_state_new();
	if (!bound->state) {
		kfree(bound);
		return ERR_PTR(-ENOMEM);
	}
	lock_sock(sk);
	other = bound_find(sk); /* of another thread, meanwhile */
	err = other ? 0 : adopt(sk, bound);
	release_sock(sk);
	if (!other && !err)
		return bound;
	bound_free(bound);
	return err ? ERR_PTR(err) : other;
}

static u32 addr_size(const struct sock *sk)
{
	return sk->sk_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* Reads n addresses: an array, or the errno of the first one that sendmsg() would refuse. */
static struct sendgroup_addr *read_addrs(const struct sock *sk, sockptr_t from, u32 n)
{
	struct sendgroup_addr *addrs = kvcalloc(n, sizeof(*addrs), GFP_KERNEL_ACCOUNT);
	struct sendgroup_item item;
	u8 addr[sizeof(struct sockaddr_in6)] __aligned(8) = {};
	int err = addrs ? 0 : -ENOMEM;

	for (u32 i = 0; i < n && !err; i++) {
		item = (struct sendgroup_item){};
		if (copy_from_sockptr_offset(addr, from, (size_t)i * addr_size(sk), addr_size(sk)))
			item.error = -EFAULT;
		else
			sendgroup_item_address(sk, &item, addr, addr_size(sk));
		addrs[i] = item.addr;
		err = fatal_signal_pending(current) ? -EINTR : item.error;
		cond_resched();
	}
	if (!err)
		return addrs;
	kvfree(addrs);
	return ERR_PTR(err);
}

static int set_group(struct sock *sk, struct sendgroup_addr *addrs, u32 n)
{
	struct sendgroup_bound *bound = bound_get(sk);

	if (IS_ERR(bound))
		return PTR_ERR(bound);
	if (mutex_lock_interruptible(&bound->state->lock))
		return -ERESTARTSYS;
	swap(bound->addrs, addrs);
	WRITE_ONCE(bound->n, n);
	mutex_unlock(&bound->state->lock);
	kvfree(addrs); /* the old ones */
	return 0;
}

static int bound_setsockopt(struct sock *sk, int option, sockptr_t arg, unsigned int len)
{
	struct sendgroup_addr *addrs = NULL;
	u32 n = len / addr_size(sk);
	int err;

	if (sk->sk_type != SOCK_DGRAM || sk->sk_protocol != IPPROTO_UDP)
		return -EOPNOTSUPP;
	if (len % addr_size(sk) || n > SENDGROUP_BOUND_MAX)
		return -EINVAL;
	if (!n && !bound_find(sk))
		return 0;
	if (n)
		addrs = read_addrs(sk, arg, n);
	if (IS_ERR(addrs))
		return PTR_ERR(addrs);
	err = set_group(sk, addrs, n);
	if (err)
		kvfree(addrs);
	return err;
}

static struct nf_sockopt_ops bound_sockopt = {
	.pf = PF_INET,
	.set_optmin = SO_SETGRP,
	.set_optmax = SO_SETGRP + 1,
	.set = bound_setsockopt,
	.owner = THIS_MODULE,
};

int sendgroup_bound_init(void)
{
	return nf_register_sockopt(&bound_sockopt);
}

/* No socket of ours is left: each held the module. Their objects may still wait to be freed. */
void sendgroup_bound_exit(void)
{
	nf_unregister_sockopt(&bound_sockopt);
	rcu_barrier();
}
