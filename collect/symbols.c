/* SPDX-License-Identifier: GPL-2.0-or-later */
/* symbols.c: reads /proc/kallsyms into one sorted array, and finds addresses in it by halving. */
#include "collect/symbols.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define NAME_BYTES 512 /* KSYM_NAME_LEN of the kernel */

struct symbol {
	uint64_t address;
	size_t name; /* offset into names */
};

struct symbols {
	struct symbol *at;
	size_t n, room;
	char *names;
	size_t names_bytes, names_room;
};

static int add_name(struct symbols *s, const char *name, size_t length)
{
	if (!s->names || s->names_bytes + length + 1 > s->names_room) {
		size_t room = s->names_room ? 2 * s->names_room : 1 << 20;
		char *more = realloc(s->names, room);

		if (!more)
			return -ENOMEM;
		s->names = more;
		s->names_room = room;
	}
	memcpy(s->names + s->names_bytes, name, length);
	s->names[s->names_bytes + length] = 0;
	s->names_bytes += length + 1;
	return 0;
}

static int add(struct symbols *s, uint64_t address, const char *name)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 1 << 16;
		struct symbol *more = realloc(s->at, room * sizeof *more);

		if (!more)
			return -ENOMEM;
		s->at = more;
		s->room = room;
	}
	s->at[s->n++] = (struct symbol){address, s->names_bytes};
	return add_name(s, name, strcspn(name, "."));
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name; /* as the kernel lists them */
}

/* The padding in front of a function (__pfx_NAME) is nobody's code; the section marks are no functions. */
static int is_function(char type, const char *name)
{
	return strchr("tTwW", type) && strncmp(name, "__pfx_", 6) && strcmp(name, "_stext") && strcmp(name, "_text") && name[0] != '.' &&
	       name[0] != '$';
}

int symbols_read(FILE *file, struct symbols **out)
{
	struct symbols *s = calloc(1, sizeof *s);
	char line[NAME_BYTES + 128], name[NAME_BYTES];
	uint64_t address, any = 0;
	char type;
	int err = s ? 0 : -ENOMEM;

	while (!err && fgets(line, sizeof line, file)) {
		if (sscanf(line, "%" SCNx64 " %c %511s", &address, &type, name) != 3 || !is_function(type, name))
			continue;
		any |= address;
		err = add(s, address, name);
	}
	if (!err && !any)
		err = -ENODATA;
	if (err) {
		symbols_free(s);
		return err;
	}
	qsort(s->at, s->n, sizeof *s->at, by_address);
	*out = s;
	return 0;
}

int symbols_open(struct symbols **out)
{
	FILE *file = fopen("/proc/kallsyms", "re");

	*out = NULL;
	if (!file)
		return fail(-ENOENT, "symbols: cannot read /proc/kallsyms (%s): the kernel's call chains cannot be told apart; use a kernel with "
				     "CONFIG_KALLSYMS=y", strerror(errno));
	int err = symbols_read(file, out);
	fclose(file);
	if (err == -ENODATA)
		return fail(-EACCES, "symbols: the kernel hides its addresses from this user: run as root, with CAP_SYSLOG, or "
				    "after `sysctl kernel.kptr_restrict=0 kernel.perf_event_paranoid=1`");
	return err;
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	free(s->at);
	free(s->names);
	free(s);
}

size_t symbols_n(const struct symbols *s)
{
	return s->n;
}

const char *symbols_name(const struct symbols *s, size_t i)
{
	return s->names + s->at[i].name;
}

uint64_t symbols_start(const struct symbols *s, size_t i)
{
	return s->at[i].address;
}

size_t symbols_find(const struct symbols *s, uint64_t address)
{
	size_t low = 0, high = s->n; /* the first that begins behind it lies in [low, high] */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->at[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : SYMBOLS_NONE;
}

uint64_t symbols_address(const struct symbols *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(symbols_name(s, i), name))
			return s->at[i].address;
	return 0;
}
