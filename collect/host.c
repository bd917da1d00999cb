/* SPDX-License-Identifier: GPL-2.0-or-later */
/* host.c: gathers the machine's description from uname, /proc and /sys. */
#include "collect/host.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "analyze/store.h"
#include "collect/config.h"
#include "collect/cpus.h"

#define TEXT_MAX 8192

struct host {
	struct host_row row;
	struct utsname uname;
	char cpu_model[256], microcode[64], cmdline[TEXT_MAX], mitigations[TEXT_MAX], governor[64], clocksource[64], virt[64],
		tsc_flags[128], config[TEXT_MAX];
};

/* The first line of a file without its end, or NULL. */
static const char *first_line(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return NULL;
	char *line = fgets(text, (int)size, file);
	fclose(file);
	if (!line)
		return NULL;
	line[strcspn(line, "\n")] = 0;
	return line;
}

/* The value of the first line "key : value" of /proc/cpuinfo, or NULL. */
static const char *cpuinfo(const char *key, char *text, size_t size)
{
	char line[TEXT_MAX];
	const char *found = NULL;
	FILE *file = fopen("/proc/cpuinfo", "re");

	while (file && !found && fgets(line, sizeof line, file)) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, key, strlen(key)) || !strchr("\t ", line[strlen(key)]))
			continue;
		colon[strcspn(colon, "\n")] = 0;
		snprintf(text, size, "%s", colon + 1 + strspn(colon + 1, " "));
		found = text;
	}
	if (file)
		fclose(file);
	return found;
}

static int has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += n)
		if ((at == words || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return 1;
	return 0;
}

static const char *tsc_flags(const char *flags, char *text, size_t size)
{
	static const char *const known[] = {"constant_tsc", "nonstop_tsc", "tsc_reliable", "tsc_known_freq"};

	*text = 0;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (has_word(flags, known[i]))
			snprintf(text + strlen(text), size - strlen(text), "%s%s", *text ? " " : "", known[i]);
	return text;
}

/* One "name: state" a line, sorted by name: the kernel lists the folder in no particular order. */
static const char *mitigations(char *text, size_t size)
{
	static const char folder[] = "/sys/devices/system/cpu/vulnerabilities";
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, alphasort);

	if (n < 0)
		return NULL;
	*text = 0;
	for (int i = 0; i < n; free(entries[i++])) {
		char path[512], state[512];

		snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && first_line(path, state, sizeof state))
			snprintf(text + strlen(text), size - strlen(text), "%s%s: %s", *text ? "\n" : "", entries[i]->d_name, state);
	}
	free(entries);
	return text;
}

/* The hypervisor as the processor's flags and the firmware's tables tell it. */
static const char *virtualisation(const char *flags, char *text, size_t size)
{
	char vendor[64];

	if (!has_word(flags, "hypervisor"))
		return NULL;
	if (first_line("/sys/hypervisor/type", text, size))
		return text;
	if (first_line("/sys/class/dmi/id/sys_vendor", vendor, sizeof vendor))
		snprintf(text, size, "%s", vendor);
	else
		snprintf(text, size, "a hypervisor");
	return text;
}

/* A guest of the lab is told by the lab what its clock counts: it cannot see that by itself. */
static const char *lab_clock(const char *cmdline)
{
	if (cmdline && has_word(cmdline, "forecall.clock=icount"))
		return HOST_VIRT_ICOUNT;
	return cmdline && has_word(cmdline, "forecall.clock=real") ? HOST_VIRT_EMULATED : NULL;
}

int host_read(struct host **out)
{
	struct host *host = calloc(1, sizeof *host);
	uint8_t online[CPUS_MAX];
	char flags[TEXT_MAX];

	if (!host)
		return -ENOMEM;
	struct host_row *row = &host->row;
	store_null_host(row);
	uname(&host->uname);
	row->name = host->uname.nodename;
	row->kernel = host->uname.release;
	row->build = host->uname.version;
	row->arch = host->uname.machine;
	row->cpus_n = cpus_online(online);
	row->cpu_model = cpuinfo("model name", host->cpu_model, sizeof host->cpu_model);
	if (!row->cpu_model)
		row->cpu_model = "unknown";
	row->microcode = cpuinfo("microcode", host->microcode, sizeof host->microcode);
	row->cmdline = first_line("/proc/cmdline", host->cmdline, sizeof host->cmdline);
	row->mitigations = mitigations(host->mitigations, sizeof host->mitigations);
	row->governor = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", host->governor, sizeof host->governor);
	row->clocksource = first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource", host->clocksource,
				      sizeof host->clocksource);
	row->config = config_read(row->kernel, host->config, sizeof host->config);
	if (cpuinfo("flags", flags, sizeof flags)) {
		row->virt = virtualisation(flags, host->virt, sizeof host->virt);
		row->tsc_flags = tsc_flags(flags, host->tsc_flags, sizeof host->tsc_flags);
	}
	if (lab_clock(row->cmdline))
		row->virt = lab_clock(row->cmdline);
	*out = host;
	return 0;
}

void host_free(struct host *host)
{
	free(host);
}

const struct host_row *host_row(const struct host *host)
{
	return &host->row;
}
