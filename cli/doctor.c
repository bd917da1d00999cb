/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor.c: the checks of `forecall doctor`. */
#include "cli/doctor.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/doctor_machine.h"
#include "collect/cpus.h"
#include "collect/host.h"

#define BTF_FILE "/sys/kernel/btf/vmlinux"

__attribute__((format(printf, 2, 3))) static void say(char found[DOCTOR_FOUND], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(found, DOCTOR_FOUND, fmt, args);
	va_end(args);
}

/* Adds a word to the list in `found`. */
static void say_more(char found[DOCTOR_FOUND], const char *word)
{
	size_t used = strlen(found);

	snprintf(found + used, DOCTOR_FOUND - used, "%s%s", used ? " " : "", word);
}

/* ---- Probes ---- */

static enum doctor_state look_btf(char found[DOCTOR_FOUND])
{
	if (access(BTF_FILE, R_OK) == 0) {
		say(found, BTF_FILE);
		return DOCTOR_OK;
	}
	say(found, BTF_FILE ": %s", strerror(errno));
	return DOCTOR_MISSING;
}

static bool has_capability(cap_value_t value)
{
	cap_flag_value_t has = CAP_CLEAR;
	cap_t caps = cap_get_proc();

	if (caps)
		cap_get_flag(caps, value, CAP_EFFECTIVE, &has);
	cap_free(caps);
	return has == CAP_SET;
}

static enum doctor_state look_capabilities(char found[DOCTOR_FOUND])
{
	bool bpf = has_capability(CAP_BPF), perfmon = has_capability(CAP_PERFMON);

	say(found, "%s CAP_BPF, %s CAP_PERFMON", bpf ? "with" : "without", perfmon ? "with" : "without");
	return bpf && perfmon ? DOCTOR_OK : DOCTOR_MISSING;
}

static enum doctor_state look_limits(char found[DOCTOR_FOUND])
{
	bool resource = has_capability(CAP_SYS_RESOURCE);

	say(found, "%s CAP_SYS_RESOURCE", resource ? "with" : "without");
	return resource ? DOCTOR_OK : DOCTOR_LIMITED;
}

/* Loads the least program there is and attaches it as profile attaches its own. Returns 0 or -errno. */
static int try_attach(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 }, /* return 0 */
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_RAW_TP);
	int type, program, link, err;

	libbpf_set_print(NULL);
	type = libbpf_find_vmlinux_btf_id("sys_enter", BPF_TRACE_RAW_TP);
	if (type < 0)
		return type;
	options.attach_btf_id = type;
	program = bpf_prog_load(BPF_PROG_TYPE_TRACING, "forecall_doctor", "GPL", insns, 2, &options);
	if (program < 0)
		return program;
	link = bpf_raw_tracepoint_open(NULL, program);
	err = link < 0 ? link : 0;
	if (link >= 0)
		close(link);
	close(program);
	return err;
}

static enum doctor_state look_attach(char found[DOCTOR_FOUND])
{
	int err = try_attach();

	say(found, err ? "a BPF program on sys_enter: %s" : "a BPF program on sys_enter was loaded and attached", strerror(-err));
	return err ? DOCTOR_MISSING : DOCTOR_OK;
}

