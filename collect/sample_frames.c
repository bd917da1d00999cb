/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample_frames.c: the tables of kernel functions, and how a chain is read with them. */
#include <linux/types.h>

#include "collect/sample_frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "collect/account.h"
#include "collect/symbols.h"

const char *const sample_stage_names[SAMPLE_STAGE_MAX] = {
	[SAMPLE_STAGE_NONE] = "none",     [SAMPLE_STAGE_ENTRY] = "entry",           [SAMPLE_STAGE_COPY] = "copy",
	[SAMPLE_STAGE_SOCKET] = "socket", [SAMPLE_STAGE_IP] = "ip",                 [SAMPLE_STAGE_NETFILTER] = "netfilter",
	[SAMPLE_STAGE_QUEUE] = "queue",   [SAMPLE_STAGE_DRIVER] = "driver",         [SAMPLE_STAGE_COMPLETION] = "completion",
	[SAMPLE_STAGE_RECEIVE] = "receive", [SAMPLE_STAGE_INTERRUPT] = "interrupt", [SAMPLE_STAGE_OTHER] = "other",
	[SAMPLE_STAGE_SWITCH] = "switch",
};

/* What a function's being in a chain means. */
enum mark_kind {
	MARK_NONE,
	MARK_ENTRY,    /* the kernel's side of a system call, before it is known which */
	MARK_CALL,     /* a system call's own function */
	MARK_PATH,     /* the same, of the path */
	MARK_SWITCH,   /* a context switch's end */
	MARK_RETURN,   /* work on the way back to user space that is none of the call's: signals, preemption */
	MARK_EXIT,     /* the way back itself, into which Linux 6.12 has the loop of that work inlined */
	MARK_SCHEDULE, /* called from there it is such work */
	MARK_THREAD,   /* the outer end of a kernel thread */
	MARK_IDLE,     /* ... and of an idle task */
	MARK_HARDIRQ,  /* arg: enum account_hardirq */
	MARK_DEVICE,   /* inside a hardirq: which it is. arg: enum account_hardirq */
	MARK_SOFTIRQ,  /* the loop that runs softirqs */
	MARK_VECTOR,   /* inside it: arg: enum account_softirq */
};

struct mark {
	uint8_t kind, arg, stage;
};

struct frames {
	const struct symbols *symbols;
	struct mark *marks; /* by symbol */
};

struct row {
	const char *name; /* a '*' at the end stands for any rest */
	uint8_t kind, arg;
};

#define HARDIRQ(kind) MARK_HARDIRQ, ACCOUNT_HARDIRQ_##kind
#define DEVICE(kind) MARK_DEVICE, ACCOUNT_HARDIRQ_##kind
#define VECTOR(kind) MARK_VECTOR, ACCOUNT_SOFTIRQ_##kind

