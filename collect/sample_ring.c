/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample_ring.c: opens a sampling counter, and reads its ring. */
#include "collect/sample_ring.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <asm/perf_regs.h>
#define REGS_MASK (1ull << PERF_REG_X86_IP)
enum { REGS_N = 1, REG_IP = 0, REG_NUMBER = -1 };
#elif defined(__aarch64__)
#include <asm/perf_regs.h>
#define REGS_MASK (1ull << PERF_REG_ARM64_X8 | 1ull << PERF_REG_ARM64_PC)
enum { REGS_N = 2, REG_NUMBER = 0, REG_IP = 1 }; /* in the order of their numbers */
#else
#error "sample_ring.c: registers of this architecture are not known"
#endif

#define RECORD_MAX 65536 /* as the kernel's size field */

struct ring {
	int fd;
	struct perf_event_mmap_page *page; /* NULL: the buffer is another's */
	size_t bytes;                      /* of the data behind it */
	size_t mapped;
	uint64_t tail;
	struct ring_counts counts;
	char *record; /* a record that wraps around, put together */
};

static void describe(const struct ring_options *options, struct perf_event_attr *attr)
{
	static const uint64_t configs[] = {
		[RING_CYCLES] = PERF_COUNT_HW_CPU_CYCLES, [RING_CPU_CLOCK] = PERF_COUNT_SW_CPU_CLOCK, [RING_SWITCHES] = PERF_COUNT_SW_DUMMY,
	};

	*attr = (struct perf_event_attr){
		.size = sizeof *attr,
		.type = options->source == RING_CYCLES ? PERF_TYPE_HARDWARE : PERF_TYPE_SOFTWARE,
		.config = configs[options->source],
		.sample_period = options->period,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
		.sample_regs_user = REGS_MASK,
		.disabled = 1,
		.exclude_callchain_user = 1,
		.exclude_hv = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.task = options->source != RING_SWITCHES, /* forks and exits */
		.context_switch = options->source == RING_SWITCHES,
		.sample_id_all = options->source == RING_SWITCHES, /* whose record it is, and when, at its end */
		.watermark = 1,
		.wakeup_watermark = (uint32_t)(options->pages * (size_t)sysconf(_SC_PAGESIZE) / 2),
		.inherit = options->tid >= 0,
	};
}

static int map(struct ring *ring, const struct ring_options *options)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	ring->bytes = options->pages * page;
	ring->mapped = ring->bytes + page;
	ring->record = malloc(RECORD_MAX);
	if (!ring->record)
		return -ENOMEM;
	void *memory = mmap(NULL, ring->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	ring->page = memory;
	return 0;
}

/* Writes into the buffer of another. */
static int join(const struct ring *ring, const struct ring *other)
{
	return ioctl(ring->fd, PERF_EVENT_IOC_SET_OUTPUT, other->fd) ? -errno : 0;
}

int ring_open(const struct ring_options *options, struct ring **out)
{
	struct ring *ring = calloc(1, sizeof *ring);
	struct perf_event_attr attr;
	int err = 0;

	*out = NULL;
	if (!ring)
		return -ENOMEM;
	describe(options, &attr);
	ring->fd = (int)syscall(SYS_perf_event_open, &attr, options->tid, options->cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (ring->fd < 0)
		err = -errno;
	else
		err = options->share ? join(ring, options->share) : map(ring, options);
	if (err) {
		ring_free(ring);
		return err;
	}
	*out = ring;
	return 0;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->page)
		munmap(ring->page, ring->mapped);
	if (ring->fd >= 0)
		close(ring->fd);
	free(ring->record);
	free(ring);
}

int ring_enable(const struct ring *ring)
{
	return ioctl(ring->fd, PERF_EVENT_IOC_ENABLE, 0) ? -errno : 0;
}

int ring_disable(const struct ring *ring)
{
	return ioctl(ring->fd, PERF_EVENT_IOC_DISABLE, 0) ? -errno : 0;
}

int ring_period(const struct ring *ring, uint64_t period)
{
	return ioctl(ring->fd, PERF_EVENT_IOC_PERIOD, &period) ? -errno : 0;
}

int ring_times(const struct ring *ring, uint64_t *enabled_ns, uint64_t *running_ns)
{
	uint64_t values[3]; /* count, enabled, running */

	if (read(ring->fd, values, sizeof values) != sizeof values)
		return errno ? -errno : -EIO;
	*enabled_ns = values[1];
	*running_ns = values[2];
	return 0;
}

int ring_fd(const struct ring *ring)
{
	return ring->page ? ring->fd : -1;
}

uint64_t ring_head(const struct ring *ring)
{
	return ring->page ? __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE) : 0;
}

void ring_done(struct ring *ring, uint64_t head)
{
	if (!ring->page)
		return;
	ring->tail = head;
	__atomic_store_n(&ring->page->data_tail, head, __ATOMIC_RELEASE);
}

const struct ring_counts *ring_counts(const struct ring *ring)
{
	return &ring->counts;
}

/* ---- Records ---- */

