// SPDX-License-Identifier: GPL-2.0
/* sendgroup_packet.c: the shared payload, copied once into pages, and packets that refer to those pages. Small payloads
 * are copied into the packet instead, where that costs less than a page more for the device to look up.
 *
 * The pages are written before the first packet refers to them and never again; each packet holds a reference, and
 * SKBFL_SHARED_FRAG tells the stack to copy before it changes anything. */
#include <linux/uio.h>
#include <net/checksum.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>

#include "sendgroup.h"

enum {
	LINEAR_MAX = 3 * 1024,		/* payload in the packet's own buffer; more goes into pages */
	/* Shared payloads up to this are copied; measured by make bench-kmod (docs/kmod.md). A virtual device takes no
	 * notice of a page more; a card must map it and needs a descriptor more for it. */
	COPY_MAX_VIRTUAL = 256,
	COPY_MAX_CARD = 512,
	/* Private bytes up to this are summed up here rather than by a card, which needs a descriptor to be told of it. */
	SUM_MAX_CARD = 512,
};

void sendgroup_shared_put(struct sendgroup_state *state)
{
	struct sendgroup_shared *shared = &state->shared;

	while (shared->pieces_n)
		put_page(shared->pieces[--shared->pieces_n].page);
}

static int add_piece(struct sendgroup_state *state, struct iov_iter *from)
{
	struct sendgroup_shared *shared = &state->shared;
	struct page_frag *frag = &state->frag;
	struct sendgroup_piece *piece;
	size_t n = iov_iter_count(from);

	if (shared->pieces_n == SENDGROUP_PIECES)
		return -ENOMEM;
	if (!skb_page_frag_refill(min_t(size_t, n, PAGE_SIZE), frag, GFP_KERNEL_ACCOUNT))
		return -ENOMEM;
	n = min_t(size_t, n, frag->size - frag->offset);
	if (copy_from_iter(page_address(frag->page) + frag->offset, n, from) != n)
		return -EFAULT;
	piece = &shared->pieces[shared->pieces_n++];
	*piece = (struct sendgroup_piece){ frag->page, frag->offset, n };
	get_page(frag->page);
	/* A line of its own for what comes next, and an even place: sums are taken over 16 bits. */
	frag->offset = min_t(u32, ALIGN(frag->offset + n, 64), frag->size);
	shared->len += n;
	return 0;
}

/* Copies all that `from` has: at most 65535 bytes, which the caller has checked. 0 or -errno. */
int sendgroup_shared_copy(struct sendgroup_state *state, struct iov_iter *from)
{
	int err = 0;

	state->shared.len = 0;
	state->shared.summed = false;
	while (!err && iov_iter_count(from))
		err = add_piece(state, from);
	if (err)
		sendgroup_shared_put(state);
	return err;
}

static void *piece_data(const struct sendgroup_piece *piece)
{
	return page_address(piece->page) + piece->offset;
}

static __wsum shared_sum(struct sendgroup_shared *shared)
{
	u32 at = 0;

	if (shared->summed)
		return shared->sum;
	shared->sum = 0;
	for (u32 i = 0; i < shared->pieces_n; i++) {
		__wsum sum = csum_partial(piece_data(&shared->pieces[i]), shared->pieces[i].len, 0);

		shared->sum = csum_block_add(shared->sum, sum, at);
		at += shared->pieces[i].len;
	}
	shared->summed = true;
	return shared->sum;
}

/* ---- A packet's room ---- */

/* How a packet is put together. */
struct layout {
	u32 head, tail, total;	/* payload bytes */
	bool refer;		/* to the pages of the shared payload */
	bool paged;		/* all in pages of its own, copied: it fits in no other way */
};

static void layout_make(struct layout *l, const struct sendgroup_item *item, const struct sendgroup_shared *shared,
			const struct sendgroup_route *route)
{
	const struct net_device *dev = route->dst->dev;
	u32 copy_max = route->is_card ? COPY_MAX_CARD : COPY_MAX_VIRTUAL;

	l->head = item->private.head_len;
	l->tail = item->private.tail_len;
	l->total = l->head + shared->len + l->tail;
	if (!(dev->features & NETIF_F_SG))
		copy_max = LINEAR_MAX;
	l->refer = shared->len > copy_max && l->head <= LINEAR_MAX && l->tail <= PAGE_SIZE &&
		   shared->pieces_n + 1 <= MAX_SKB_FRAGS;
	l->paged = !l->refer && l->total > LINEAR_MAX;
}

