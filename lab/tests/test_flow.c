/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_flow.c: stages of blocks in sequences written by hand, as a kernel executes them. */
#include "lab/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ENTRY = 1, SOCKET = 3, IP = 4, RECEIVE = 9, INTERRUPT = 10 };

#define BLOCK(number, from, its_stage, how) { .first = (from), .next = (from) + 16, .function = (number), .stage = (its_stage), .end = (how), .begins = true }

static const struct flow_block user = { .first = 0x1000, .next = 0x1010, .stage = COUNT_STAGE_USER };
static const struct flow_block entry = BLOCK(1, 0x81000000, ENTRY, FLOW_CALL);
static const struct flow_block entry_rest = { .first = 0x81000010, .next = 0x81000020, .function = 1, .stage = ENTRY };
static const struct flow_block udp = BLOCK(2, 0x82000000, SOCKET, FLOW_CALL);
static const struct flow_block udp_rest = { .first = 0x82000010, .next = 0x82000020, .function = 2, .stage = SOCKET, .end = FLOW_RETURN };
static const struct flow_block alloc = BLOCK(3, 0x83000000, 0, FLOW_RETURN);
static const struct flow_block ip = BLOCK(4, 0x84000000, IP, FLOW_CALL);
static const struct flow_block ip_rest = { .first = 0x84000010, .next = 0x84000020, .function = 4, .stage = IP, .end = FLOW_RETURN };
static const struct flow_block thunk = BLOCK(5, 0x85000000, 0, FLOW_CALL);
static const struct flow_block thunk_return = { .first = 0x85000080, .next = 0x85000090, .function = 5, .end = FLOW_RETURN };
static const struct flow_block tick = { .first = 0x86000000, .next = 0x86000010, .function = 6, .stage = INTERRUPT, .kind = COUNT_INTERRUPT, .end = FLOW_CALL, .begins = true };
static const struct flow_block tick_end = { .first = 0x86000010, .next = 0x86000020, .function = 6, .stage = INTERRUPT, .kind = COUNT_INTERRUPT, .end = FLOW_INTERRUPT_RETURN };
static const struct flow_block receive = BLOCK(7, 0x87000000, RECEIVE, FLOW_RETURN);
static const struct flow_block switching = { .first = 0x88000000, .next = 0x88000010, .function = 8, .kind = COUNT_SWITCH, .begins = true };
static const struct flow_block stub = { .first = 0x89000008, .next = 0x89000010, .function = 9, .stage = INTERRUPT, .kind = COUNT_VECTORS };

static struct flow flow;

static unsigned stage_of(const struct flow_block *block)
{
	flow_step(&flow, block);
	return flow.stage;
}

static void into_udp(void)
{
	flow_begin(&flow);
	assert_int_equal(stage_of(&user), COUNT_STAGE_USER);
	assert_int_equal(stage_of(&entry), ENTRY);
	assert_int_equal(stage_of(&udp), SOCKET);
}

static void a_function_without_a_stage_belongs_to_its_caller(void **state)
{
	(void)state;
	into_udp();
	assert_int_equal(stage_of(&alloc), SOCKET);
	assert_int_equal(stage_of(&udp_rest), SOCKET);
	assert_int_equal(stage_of(&entry_rest), ENTRY);
	assert_int_equal(stage_of(&alloc), ENTRY);
	assert_int_equal(stage_of(&user), COUNT_STAGE_USER);
	assert_int_equal(flow.depth, 0);
}

/* call thunk: call 1f; 1: mov target to the stack; ret. The inner call never returns, its return is the jump. */
static void a_retpoline_is_a_call_of_its_target(void **state)
{
	(void)state;
	into_udp();
	assert_int_equal(stage_of(&thunk), SOCKET);
	assert_int_equal(stage_of(&thunk_return), SOCKET);
	assert_int_equal(stage_of(&ip), IP);
	assert_int_equal(stage_of(&alloc), IP);
	assert_int_equal(stage_of(&ip_rest), IP);
	assert_int_equal(stage_of(&udp_rest), SOCKET);
	assert_int_equal(stage_of(&entry_rest), ENTRY);
	assert_int_equal(flow.depth, 0);
}

static void all_that_an_interrupt_does_is_the_interrupts(void **state)
{
	(void)state;
	into_udp();
	assert_int_equal(stage_of(&alloc), SOCKET);
	assert_int_equal(stage_of(&tick), INTERRUPT); /* in front of the return to udp_rest */
	assert_int_equal(stage_of(&receive), INTERRUPT);
	assert_int_equal(stage_of(&tick_end), INTERRUPT);
	assert_int_equal(stage_of(&udp_rest), SOCKET);
	assert_int_equal(flow.depth, 1);
	assert_int_equal(flow.interrupts_n, 0);
}

