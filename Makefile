# SPDX-License-Identifier: GPL-2.0-or-later
# Makefile: builds, tests, demonstrates and installs forecall. `make help` lists the targets.
#
# Sources are discovered: a new file in one of the folders below is built without a change here.
# Generated headers lie in build/, which is searched: #include "schema.h", "version.h", "vmlinux.h",
# "collect/NAME.skel.h". OUT is where objects go, so that a second compiler can build beside the first:
# `make CC=clang OUT=build/clang`.

prefix      ?= /usr/local
bindir      ?= $(prefix)/bin
sbindir     ?= $(prefix)/sbin
libexecdir  ?= $(prefix)/libexec
libdir      ?= $(prefix)/lib
includedir  ?= $(prefix)/include
datadir     ?= $(prefix)/share
mandir      ?= $(datadir)/man
completions ?= $(datadir)/bash-completion/completions

# What `make demo` runs once everything is built.
DEMO ?= build/forecall --progress validate && \
	{ build/forecall --progress validate --with sendgroup-bpf --seconds 5 || echo '(without sendgroup-bpf, then)'; } && \
	kmod/demo.sh && build/forecall report -o forecall-report

# Debian packages: what building, testing and the benchmarks need. `make deps` installs those that are missing.
PACKAGES := gcc make clang llvm bpftool git pkg-config \
	libbpf-dev libelf-dev zlib1g-dev libpfm4-dev libsqlite3-dev libgsl-dev libjansson-dev liburing-dev libcap-dev libseccomp-dev \
	sqlite3 gnuplot-nox fonts-dejavu-core iproute2 ethtool procps util-linux ffmpeg \
	libcmocka-dev libclang-rt-14-dev bats jq cppcheck clang-tidy mandoc \
	bpftrace linux-perf strace nftables \
	qemu-system-x86 qemu-system-arm busybox-static cpio dwarves xz-utils gcc-aarch64-linux-gnu libc6-dev-arm64-cross

# What only the tests of the page in a browser need: `make deps-browser`, which `make check` does.
BROWSER_PACKAGES := chromium chromium-driver curl

# What only building a kernel takes: `make deps-kasan`, which `make lab-kasan` does.
KASAN_PACKAGES := flex bison bc

GEN := build
OUT ?= $(GEN)

ifeq ($(origin CC),default)
CC := gcc
endif
CLANG   ?= clang
BPFTOOL ?= $(or $(wildcard /usr/sbin/bpftool),bpftool)

CFLAGS     ?= -O2 -g
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wmissing-prototypes -Wshadow -I. -I$(GEN) -pthread $(CFLAGS)
ALL_LDFLAGS := -Wl,--as-needed -pthread $(LDFLAGS)
LDLIBS     := -lbpf -lseccomp -lelf -lz -lpfm -lsqlite3 -lgsl -lgslcblas -ljansson -luring -lcap -lm
SANITIZE   := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

BPF_ARCH   := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m)))
# BPF_PROG() names every argument of a hook, whether it is used or not.
BPF_CFLAGS := -target bpf -mcpu=v3 -g -O2 -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Werror -Wno-unused-parameter -I. -I$(GEN)