/* Later rows win, so that a whole name stands behind the pattern that it is an exception of. */
static const struct row entry_points[] = {
	/* system calls, x86-64: 32-bit ones too */
	{"do_syscall_64", MARK_ENTRY, 0},
	{"entry_SYSCALL_64*", MARK_ENTRY, 0},
	{"entry_SYSCALL_compat*", MARK_ENTRY, 0},
	{"entry_SYSENTER_compat*", MARK_ENTRY, 0},
	{"do_int80_*", MARK_ENTRY, 0},
	{"do_fast_syscall_32", MARK_ENTRY, 0},
	{"x64_sys_call", MARK_ENTRY, 0},
	/* arm64; its vectors (el0_sync, el0t_64_sync) are shared with faults and tell nothing */
	{"el0_svc*", MARK_ENTRY, 0},
	{"do_el0_svc*", MARK_ENTRY, 0},
	{"invoke_syscall", MARK_ENTRY, 0},
	{"__x64_sys_*", MARK_CALL, 0},
	{"__ia32_sys_*", MARK_CALL, 0},
	{"__ia32_compat_sys_*", MARK_CALL, 0},
	{"__arm64_sys_*", MARK_CALL, 0},
	{"__arm64_compat_sys_*", MARK_CALL, 0},
	{"__se_sys_*", MARK_CALL, 0},
	{"__do_sys_*", MARK_CALL, 0},
	{"__sys_*", MARK_CALL, 0},
	{"ksys_*", MARK_CALL, 0},
	{"exit_to_user_mode_loop", MARK_RETURN, 0},
	{"do_notify_resume", MARK_RETURN, 0},
	{"arch_do_signal_or_restart", MARK_RETURN, 0},
	{"uprobe_notify_resume", MARK_RETURN, 0},
	{"__rseq_handle_notify_resume", MARK_RETURN, 0},
	{"task_work_run", MARK_RETURN, 0},
	{"syscall_exit_to_user_mode*", MARK_EXIT, 0},
	{"exit_to_user_mode_prepare", MARK_EXIT, 0},
	{"irqentry_exit_to_user_mode", MARK_EXIT, 0},
	{"schedule", MARK_SCHEDULE, 0},
	{"finish_task_switch*", MARK_SWITCH, 0},
	{"cpu_startup_entry", MARK_IDLE, 0},
	{"do_idle", MARK_IDLE, 0},
	{"ret_from_fork*", MARK_THREAD, 0},
	{"kthread", MARK_THREAD, 0},
	{"io_wq_worker", MARK_THREAD, 0},
	{"io_sq_thread", MARK_THREAD, 0},

	/* hardirqs, x86-64 */
	{"asm_sysvec_*", HARDIRQ(OTHER)},
	{"sysvec_*", HARDIRQ(OTHER)},
	{"fred_sysvec_*", HARDIRQ(OTHER)},
	{"asm_sysvec_apic_timer_interrupt", HARDIRQ(TIMER)},
	{"sysvec_apic_timer_interrupt", HARDIRQ(TIMER)},
	{"fred_sysvec_apic_timer_interrupt", HARDIRQ(TIMER)},
	{"asm_sysvec_reschedule_ipi", HARDIRQ(RESCHEDULE)},
	{"sysvec_reschedule_ipi", HARDIRQ(RESCHEDULE)},
	{"fred_sysvec_reschedule_ipi", HARDIRQ(RESCHEDULE)},
	{"asm_sysvec_call_function*", HARDIRQ(CALL_FUNCTION)},
	{"sysvec_call_function*", HARDIRQ(CALL_FUNCTION)},
	{"fred_sysvec_call_function*", HARDIRQ(CALL_FUNCTION)},
	{"asm_sysvec_irq_work", HARDIRQ(IRQ_WORK)},
	{"sysvec_irq_work", HARDIRQ(IRQ_WORK)},
	{"fred_sysvec_irq_work", HARDIRQ(IRQ_WORK)},
	{"asm_common_interrupt", HARDIRQ(LINE)},
	{"common_interrupt", HARDIRQ(LINE)},
	{"fred_extint", HARDIRQ(LINE)},
	/* arm64 to 5.11, and since */
	{"el1_irq", HARDIRQ(LINE)},
	{"el0_irq", HARDIRQ(LINE)},
	{"el1_interrupt", HARDIRQ(LINE)},
	{"el0_interrupt", HARDIRQ(LINE)},
	{"el1h_64_irq*", HARDIRQ(LINE)},
	{"el0t_64_irq*", HARDIRQ(LINE)},
	{"gic_handle_irq", HARDIRQ(LINE)},
	/* which of them */
	{"arch_timer_handler_*", DEVICE(TIMER)},
	{"tick_handle_periodic", DEVICE(TIMER)},
	{"hrtimer_interrupt", DEVICE(TIMER)},
	{"scheduler_ipi", DEVICE(RESCHEDULE)},
	{"generic_smp_call_function*", DEVICE(CALL_FUNCTION)},
	{"flush_smp_call_function_queue", DEVICE(CALL_FUNCTION)},
	{"__flush_smp_call_function_queue", DEVICE(CALL_FUNCTION)},
	{"irq_work_run", DEVICE(IRQ_WORK)},
	{"napi_schedule_prep", DEVICE(NET)},
	{"__napi_schedule*", DEVICE(NET)},

	/* softirqs: until 6.9 __do_softirq() is the loop, then handle_softirqs() */
	{"__do_softirq", MARK_SOFTIRQ, 0},
	{"handle_softirqs", MARK_SOFTIRQ, 0},
	{"tasklet_hi_action", VECTOR(HI)},
	{"run_timer_softirq", VECTOR(TIMER)},
	{"net_tx_action", VECTOR(NET_TX)},
	{"net_rx_action", VECTOR(NET_RX)},
	{"blk_done_softirq", VECTOR(BLOCK)},
	{"irq_poll_softirq", VECTOR(IRQ_POLL)},
	{"tasklet_action", VECTOR(TASKLET)},
	{"run_rebalance_domains", VECTOR(SCHED)},
	{"sched_balance_softirq", VECTOR(SCHED)},
	{"hrtimer_run_softirq", VECTOR(HRTIMER)},
	{"rcu_core*", VECTOR(RCU)},
};