static bool has_tracepoint(const struct btf *btf, const char *name)
{
	char type[64];

	snprintf(type, sizeof type, "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

/* Whether the kernel's types know all the tracepoints; names the ones they do not. */
static enum doctor_state look_for(const char *const *names, size_t names_n, enum doctor_state otherwise, char found[DOCTOR_FOUND])
{
	struct btf *btf = btf__load_vmlinux_btf();
	enum doctor_state state = DOCTOR_OK;

	if (!btf) {
		say(found, "not known without the kernel's types");
		return otherwise;
	}
	for (size_t i = 0; i < names_n; i++) {
		if (has_tracepoint(btf, names[i]))
			continue;
		if (state == DOCTOR_OK)
			say_more(found, "without");
		say_more(found, names[i]);
		state = otherwise;
	}
	btf__free(btf);
	if (state == DOCTOR_OK)
		say(found, "all %zu", names_n);
	return state;
}

static enum doctor_state look_tracepoints(char found[DOCTOR_FOUND])
{
	static const char *const names[] = {
		"sys_enter", "sys_exit", "sched_switch", "sched_process_fork", "sched_process_exec", "sched_process_exit",
		"softirq_entry", "softirq_exit", "irq_handler_entry", "irq_handler_exit",
	};

	return look_for(names, sizeof names / sizeof *names, DOCTOR_MISSING, found);
}

/* Interrupts that are no interrupt line. x86 has a pair per vector, others have one for all. */
static enum doctor_state look_vectors(char found[DOCTOR_FOUND])
{
#if defined(__x86_64__)
	static const char *const names[] = {
		"local_timer_entry", "local_timer_exit", "reschedule_entry", "reschedule_exit", "call_function_entry",
		"call_function_exit", "call_function_single_entry", "call_function_single_exit", "irq_work_entry", "irq_work_exit",
	};
#else
	static const char *const names[] = { "ipi_entry", "ipi_exit" };
#endif
	return look_for(names, sizeof names / sizeof *names, DOCTOR_LIMITED, found);
}

/* ---- Clocks ---- */

/* A counter of this thread. Returns 0 or -errno. */
static int try_cycles(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE, .size = sizeof attr, .config = PERF_COUNT_HW_CPU_CYCLES };
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static enum doctor_state look_pmu(char found[DOCTOR_FOUND])
{
	int err = try_cycles();

	if (err == -ENOENT || err == -EOPNOTSUPP || err == -ENODEV)
		say(found, "this machine has no cycle counter for us");
	else
		say(found, err ? "cycles: %s" : "cycles", strerror(-err));
	return err ? DOCTOR_LIMITED : DOCTOR_OK;
}

/* A guest of the lab: the emulated processor has no flag for what its clock is. */
static bool is_lab(const struct host *host)
{
	const char *virt = host ? host_row(host)->virt : NULL;

	return virt && (!strcmp(virt, HOST_VIRT_ICOUNT) || !strcmp(virt, HOST_VIRT_EMULATED));
}

static enum doctor_state look_tsc(char found[DOCTOR_FOUND])
{
	struct host *host = NULL;
	const char *flags = NULL;
	bool steady;

#if !defined(__x86_64__)
	say(found, "the architecture's timer, which is steady by definition");
	return DOCTOR_OK;
#endif
	if (host_read(&host) == 0)
		flags = host_row(host)->tsc_flags;
	steady = flags && strstr(flags, "constant_tsc") && strstr(flags, "nonstop_tsc");
	say(found, "%s", flags && *flags ? flags : "no flag of a steady TSC");
	if (!steady && is_lab(host)) {
		say(found, "the emulator's, which is steady by definition");
		steady = true;
	}
	host_free(host);
	if (steady)
		return DOCTOR_OK;
	return try_cycles() == 0 ? DOCTOR_LIMITED : DOCTOR_MISSING;
}

/* ---- Conditions ---- */

static enum doctor_state look_steal(char found[DOCTOR_FOUND])
{
	uint8_t online[CPUS_MAX];
	int cpus_n = cpus_online(online);
	int64_t steal_ns = cpus_n > 0 ? cpus_steal_ns(online) : 0;

	say(found, "%.2f s since boot, on %d CPUs", (double)steal_ns / 1e9, cpus_n);
	return steal_ns > 0 ? DOCTOR_LIMITED : DOCTOR_OK;
}

static enum doctor_state look_frequency(char found[DOCTOR_FOUND])
{
	struct host *host = NULL;
	const char *governor = host_read(&host) == 0 ? host_row(host)->governor : NULL;
	bool steady = !governor || strcmp(governor, "performance") == 0;

	say(found, "%s", governor ? governor : "not in the hands of this kernel");
	host_free(host);
	return steady ? DOCTOR_OK : DOCTOR_LIMITED;
}

static enum doctor_state look_processors(char found[DOCTOR_FOUND])
{
	uint8_t online[CPUS_MAX];
	int cpus_n = cpus_online(online);

	say(found, "%d online", cpus_n);
	return cpus_n >= 2 ? DOCTOR_OK : DOCTOR_LIMITED;
}

/* In a child, so that this process keeps its own. */
static enum doctor_state look_namespaces(char found[DOCTOR_FOUND])
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(unshare(CLONE_NEWNET) ? errno : 0);
	if (child < 0 || waitpid(child, &status, 0) < 0)
		status = errno << 8;
	say(found, status ? "a new one: %s" : "a new one was made", strerror(WEXITSTATUS(status)));
	return status ? DOCTOR_LIMITED : DOCTOR_OK;
}

static enum doctor_state look_gnuplot(char found[DOCTOR_FOUND])
{
	char path[4096], *rest = path;

	snprintf(path, sizeof path, "%s", getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
	for (char *folder; (folder = strsep(&rest, ":"));) {
		say(found, "%s/gnuplot", folder);
		if (access(found, X_OK) == 0)
			return DOCTOR_OK;
	}
	say(found, "not in $PATH");
	return DOCTOR_LIMITED;
}

/* ---- The table ---- */

const struct doctor_check doctor_checks[] = {
	{ "BTF", true, "the ledger's programs cannot be fitted to this kernel: no profile, no observe",
	  "boot a kernel with CONFIG_DEBUG_INFO_BTF=y, as every Debian kernel is", look_btf },
	{ "capabilities", true, "the ledger cannot be attached: no profile, no observe",
	  "run as root, or once: setcap cap_bpf,cap_perfmon,cap_sys_resource+ep \"$(command -v forecall)\"", look_capabilities },
	{ "limits", false, "no more sockets than ulimit -Hn allows; before Linux 5.11 the ledger may not fit into ulimit -l",
	  "run as root", look_limits },
	{ "attach", true, "the ledger cannot be attached: no profile, no observe",
	  "run as root, outside of containers that forbid bpf(2), on a kernel that is not locked down", look_attach },
	{ "tracepoints", true, "cycles could not be told apart: no profile, no observe",
	  "boot a kernel of 5.11 or later with BTF and CONFIG_FTRACE_SYSCALLS=y", look_tracepoints },
	{ "vectors", false, "these interrupts are charged to the context that they interrupt",
	  "boot a kernel that has these tracepoints", look_vectors },
	{ "PMU", false, "the clock is the TSC: it does not stop when a CPU halts, and does not follow its frequency",
	  "run as root, on the bare machine or in a guest with a virtual PMU", look_pmu },
	{ "events", false, "no --event of the processor's own: neither instructions per cycle nor cache misses",
	  "run on the bare machine or in a guest with a virtual PMU; `forecall events --all` has each one's reason", look_events },
	{ "sampling", false, "no --engine sample of whole CPUs, no slice", "run as root, or once: setcap cap_perfmon,cap_syslog+ep \"$(command -v forecall)\"",
	  look_sampling },
	{ "paranoid", false, "without root or CAP_PERFMON not even one's own processes can be sampled", "sysctl kernel.perf_event_paranoid=1",
	  look_paranoid },
	{ "kallsyms", false, "call chains cannot be told apart: no --engine sample, no slice", "run as root, or sysctl kernel.kptr_restrict=0 kernel.perf_event_paranoid=1",
	  look_symbols },
	{ "lockdown", false, "the kernel may refuse BPF programs, modules and raw counters", "boot without Secure Boot, or without lockdown= on the kernel's command line",
	  look_lockdown },
	{ "TSC", true, "it cannot serve as a clock: its rate changes, or it stops",
	  "use a machine with constant_tsc and nonstop_tsc, or with a PMU", look_tsc },
	{ "clock", false, "runs by the TSC are marked: cycles of different CPUs or of different times may not be comparable",
	  "boot with clocksource=tsc, or use a machine whose TSCs are synchronised", look_synchronised },
	{ "steal", false, "runs in which the hypervisor took time away are marked, and their intervals are wider",
	  "measure while the neighbours are quiet, or on a machine of one's own", look_steal },
	{ "frequency", false, "costs in TSC cycles vary with the frequency", "cpupower frequency-set -g performance", look_frequency },
	{ "processors", false, "sender and receivers share the only CPU, and profiles include both", "use a machine with two or more CPUs",
	  look_processors },
	{ "SMT", false, "what a sibling takes from a shared core is counted as the server's cycles", "echo off > /sys/devices/system/cpu/smt/control",
	  look_smt },
	{ "hypervisor", false, "neighbours on the machine are felt and not seen: two runs some minutes apart may differ", "measure on the bare machine",
	  look_virtual },
	{ "namespaces", false, "bench and validate have no topology but lo", "run as root", look_namespaces },
	{ "io_uring", false, "the uring ways of sending cannot be measured", "sysctl kernel.io_uring_disabled=0, outside of containers that forbid it",
	  look_uring },
	{ "modules", false, "sendgroup's kernel module cannot be loaded here", "as root, on a kernel with modules; or in a guest (forecall lab)", look_modules },
	{ "QEMU", false, "no guests of other kernels (forecall lab)", "apt-get install qemu-system-x86 qemu-system-arm", look_qemu },
	{ "gnuplot", false, "report writes its page without pictures", "apt-get install gnuplot-nox", look_gnuplot },
};

const size_t doctor_checks_n = sizeof doctor_checks / sizeof *doctor_checks;