static void an_interrupt_between_call_and_function_does_not_lose_the_caller(void **state)
{
	(void)state;
	into_udp();
	assert_int_equal(stage_of(&tick), INTERRUPT); /* udp has called, ip has not begun */
	assert_int_equal(stage_of(&tick_end), INTERRUPT);
	assert_int_equal(stage_of(&ip), IP);
	assert_int_equal(stage_of(&alloc), IP);
	assert_int_equal(stage_of(&ip_rest), IP);
	assert_int_equal(stage_of(&udp_rest), SOCKET);
}

static void an_exception_within_a_block_goes_on_where_it_was(void **state)
{
	const struct flow_block again = { .first = 0x82000008, .next = 0x82000010, .function = 2, .stage = SOCKET, .end = FLOW_CALL };

	(void)state;
	into_udp();
	assert_int_equal(stage_of(&tick), INTERRUPT);
	assert_int_equal(stage_of(&tick_end), INTERRUPT);
	assert_int_equal(stage_of(&again), SOCKET);
	assert_int_equal(flow.depth, 1); /* its call had not been made */
	assert_int_equal(stage_of(&alloc), SOCKET);
	assert_int_equal(stage_of(&udp_rest), SOCKET);
	assert_int_equal(stage_of(&entry_rest), ENTRY);
}

static void a_stub_and_what_it_leads_to_are_one_interrupt(void **state)
{
	(void)state;
	into_udp();
	assert_int_equal(stage_of(&stub), INTERRUPT);
	assert_int_equal(stage_of(&tick), INTERRUPT);
	assert_int_equal(flow.interrupts_n, 1);
	assert_int_equal(stage_of(&tick_end), INTERRUPT);
	assert_int_equal(stage_of(&alloc), SOCKET);
}

static void what_another_task_does_is_passed_over(void **state)
{
	(void)state;
	into_udp();
	flow_step(&flow, &switching);
	flow_switch(&flow, 100, 200);
	assert_true(flow.away);
	flow_step(&flow, &user);
	flow_step(&flow, &entry);
	flow_switch(&flow, 200, 300);
	assert_true(flow.away);
	flow_switch(&flow, 300, 100);
	assert_false(flow.away);
	assert_int_equal(stage_of(&udp_rest), SOCKET);
	assert_int_equal(stage_of(&entry_rest), ENTRY);
}

static void calls_that_are_too_deep_are_told(void **state)
{
	(void)state;
	into_udp();
	for (int i = 0; i < FLOW_DEPTH_MAX + 10; i++)
		flow_step(&flow, &udp);
	assert_true(flow.deep_n > 0);
	assert_int_equal(stage_of(&user), COUNT_STAGE_USER);
	assert_int_equal(flow.depth, 0);
}

static void ends_are_read_from_the_code(void **state)
{
	static const struct {
		uint8_t code[8];
		size_t n;
		enum flow_end end;
	} rows[] = {
		{ { 0xe8, 1, 2, 3, 4 }, 5, FLOW_CALL },	      { { 0x2e, 0xe8, 1, 2, 3, 4 }, 6, FLOW_CALL }, { { 0xff, 0xd0 }, 2, FLOW_CALL },
		{ { 0x41, 0xff, 0x54, 0x24, 8 }, 5, FLOW_CALL }, { { 0xff, 0xe0 }, 2, FLOW_ON },	    { { 0xc3 }, 1, FLOW_RETURN },
		{ { 0xf3, 0xc3 }, 2, FLOW_RETURN },	      { { 0xc2, 8, 0 }, 3, FLOW_RETURN },	    { { 0x48, 0xcf }, 2, FLOW_INTERRUPT_RETURN },
		{ { 0xe9, 1, 2, 3, 4 }, 5, FLOW_ON },	      { { 0x48, 0x0f, 0x07 }, 3, FLOW_ON },	    { { 0x66 }, 1, FLOW_ON },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(flow_end_of(rows[i].code, rows[i].n), rows[i].end);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_function_without_a_stage_belongs_to_its_caller),
		cmocka_unit_test(a_retpoline_is_a_call_of_its_target),
		cmocka_unit_test(all_that_an_interrupt_does_is_the_interrupts),
		cmocka_unit_test(an_interrupt_between_call_and_function_does_not_lose_the_caller),
		cmocka_unit_test(an_exception_within_a_block_goes_on_where_it_was),
		cmocka_unit_test(a_stub_and_what_it_leads_to_are_one_interrupt),
		cmocka_unit_test(what_another_task_does_is_passed_over),
		cmocka_unit_test(calls_that_are_too_deep_are_told),
		cmocka_unit_test(ends_are_read_from_the_code),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