struct stage_row {
	const char *name;
	uint8_t stage;
};

#define STAGE(name, stage) {name, SAMPLE_STAGE_##stage}

/* The first row that matches decides: exceptions from a pattern stand before it. */
static const struct stage_row stages[] = {
	STAGE("e1000_clean*", COMPLETION), STAGE("fib_validate_source", RECEIVE), STAGE("ip_route_input*", RECEIVE),

	STAGE("syscall_enter_from_user_mode*", ENTRY), STAGE("syscall_exit_to_user_mode*", ENTRY), STAGE("syscall_trace_enter*", ENTRY),
	STAGE("syscall_exit_work", ENTRY), STAGE("exit_to_user_mode_prepare", ENTRY), STAGE("do_syscall_64", ENTRY),
	STAGE("entry_SYSCALL_64*", ENTRY), STAGE("x64_sys_call", ENTRY), STAGE("el0_svc*", ENTRY), STAGE("do_el0_svc*", ENTRY),
	STAGE("invoke_syscall", ENTRY), STAGE("__fdget*", ENTRY), STAGE("sockfd_lookup_light", ENTRY), STAGE("fput*", ENTRY),

	STAGE("_copy_from_user*", COPY), STAGE("__copy_msghdr*", COPY), STAGE("copy_msghdr_from_user", COPY),
	STAGE("sendmsg_copy_msghdr", COPY), STAGE("move_addr_to_kernel*", COPY), STAGE("import_iovec", COPY), STAGE("__import_iovec", COPY),
	STAGE("import_single_range", COPY), STAGE("import_ubuf", COPY), STAGE("iovec_from_user*", COPY), STAGE("_copy_from_iter*", COPY),
	STAGE("copy_page_from_iter*", COPY), STAGE("csum_and_copy_from_iter*", COPY), STAGE("csum_partial_copy*", COPY),
	STAGE("copyin", COPY), STAGE("__arch_copy_from_user", COPY), STAGE("ip_generic_getfrag", COPY), STAGE("udplite_getfrag", COPY),
	STAGE("skb_splice_from_iter", COPY), STAGE("__zerocopy_sg_from_iter", COPY),

	STAGE("__sys_send*", SOCKET), STAGE("___sys_sendmsg", SOCKET), STAGE("____sys_sendmsg", SOCKET), STAGE("sock_sendmsg*", SOCKET),
	STAGE("__sock_sendmsg", SOCKET), STAGE("sock_write_iter", SOCKET), STAGE("inet_sendmsg", SOCKET), STAGE("inet6_sendmsg", SOCKET),
	STAGE("inet_send_prepare", SOCKET), STAGE("security_socket_sendmsg", SOCKET), STAGE("udp_sendmsg", SOCKET),
	STAGE("udpv6_sendmsg", SOCKET), STAGE("udp_send_skb*", SOCKET), STAGE("udp_v6_send_skb*", SOCKET), STAGE("udp_push_pending*", SOCKET),
	STAGE("sock_alloc_send_pskb", SOCKET), STAGE("alloc_skb_with_frags", SOCKET), STAGE("__alloc_skb", SOCKET),
	STAGE("sock_wmalloc", SOCKET), STAGE("skb_set_owner_w", SOCKET), STAGE("io_send*", SOCKET), STAGE("tcp_sendmsg*", SOCKET),
	STAGE("unix_*_sendmsg", SOCKET), STAGE("release_sock", SOCKET), STAGE("lock_sock_nested", SOCKET),

	STAGE("ip_make_skb", IP), STAGE("__ip_make_skb", IP), STAGE("__ip_append_data*", IP), STAGE("ip_append_data", IP),
	STAGE("ip_setup_cork", IP), STAGE("ip_route_output*", IP), STAGE("fib_*", IP), STAGE("__fib_*", IP), STAGE("ip_send_skb", IP),
	STAGE("ip_push_pending_frames", IP), STAGE("ip_local_out", IP), STAGE("__ip_local_out", IP), STAGE("ip_output", IP),
	STAGE("ip_finish_output*", IP), STAGE("__ip_finish_output", IP), STAGE("ip_mc_output", IP), STAGE("ip_do_fragment", IP),
	STAGE("__ip_select_ident", IP), STAGE("neigh_*", IP), STAGE("__neigh_*", IP), STAGE("arp_*", IP), STAGE("dst_*", IP),
	STAGE("ipv4_dst_check", IP), STAGE("ip6_make_skb", IP), STAGE("__ip6_make_skb", IP), STAGE("__ip6_append_data*", IP),
	STAGE("ip6_output", IP), STAGE("ip6_finish_output*", IP), STAGE("ip6_send_skb", IP), STAGE("ip6_local_out", IP),
	STAGE("__ip6_local_out", IP), STAGE("ip6_dst_lookup*", IP), STAGE("ip6_sk_dst_lookup*", IP), STAGE("ip6_route_output*", IP),
	STAGE("__ip_queue_xmit", IP), STAGE("security_sk_classify_flow", IP),

	STAGE("nf_hook*", NETFILTER), STAGE("nf_ct_*", NETFILTER), STAGE("nf_conntrack_*", NETFILTER), STAGE("nf_nat_*", NETFILTER),
	STAGE("nft_*", NETFILTER), STAGE("ipt_do_table", NETFILTER), STAGE("ip6t_do_table", NETFILTER), STAGE("selinux_ip_*", NETFILTER),
	STAGE("__cgroup_bpf_run_filter_skb", NETFILTER),

	STAGE("dev_queue_xmit*", QUEUE), STAGE("__dev_queue_xmit", QUEUE), STAGE("__dev_xmit_skb", QUEUE), STAGE("sch_direct_xmit", QUEUE),
	STAGE("__qdisc_run", QUEUE), STAGE("qdisc_*", QUEUE), STAGE("pfifo_*", QUEUE), STAGE("fq_*", QUEUE), STAGE("htb_*", QUEUE),
	STAGE("validate_xmit_skb*", QUEUE), STAGE("netdev_core_pick_tx", QUEUE), STAGE("netdev_pick_tx", QUEUE), STAGE("tc_run", QUEUE),
	STAGE("__dev_direct_xmit", QUEUE), STAGE("dev_qdisc_enqueue", QUEUE),

	STAGE("dev_hard_start_xmit", DRIVER), STAGE("xmit_one", DRIVER), STAGE("netdev_start_xmit", DRIVER), STAGE("loopback_xmit", DRIVER),
	STAGE("veth_xmit", DRIVER), STAGE("dummy_xmit", DRIVER), STAGE("start_xmit", DRIVER), STAGE("e1000_*", DRIVER), STAGE("eth_type_trans", DRIVER),
	STAGE("skb_clone_tx_timestamp", DRIVER), STAGE("__dev_forward_skb*", DRIVER), STAGE("dev_forward_skb", DRIVER),

	STAGE("sock_wfree", COMPLETION), STAGE("skb_orphan*", COMPLETION), STAGE("net_tx_action", COMPLETION),
	STAGE("napi_consume_skb", COMPLETION), STAGE("free_old_xmit*", COMPLETION), STAGE("virtnet_poll_tx", COMPLETION),
	STAGE("e1000e_poll", COMPLETION), STAGE("igb_clean_tx*", COMPLETION),
	STAGE("ixgbe_clean_tx*", COMPLETION), STAGE("i40e_clean_tx*", COMPLETION), STAGE("ice_clean_tx*", COMPLETION),
	STAGE("mlx5e_poll_tx_cq", COMPLETION), STAGE("mlx4_en_poll_tx_cq", COMPLETION),

	STAGE("netif_rx*", RECEIVE), STAGE("__netif_rx*", RECEIVE), STAGE("enqueue_to_backlog", RECEIVE), STAGE("do_softirq*", RECEIVE),
	STAGE("__do_softirq", RECEIVE), STAGE("handle_softirqs", RECEIVE), STAGE("net_rx_action", RECEIVE), STAGE("__napi_poll", RECEIVE),
	STAGE("process_backlog", RECEIVE), STAGE("__netif_receive_skb*", RECEIVE), STAGE("netif_receive_skb*", RECEIVE), STAGE("napi_gro_*", RECEIVE),
	STAGE("gro_*", RECEIVE), STAGE("ip_rcv*", RECEIVE), STAGE("ip_local_deliver*", RECEIVE), STAGE("ip_protocol_deliver_rcu", RECEIVE),
	STAGE("ip_list_rcv*", RECEIVE), STAGE("ip_sublist_rcv*", RECEIVE),
	STAGE("__fib_validate_source", RECEIVE), STAGE("udp_rcv", RECEIVE), STAGE("__udp4_lib_*", RECEIVE), STAGE("udp_v4_early_demux", RECEIVE),
	STAGE("udp4_lib_lookup*", RECEIVE), STAGE("udp_unicast_rcv_skb*", RECEIVE), STAGE("udp_queue_rcv*", RECEIVE),
	STAGE("__udp_enqueue_schedule_skb", RECEIVE), STAGE("ipv6_rcv", RECEIVE), STAGE("ip6_input*", RECEIVE), STAGE("__udp6_lib_*", RECEIVE),
	STAGE("udpv6_queue_rcv*", RECEIVE), STAGE("udpv6_rcv", RECEIVE), STAGE("sk_filter*", RECEIVE), STAGE("sock_def_readable", RECEIVE),
	STAGE("__icmp_send", RECEIVE), STAGE("icmp_*", RECEIVE), STAGE("skb_consume_udp", RECEIVE),
};