/* A packet whose buffer is a piece of a page, like those that hold the payload: a third of what alloc_skb() costs. */
static struct sk_buff *build(struct sendgroup_state *state, u32 linear)
{
	u32 size = SKB_DATA_ALIGN(linear) + SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	struct page_frag *frag = &state->frag;
	struct sk_buff *skb;

	if (unlikely(size > PAGE_SIZE)) /* a single page is all that skb_page_frag_refill() promises */
		return alloc_skb(linear, GFP_KERNEL_ACCOUNT);
	frag->offset = SKB_DATA_ALIGN(frag->offset); /* a page begins anew where this is beyond its end */
	if (unlikely(!skb_page_frag_refill(size, frag, GFP_KERNEL_ACCOUNT)))
		return NULL;
	local_bh_disable(); /* the CPU's stock of packets belongs to softirqs; drivers give back into it what was sent */
	skb = napi_build_skb(page_address(frag->page) + frag->offset, size);
	local_bh_enable();
	if (unlikely(!skb))
		return NULL;
	get_page(frag->page);
	frag->offset += size;
	return skb;
}

/* An empty packet with `linear` bytes in its own buffer. *owned: it is charged to the socket already. */
static struct sk_buff *alloc(struct sendgroup_call *call, const struct layout *l, u32 linear, bool noblock, bool *owned,
			     int *err)
{
	struct sock *sk = call->sk;

	*owned = false;
	*err = -ENOBUFS;
	if (likely(!l->paged && !READ_ONCE(sk->sk_err) && !(READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN) &&
		   sk_wmem_alloc_get(sk) < READ_ONCE(sk->sk_sndbuf)))
		return build(call->state, linear);
	*owned = true;
	return sock_alloc_send_pskb(sk, linear, l->paged ? l->total : 0, noblock, err,
				    l->paged ? PAGE_ALLOC_COSTLY_ORDER : 0);
}

/* ---- A packet's bytes ---- */

static void refer(struct sk_buff *skb, const struct sendgroup_shared *shared)
{
	for (u32 i = 0; i < shared->pieces_n; i++) {
		const struct sendgroup_piece *piece = &shared->pieces[i];

		get_page(piece->page);
		skb_fill_page_desc(skb, i, piece->page, piece->offset, piece->len);
	}
	skb_shinfo(skb)->flags |= SKBFL_SHARED_FRAG;
	skb->len += shared->len;
	skb->data_len += shared->len;
	skb->truesize += shared->len;
}

/* Private bytes behind shared pages need a piece of a page of their own. */
static int add_tail(struct sendgroup_state *state, struct sk_buff *skb, const void __user *from, u32 n)
{
	struct page_frag *frag = &state->frag;

	if (!skb_page_frag_refill(n, frag, GFP_KERNEL_ACCOUNT))
		return -ENOBUFS;
	if (copy_from_user(page_address(frag->page) + frag->offset, from, n))
		return -EFAULT;
	get_page(frag->page);
	skb_fill_page_desc(skb, skb_shinfo(skb)->nr_frags, frag->page, frag->offset, n);
	frag->offset = min_t(u32, ALIGN(frag->offset + n, 8), frag->size);
	skb->len += n;
	skb->data_len += n;
	skb->truesize += n;
	return 0;
}

static int put_user_bytes(struct sk_buff *skb, u64 from, u32 n)
{
	return n && copy_from_user(skb_put(skb, n), u64_to_user_ptr(from), n) ? -EFAULT : 0;
}

static int fill_linear(struct sk_buff *skb, const struct sendgroup_shared *shared, const struct sendgroup_private *private,
		       const struct layout *l)
{
	int err = put_user_bytes(skb, private->head, l->head);

	for (u32 i = 0; i < shared->pieces_n; i++)
		skb_put_data(skb, piece_data(&shared->pieces[i]), shared->pieces[i].len);
	return err ? err : put_user_bytes(skb, private->tail, l->tail);
}