# As many jobs as there are processors, unless the caller says otherwise.
ifeq ($(MAKELEVEL),0)
ifeq ($(filter -j% --jobs%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
endif

V ?= 0
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
endif

PROGRAMS  := groupsend receivers livecast
PROGRAM_C := $(wildcard $(PROGRAMS:%=workloads/%.c))
BPF_C     := $(wildcard collect/*.bpf.c)
PARTS     := base collect analyze reports workloads try kmod/lib lab cli

# sendgroupctl lies beside what it is made of.
PARTS     += bpfgroup
BPF_C     += $(wildcard bpfgroup/*.bpf.c)
CTL_C     := bpfgroup/sendgroupctl.c

PRELOAD_C := $(wildcard try/preload/*.c)
LIB_C     := $(filter-out $(BPF_C) $(PROGRAM_C) $(CTL_C) cli/%,$(wildcard $(PARTS:%=%/*.c)))
CLI_C     := $(wildcard cli/*.c)
TEST_C    := $(wildcard $(PARTS:%=%/tests/test_*.c))
BENCH_C   := $(wildcard tests/bench/*.c)
GUEST_C   := $(wildcard lab/guest/*.c)
PLUGIN_C  := $(wildcard lab/plugin/*.c)
OUR_C     := $(LIB_C) $(PRELOAD_C) $(CLI_C) $(PROGRAM_C) $(CTL_C) $(TEST_C) $(BENCH_C) $(GUEST_C) $(PLUGIN_C)

SKEL_H    := $(BPF_C:%.bpf.c=$(GEN)/%.skel.h)
LIB_O     := $(LIB_C:%.c=$(OUT)/%.o)
CLI_O     := $(CLI_C:%.c=$(OUT)/%.o)
BINARIES  := $(OUT)/forecall $(PROGRAM_C:workloads/%.c=$(OUT)/%) $(OUT)/lab-init
PRELOAD   := $(OUT)/libforecall-try.so
PLUGIN    := $(OUT)/lab-count.so
BINARIES  += $(OUT)/sendgroupctl
BENCHES   := $(BENCH_C:tests/bench/%.c=$(OUT)/bench/%)
SAN       := $(OUT)/san
SAN_O     := $(LIB_C:%.c=$(SAN)/%.o) $(filter-out $(SAN)/cli/main.o,$(CLI_C:%.c=$(SAN)/%.o))
TESTS     := $(TEST_C:%.c=$(SAN)/%)

# libsendgroup for other programs: the same sources once more, for a shared library that shows only its calls.
SG_C      := $(wildcard kmod/lib/*.c)
SG_PIC    := $(SG_C:kmod/lib/%.c=$(OUT)/sendgroup/%.o)
SG_SO     := libsendgroup.so.1
SG_LIBS   := $(OUT)/libsendgroup.a $(OUT)/$(SG_SO)

MAN1      := $(wildcard docs/man/*.1)
MAN3      := $(wildcard docs/man/*.3)
MAN8      := $(wildcard docs/man/*.8)

.DELETE_ON_ERROR:
.SECONDARY: $(SKEL_H) $(BPF_C:%.c=$(GEN)/%.o) # kept, though no rule names them
.SUFFIXES:
.DEFAULT_GOAL := all
.PHONY: FORCE
FORCE:

.PHONY: all
all: $(BINARIES) $(SG_LIBS) $(PRELOAD) $(PLUGIN) ## build forecall and its programs (default)

# ---- Generated headers -------------------------------------------------------------------------------------------

# Replaces the target only if its text changed, so that what depends on it is rebuilt only then. Two makes at once do not share a file.
if_changed = cmp -s $@.$$$$ $@ && rm $@.$$$$ || mv $@.$$$$ $@

$(GEN)/version.h: FORCE
	@mkdir -p $(@D)
	@version=$$(sed -n 's/^## \([0-9][^ ]*\).*/\1/p' CHANGELOG.md 2>/dev/null | head -n 1); \
	commit=$$(git describe --always --dirty --exclude '*' 2>/dev/null); \
	{ echo '/* Generated by make: the version of this build. */'; \
	  echo "#define FORECALL_VERSION \"$${version:-0.0.0}$${commit:++g$$commit}\""; } > $@.$$$$; $(if_changed)

$(GEN)/schema.h: schema.sql
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q){ echo '/* Generated from schema.sql by make. */'; echo 'static const char schema_sql[] ='; \
	  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/.*/"&\\n"/' $<; echo ';'; } > $@

$(GEN)/whatif.h: reports/whatif.js
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q){ echo '/* Generated from reports/whatif.js by make. */'; echo 'static const char whatif_js[] ='; \
	  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/.*/"&\\n"/' $<; echo ';'; } > $@

# Any kernel's types do: the BPF programs are relocated when they are loaded (CO-RE).
VMLINUX_BTF ?= /sys/kernel/btf/vmlinux
VMLINUX_H   ?= $(firstword $(wildcard collect/vmlinux.h /usr/include/vmlinux.h /usr/include/*-linux-gnu/vmlinux.h))
$(GEN)/vmlinux.h:
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)if [ -r $(VMLINUX_BTF) ]; then $(BPFTOOL) btf dump file $(VMLINUX_BTF) format c > $@.$$$$ && mv $@.$$$$ $@; \
	elif [ -n "$(VMLINUX_H)" ]; then cp "$(VMLINUX_H)" $@; \
	else echo 'make: $(VMLINUX_BTF) does not exist, so this kernel does not tell its types: build on a kernel with' \
	  'CONFIG_DEBUG_INFO_BTF=y (every Debian kernel), or name a vmlinux.h of another kernel: make VMLINUX_H=FILE' >&2; exit 1; fi

$(GEN)/%.bpf.o: %.bpf.c $(GEN)/vmlinux.h $(GEN)/bpf.flags
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c $< -o $@

$(GEN)/%.skel.h: $(GEN)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q){ echo '/* NOLINTBEGIN: clang-tidy does not see that libbpf keeps what this allocates */' && \
	  $(BPFTOOL) gen skeleton $< name $(notdir $*)_bpf && echo '/* NOLINTEND */'; } > $@

# ---- Objects, archives, programs ---------------------------------------------------------------------------------

# A change of compiler or flags rebuilds objects; a change of the list of sources rebuilds the archive.
$(GEN)/bpf.flags: stamp = $(CLANG) $(BPF_CFLAGS)
$(OUT)/cc.flags:  stamp = $(CC) $(ALL_CFLAGS) $(SANITIZE)
$(OUT)/sources:   stamp = $(sort $(LIB_C) $(CLI_C))
$(GEN)/bpf.flags $(OUT)/cc.flags $(OUT)/sources: FORCE
	@mkdir -p $(@D)
	@echo '$(stamp)' > $@.$$$$; $(if_changed)

# Which generated headers a file needs is known only after it was compiled once: have them all before that.
GENERATED = $(GEN)/schema.h $(GEN)/whatif.h $(GEN)/version.h $(if $(filter collect/% bpfgroup/% tests/bench/%,$*),$(SKEL_H))

.SECONDEXPANSION:
$(OUT)/%.o: %.c $(OUT)/cc.flags | $$(GENERATED)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(SAN)/%.o: %.c $(OUT)/cc.flags | $$(GENERATED)
	$(call say,CC-SAN,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(SANITIZE) -MMD -MP -c $< -o $@

archive = rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

$(OUT)/libforecall.a: $(LIB_O) $(OUT)/sources
	$(call say,AR,$@)
	$(Q)$(archive)

$(SAN)/libforecall.a: $(SAN_O) $(OUT)/sources
	$(call say,AR,$@)
	$(Q)$(archive)

$(OUT)/sendgroup/%.o: kmod/lib/%.c $(OUT)/cc.flags
	$(call say,CC-PIC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c $< -o $@

$(OUT)/libsendgroup.a: $(SG_PIC)
	$(call say,AR,$@)
	$(Q)$(archive)

$(OUT)/$(SG_SO): $(SG_PIC)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,$(SG_SO) -Wl,-z,defs -o $@ $^ -luring
	$(Q)ln -sfn $(SG_SO) $(OUT)/libsendgroup.so

$(OUT)/forecall: $(CLI_O) $(OUT)/libforecall.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(OUT)/sendgroupctl: $(OUT)/bpfgroup/sendgroupctl.o $(OUT)/libforecall.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# The first process of a guest, where there are no libraries yet.
$(OUT)/lab-init: $(GUEST_C:%.c=$(OUT)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) -static $(LDFLAGS) -o $@ $^

$(PROGRAM_C:workloads/%.c=$(OUT)/%): $(OUT)/%: $(OUT)/workloads/%.o $(OUT)/libforecall.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# Preloaded into servers: bound when it is loaded, since part of it runs where the loader may not.
$(PRELOAD_C:%.c=$(OUT)/%.o): private ALL_CFLAGS += -fPIC -fvisibility=hidden -fno-stack-protector
$(PRELOAD): $(PRELOAD_C:%.c=$(OUT)/%.o)
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(ALL_LDFLAGS) -Wl,-z,now -o $@ $(filter %.o,$^) -ldl

# Loaded by the emulator of a guest, whose functions it calls.
$(PLUGIN_C:%.c=$(OUT)/%.o): private ALL_CFLAGS += -fPIC -fvisibility=hidden
$(OUT)/plugin-flow.o: lab/flow.c $(OUT)/cc.flags
	$(Q)$(CC) $(ALL_CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c $< -o $@
$(PLUGIN): $(PLUGIN_C:%.c=$(OUT)/%.o) $(OUT)/plugin-flow.o
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(ALL_LDFLAGS) -o $@ $(filter %.o,$^)

$(BENCHES): $(OUT)/bench/%: $(OUT)/tests/bench/%.o $(OUT)/libforecall.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(TESTS): $(SAN)/%: $(SAN)/%.o $(SAN)/libforecall.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) $(SANITIZE) -o $@ $^ -lcmocka $(LDLIBS)

-include $(OUR_C:%.c=$(OUT)/%.d) $(OUT)/plugin-flow.d $(SG_PIC:.o=.d) $(OUR_C:%.c=$(SAN)/%.d) $(BPF_C:%.c=$(GEN)/%.d)

# ---- Guests of another architecture --------------------------------------------------------------------------------

# The same build with another compiler, against a folder of that architecture's packages; lab/platform.c looks for it here.
# Plain char is signed as everywhere else here.
ARM64      := $(OUT)/lab-arm64
ARM64_ROOT := $(CURDIR)/$(ARM64)/root
ARM64_LIBS := $(ARM64_ROOT)/usr/lib/aarch64-linux-gnu $(ARM64_ROOT)/lib/aarch64-linux-gnu
.PHONY: lab-arm64
lab-arm64: $(ARM64)/root ## build forecall and its programs for arm64 guests of the lab
	@$(MAKE) --no-print-directory CC=aarch64-linux-gnu-gcc BPF_ARCH=arm64 GEN=$(ARM64)/gen OUT=$(ARM64) \
	  CFLAGS='-O2 -g -fsigned-char -isystem $(ARM64_ROOT)/usr/include' LDFLAGS='$(ARM64_LIBS:%=-L%) $(ARM64_LIBS:%=-Wl,-rpath-link,%)' all

$(ARM64)/root: lab/sysroot.sh | $(OUT)/forecall
	$(call say,SYSROOT,$@)
	$(Q)mkdir -p $(@D)
	$(Q)lab/sysroot.sh $(OUT)/forecall $@
	$(Q)touch $@

# ---- The sendgroup module ----------------------------------------------------------------------------------------

# For each of these kernels build/kmod/KERNEL/sendgroup.ko, with headers that lie in the cache (kmod/headers.sh).
KERNEL ?= 6.1.0-56-amd64 6.12.117+deb12-amd64
KMOD_FILES := $(wildcard kmod/*.c kmod/*.h kmod/include/sendgroup.h) kmod/Kbuild
KMODS := $(KERNEL:%=$(GEN)/kmod/%/sendgroup.ko)

.PHONY: kmod
kmod: $(KMODS) ## build the sendgroup module for KERNEL= (default: one 6.1 and one 6.12 of Debian)
$(KMODS): $(GEN)/kmod/%/sendgroup.ko: $(KMOD_FILES) kmod/headers.sh
	$(call say,KMOD,$*)
	$(Q)mkdir -p $(@D)/include
	$(Q)for file in $(KMOD_FILES:kmod/%=%); do cmp -s kmod/$$file $(@D)/$$file || cp kmod/$$file $(@D)/$$file; done
	$(Q)headers=$$(kmod/headers.sh $*) && \
	case $*-$$(uname -m) in *-arm64-x86_64) cross='ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-' ;; *) cross= ;; esac && \
	env -u MAKEFLAGS -u MAKELEVEL $(MAKE) -s -C "$$headers" M=$(CURDIR)/$(@D) $$cross W=1 KCFLAGS=-Werror modules > $(@D)/log 2>&1 || \
	{ cat $(@D)/log >&2; exit 1; }
	$(Q)touch $@

.PHONY: lab-kasan
lab-kasan: $(OUT)/forecall deps-kasan ## a kernel with KASAN, lockdep and kmemleak in the lab's cache; then make fuzz-kmod KERNEL=6.12-kasan-amd64
	@kmod/kasan.sh

.PHONY: fuzz-kmod
CALLS ?= 1000000
SEED  ?= 1
fuzz-kmod: $(OUT)/forecall ## malformed calls to the sendgroup module in guests: CALLS=, SEED=, KERNEL=
	@tests/kmod_fuzz.sh $(CALLS) $(SEED) $(KERNEL)

.PHONY: fuzz-events
NAMES ?= 1000000
fuzz-events: $(SAN)/collect/tests/test_events ## random names of events, under the sanitizers: NAMES=
	@NAMES=$(NAMES) $<

# ---- Tests -------------------------------------------------------------------------------------------------------

.PHONY: unit
unit: $(TESTS) ## run the unit tests, under the address and undefined-behaviour sanitizers
	@tests/unit.sh $(TESTS)

.PHONY: check
check: ## build with gcc and clang and pass every test; ends with `N passed, N failed`
	+@tests/check.sh

.PHONY: clang
clang: ## build with clang too, in build/clang
	@$(MAKE) --no-print-directory CC=$(CLANG) OUT=$(GEN)/clang all

# What the linters include: our headers as such, generated ones as the system's, in which they find no fault. cppcheck
# does not see those at all: the bytes of a BPF program in a skeleton take it minutes.
LINT_INCLUDE := $(OUT)/lint
$(LINT_INCLUDE)/.made: Makefile
	@mkdir -p $(@D)
	@ln -sfn $(addprefix $(CURDIR)/,$(sort $(foreach part,$(PARTS),$(firstword $(subst /, ,$(part)))))) $(@D)
	@touch $@

# Not unit tests: no linter knows that a failed assertion of cmocka does not return.
LINT_C := $(filter-out $(TEST_C),$(OUR_C))

# A file is looked at again when it, or a header it includes, has changed.
TIDY_OK := $(LINT_C:%.c=$(OUT)/tidy/%.ok)
TIDY_CFLAGS := $(filter-out -Werror -I%,$(ALL_CFLAGS)) -I$(LINT_INCLUDE) -isystem . -isystem $(GEN)
$(OUT)/tidy/%.ok: %.c $(OUT)/%.o .clang-tidy $(LINT_INCLUDE)/.made
	$(call say,TIDY,$<)
	$(Q)mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(TIDY_CFLAGS) 2> $@.log > $@.out || { cat $@.out $@.log >&2; exit 1; }
	$(Q)touch $@

.PHONY: tidy
tidy: $(TIDY_OK) ## clang-tidy on our C files

.PHONY: cppcheck
cppcheck: $(LINT_INCLUDE)/.made ## cppcheck on our C files
	$(call say,CPPCHK,'$(words $(LINT_C)) files')
	$(Q)mkdir -p $(OUT)/cppcheck
	$(Q)cppcheck --quiet --error-exitcode=1 --std=c11 -D_GNU_SOURCE -D__$(shell uname -m)__ -I$(LINT_INCLUDE) \
	  -j $(shell nproc) --cppcheck-build-dir=$(OUT)/cppcheck --enable=warning,performance,portability --inline-suppr \
	  --suppress=missingIncludeSystem --suppress=unknownMacro $(LINT_C)

.PHONY: manlint
manlint: ## mandoc -Tlint on the man pages
	$(call say,MANLINT,'$(words $(MAN1) $(MAN3) $(MAN8)) pages')
	$(Q)mandoc -Tlint -Wwarning $(MAN1) $(MAN3) $(MAN8)

# ---- Demonstration and benchmarks --------------------------------------------------------------------------------

.PHONY: demo
demo: ## install what is missing, build, run the whole experiment once, show its table and write its page
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory all
	@$(DEMO)

.PHONY: bench-report
bench-report: $(OUT)/forecall $(OUT)/bench/report ## time and memory of `forecall report` on a large database
	@$(OUT)/bench/report

# bench-NAME runs tests/bench/NAME.sh, or the program of tests/bench/NAME.c. They print figures beside their targets.
BENCHMARKS := bench-lab bench-accuracy bench-overhead bench-coverage bench-predict bench-engines bench-engines-guest bench-kmod
.PHONY: $(BENCHMARKS)
bench-accuracy: ## predicted against observed, and f against a workload of known f
bench-overhead: ## cost of the probes per call, beside perf trace and empty probes
bench-coverage: ## how often the 95 % intervals hold
BENCHMARKS += bench-bpfgroup bench-bpfgroup-predict bench-bpfgroup-guests bench-bpfgroup-deliver
.PHONY: bench-bpfgroup bench-bpfgroup-predict bench-bpfgroup-guests bench-bpfgroup-deliver
bench-bpfgroup: ## cost per packet of group send by eBPF beside its peers
bench-bpfgroup-deliver: ## 2 million datagrams of group send by eBPF, each verified
bench-bpfgroup-guests: ## group send by eBPF on other kernels, and from card to card
bench-bpfgroup-predict: ## livecast by sendgroup-bpf, predicted against observed
bench-engines:  ## the sampling engine beside the ledger, what it costs, and names of events
bench-engines-guest: ## the same two engines on three servers in a guest (make deps-servers; add the kernel before: forecall lab kernels add '6.12.*-cloud-amd64')
bench-lab:      ## boot times of guests, identical figures, and a card's interrupts in the ledger
bench-predict:  ## time of `forecall predict` on a large database
bench-kmod:     ## instructions per packet of the sendgroup module, in guests
BENCHMARKS += bench-kmod-predict
.PHONY: bench-kmod-predict
bench-kmod-predict: ## livecast by the sendgroup module, predicted against observed, in guests
$(BENCHMARKS): bench-%: $(BINARIES) $(BENCHES)
	@if [ -e tests/bench/$*.sh ]; then tests/bench/$*.sh; \
	elif [ -x $(OUT)/bench/$* ]; then $(OUT)/bench/$*; \
	else echo 'make: there is neither tests/bench/$*.sh nor tests/bench/$*.c' >&2; exit 1; fi


.PHONY: bench-util
bench-util: $(BINARIES) $(BENCHES) ## what the busy meter costs
	@$(OUT)/bench/util

.PHONY: bench-ways
bench-ways: $(BINARIES) $(BENCHES) ## how far benches of every way can be believed, and predictions from them
	@tests/bench/ways.sh

.PHONY: bench-track bench-track-lab
bench-track: $(BINARIES) $(OUT)/bench/track ## how often `compare` is wrong, and the time of `track` on 200 series of 100,000 figures
	@$(OUT)/bench/track
bench-track-lab: $(BINARIES) ## changes injected into guests, and whether they are found at the right version
	@tests/bench/track-lab.sh

# ---- Installation ------------------------------------------------------------------------------------------------

APT := DEBIAN_FRONTEND=noninteractive apt-get
SUDO := $(if $(filter-out 0,$(shell id -u)),sudo)
.PHONY: deps deps-browser deps-kasan
deps-browser: deps_of = $(BROWSER_PACKAGES)
deps-kasan: deps_of = $(KASAN_PACKAGES)
deps: deps_of = $(PACKAGES)
deps: ## install the Debian packages that are missing (nothing is done when none is)
deps-browser: ## the same for the browser that the page is tested in
deps-kasan: ## the same for what building a kernel takes
deps deps-browser deps-kasan:
	@command -v dpkg-query > /dev/null || { echo 'make: not a Debian system: install what corresponds to $(deps_of)' >&2; exit 0; }; \
	missing=$$(for p in $(deps_of); do \
	  dpkg-query -W -f '$${db:Status-Status}' $$p 2> /dev/null | grep -qx installed || echo $$p; done); \
	[ -n "$$missing" ] || exit 0; \
	echo "  APT     "$$missing; \
	$(SUDO) env $(APT) -y -qq install --no-install-recommends $$missing < /dev/null > /dev/null 2>&1 || { \
	  $(SUDO) env $(APT) -qq update < /dev/null && \
	  $(SUDO) env $(APT) -y -qq install --no-install-recommends $$missing < /dev/null; } || { \
	  echo "make: cannot install packages: as root, run: apt-get update && apt-get install" $$missing >&2; exit 1; }

.PHONY: bench-try
bench-try: $(BINARIES) $(PRELOAD) ## a million datagrams under `forecall try`, each once and in order
	@tests/bench/try.sh

.PHONY: bench-stamps
bench-stamps: $(BINARIES) ## f of a running memcached (livecast: tests/bench/stamps.sh) against stamps around each of its sends
	@tests/bench/stamps.sh

.PHONY: bench-fall
bench-fall: $(BINARIES) $(OUT)/bench/fall ## whether samples of livecast fall into its sends as often as these take time
	@tests/bench/stamps.sh fall 0 60

.PHONY: bench-added
bench-added: $(BINARIES) ## what a profile adds to a server's CPU time, as the kernel has it
	@tests/bench/added.sh

.PHONY: deps-servers
deps-servers: ## unpack the real servers and their load generators beside the build, installing nothing
	@workloads/servers/fetch

.PHONY: install
install: all ## install under prefix (/usr/local), below DESTDIR if given
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(libexecdir)/forecall $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man3 \
	  $(DESTDIR)$(completions) $(DESTDIR)$(libdir)/pkgconfig $(DESTDIR)$(includedir)
	install -m 755 $(OUT)/forecall $(DESTDIR)$(bindir)/
	install -m 755 $(filter-out $(OUT)/forecall,$(BINARIES)) $(DESTDIR)$(libexecdir)/forecall/
	install -m 755 $(PRELOAD) $(PLUGIN) $(DESTDIR)$(libexecdir)/forecall/
	install -m 644 $(MAN1) $(DESTDIR)$(mandir)/man1/
	install -m 644 $(MAN3) $(DESTDIR)$(mandir)/man3/
	install -d $(DESTDIR)$(sbindir) $(DESTDIR)$(mandir)/man8
	install -m 755 $(OUT)/sendgroupctl $(DESTDIR)$(sbindir)/
	install -m 644 $(MAN8) $(DESTDIR)$(mandir)/man8/
	install -m 644 $(OUT)/libsendgroup.a $(OUT)/$(SG_SO) $(DESTDIR)$(libdir)/
	ln -sfn $(SG_SO) $(DESTDIR)$(libdir)/libsendgroup.so
	version=$$(sed -n 's/.*VERSION "\([0-9.]*\).*/\1/p' $(GEN)/version.h) && \
	sed -e 's|@prefix@|$(prefix)|' -e 's|@libdir@|$(libdir)|' -e 's|@includedir@|$(includedir)|' -e "s|@version@|$$version|" \
	  kmod/lib/sendgroup.pc.in > $(DESTDIR)$(libdir)/pkgconfig/sendgroup.pc
	install -m 644 kmod/include/libsendgroup.h $(DESTDIR)$(includedir)/
	install -m 644 completion/forecall.bash $(DESTDIR)$(completions)/forecall
	install -d $(DESTDIR)$(datadir)/forecall/suites
	install -m 644 suites/*.conf $(DESTDIR)$(datadir)/forecall/suites/

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(bindir)/forecall $(DESTDIR)$(completions)/forecall $(MAN1:docs/man/%=$(DESTDIR)$(mandir)/man1/%)
	rm -f $(MAN3:docs/man/%=$(DESTDIR)$(mandir)/man3/%) $(DESTDIR)$(includedir)/libsendgroup.h
	rm -f $(addprefix $(DESTDIR)$(libdir)/,libsendgroup.a libsendgroup.so $(SG_SO) pkgconfig/sendgroup.pc)
	rm -f $(MAN8:docs/man/%=$(DESTDIR)$(mandir)/man8/%) $(DESTDIR)$(sbindir)/sendgroupctl
	rm -rf $(DESTDIR)$(libexecdir)/forecall $(DESTDIR)$(datadir)/forecall

.PHONY: clean
clean: ## remove build/
	rm -rf $(GEN) $(OUT)

.PHONY: help
help: ## show this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24
	@echo; echo '  V=1 shows the commands; CC=, CFLAGS=, OUT=, prefix=, DESTDIR= are as usual.'