static bool matches(const char *pattern, const char *name)
{
	size_t n = strcspn(pattern, "*");

	return pattern[n] ? !strncmp(pattern, name, n) : !strcmp(pattern, name);
}

enum sample_stage frames_function_stage(const char *name)
{
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
		if (stages[i].name[0] == name[0] && matches(stages[i].name, name))
			return stages[i].stage;
	return SAMPLE_STAGE_NONE;
}

/* A row costs a comparison with every function of the kernel: the first letters tell most of them apart at once. */
static void mark_function(const char *name, struct mark *mark)
{
	for (size_t i = 0; i < sizeof entry_points / sizeof *entry_points; i++) {
		const struct row *row = &entry_points[i];

		if (row->name[0] == name[0] && matches(row->name, name)) {
			mark->kind = row->kind;
			mark->arg = row->arg;
		}
	}
	mark->stage = (uint8_t)frames_function_stage(name);
}

/* Functions that begin at one address are one: what any of them means, all do. Aliases of a call's function mean the path's. */
static void join_aliases(const struct frames *frames)
{
	size_t n = symbols_n(frames->symbols);

	for (size_t from = 0, to; from < n; from = to) {
		struct mark sum = {0};

		for (to = from; to < n && symbols_start(frames->symbols, to) == symbols_start(frames->symbols, from); to++) {
			const struct mark *mark = &frames->marks[to];

			if (mark->kind && sum.kind != MARK_PATH) {
				sum.kind = mark->kind;
				sum.arg = mark->arg;
			}
			if (mark->stage)
				sum.stage = mark->stage;
		}
		for (size_t i = from; i < to; i++)
			frames->marks[i] = sum;
	}
}

