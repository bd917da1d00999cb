/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * group.bpf.c: the tc program of the group device: turns one datagram, sent to a lane's group address, into one packet for
 * each recipient in a chunk of that lane (lane.h).
 *
 * The datagram is rewritten in place for one recipient after the other and cloned to the device of his route. Its UDP
 * checksum is left to the device (CHECKSUM_PARTIAL), so only the sum over the pseudo header depends on the recipient.
 *
 * What a lane says is read once into a local variable, checked, and used: its owner may change it at any moment. Whatever
 * this program does not do exactly as the kernel's own path would, it leaves to that path (GROUP_PLAIN and above).
 */
#include "bpfgroup/group_copy.h"
#include "bpfgroup/group_parse.h"
#include "bpfgroup/group_policy.h"
#include "bpfgroup/group_route.h"
#include "bpfgroup/group_state.h"

#define TC_ACT_SHOT 2
#define TC_ACT_STOLEN 4

/* The lane's owner, if the socket's may use it. */
static __always_inline struct group_owner *find_owner(struct __sk_buff *skb, __u32 lane)
{
	struct group_grant grant = { .uid = bpf_get_socket_uid(skb) };
	struct group_owner *owner = bpf_map_lookup_elem(&owners, &lane);

	if (!owner || !owner->account)
		return NULL;
	grant.account = owner->account - 1;
	return bpf_map_lookup_elem(&grants, &grant) ? owner : NULL;
}

/* One datagram of a lane at a time: its routes are nobody else's meanwhile. libsendgroup never has two under way. */
static __always_inline bool enter(struct group_owner *owner)
{
	return !__sync_lock_test_and_set(&owner->busy, 1);
}

static __always_inline void leave(struct group_owner *owner)
{
	__sync_lock_test_and_set(&owner->busy, 0); /* and not a store: what was written before is to be seen before */
}

static __always_inline int read_chunk(struct call *c, struct group_chunk *chunk)
{
	c->first = once(chunk->first);
	c->n = once(chunk->n);
	c->head = once(chunk->head);
	c->tail = once(chunk->tail);
	if (c->n > GROUP_CHUNK_MAX || !c->n || once(chunk->payload) != c->payload)
		return GROUP_FORM;
	return 0;
}

static __always_inline void count_stray(void)
{
	__u32 stray = GROUP_STRAY;
	struct group_counters *all = bpf_map_lookup_elem(&counters, &stray);

	if (all)
		all->datagrams_n++;
}

static __always_inline void count(struct call *c, int refused)
{
	struct group_counters *all = bpf_map_lookup_elem(&counters, &c->account);

	if (!all)
		return;
	all->datagrams_n++;
	all->bytes += c->codes_n[GROUP_SENT] * c->payload;
	if (refused > 0 && refused < GROUP_CODES)
		c->codes_n[refused] += c->n;
	for (int i = 0; i < GROUP_CODES; i++) {
		all->codes_n[i] += c->codes_n[i];
		c->codes_n[i] = 0;
	}
}

/* Takes tokens for the whole chunk, or none. */
static __always_inline int draw(struct call *c)
{
	struct locked_quota *q = bpf_map_lookup_elem(&quotas, &c->account);
	__u64 gained;
	int code = 0;

	if (!q)
		return GROUP_QUOTA;
	bpf_spin_lock(&q->lock);
	gained = c->now_ns > q->quota.last_ns ? c->now_ns - q->quota.last_ns : 0; /* another CPU may have drawn since this one looked at the clock */
	gained = gained > 1000000000 ? q->quota.rate : gained * q->quota.rate / 1000000000;
	if (gained) {
		q->quota.last_ns = c->now_ns;
		q->quota.tokens += gained;
		if (q->quota.tokens > q->quota.burst)
			q->quota.tokens = q->quota.burst;
	}
	if (q->quota.tokens < c->n)
		code = GROUP_QUOTA;
	else
		q->quota.tokens -= c->n;
	bpf_spin_unlock(&q->lock);
	return code;
}

static __always_inline int admit(struct __sk_buff *skb, struct call *c)
{
	__u32 zero = 0;
	struct group_config *conf = bpf_map_lookup_elem(&settings, &zero);
	int code = conf ? read_socket(skb, c) : GROUP_FORM;

	if (code || !conf)
		return GROUP_FORM;
	c->own_ifindex = conf->ifindex;
	code = check_policy(skb, conf);
	return code ? code : draw(c);
}

/* How much of the payload has to lie with the headers. */
static __always_inline __u32 direct_bytes(const struct call *c)
{
	__u32 direct = c->head <= HEAD_SHORT ? HEAD_SHORT : HEAD_DIRECT;

	return !c->head || c->tail || c->head % 4 || c->head > direct || c->payload < direct ? 0 : direct;
}

/* Sends the chunk that the datagram names. */
static __always_inline void send_chunk(struct loop *l, struct group_chunk *chunk)
{
	struct call *c = l->call;
	int form = parse(l->skb, c), code = read_chunk(c, chunk);

	if (!code)
		code = form ? form : admit(l->skb, c);
	if (!code) {
		c->direct = direct_bytes(c);
		bpf_set_hash_invalid(l->skb);
		/* What is written directly; the rest may stay in shared pages. */
		bpf_skb_pull_data(l->skb, (c->family == AF_INET ? HEADERS4_BYTES : HEADERS6_BYTES) + c->direct);
		if (c->family == AF_INET)
			send_all4(l);
		else
			send_all6(l);
	}
	assign_once(chunk->answer, GROUP_ANSWER(c->generation, code));
	count(c, code);
}

SEC("tc")
int group_send(struct __sk_buff *skb)
{
	struct target t;
	struct group_owner *owner = aimed(skb, &t) ? find_owner(skb, t.lane) : NULL;
	void *map = owner ? bpf_map_lookup_elem(&lanes, &t.lane) : NULL;
	__u32 zero = 0;
	struct loop l = { .skb = skb, .lane = map ? bpf_map_lookup_elem(map, &zero) : NULL };

	if (l.lane)
		l.state = bpf_map_lookup_elem(&states, &t.lane);
	/* Of another generation is what was held up on its way: the lane is another call's by now. */
	if (!owner || !l.lane || !l.state || once(l.lane->generation) != t.generation || !enter(owner)) {
		count_stray();
		return TC_ACT_SHOT;
	}
	l.call = &l.state->call;
	l.call->now_ns = bpf_ktime_get_coarse_ns();
	l.call->family = (__u16)t.family;
	l.call->generation = t.generation;
	l.call->account = owner->account - 1;
	send_chunk(&l, &l.lane->chunks[t.chunk % GROUP_CHUNKS]);
	leave(owner);
	return TC_ACT_STOLEN;
}

/* Never attached: sendgroupctl runs it, in the namespace in question. */
SEC("syscall")
int group_policy(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	return task->nsproxy ? (int)policy_of(task->nsproxy->net_ns) : 0;
}

char LICENSE[] SEC("license") = "GPL";