static int store_user_bytes(struct sk_buff *skb, u32 at, u64 from, u32 n)
{
	struct iovec iov = { u64_to_user_ptr(from), n };
	struct iov_iter iter;

	iov_iter_init(&iter, WRITE, &iov, 1, n);
	return n && skb_copy_datagram_from_iter(skb, at, &iter, n) ? -EFAULT : 0;
}

static int fill_paged(struct sk_buff *skb, const struct sendgroup_shared *shared, const struct sendgroup_private *private,
		      const struct layout *l)
{
	u32 at = l->head;
	int err;

	skb->len += l->total; /* sock_alloc_send_pskb() has made the pages, and counts on the caller for this */
	skb->data_len = l->total;
	err = store_user_bytes(skb, 0, private->head, l->head);
	for (u32 i = 0; i < shared->pieces_n && !err; at += shared->pieces[i++].len)
		err = skb_store_bits(skb, at, piece_data(&shared->pieces[i]), shared->pieces[i].len);
	return err ? err : store_user_bytes(skb, at, private->tail, l->tail);
}

static int fill(struct sendgroup_call *call, struct sk_buff *skb, const struct sendgroup_item *item,
		const struct layout *l)
{
	struct sendgroup_shared *shared = &call->state->shared;
	int err;

	if (l->paged)
		return fill_paged(skb, shared, &item->private, l);
	if (!l->refer)
		return fill_linear(skb, shared, &item->private, l);
	err = put_user_bytes(skb, item->private.head, l->head);
	if (err)
		return err;
	refer(skb, shared);
	if (l->tail)
		err = add_tail(call->state, skb, u64_to_user_ptr(item->private.tail), l->tail);
	return err;
}

/* ---- Headers and sums ---- */

/* Of the whole payload, where the shared part's sum is known. */
static __wsum payload_sum(struct sendgroup_shared *shared, const struct sk_buff *skb, const struct layout *l)
{
	u32 behind = l->head + shared->len;
	__wsum sum, tail;

	if (l->paged)
		return skb_checksum(skb, 0, l->total, 0);
	sum = shared_sum(shared);
	if (l->head)
		sum = csum_block_add(csum_partial(skb->data, l->head, 0), sum, l->head);
	if (!l->tail)
		return sum;
	tail = l->refer ? skb_checksum(skb, behind, l->tail, 0) : csum_partial(skb->data + behind, l->tail, 0);
	return csum_block_add(sum, tail, behind);
}

static bool no_check(const struct sock *sk, const struct sendgroup_route *route)
{
	return route->is_v6 ? udp_get_no_check6_tx((struct sock *)sk) : sk->sk_no_check_tx;
}

/* Whether the device, or nobody on a virtual one, adds up the sum. */
static bool device_sums(const struct sendgroup_route *route, const struct layout *l, u32 packet_len)
{
	const struct net_device *dev = route->dst->dev;

	if (!(dev->features & (NETIF_F_HW_CSUM | (route->is_v6 ? NETIF_F_IPV6_CSUM : NETIF_F_IP_CSUM))))
		return false;
	return packet_len <= route->mtu && !route->dst->header_len && (!route->is_card || l->head + l->tail > SUM_MAX_CARD);
}

static void put_udp_sum(struct sendgroup_call *call, struct sk_buff *skb, const struct sendgroup_route *route,
			const struct layout *l, struct udphdr *udp, __wsum payload, bool by_device)
{
	__wsum pseudo = csum_add(route->pseudo, (__force __wsum)htonl(sizeof(*udp) + l->total));

	if (no_check(call->sk, route)) {
		skb->ip_summed = CHECKSUM_NONE;
	} else if (by_device) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = (unsigned char *)udp - skb->head;
		skb->csum_offset = offsetof(struct udphdr, check);
		udp->check = ~csum_fold(pseudo);
	} else {
		skb->ip_summed = CHECKSUM_NONE;
		udp->check = csum_fold(csum_add(csum_partial(udp, sizeof(*udp), payload), pseudo));
		if (!udp->check)
			udp->check = CSUM_MANGLED_0;
	}
}