/* The functions that carry out one system call; most of them exist only on some kernels, or are inlined into another. */
static bool is_function_of(const char *function, const char *call)
{
	static const char *const forms[] = {
		"__x64_sys_%s", "__ia32_sys_%s", "__ia32_compat_sys_%s", "__arm64_sys_%s", "__arm64_compat_sys_%s", "__se_sys_%s",
		"__do_sys_%s", "__sys_%s", "ksys_%s", "do_%s",
	};
	char name[128];

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		snprintf(name, sizeof name, forms[i], call);
		if (!strcmp(function, name))
			return true;
	}
	return false;
}

static int mark_path(const struct frames *frames, const char *call)
{
	size_t found = 0;

	for (size_t i = 0; i < symbols_n(frames->symbols); i++) {
		const char *function = symbols_name(frames->symbols, i);

		if (strstr(function, call) && is_function_of(function, call)) {
			frames->marks[i].kind = MARK_PATH;
			found++;
		}
	}
	if (found)
		return 0;
	return fail(-ENOENT, "sample: this kernel has no function of its own for %s; use --engine ledger", call);
}

int frames_new(const struct symbols *symbols, const char *names, struct frames **out)
{
	struct frames *frames = calloc(1, sizeof *frames);
	char *copy = strdup(names), *rest = copy, *call;
	int err = frames && copy ? 0 : -ENOMEM;

	if (!err) {
		frames->symbols = symbols;
		frames->marks = calloc(symbols_n(symbols) + 1, sizeof *frames->marks);
		err = frames->marks ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !err && i < symbols_n(symbols); i++)
		mark_function(symbols_name(symbols, i), &frames->marks[i]);
	while (!err && (call = strsep(&rest, ",")))
		err = mark_path(frames, call);
	free(copy);
	if (err) {
		frames_free(frames);
		return err;
	}
	join_aliases(frames);
	*out = frames;
	return 0;
}

