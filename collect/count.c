/* SPDX-License-Identifier: GPL-2.0-or-later */
/* count.c: the guest's side of counting: finds the memory that it shares with its emulator, and writes the kernel's functions there. */
#include <linux/types.h>

#include "collect/count.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "collect/sample_frames.h"
#include "collect/symbols.h"
#include "lab/count.h"

#define PCI "/sys/bus/pci/devices"

_Static_assert((int)SAMPLE_STAGE_MAX <= (int)COUNT_STAGE_USER, "every stage has a number there");

struct count {
	volatile struct count_area *area;
	struct symbols *symbols;
	size_t *names; /* of each function that was told: its number among the symbols */
	size_t functions_n;
};

/* ---- The memory ---- */

static unsigned long number_in(const char *device, const char *name)
{
	char path[sizeof PCI + NAME_MAX + 32], text[32] = "";
	FILE *file;

	snprintf(path, sizeof path, PCI "/%s/%s", device, name);
	file = fopen(path, "re");
	if (!file || !fgets(text, sizeof text, file))
		*text = 0;
	if (file)
		fclose(file);
	return strtoul(text, NULL, 0);
}

static volatile struct count_area *map_device(const char *device)
{
	char path[sizeof PCI + NAME_MAX + 32];
	int fd;

	snprintf(path, sizeof path, PCI "/%s/resource2", device);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	void *memory = mmap(NULL, CHANNEL_COUNT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, CHANNEL_COUNT_AT);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

/* NULL where there is no such memory, or no plugin behind it. */
static volatile struct count_area *map(void)
{
	volatile struct count_area *area = NULL;
	DIR *folder = opendir(PCI);

	for (struct dirent *entry; folder && !area && (entry = readdir(folder));)
		if (number_in(entry->d_name, "vendor") == CHANNEL_PCI_VENDOR && number_in(entry->d_name, "device") == CHANNEL_PCI_DEVICE)
			area = map_device(entry->d_name);
	if (folder)
		closedir(folder);
	if (area && area->magic != COUNT_MAGIC) {
		munmap((void *)area, CHANNEL_COUNT_BYTES);
		area = NULL;
	}
	return area;
}

int count_possible(void)
{
	volatile struct count_area *area = map();

	if (area)
		munmap((void *)area, CHANNEL_COUNT_BYTES);
	return area != NULL;
}

/* ---- Functions ---- */

static enum count_kind kind_of(const char *name)
{
	static const struct {
		const char *name; /* a '*' at the end stands for any rest */
		enum count_kind kind;
	} rows[] = {
		{ "asm_sysvec_*", COUNT_INTERRUPT }, { "asm_exc_*", COUNT_INTERRUPT }, { "asm_common_interrupt", COUNT_INTERRUPT },
		{ "asm_spurious_interrupt", COUNT_INTERRUPT }, { "irq_entries_start", COUNT_VECTORS }, { "spurious_entries_start", COUNT_VECTORS },
		{ "__switch_to_asm", COUNT_SWITCH }, { "update_rq_clock", COUNT_RQ_CLOCK },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n = strcspn(rows[i].name, "*");

		if (!strncmp(name, rows[i].name, n) && (rows[i].name[n] || !name[n]))
			return rows[i].kind;
	}
	return COUNT_PLAIN;
}

/* One function of several names is what any of them is. */
static void tell_function(struct count *count, size_t symbol)
{
	const char *name = symbols_name(count->symbols, symbol);
	size_t last = count->functions_n;
	enum count_kind kind = kind_of(name);

	if (last && count->area->functions[last - 1].address == symbols_start(count->symbols, symbol)) {
		last--;
	} else {
		count->names[last] = symbol;
		count->area->functions[last].address = symbols_start(count->symbols, symbol);
		count->area->functions[last].kind = COUNT_PLAIN;
		count->area->functions[last].stage = SAMPLE_STAGE_NONE;
		count->functions_n++;
	}
	if (kind)
		count->area->functions[last].kind = kind;
	if (!count->area->functions[last].stage)
		count->area->functions[last].stage =
			kind == COUNT_INTERRUPT || kind == COUNT_VECTORS ? SAMPLE_STAGE_INTERRUPT : frames_function_stage(name);
}

static int tell_functions(struct count *count)
{
	size_t n = symbols_n(count->symbols);

	count->names = calloc(n + 1, sizeof *count->names);
	if (!count->names)
		return fail(-ENOMEM, "count: out of memory");
	for (size_t i = 0; i < n && count->functions_n < COUNT_FUNCTIONS_MAX; i++)
		tell_function(count, i);
	count->area->functions_n = count->functions_n;
	return 0;
}

int count_open(struct count **out)
{
	struct count *count = calloc(1, sizeof *count);
	int err = 0;

	if (!count)
		return fail(-ENOMEM, "count: out of memory");
	count->area = map();
	if (!count->area)
		err = fail(-ENOTSUP, "count: instructions are counted only in amd64 guests of the lab with --clock icount: forecall lab run -k KERNEL -- ...");
	if (!err)
		err = symbols_open(&count->symbols);
	if (!err)
		err = tell_functions(count);
	if (err) {
		count_close(count);
		return err;
	}
	COUNT_MARK(COUNT_ON);
	*out = count;
	return 0;
}

void count_close(struct count *count)
{
	if (!count)
		return;
	COUNT_MARK(COUNT_OFF);
	if (count->area)
		munmap((void *)count->area, CHANNEL_COUNT_BYTES);
	symbols_free(count->symbols);
	free(count->names);
	free(count);
}

/* ---- Rows ---- */

static struct count_part part_of(const struct count *count, const volatile struct count_row *row)
{
	struct count_part part = { .stage = "user", .function = "", .insn_n = row->insn_n };

	if (row->stage == COUNT_STAGE_USER)
		return part;
	part.stage = row->stage == SAMPLE_STAGE_NONE || row->stage >= SAMPLE_STAGE_MAX ? sample_stage_names[SAMPLE_STAGE_OTHER]
										       : sample_stage_names[row->stage];
	part.function = row->function < count->functions_n ? symbols_name(count->symbols, count->names[row->function]) : "?";
	return part;
}

static int by_place(const void *a, const void *b)
{
	const struct count_part *x = a, *y = b;
	int order = strcmp(x->stage, y->stage);

	return order ? order : strcmp(x->function, y->function);
}

/* Functions of one name, and the pieces that a compiler made of one. */
static size_t join(struct count_part *parts, size_t n)
{
	size_t kept = 0;

	qsort(parts, n, sizeof *parts, by_place);
	for (size_t i = 0; i < n; i++) {
		if (kept && !by_place(&parts[kept - 1], &parts[i]))
			parts[kept - 1].insn_n += parts[i].insn_n;
		else
			parts[kept++] = parts[i];
	}
	return kept;
}

int count_take(struct count *count, struct count_part **parts, size_t *n)
{
	COUNT_MARK(COUNT_TAKE);
	*parts = NULL;
	*n = 0;
	if (count->area->lost_n)
		return fail(-EOVERFLOW, "count: %" PRIu64 " instructions were not told apart: the kernel calls deeper than is followed, or there are too many "
					"functions", count->area->lost_n);
	*parts = calloc(count->area->rows_n + 1, sizeof **parts);
	if (!*parts)
		return fail(-ENOMEM, "count: out of memory");
	for (size_t i = 0; i < count->area->rows_n; i++)
		(*parts)[i] = part_of(count, &count->area->rows[i]);
	*n = join(*parts, count->area->rows_n);
	return 0;
}
