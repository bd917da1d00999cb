// SPDX-License-Identifier: GPL-2.0
/* sendgroup_call.c: one call: recipients are taken in batches; for each a route and a packet are got, then the batch goes
 * out. What cannot be sent to one recipient is his error; the others are sent to all the same. */
#include <linux/bpf-cgroup.h>
#include <linux/sched/signal.h>
#include <linux/skmsg.h>
#include <net/udp.h>

#include "sendgroup.h"

/* ---- Sockets ---- */

/* Options that were set and cleared again leave an empty structure behind. */
static bool has_ip_options(const struct sock *sk)
{
	const struct ip_options_rcu *options;
	bool has;

	if (likely(!rcu_access_pointer(inet_sk(sk)->inet_opt)))
		return false;
	rcu_read_lock();
	options = rcu_dereference(inet_sk(sk)->inet_opt);
	has = options && options->opt.optlen;
	rcu_read_unlock();
	return has;
}

static bool in_sockmap(const struct sock *sk)
{
	bool is_in;

	rcu_read_lock();
	is_in = sk_psock(sk) != NULL;
	rcu_read_unlock();
	return is_in;
}

/* Each of these makes sendmsg() do something for a packet that is not done here. */
static bool has_extras(struct sock *sk)
{
	struct udp_sock *up = udp_sk(sk);

	if (READ_ONCE(up->pending) || udp_test_bit(CORK, sk) || READ_ONCE(up->gso_size))
		return true;
	if (has_ip_options(sk) || READ_ONCE(sk->sk_tsflags) & SOF_TIMESTAMPING_TX_RECORD_MASK)
		return true;
#ifdef CONFIG_XFRM
	if (rcu_access_pointer(sk->sk_policy[1]))
		return true;
#endif
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && (rcu_access_pointer(inet6_sk(sk)->opt) || sendgroup_sndflow6(sk)))
		return true;
#endif
	return in_sockmap(sk) || sock_flag(sk, SOCK_WIFI_STATUS);
}

/* A program that decides on each sendmsg() must not be passed by. */
static bool is_guarded(void)
{
#ifdef CONFIG_CGROUP_BPF
	return cgroup_bpf_enabled(CGROUP_UDP4_SENDMSG) || cgroup_bpf_enabled(CGROUP_UDP6_SENDMSG);
#else
	return false;
#endif
}

/* inet_autobind() is not exported; this is what it does. */
static int autobind(struct sock *sk)
{
	int err = 0;

	lock_sock(sk);
	if (!inet_sk(sk)->inet_num) {
		if (sk->sk_prot->get_port(sk, 0))
			err = -EAGAIN;
		else
			inet_sk(sk)->inet_sport = htons(inet_sk(sk)->inet_num);
	}
	release_sock(sk);
	return err;
}

int sendgroup_socket_ready(struct sock *sk)
{
	if (sk->sk_type != SOCK_DGRAM || sk->sk_protocol != IPPROTO_UDP ||
	    (sk->sk_family != AF_INET && sk->sk_family != AF_INET6))
		return -EOPNOTSUPP;
	if (has_extras(sk) || is_guarded())
		return -EOPNOTSUPP;
	return data_race(inet_sk(sk)->inet_num) ? 0 : autobind(sk);
}

/* ---- Addresses ---- */

static void set_v4(struct sendgroup_item *item, __be16 port, __be32 addr)
{
	item->addr = (struct sendgroup_addr){ .in = {
		.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = addr,
	} };
	item->error = port ? 0 : -EINVAL;
}

static int item_address6(const struct sock *sk, struct sendgroup_item *item, const struct sockaddr_in6 *in6, u32 n)
{
	if (n < sizeof(*in6))
		return -EINVAL;
	if (ipv6_addr_v4mapped(&in6->sin6_addr)) {
		if (ipv6_only_sock(sk))
			return -ENETUNREACH;
		set_v4(item, in6->sin6_port, in6->sin6_addr.s6_addr32[3]);
		return item->error;
	}
	item->addr = (struct sendgroup_addr){ .in6 = {
		.sin6_family = AF_INET6, .sin6_port = in6->sin6_port, .sin6_addr = in6->sin6_addr,
		.sin6_scope_id = in6->sin6_scope_id,
	} };
	return in6->sin6_port ? 0 : -EINVAL;
}