void frames_free(struct frames *frames)
{
	if (frames)
		free(frames->marks);
	free(frames);
}

/* What has been met on the way outwards. */
struct walk {
	struct sample_context *out;
	uint8_t vector, device; /* inside which no loop or entry was met yet */
	bool softirq, entry, call, path, returning, thread, switched;
	bool schedule; /* the function met last */
};

static void step(struct walk *w, const struct mark *mark)
{
	struct sample_context *out = w->out;

	if (w->schedule && mark->kind == MARK_EXIT)
		w->returning = true;
	w->schedule = mark->kind == MARK_SCHEDULE;
	switch (mark->kind) {
	case MARK_ENTRY:
		w->entry = true;
		break;
	case MARK_CALL:
		w->call = true;
		break;
	case MARK_PATH:
		w->path = true;
		break;
	case MARK_RETURN:
		w->returning = !w->call && !w->path;
		break;
	case MARK_SWITCH:
		w->switched = !out->hardirq && !w->softirq;
		break;
	case MARK_THREAD:
		w->thread = true;
		break;
	case MARK_IDLE:
		out->idle = true;
		break;
	case MARK_VECTOR:
		w->vector = mark->arg;
		break;
	case MARK_DEVICE:
		w->device = mark->arg;
		break;
	case MARK_SOFTIRQ:
		if (!w->softirq)
			out->softirq = w->vector;
		w->softirq = true;
		break;
	case MARK_HARDIRQ:
		if (w->softirq)
			out->nested = true;
		else if (!out->hardirq)
			out->hardirq = mark->arg == ACCOUNT_HARDIRQ_LINE && w->device ? w->device : mark->arg;
		break;
	default:
		break;
	}
	if (mark->stage && !out->stage)
		out->stage = mark->stage;
}

static uint8_t call_of(const struct walk *w, bool user)
{
	if (w->out->idle)
		return ACCOUNT_CALL_NONE;
	if (user || w->returning)
		return ACCOUNT_CALL_USER;
	if (w->path)
		return ACCOUNT_CALL_PATH;
	if (w->entry || w->call)
		return ACCOUNT_CALL_OTHER;
	return w->thread ? ACCOUNT_CALL_NONE : ACCOUNT_CALL_USER; /* a fault or an interrupt in user space */
}

void frames_classify(const struct frames *frames, const uint64_t *chain, size_t n, struct sample_context *out)
{
	struct walk w = {.out = out};

	*out = (struct sample_context){0};
	for (size_t i = 0; i < n; i++) {
		/* a return address may lie behind the end of a function that never returns */
		size_t at = symbols_find(frames->symbols, i ? chain[i] - 1 : chain[i]);

		if (at != SYMBOLS_NONE)
			step(&w, &frames->marks[at]);
	}
	out->call = call_of(&w, n == 0);
	out->unresolved = out->call == ACCOUNT_CALL_OTHER && !w.call;
	if (w.switched && out->call != ACCOUNT_CALL_PATH && !out->unresolved)
		out->stage = SAMPLE_STAGE_SWITCH;
	else if (out->call != ACCOUNT_CALL_PATH && out->call != ACCOUNT_CALL_OTHER)
		out->stage = SAMPLE_STAGE_NONE;
	else if (out->hardirq || (out->softirq && out->softirq != ACCOUNT_SOFTIRQ_NET_RX && out->softirq != ACCOUNT_SOFTIRQ_NET_TX))
		out->stage = SAMPLE_STAGE_INTERRUPT;
	else if (!out->stage)
		out->stage = SAMPLE_STAGE_OTHER;
}
