/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.c: reads a kernel's configuration, and keeps what may explain that another kernel is slower. */
#include "collect/config.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* Without "CONFIG_". Preemption and ticks, mitigations, hardening, debugging, accounting, tracing, the network's path. */
static const char *const settings[] = {
	"HZ", "PREEMPT", "PREEMPT_NONE", "PREEMPT_VOLUNTARY", "PREEMPT_DYNAMIC", "PREEMPT_RT", "NO_HZ_FULL", "HIGH_RES_TIMERS", "NR_CPUS",
	"CC_OPTIMIZE_FOR_SIZE", "LTO_CLANG", "CFI_CLANG", "FINEIBT", "KCFI", "X86_KERNEL_IBT", "STACKPROTECTOR_STRONG", "SHADOW_CALL_STACK",
	"PAGE_TABLE_ISOLATION", "MITIGATION_PAGE_TABLE_ISOLATION", "RETPOLINE", "MITIGATION_RETPOLINE", "RETHUNK", "MITIGATION_RETHUNK",
	"CALL_DEPTH_TRACKING", "MITIGATION_CALL_DEPTH_TRACKING", "CPU_UNRET_ENTRY", "MITIGATION_UNRET_ENTRY", "CPU_IBRS_ENTRY",
	"MITIGATION_IBRS_ENTRY", "CPU_SRSO", "MITIGATION_SRSO", "SLS", "MITIGATION_SLS", "MITIGATION_RFDS", "MITIGATION_SPECTRE_BHI", "MITIGATION_ITS",
	"HARDENED_USERCOPY", "FORTIFY_SOURCE", "INIT_ON_ALLOC_DEFAULT_ON", "INIT_ON_FREE_DEFAULT_ON", "INIT_STACK_ALL_ZERO", "ZERO_CALL_USED_REGS",
	"RANDOMIZE_KSTACK_OFFSET_DEFAULT", "SLAB_FREELIST_RANDOM", "SLAB_FREELIST_HARDENED", "RANDOM_KMALLOC_CACHES", "SHUFFLE_PAGE_ALLOCATOR",
	"SLUB_DEBUG", "SLUB_DEBUG_ON", "SLAB_BUCKETS", "DEBUG_LIST", "LIST_HARDENED", "BUG_ON_DATA_CORRUPTION", "KASAN", "KFENCE", "KCSAN", "UBSAN",
	"UBSAN_BOUNDS", "PROVE_LOCKING", "LOCK_STAT", "DEBUG_PREEMPT", "DEBUG_VM", "DEBUG_NET", "SCHED_DEBUG", "SCHEDSTATS", "MEMCG", "MEMCG_KMEM",
	"CGROUP_NET_CLASSID", "CGROUP_NET_PRIO", "CGROUP_BPF", "PSI", "VIRT_CPU_ACCOUNTING_GEN", "TICK_CPU_ACCOUNTING", "IRQ_TIME_ACCOUNTING",
	"AUDIT", "AUDITSYSCALL", "SECURITY_SELINUX", "SECURITY_APPARMOR", "SECURITY_NETWORK", "BPF_LSM", "BPF_JIT_ALWAYS_ON", "FUNCTION_TRACER",
	"DYNAMIC_FTRACE", "FPROBE", "KPROBES", "NET_RX_BUSY_POLL", "RPS", "XPS", "BQL", "NETFILTER", "NF_CONNTRACK", "NET_INGRESS", "NET_EGRESS",
	"NET_CLS_ACT", "NETFILTER_EGRESS", "DEFAULT_NET_SCH", "NET_SCH_DEFAULT", "TRANSPARENT_HUGEPAGE",
};

enum { SETTINGS_N = sizeof settings / sizeof *settings, LINE_BYTES = 512, VALUE_BYTES = 32 };

/* gzopen() reads plain files as they are. */
static gzFile open_config(const char *release)
{
	char path[320];
	gzFile file;

	snprintf(path, sizeof path, "/boot/config-%.256s", release);
	file = gzopen(path, "r");
	if (file)
		return file;
	snprintf(path, sizeof path, "/lib/modules/%.256s/config", release);
	file = gzopen(path, "r");
	return file ? file : gzopen("/proc/config.gz", "r");
}

/* Keeps the value of a line "CONFIG_NAME=value" that is one of ours. */
static void take_line(char *line, char values[SETTINGS_N][VALUE_BYTES])
{
	static const char prefix[] = "CONFIG_";
	char *value = strchr(line, '=');

	if (strncmp(line, prefix, sizeof prefix - 1) != 0 || !value)
		return;
	*value++ = 0;
	value[strcspn(value, "\n")] = 0;
	for (size_t i = 0; i < SETTINGS_N; i++)
		if (!strcmp(line + sizeof prefix - 1, settings[i]))
			snprintf(values[i], VALUE_BYTES, "%s", value);
}

const char *config_read(const char *release, char *text, size_t size)
{
	static char values[SETTINGS_N][VALUE_BYTES];
	char line[LINE_BYTES];
	size_t used = 0;
	gzFile file = open_config(release);

	if (!file)
		return NULL;
	memset(values, 0, sizeof values);
	while (gzgets(file, line, sizeof line))
		take_line(line, values);
	gzclose(file);
	*text = 0;
	for (size_t i = 0; i < SETTINGS_N; i++)
		if (*values[i] && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s=%s", used ? "\n" : "", settings[i], values[i]);
	return used ? text : NULL;
}