static void put_ip4(struct sendgroup_call *call, struct sk_buff *skb, const struct sendgroup_route *route)
{
	struct iphdr *ip = ip_hdr(skb);
	u32 sum;

	if (skb->len > route->mtu) /* its fragments must be told from those of others */
		ip->frag_off = 0;
	if (ip->frag_off == 0 || call->state->options.connected)
		ip_select_ident(call->net, skb, call->sk);
	if (skb->len > route->mtu)
		return; /* ip_local_out() does the rest */
	ip->tot_len = htons(skb->len);
	sum = route->ip_sum + (__force u16)ip->tot_len;
	ip->check = csum_fold((__force __wsum)(sum + (__force u16)ip->id));
}

static void put_headers(struct sendgroup_call *call, struct sk_buff *skb, const struct sendgroup_route *route,
			const struct layout *l)
{
	u32 packet_len = route->header_len + l->total;
	bool by_device = device_sums(route, l, packet_len);
	__wsum payload = by_device || no_check(call->sk, route) ? 0 : payload_sum(&call->state->shared, skb, l);
	struct udphdr *udp;

	if (!route->is_v6) /* two copies of known length */
		memcpy(skb_push(skb, sizeof(route->headers.v4)), &route->headers, sizeof(route->headers.v4));
	else
		memcpy(skb_push(skb, sizeof(route->headers.v6)), &route->headers, sizeof(route->headers.v6));
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, route->header_len - sizeof(*udp));
	udp = udp_hdr(skb);
	udp->len = htons(sizeof(*udp) + l->total);
	put_udp_sum(call, skb, route, l, udp, payload, by_device);
	if (!route->is_v6) {
		skb->protocol = htons(ETH_P_IP);
		skb->ignore_df = ip_sk_ignore_df(call->sk);
		put_ip4(call, skb, route);
	} else {
		skb->protocol = htons(ETH_P_IPV6);
		skb->ignore_df = ip6_sk_ignore_df(call->sk);
		ipv6_hdr(skb)->payload_len = htons(sizeof(*udp) + l->total);
	}
}

/* What ip_append_data() refuses: above 64 KiB, or above the MTU where nothing may be fragmented. */
static int check_length(struct sendgroup_call *call, const struct sendgroup_item *item, const struct sendgroup_route *route)
{
	u64 total = (u64)call->state->shared.len + item->private.head_len + item->private.tail_len;

	if (item->private.head_len > 0xffff || item->private.tail_len > 0xffff)
		return -EMSGSIZE;
	if (total + (route->is_v6 ? sizeof(struct udphdr) : route->header_len) > 0xffff)
		return -EMSGSIZE;
	if (total + route->header_len <= route->mtu)
		return 0;
	if (route->is_v6)
		return ip6_sk_ignore_df(call->sk) && !call->state->options.dontfrag6 ? 0 : -EMSGSIZE;
	return ip_sk_ignore_df(call->sk) ? 0 : -EMSGSIZE;
}

int sendgroup_packet(struct sendgroup_call *call, const struct sendgroup_item *item,
		     const struct sendgroup_route *route, bool noblock, struct sk_buff **out)
{
	int err = check_length(call, item, route);
	struct sock *sk = call->sk;
	struct sk_buff *skb;
	struct layout l;
	u32 truesize;
	bool owned;

	if (err)
		return err;
	layout_make(&l, item, &call->state->shared, route);
	skb = alloc(call, &l, route->room + (l.refer ? l.head : l.paged ? 0 : l.total), noblock, &owned, &err);
	if (unlikely(!skb))
		return err;
	skb_reserve(skb, route->room);
	truesize = skb->truesize;
	err = fill(call, skb, item, &l);
	if (unlikely(owned)) /* what fill() has added; taken back with the packet, whatever becomes of it */
		refcount_add(skb->truesize - truesize, &sk->sk_wmem_alloc);
	else
		skb_set_owner_w(skb, sk);
	if (unlikely(err)) {
		kfree_skb(skb);
		return err;
	}
	call->state->shares += l.refer;
	put_headers(call, skb, route, &l);
	skb->priority = READ_ONCE(sk->sk_priority);
	skb->mark = call->state->options.mark;
	if (call->flags & MSG_CONFIRM)
		skb_set_dst_pending_confirm(skb, 1);
	*out = skb;
	return 0;
}
