/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_sample.c: call chains of kernels from 5.10 to 6.18 on two architectures, classified by hand; symbols; call sites. */
#include <linux/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collect/account.h"
#include "collect/sample.h"
#include "collect/sample_frames.h"
#include "collect/sample_scope.h"
#include "collect/sample_sites.h"
#include "collect/symbols.h"

/* A kernel's functions, 0x100 bytes each, in this order. Aliases share an address with the line before ("="). */
static const char *const functions[] = {
	"entry_SYSCALL_64_after_hwframe", "do_syscall_64", "x64_sys_call", "__x64_sys_sendmsg", "__sys_sendmsg", "___sys_sendmsg",
	"__x64_sys_getppid", "ksys_write", "do_epoll_wait", "udp_sendmsg", "ip_make_skb", "_copy_from_iter", "rep_movs_alternative",
	"__dev_queue_xmit", "dev_hard_start_xmit", "foo_start_xmit", "__local_bh_enable_ip", "do_softirq", "__do_softirq",
	"=__softirqentry_text_start", "handle_softirqs", "net_rx_action", "process_backlog", "__netif_receive_skb_core", "nf_hook_slow",
	"run_timer_softirq", "asm_common_interrupt", "common_interrupt", "e1000_intr", "__napi_schedule", "asm_sysvec_apic_timer_interrupt",
	"sysvec_apic_timer_interrupt", "hrtimer_interrupt", "irq_exit_rcu", "cpu_startup_entry", "do_idle", "default_idle",
	"ret_from_fork_asm", "ret_from_fork", "kthread", "run_ksoftirqd", "worker_thread", "asm_exc_page_fault", "exit_to_user_mode_loop",
	"schedule", "el0t_64_sync", "el0_svc", "do_el0_svc", "invoke_syscall", "__arm64_sys_sendmsg", "el1h_64_irq", "el1_interrupt",
	"finish_task_switch.isra.0", "gic_handle_irq", "arch_timer_handler_virt", "kfree.part.0", "e1000_clean_tx_irq", "skb_release_data", "syscall_exit_to_user_mode",
	"syscall_exit_to_user_mode_prepare", "__rseq_handle_notify_resume", "ret_to_nowhere",
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static struct symbols *symbols;
static struct frames *frames;

static uint64_t address(const char *name)
{
	uint64_t at = 0xffffffff81000000;

	for (size_t i = 0; i < FUNCTIONS; i++) {
		at += functions[i][0] == '=' ? 0 : 0x100;
		if (!strcmp(functions[i] + (functions[i][0] == '='), name))
			return at;
	}
	fail_msg("%s is not in the test's kernel", name);
	return 0;
}

static int setup(void **state)
{
	FILE *file = tmpfile();

	(void)state;
	for (size_t i = 0; i < FUNCTIONS; i++) {
		const char *name = functions[i] + (functions[i][0] == '=');
		fprintf(file, "%llx t %s\n", (unsigned long long)address(name), name);
	}
	fputs("ffffffff81000050 t __pfx_entry\nffffffff82000000 D some_data\n", file);
	rewind(file);
	assert_int_equal(symbols_read(file, &symbols), 0);
	fclose(file);
	assert_int_equal(frames_new(symbols, "sendmsg,epoll_wait", &frames), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	frames_free(frames);
	symbols_free(symbols);
	return 0;
}

/* Classifies a chain of names, innermost first, NULL at its end. */
static struct sample_context classify(const char *name, ...)
{
	struct sample_context out;
	uint64_t chain[64];
	size_t n = 0;
	va_list more;

	va_start(more, name);
	for (; name; name = va_arg(more, const char *), n++)
		chain[n] = address(name) + (n ? 0x100 : 0x10); /* a return address may lie at the very end of its function */
	va_end(more);
	frames_classify(frames, chain, n, &out);
	return out;
}

#define is(context, call_, softirq_, hardirq_, stage_)                                   \
	do {                                                                             \
		struct sample_context got = (context);                                   \
		assert_int_equal(got.call, ACCOUNT_CALL_##call_);                        \
		assert_int_equal(got.softirq, ACCOUNT_SOFTIRQ_##softirq_);               \
		assert_int_equal(got.hardirq, ACCOUNT_HARDIRQ_##hardirq_);               \
		assert_string_equal(sample_stage_names[got.stage], stage_);              \
	} while (0)

#define SYSCALL "do_syscall_64", "entry_SYSCALL_64_after_hwframe", NULL
#define SEND "___sys_sendmsg", "__sys_sendmsg", SYSCALL

static void the_innermost_function_that_has_a_stage_decides(void **state)
{
	(void)state;
	is(classify("rep_movs_alternative", "_copy_from_iter", "ip_make_skb", "udp_sendmsg", SEND), PATH, NONE, NONE, "copy");
	is(classify("ip_make_skb", "udp_sendmsg", SEND), PATH, NONE, NONE, "ip");
	is(classify("udp_sendmsg", SEND), PATH, NONE, NONE, "socket");
	is(classify("foo_start_xmit", "dev_hard_start_xmit", "__dev_queue_xmit", "udp_sendmsg", SEND), PATH, NONE, NONE, "driver");
	is(classify("nf_hook_slow", "udp_sendmsg", SEND), PATH, NONE, NONE, "netfilter");
	is(classify("skb_release_data", "e1000_clean_tx_irq", "__dev_queue_xmit", SEND), PATH, NONE, NONE, "completion");
}

static void a_path_call_is_known_by_any_of_its_functions(void **state)
{
	(void)state;
	is(classify("schedule", "do_epoll_wait", SYSCALL), PATH, NONE, NONE, "entry"); /* jumped to from __x64_sys_epoll_wait */
	is(classify("__x64_sys_sendmsg", "x64_sys_call", SYSCALL), PATH, NONE, NONE, "entry");
	is(classify("udp_sendmsg", "__arm64_sys_sendmsg", "invoke_syscall", "do_el0_svc", "el0_svc", "el0t_64_sync", NULL), PATH, NONE, NONE,
	   "socket");
}

static void another_call_is_none_of_the_path(void **state)
{
	(void)state;
	is(classify("__x64_sys_getppid", SYSCALL), OTHER, NONE, NONE, "entry");
	assert_false(classify("__x64_sys_getppid", SYSCALL).unresolved);
	is(classify("kfree.part.0", "ksys_write", SYSCALL), OTHER, NONE, NONE, "entry");
}

static void entry_and_exit_are_left_to_the_call_site(void **state)
{
	(void)state;
	is(classify(SYSCALL), OTHER, NONE, NONE, "entry");
	assert_true(classify(SYSCALL).unresolved);
}

static void the_receive_half_inside_a_send_is_a_softirq_of_the_path(void **state)
{
	(void)state;
	is(classify("__netif_receive_skb_core", "process_backlog", "net_rx_action", "handle_softirqs", "do_softirq", "__local_bh_enable_ip",
		    "__dev_queue_xmit", "udp_sendmsg", SEND), PATH, NET_RX, NONE, "receive");
	/* until 6.9 the loop had another name, and until 5.11 that only as an alias */
	is(classify("process_backlog", "net_rx_action", "__softirqentry_text_start", "do_softirq", SEND), PATH, NET_RX, NONE, "receive");
	assert_false(classify("process_backlog", "net_rx_action", "__do_softirq", "do_softirq", SEND).nested);
}

static void a_softirq_behind_a_hardirq_is_a_softirq(void **state)
{
	struct sample_context c = classify("process_backlog", "net_rx_action", "handle_softirqs", "irq_exit_rcu", "common_interrupt",
					   "asm_common_interrupt", "udp_sendmsg", SEND);

	(void)state;
	is(c, PATH, NET_RX, NONE, "receive");
	assert_true(c.nested);
}

static void a_hardirq_inside_a_softirq_is_both(void **state)
{
	(void)state;
	is(classify("e1000_intr", "common_interrupt", "asm_common_interrupt", "process_backlog", "net_rx_action", "handle_softirqs", SEND), PATH,
	   NET_RX, LINE, "interrupt");
	is(classify("__napi_schedule", "e1000_intr", "common_interrupt", "asm_common_interrupt", SEND), PATH, NONE, NET, "interrupt");
}

static void a_timer_softirq_in_a_frame_is_an_interrupt(void **state)
{
	(void)state;
	is(classify("run_timer_softirq", "handle_softirqs", "irq_exit_rcu", "sysvec_apic_timer_interrupt", "asm_sysvec_apic_timer_interrupt",
		    SEND), PATH, TIMER, NONE, "interrupt");
}

static void time_between_vectors_belongs_to_what_runs_them(void **state)
{
	(void)state;
	is(classify("handle_softirqs", "do_softirq", "__dev_queue_xmit", SEND), PATH, NONE, NONE, "receive");
}

static void an_interrupt_in_user_space_is_user_time_of_the_task(void **state)
{
	(void)state;
	is(classify(NULL), USER, NONE, NONE, "none");
	is(classify("hrtimer_interrupt", "sysvec_apic_timer_interrupt", "asm_sysvec_apic_timer_interrupt", NULL), USER, NONE, TIMER, "none");
	is(classify("kfree.part.0", "asm_exc_page_fault", NULL), USER, NONE, NONE, "none");
	is(classify("arch_timer_handler_virt", "gic_handle_irq", "el1_interrupt", "el1h_64_irq", "run_ksoftirqd", "kthread", "ret_from_fork", NULL),
	   NONE, NONE, TIMER, "none");
}

static void preemption_on_the_way_back_is_user_time(void **state)
{
	(void)state;
	is(classify("schedule", "exit_to_user_mode_loop", SYSCALL), USER, NONE, NONE, "none");
	/* where the loop is inlined */
	is(classify("schedule", "syscall_exit_to_user_mode", SYSCALL), USER, NONE, NONE, "none");
	is(classify("finish_task_switch.isra.0", "schedule", "syscall_exit_to_user_mode", SYSCALL), USER, NONE, NONE, "switch");
	is(classify("__rseq_handle_notify_resume", "syscall_exit_to_user_mode", SYSCALL), USER, NONE, NONE, "none");
	/* the way back itself is the call's */
	assert_int_equal(classify("syscall_exit_to_user_mode_prepare", "syscall_exit_to_user_mode", SYSCALL).call, ACCOUNT_CALL_OTHER);
	assert_true(classify("syscall_exit_to_user_mode", SYSCALL).unresolved);
}

static void what_was_due_in_a_context_switch_is_known(void **state)
{
	(void)state;
	is(classify("finish_task_switch.isra.0", "schedule", "exit_to_user_mode_loop", SYSCALL), USER, NONE, NONE, "switch");
	is(classify("finish_task_switch.isra.0", "schedule", "__x64_sys_getppid", SYSCALL), OTHER, NONE, NONE, "switch");
	is(classify("finish_task_switch.isra.0", "schedule", "do_idle", "cpu_startup_entry", NULL), NONE, NONE, NONE, "switch");
	is(classify("sysvec_apic_timer_interrupt", "finish_task_switch.isra.0", "schedule", "__x64_sys_getppid", SYSCALL), OTHER, NONE, TIMER, "interrupt");
	/* not where the thread went to sleep in a call of the path, nor where the call is not known yet */
	assert_string_not_equal(sample_stage_names[classify("finish_task_switch.isra.0", "schedule", "__x64_sys_sendmsg", SYSCALL).stage], "switch");
	assert_string_not_equal(sample_stage_names[classify("finish_task_switch.isra.0", "schedule", SYSCALL).stage], "switch");
}

static void idle_and_kernel_threads_make_no_calls(void **state)
{
	(void)state;
	is(classify("default_idle", "do_idle", "cpu_startup_entry", NULL), NONE, NONE, NONE, "none");
	assert_true(classify("default_idle", "do_idle", "cpu_startup_entry", NULL).idle);
	is(classify("worker_thread", "kthread", "ret_from_fork", "ret_from_fork_asm", NULL), NONE, NONE, NONE, "none");
	assert_false(classify("worker_thread", "kthread", "ret_from_fork", "ret_from_fork_asm", NULL).idle);
}

static void addresses_outside_of_every_function_are_passed_over(void **state)
{
	const uint64_t chain[] = {5, address("udp_sendmsg") + 3, UINT64_MAX - 4096, address("__sys_sendmsg") + 9, address("do_syscall_64") + 9};
	struct sample_context c;

	(void)state;
	frames_classify(frames, chain, 5, &c);
	is(c, PATH, NONE, NONE, "socket");
}

static void a_call_without_functions_of_its_own_is_refused(void **state)
{
	struct frames *none = NULL;

	(void)state;
	assert_int_equal(frames_new(symbols, "sendmsg,recvmsg", &none), -ENOENT);
	assert_null(none);
}

static void symbols_are_found_by_halving(void **state)
{
	uint64_t first = address(functions[0]), last = address("ret_to_nowhere");

	(void)state;
	assert_int_equal(symbols_n(symbols), FUNCTIONS);
	assert_int_equal(symbols_find(symbols, first - 1), SYMBOLS_NONE);
	assert_int_equal(symbols_find(symbols, first), 0);
	assert_int_equal(symbols_find(symbols, first + 0xff), 0);
	assert_int_equal(symbols_find(symbols, first + 0x100), 1);
	assert_string_equal(symbols_name(symbols, symbols_find(symbols, last + 1000000)), "ret_to_nowhere");
	assert_string_equal(symbols_name(symbols, symbols_find(symbols, address("kfree.part.0"))), "kfree");
	assert_int_equal(symbols_address(symbols, "udp_sendmsg"), address("udp_sendmsg"));
	assert_int_equal(symbols_address(symbols, "no_such"), 0);
}

static void hidden_addresses_are_no_symbols(void **state)
{
	FILE *file = tmpfile();
	struct symbols *none = NULL;

	(void)state;
	fputs("0000000000000000 T do_syscall_64\n0000000000000000 t foo\nnonsense\n", file);
	rewind(file);
	assert_int_equal(symbols_read(file, &none), -ENODATA);
	assert_null(none);
	fclose(file);
}

static void a_site_gives_its_samples_as_its_calls_were(void **state)
{
	struct sites *sites = sites_new();
	int path = 0;

	(void)state;
	assert_int_equal(sites_resolve(sites, 7, 0x400000), SITE_UNKNOWN);
	sites_learn(sites, 7, 0x400000, true);
	assert_int_equal(sites_resolve(sites, 7, 0x400000), SITE_PATH);
	assert_int_equal(sites_resolve(sites, 8, 0x400000), SITE_UNKNOWN); /* another process */
	assert_int_equal(sites_resolve(sites, 7, 0x400001), SITE_UNKNOWN);
	for (int i = 0; i < 3; i++)
		sites_learn(sites, 9, 0x500000, false);
	sites_learn(sites, 9, 0x500000, true);
	for (int i = 0; i < 400; i++)
		path += sites_resolve(sites, 9, 0x500000) == SITE_PATH;
	assert_int_equal(path, 100);
	sites_free(sites);
}

static void more_sites_than_fit_are_counted(void **state)
{
	struct sites *sites = sites_new();

	(void)state;
	for (uint64_t i = 0; i < SITES_MAX + 10; i++)
		sites_learn(sites, 1, 0x1000 + i, true);
	assert_int_equal(sites_refused(sites), 10);
	assert_int_equal(sites_resolve(sites, 1, 0x1000), SITE_PATH);
	assert_int_equal(sites_resolve(sites, 1, 0x1000 + SITES_MAX + 1), SITE_UNKNOWN);
	sites_free(sites);
}

static void processes_that_ended_are_found_and_leave_the_scope(void **state)
{
	struct scope *scope = scope_new();
	uint32_t ended[4];
	pid_t child = fork();

	(void)state;
	if (!child) {
		pause();
		_exit(0);
	}
	assert_int_equal(scope_add_alone(scope, getpid()), 0);
	assert_int_equal(scope_add_alone(scope, child), 0);
	assert_int_equal(scope_ended(scope, ended, 4), 0);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(scope_ended(scope, ended, 4), 1);
	assert_int_equal(ended[0], child);
	scope_remove(scope, ended[0]);
	scope_remove(scope, ended[0]);
	assert_false(scope_has(scope, (uint32_t)child));
	assert_true(scope_has(scope, (uint32_t)getpid()));
	assert_int_equal(scope_add_alone(scope, child), -ESRCH);
	scope_free(scope);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_innermost_function_that_has_a_stage_decides),
		cmocka_unit_test(a_path_call_is_known_by_any_of_its_functions),
		cmocka_unit_test(another_call_is_none_of_the_path),
		cmocka_unit_test(entry_and_exit_are_left_to_the_call_site),
		cmocka_unit_test(the_receive_half_inside_a_send_is_a_softirq_of_the_path),
		cmocka_unit_test(a_softirq_behind_a_hardirq_is_a_softirq),
		cmocka_unit_test(a_hardirq_inside_a_softirq_is_both),
		cmocka_unit_test(a_timer_softirq_in_a_frame_is_an_interrupt),
		cmocka_unit_test(time_between_vectors_belongs_to_what_runs_them),
		cmocka_unit_test(an_interrupt_in_user_space_is_user_time_of_the_task),
		cmocka_unit_test(preemption_on_the_way_back_is_user_time),
		cmocka_unit_test(what_was_due_in_a_context_switch_is_known),
		cmocka_unit_test(idle_and_kernel_threads_make_no_calls),
		cmocka_unit_test(addresses_outside_of_every_function_are_passed_over),
		cmocka_unit_test(a_call_without_functions_of_its_own_is_refused),
		cmocka_unit_test(symbols_are_found_by_halving),
		cmocka_unit_test(hidden_addresses_are_no_symbols),
		cmocka_unit_test(a_site_gives_its_samples_as_its_calls_were),
		cmocka_unit_test(more_sites_than_fit_are_counted),
		cmocka_unit_test(processes_that_ended_are_found_and_leave_the_scope),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