void sendgroup_item_address(const struct sock *sk, struct sendgroup_item *item, const void *addr, u32 n)
{
	const struct sockaddr_in *in = addr;

	if (sk->sk_family == AF_INET) {
		if (likely(in->sin_family == AF_INET || in->sin_family == AF_UNSPEC))
			set_v4(item, in->sin_port, in->sin_addr.s_addr);
		else
			item->error = -EAFNOSUPPORT;
	} else if (in->sin_family == AF_INET6) {
		item->error = item_address6(sk, item, addr, n);
	} else if (in->sin_family == AF_INET) {
		set_v4(item, in->sin_port, in->sin_addr.s_addr);
		if (ipv6_only_sock(sk))
			item->error = -ENETUNREACH;
	} else {
		item->error = in->sin_family == AF_UNSPEC ? -EDESTADDRREQ : -EINVAL;
	}
}

/* ---- Batches ---- */

/* Gets route and packet of item i into the next slot. 0 or -errno. */
static int prepare(struct sendgroup_call *call, u32 i, bool noblock)
{
	struct sendgroup_state *state = call->state;
	struct sendgroup_slot *slot = &state->slots[state->slots_n];
	struct sendgroup_item *item = &state->items[i];
	int err = item->error;

	if (unlikely(err))
		return err;
	slot->route = sendgroup_route_cached(state, item);
	if (unlikely(!slot->route))
		err = sendgroup_route_make(call, item, &slot->spare, &slot->route);
	if (likely(!err))
		err = sendgroup_packet(call, item, slot->route, noblock, &slot->skb);
	if (unlikely(err)) {
		sendgroup_route_drop(&slot->spare);
		return err;
	}
	slot->index = i;
	state->slots_n++;
	return 0;
}

static bool is_signal(int err)
{
	return err == -ERESTARTSYS || err == -EINTR;
}

/* Before it waits for room in the socket's buffer, what is prepared goes out: it may be what fills the buffer. Returns 0,
 * or the -errno of a signal, which ends the call at recipient *ended of this batch. */
static int run_batch(struct sendgroup_call *call, u32 n, u32 *ended)
{
	struct sendgroup_state *state = call->state;

	state->checked = NULL;
	for (u32 i = 0; i < n; i++) {
		int err = prepare(call, i, true);

		if (unlikely(err == -EAGAIN && state->items[i].error == 0)) {
			sendgroup_output(call);
			err = prepare(call, i, call->noblock);
		}
		if (unlikely(is_signal(err))) {
			sendgroup_output(call);
			*ended = i;
			return err;
		}
		if (unlikely(err))
			state->errors[i] = -err;
	}
	sendgroup_output(call);
	return 0;
}

static int first_error(const s32 *errors, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (errors[i])
			return -errors[i];
	return 0;
}

/* Tells recipients [first, n) that the call ended before them. */
static void tell_rest(struct sendgroup_call *call, struct sendgroup_source *source, u32 first, u32 n, int error)
{
	s32 *errors = call->state->errors;

	for (u32 i = 0; i < SENDGROUP_BATCH; i++)
		errors[i] = error;
	while (source->tell && first < n) {
		u32 count = min_t(u32, n - first, SENDGROUP_BATCH);

		if (source->tell(source, first, count, errors) || fatal_signal_pending(current))
			return;
		first += count;
		cond_resched();
	}
}

/* Ends a call at recipient `first`: what was sent is sent. */
static int stop(struct sendgroup_call *call, struct sendgroup_source *source, u32 first, u32 n, int err)
{
	if (!call->reached)
		return err;
	tell_rest(call, source, first, n, is_signal(err) ? EINTR : -err);
	return call->reached;
}

int sendgroup_call_run(struct sendgroup_call *call, struct sendgroup_source *source, u32 n, int *error)
{
	s32 *errors = call->state->errors;

	*error = 0;
	for (u32 first = 0; first < n; first += SENDGROUP_BATCH) {
		u32 count = min_t(u32, n - first, SENDGROUP_BATCH), ended = count;
		int err = fatal_signal_pending(current) ? -EINTR : source->read(source, call, first, count);

		if (err)
			return stop(call, source, first, n, err);
		memset(errors, 0, count * sizeof(*errors));
		err = run_batch(call, count, &ended);
		if (!*error)
			*error = first_error(errors, ended);
		if (source->tell && ended && source->tell(source, first, ended, errors))
			return -EFAULT;
		if (err)
			return stop(call, source, first + ended, n, err);
		cond_resched();
	}
	return call->reached;
}