/* The record at `at`: in place, or put together when it wraps around. */
static const struct perf_event_header *record_at(const struct ring *ring, uint64_t at)
{
	const char *data = (const char *)ring->page + ring->page->data_offset;
	size_t from = (size_t)(at % ring->bytes);
	/* headers are aligned to 8 bytes, and so never wrap themselves */
	const struct perf_event_header *header = (const void *)(data + from);
	size_t size = header->size, first = ring->bytes - from;

	if (size <= first)
		return header;
	memcpy(ring->record, data + from, first);
	memcpy(ring->record + first, data, size - first);
	return (const void *)ring->record;
}

/* Calls visit() with each record up to head. A size that cannot be ends it: the kernel does not write such. */
static void each_record(const struct ring *ring, uint64_t head, void (*visit)(void *, const struct perf_event_header *), void *context)
{
	if (!ring->page)
		return;
	for (uint64_t at = ring->tail; at < head;) {
		const struct perf_event_header *header = record_at(ring, at);

		if (header->size < sizeof *header || at + header->size > head)
			return;
		visit(context, header);
		at += header->size;
	}
}

struct fork_visit {
	void (*take)(void *context, const struct ring_fork *fork);
	void *context;
};

static void visit_fork(void *context, const struct perf_event_header *header)
{
	const struct fork_visit *visit = context;
	struct ring_fork fork;

	if (header->type != PERF_RECORD_FORK || header->size < sizeof *header + sizeof fork)
		return;
	memcpy(&fork, header + 1, sizeof fork);
	visit->take(visit->context, &fork);
}

void ring_forks(const struct ring *ring, uint64_t head, void (*take)(void *, const struct ring_fork *), void *context)
{
	struct fork_visit visit = {take, context};

	each_record(ring, head, visit_fork, &visit);
}

struct sample_visit {
	struct ring *ring;
	const struct ring_visitor *visitor;
};

/* Reads what is left of a record, word by word. */
struct cursor {
	const uint64_t *at;
	size_t words; /* left */
};

static uint64_t next(struct cursor *cursor)
{
	if (!cursor->words)
		return 0;
	cursor->words--;
	return *cursor->at++;
}

static void read_chain(struct cursor *cursor, struct ring_sample *sample)
{
	uint64_t n = next(cursor);

	sample->n = 0;
	for (uint64_t i = 0; i < n && cursor->words; i++) {
		uint64_t address = next(cursor);

		if (address < PERF_CONTEXT_MAX && sample->n < SAMPLE_CHAIN_MAX) /* at and above it: marks, no addresses */
			sample->chain[sample->n++] = address;
	}
}

/* The layout that describe() asked for, in the kernel's order. */
static void read_sample(const struct perf_event_header *header, struct ring_sample *sample)
{
	struct cursor cursor = {(const uint64_t *)(header + 1), (header->size - sizeof *header) / sizeof(uint64_t)};
	uint64_t ids = next(&cursor), regs[REGS_N] = {0};

	memcpy(&sample->pid, &ids, sizeof sample->pid);
	memcpy(&sample->tid, (const char *)&ids + sizeof sample->pid, sizeof sample->tid);
	sample->time_ns = next(&cursor);
	sample->period = next(&cursor);
	read_chain(&cursor, sample);
	uint64_t abi = next(&cursor);
	for (int i = 0; i < REGS_N && abi != PERF_SAMPLE_REGS_ABI_NONE; i++)
		regs[i] = next(&cursor);
	sample->user_ip = regs[REG_IP];
	sample->number = REG_NUMBER >= 0 && abi ? regs[REG_NUMBER < 0 ? 0 : REG_NUMBER] : UINT64_MAX;
	if ((header->misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_USER)
		sample->n = 0;
}

/* Whose record it is stands at its end, as sample_type asked for. */
static void visit_switch(const struct ring_visitor *visitor, const struct perf_event_header *header)
{
	bool out = header->misc & PERF_RECORD_MISC_SWITCH_OUT;
	struct {
		struct ring_task other, own;
		uint64_t time_ns;
	} record;

	if (header->size < sizeof *header + sizeof record)
		return;
	memcpy(&record, header + 1, sizeof record);
	visitor->task_switch(visitor->context, &(struct ring_switch){.time_ns = record.time_ns, .went = out ? record.own : record.other,
								      .came = out ? record.other : record.own});
}

static void visit_sample(void *context, const struct perf_event_header *header)
{
	const struct sample_visit *visit = context;
	struct ring_counts *counts = &visit->ring->counts;
	struct ring_sample sample;

	switch (header->type) {
	case PERF_RECORD_SAMPLE:
		read_sample(header, &sample);
		counts->samples_n++;
		visit->visitor->sample(visit->visitor->context, &sample);
		break;
	case PERF_RECORD_SWITCH_CPU_WIDE:
		visit_switch(visit->visitor, header);
		break;
	case PERF_RECORD_LOST: /* id, lost */
		counts->lost_n += ((const uint64_t *)(header + 1))[1];
		break;
	case PERF_RECORD_THROTTLE:
		counts->throttled_n++;
		break;
	case PERF_RECORD_UNTHROTTLE:
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		break;
	default:
		counts->unknown_n++;
	}
}

void ring_samples(struct ring *ring, uint64_t head, const struct ring_visitor *visitor)
{
	struct sample_visit visit = {ring, visitor};

	each_record(ring, head, visit_sample, &visit);
}
