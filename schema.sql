-- SPDX-License-Identifier: GPL-2.0-or-later
-- schema.sql: the store of forecall. This text is compiled into the binary, so file and program cannot disagree.
--
-- Tables hold raw counts as the collectors read them; nothing in a table is derived from another row, except in
-- `prediction` and `observation`, which keep what was said at the time so that it can be scored later.
-- Cycles are ticks of the run's clock (run.clock, run.clock_hz). NULL means "not measured", never zero.
-- A column has the name of the C field that fills it (analyze/store.h).
PRAGMA user_version = 10;
PRAGMA application_id = 0x6663616c; -- "fcal": tells a database of forecall from any other

-- The machine a run was made on: one row per distinct description, shared by all its runs.
CREATE TABLE host (
  host         INTEGER PRIMARY KEY,
  digest       TEXT NOT NULL UNIQUE, -- of every column below: the same machine, booted the same way, is one row
  name         TEXT NOT NULL,        -- nodename
  cpu_model    TEXT NOT NULL,
  cpus_n       INTEGER NOT NULL CHECK (cpus_n > 0), -- processors online
  microcode    TEXT,
  kernel       TEXT NOT NULL,        -- release, as uname -r
  build        TEXT NOT NULL,        -- version, as uname -v
  arch         TEXT NOT NULL,        -- as uname -m
  cmdline      TEXT,                 -- kernel command line
  mitigations  TEXT,                 -- one "name: state" a line, from /sys/devices/system/cpu/vulnerabilities
  governor     TEXT,                 -- cpufreq governor of cpu 0
  clocksource  TEXT,
  virt         TEXT,                 -- hypervisor, or NULL on bare metal; of a guest of the lab: "QEMU, icount" (cycles are instructions), "QEMU, emulated"
  tsc_flags    TEXT,                 -- which of constant_tsc, nonstop_tsc, tsc_reliable, tsc_known_freq
  config       TEXT                  -- kernel settings that cost or save cycles, one "NAME=value" a line; NULL: not to be read here
) STRICT;

-- One command that measured something. `incomplete` until its last write; `interrupted` when ended early on request.
CREATE TABLE run (
  run          INTEGER PRIMARY KEY,
  kind         TEXT NOT NULL CHECK (kind IN ('profile', 'bench', 'observe', 'slice', 'capacity')),
  state        TEXT NOT NULL DEFAULT 'incomplete' CHECK (state IN ('incomplete', 'complete', 'interrupted')),
  label        TEXT,                 -- free text given with --label
  host         INTEGER NOT NULL REFERENCES host,
  started_ns   INTEGER NOT NULL,     -- wall clock, ns since 1970
  wall_ns      INTEGER,              -- duration of the run, of a profile without its calibration (span_ns); NULL until its last write
  command      TEXT NOT NULL,        -- the forecall command line
  version      TEXT NOT NULL,        -- forecall version that measured
  scope        TEXT NOT NULL CHECK (scope IN ('process', 'cpus')),
  target       TEXT NOT NULL,        -- command line of the target, or the CPU list
  pid          INTEGER,              -- first process in scope
  path         TEXT NOT NULL,        -- system calls of the path, comma separated, sorted
  clock        TEXT NOT NULL CHECK (clock IN ('cycles', 'ref-cycles', 'tsc')),
  clock_hz     REAL NOT NULL CHECK (clock_hz > 0),
  engine       TEXT NOT NULL CHECK (engine IN ('ledger', 'sample', 'both', 'exact', 'none')),
  topology     TEXT,                 -- lo, veth, veth-rps, sink, nic for runs that made their own traffic
  way          TEXT,                 -- way of sending of the target where it is known (livecast), else NULL
  idle         TEXT CHECK (idle IN ('poll')), -- poll: idle CPUs were kept from halting (collect/idle.h); NULL: they did what they do
  like_run     INTEGER REFERENCES run ON DELETE SET NULL, -- bench: the profile whose shape it copied
  lost_n       INTEGER NOT NULL DEFAULT 0, -- events the probes could not account
  residue      REAL,                 -- worst |rows - clock| / clock over all CPUs and windows
  unbalanced   INTEGER NOT NULL DEFAULT 0 CHECK (unbalanced IN (0, 1)), -- residue above 0.001
  steal_ns     INTEGER NOT NULL DEFAULT 0, -- steal time of the CPUs in scope, from /proc/stat
  suite        TEXT,                 -- the step of a suite that made it, "NAME@VERSION/STEP#PASS" (forecall suite), else NULL
  budget       REAL,                 -- profile: share of the target's own CPU time that its probes were allowed to add over span_ns; NULL: any
  span_ns      INTEGER,              -- profile: duration with its calibration, during which probes are attached, too
  once_ns      INTEGER,              -- of it, probes were attached once
  twice_ns     INTEGER,              -- of it, they were attached twice
  quiet_n      INTEGER,              -- profile: path calls that woke no sleeping thread, of those watched for it behind the windows (collect/wakes.h)
  waking_n     INTEGER,              -- and those that did: on one machine, their receiver
  quiet_ns     INTEGER,              -- time of quiet_n, the probes' included
  waking_ns    INTEGER               -- time of waking_n, likewise
) STRICT;
CREATE INDEX run_host ON run (host);

-- What a reader must know before believing a run. Shown wherever the run is.
CREATE TABLE warning (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  code         TEXT NOT NULL,        -- stable word: lost, unbalanced, steal, short, interrupted, saturated, ...
  text         TEXT NOT NULL,        -- one sentence with the figure and the remedy
  PRIMARY KEY (run, code)
) STRICT, WITHOUT ROWID;

-- Cost of the probes around two calls that are known: `null` (getppid), which does nothing, and `send` (1,000 bytes by UDP to
-- a socket of its own on loopback), which is as cache-hungry as real work and runs one softirq. Per round, on one CPU.
CREATE TABLE calibration (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  cpu          INTEGER NOT NULL,
  round        INTEGER NOT NULL,
  call         TEXT NOT NULL CHECK (call IN ('null', 'send')),
  probes       TEXT NOT NULL CHECK (probes IN ('calls', 'all')), -- probes on system calls only, or on every event
  dose         INTEGER NOT NULL CHECK (dose IN (0, 1, 2)), -- how often each was attached
  calls_n      INTEGER NOT NULL CHECK (calls_n > 0),
  call_cyc     REAL NOT NULL,        -- cycles per call as the caller sees it: U at dose 0, V at dose 1 and 2
  frame_cyc    REAL,                 -- cycles per call as the ledger sees it (W); NULL at dose 0
  PRIMARY KEY (run, cpu, round, call, probes, dose)
) STRICT, WITHOUT ROWID;

-- One window of a profile or of an observation: a short time with every probe attached `dose` times.
-- Dose 0 windows are unprobed: they know only CPU time and the work meters.
CREATE TABLE block (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  block        INTEGER NOT NULL,     -- order in time
  cycle        INTEGER NOT NULL,     -- windows of one cycle hold every dose (and way) once or more, close together in time
  way          TEXT,                 -- way of sending in this window, where it is known
  dose         INTEGER NOT NULL CHECK (dose IN (0, 1, 2)),
  start_ns     INTEGER NOT NULL,     -- its opening, since the start of the run
  wall_cyc     INTEGER NOT NULL,     -- clock's advance over the window
  cpu_cyc      INTEGER,              -- CPU time of the processes in scope, as the kernel's scheduler accounts it (all doses); of CPUs in scope, sampled: the samples that found them not idle
  meter_udp    INTEGER,              -- work meter: UDP datagrams sent in the target's network namespace
  meter_io     INTEGER,              -- work meter: read and write calls of the target (/proc/PID/io)
  meter_switch INTEGER,              -- work meter: voluntary context switches of the first thread of each process in scope
  meter_own    INTEGER,              -- work meter: packets that the target itself counts as sent (livecast), read while it rests; NULL: it does not tell
  calls_n      INTEGER,              -- path calls that ended; NULL at dose 0, as all columns below (but target_cyc)
  errors_n     INTEGER,              -- of these, with an error
  bytes        INTEGER,              -- sum of their positive results
  other_n      INTEGER,              -- other system calls of the target
  switch_n     INTEGER,              -- context switches to or from the target
  frame_switch_n  INTEGER,           -- of these, inside a frame
  late_calls_n INTEGER,              -- of those from the target to others, on its way to user space: behind a system call of its that had just ended
  late_irqs_n  INTEGER,              -- ends of interrupts and softirqs right before these switches
  softirq_n    INTEGER,              -- softirqs that ran while the target was current
  frame_softirq_n INTEGER,           -- of these, inside a frame
  target_cyc   INTEGER,              -- T: cycles while a thread in scope was current, interrupts included; sampled windows: in some, by the switches
  path_cyc     INTEGER,              -- of these, inside frames, interrupts included: T_sc - T_sleep
  sleep_cyc    INTEGER,              -- T_sleep: time in frames when the thread was not running
  async_cyc    INTEGER,              -- T_irq + T_bh: network interrupts and softirqs outside frames
  async_target_cyc INTEGER,          -- the part of async_cyc that is also in target_cyc
  irq_cyc      INTEGER,              -- the same for every vector, not only the network's (--async all)
  irq_target_cyc INTEGER,            -- the part of irq_cyc that is also in target_cyc
  sampled      INTEGER CHECK (sampled IN (0, 1)), -- 1: call chains were sampled in it, see table sample; else NULL or 0
  came_n       INTEGER,              -- sampled windows that know target_cyc: switches to the target from all else
  came_own_n   INTEGER,              -- ... between two threads of the target
  went_n       INTEGER,              -- ... from the target to other threads
  went_idle_n  INTEGER,              -- ... from the target to idle
  others_n     INTEGER,              -- ... to other threads, not from the target
  others_idle_n INTEGER,             -- ... to idle, not from the target
  between_n    INTEGER,              -- sampled windows, NULL with a PMU and of threads: expiries of the timer between two that found the target which found it or another task, where it was
  between_idle_n INTEGER,            -- ... which found the CPU idle; those that left no sample are in table sample
  idle_n       INTEGER,              -- ... between two that found the CPU idle which found it idle, too
  idle_missed_n INTEGER,             -- ... which left no sample
  PRIMARY KEY (run, block)
) STRICT, WITHOUT ROWID;

-- The ledger, summed over the dose 1 windows: every cycle of every CPU stands in exactly one row.
CREATE TABLE ledger (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  cpu          INTEGER NOT NULL,
  task         TEXT NOT NULL CHECK (task IN ('unknown', 'idle', 'other', 'target')),
  call         TEXT NOT NULL CHECK (call IN ('unknown', 'none', 'user', 'path', 'call')), -- none: kernel thread, or asynchronous
  softirq      TEXT NOT NULL,        -- none, hi, timer, net_tx, net_rx, block, irq_poll, tasklet, sched, hrtimer, rcu
  hardirq      TEXT NOT NULL,        -- none, net, line, timer, reschedule, call_function, irq_work, other
  cyc          INTEGER NOT NULL,     -- cycles
  entries_n    INTEGER NOT NULL,     -- how often a switch or an interrupt began it; how often a call did: see table call
  PRIMARY KEY (run, cpu, task, call, softirq, hardirq)
) STRICT, WITHOUT ROWID;

-- Per CPU: what the rows of the ledger must add up to.
CREATE TABLE balance (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  cpu          INTEGER NOT NULL,
  window_cyc   INTEGER NOT NULL,     -- the clock's advance over the dose 1 windows
  residue_cyc  INTEGER NOT NULL,     -- window_cyc - sum of the CPU's rows
  worst        REAL NOT NULL,        -- worst |residue| / window of a single window
  PRIMARY KEY (run, cpu)
) STRICT, WITHOUT ROWID;

-- The threads in scope, summed over the dose 1 windows. The busiest one limits the capacity.
CREATE TABLE thread (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  tid          INTEGER NOT NULL,
  start        INTEGER NOT NULL DEFAULT 0, -- tells apart threads that had the same tid one after the other
  pid          INTEGER NOT NULL,
  comm         TEXT NOT NULL,
  user_cyc     INTEGER NOT NULL,     -- outside system calls, interrupts left out
  path_cyc     INTEGER NOT NULL,     -- in frames, interrupts included
  call_cyc     INTEGER NOT NULL,     -- in other system calls, interrupts included
  kernel_cyc   INTEGER NOT NULL,     -- without a call: kernel threads, io_uring workers, start and exit
  irq_cyc      INTEGER NOT NULL,     -- interrupts and softirqs outside system calls
  unknown_cyc  INTEGER NOT NULL,     -- before the thread's first event of a window
  sleep_cyc    INTEGER NOT NULL,     -- not running inside a frame
  calls_n      INTEGER NOT NULL,     -- path calls
  PRIMARY KEY (run, tid, start)
) STRICT, WITHOUT ROWID;

-- System calls of the threads in scope by name, summed over the dose 1 windows.
CREATE TABLE call (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  name         TEXT NOT NULL,        -- sendmsg; a number without a name is "nr N"
  calls_n      INTEGER NOT NULL,     -- calls that ended
  errors_n     INTEGER NOT NULL,
  cyc          INTEGER NOT NULL,     -- cycles in the call, interrupts included, sleep left out
  PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

-- Histograms of the path, summed over the dose 1 windows. Buckets are log-linear: 16 per power of two, exact below 32.
CREATE TABLE hist (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  name         TEXT NOT NULL CHECK (name IN ('bytes', 'burst', 'gap', 'train', 'sockets', 'destinations')),
               -- bytes per call; calls in a row by one thread; cycles from one path call of a burst to the next; bursts of
               -- a thread between two sleeps in another call; sockets and
               -- destinations of a burst of several calls, 2 for several, of one burst in sixteen
  low          INTEGER NOT NULL,     -- smallest value of the bucket
  n            INTEGER NOT NULL CHECK (n > 0),
  total        INTEGER NOT NULL,     -- sum of the values in it, so that means are exact
  PRIMARY KEY (run, name, low)
) STRICT, WITHOUT ROWID;

-- Bursts of the path by shape, whose begin and end were seen (or of which a whole window was), over the dose 1 windows: what `hist` has
-- of each by itself, together. Buckets of length and bytes are two per power of two.
CREATE TABLE shape (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  burst_low    INTEGER NOT NULL,     -- smallest length of the bucket
  bytes_low    INTEGER NOT NULL,     -- smallest mean bytes of a call of the bucket
  sockets      INTEGER NOT NULL CHECK (sockets IN (0, 1, 2)), -- 0: not looked at (one burst of sixteen is), 1: one, 2: several
  destinations INTEGER NOT NULL CHECK (destinations IN (0, 1, 2)), -- likewise
  n            INTEGER NOT NULL CHECK (n > 0), -- bursts
  calls_n      INTEGER NOT NULL,     -- in them
  bytes        INTEGER NOT NULL,     -- sum of their positive results
  PRIMARY KEY (run, burst_low, bytes_low, sockets, destinations)
) STRICT, WITHOUT ROWID;

-- What `bench --like` tried so that a packet of the baseline costs what it did in the profile: how receivers wait, and with the best of
-- these, memory touched before each burst, which leaves the caches as cold as the server's own work does. One of them was used: 0 bytes
-- when no memory brought it near.
CREATE TABLE footprint (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  receivers    TEXT NOT NULL CHECK (receivers IN ('moderated', 'prompt', 'awake', 'working')), -- look now and then, sleep and wake, do not sleep, work for a while first
  bytes        INTEGER NOT NULL,     -- touched, one word of each 64
  packet_cyc   REAL NOT NULL,        -- of the baseline, median of some blocks, `null` taken off
  wanted_cyc   REAL NOT NULL,        -- of a path call in the profile
  used         INTEGER NOT NULL CHECK (used IN (0, 1)),
  work_ns      INTEGER,              -- of receivers that work, in the mean after each look; NULL: of others
  sleeps       REAL,                 -- of the receivers, for each packet of the baseline; NULL: not known
  wanted_wakes REAL,                 -- share of the path calls of the profile that woke somebody; NULL: not known
  PRIMARY KEY (run, receivers, bytes)
) STRICT, WITHOUT ROWID;

-- The samples of the sampling engine, by window, context (as in table ledger) and stage of sending. Of the engine `exact` (slice --exact): the
-- time of each stage in the windows of dose 1, and in how many pieces, each of which has the cost of one probe in it.
CREATE TABLE sample (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  block        INTEGER NOT NULL,     -- the window, a row of table block with sampled = 1
  cpu          INTEGER NOT NULL,
  task         TEXT NOT NULL CHECK (task IN ('unknown', 'idle', 'other', 'target')),
  call         TEXT NOT NULL CHECK (call IN ('unknown', 'none', 'user', 'path', 'call')),
  softirq      TEXT NOT NULL,
  hardirq      TEXT NOT NULL,
  stage        TEXT NOT NULL,        -- none outside of frames, but switch right behind a context switch; entry, copy, socket, ip, netfilter, queue, driver, completion, receive, interrupt, other
  samples_n    INTEGER NOT NULL CHECK (samples_n > 0), -- target, call unknown: expiries of the timer between two that found it that left none
  cyc          INTEGER NOT NULL,     -- what they stand for: the sum of their periods, which vary, in cycles
  PRIMARY KEY (run, block, cpu, task, call, softirq, hardirq, stage)
) STRICT, WITHOUT ROWID;

-- Counters besides the clock (--event), over the dose 1 windows. Never scaled: one that was not counting all the time it was wanted
-- has running_ns < enabled_ns, and its counts are those of the time it was.
CREATE TABLE event (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  cpu          INTEGER NOT NULL,
  name         TEXT NOT NULL,        -- as given
  window_n     INTEGER NOT NULL,     -- its advance over the windows: what its counts add up to
  own_n        INTEGER NOT NULL,     -- the same as user space read it, a few microseconds inside of each window
  enabled_ns   INTEGER NOT NULL,     -- since it was opened
  running_ns   INTEGER NOT NULL,
  PRIMARY KEY (run, cpu, name)
) STRICT, WITHOUT ROWID;

-- What each event advanced by in each row of the ledger.
CREATE TABLE event_count (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  cpu          INTEGER NOT NULL,
  task         TEXT NOT NULL CHECK (task IN ('unknown', 'idle', 'other', 'target')),
  call         TEXT NOT NULL CHECK (call IN ('unknown', 'none', 'user', 'path', 'call')),
  softirq      TEXT NOT NULL,
  hardirq      TEXT NOT NULL,
  name         TEXT NOT NULL,
  n            INTEGER NOT NULL,
  PRIMARY KEY (run, cpu, task, call, softirq, hardirq, name)
) STRICT, WITHOUT ROWID;

-- Blocks of a micro-benchmark: one way of sending at one point of the grid, for some milliseconds.
CREATE TABLE bench (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  round        INTEGER NOT NULL,     -- all ways of one point are run once per round, in random order
  way          TEXT NOT NULL,        -- null, sendmsg, sendmmsg, ...
  group_size   INTEGER NOT NULL CHECK (group_size > 0),
  payload_bytes INTEGER NOT NULL CHECK (payload_bytes >= 0),
  private_bytes INTEGER NOT NULL CHECK (private_bytes >= 0), -- of these, private to each recipient
  packets_n    INTEGER NOT NULL,     -- recipients served (for null: that would have been)
  errors_n     INTEGER NOT NULL,
  cpu_cyc      INTEGER NOT NULL,     -- CPU time of the sending thread between the begin and end of bursts
  async_cyc    INTEGER,              -- network interrupts and softirqs on other CPUs in that time; NULL where none can be
  preempt_n    INTEGER NOT NULL,     -- involuntary context switches in the block
  PRIMARY KEY (run, group_size, payload_bytes, private_bytes, round, way)
) STRICT, WITHOUT ROWID;

-- Counters besides the clock (bench --event) of the sending thread, over the bursts of a block. Never scaled, as those of table event.
CREATE TABLE bench_event (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  round        INTEGER NOT NULL,     -- of the row of table bench that has the same five
  way          TEXT NOT NULL,
  group_size   INTEGER NOT NULL,
  payload_bytes INTEGER NOT NULL,
  private_bytes INTEGER NOT NULL,
  name         TEXT NOT NULL,        -- as given
  n            INTEGER NOT NULL,
  enabled_ns   INTEGER NOT NULL,     -- since it was opened
  running_ns   INTEGER NOT NULL,
  PRIMARY KEY (run, group_size, payload_bytes, private_bytes, round, way, name)
) STRICT, WITHOUT ROWID;

-- Instructions of a block of a micro-benchmark by function (bench --count): all that the sending thread executed in its bursts, interrupts
-- included. Of each way in the one or two rounds whose cost is the median, which is its figure, and of `null` in the same rounds.
CREATE TABLE counted (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  round        INTEGER NOT NULL,     -- of the row of table bench that has the same five
  way          TEXT NOT NULL,
  group_size   INTEGER NOT NULL,
  payload_bytes INTEGER NOT NULL,
  private_bytes INTEGER NOT NULL,
  stage        TEXT NOT NULL,        -- entry, copy, socket, ... as in table sample: of the innermost function that has one; user: in user space
  function     TEXT NOT NULL,        -- of the kernel; empty in user space
  insn_n       INTEGER NOT NULL CHECK (insn_n > 0),
  PRIMARY KEY (run, group_size, payload_bytes, private_bytes, round, way, stage, function)
) STRICT, WITHOUT ROWID;

-- What `forecall track` reads: the figures of complete runs by benchmark, packed, as a hundred thousand runs have them by the million.
-- Derived from the tables above, made anew when it is gone, and not exported: nothing is lost with it.
CREATE TABLE series (
  series       INTEGER PRIMARY KEY,
  name         TEXT NOT NULL UNIQUE, -- of the benchmark (analyze/benchmark.h)
  unit         TEXT NOT NULL,
  cost         INTEGER NOT NULL CHECK (cost IN (0, 1)) -- more is worse
) STRICT;
CREATE TABLE series_chunk (
  series       INTEGER NOT NULL REFERENCES series ON DELETE CASCADE,
  chunk        INTEGER NOT NULL,
  points       BLOB NOT NULL,        -- each 16 bytes: the run as an integer, its figure as a float, in the machine's byte order
  PRIMARY KEY (series, chunk)
) STRICT;
CREATE TABLE series_run (             -- the runs whose figures are in
  run          INTEGER PRIMARY KEY REFERENCES run
) STRICT;
-- The number of a run that is deleted may be given to another one.
CREATE TRIGGER series_gone BEFORE DELETE ON run WHEN EXISTS (SELECT 1 FROM series_run) BEGIN
  DELETE FROM series_run;
  DELETE FROM series;
END;

-- One trial of `forecall capacity`: livecast with so many clients for some seconds, and the service that they got.
CREATE TABLE trial (
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  trial        INTEGER NOT NULL,     -- order in time
  way          TEXT NOT NULL,        -- of sending
  group_size   INTEGER NOT NULL CHECK (group_size > 0), -- clients
  payload_bytes INTEGER NOT NULL,    -- of a datagram, its RTP header included
  packets_per_s INTEGER NOT NULL,    -- of the stream
  work_ns      INTEGER NOT NULL,     -- user work of the server per recipient
  quality      REAL NOT NULL CHECK (quality > 0 AND quality <= 1), -- share of the stream's rate that was asked for at every client
  wall_ns      INTEGER NOT NULL,     -- in the middle of the trial, in which cpu_ns was read
  cpu_ns       INTEGER NOT NULL,     -- CPU time of the server in it
  expected_n   INTEGER NOT NULL,     -- packets that all clients together should have got
  lost_n       INTEGER NOT NULL,     -- of these, that did not come
  silent_n     INTEGER NOT NULL,     -- clients that got nothing
  rate_bps     REAL NOT NULL,        -- of the stream
  rate_bps_min REAL NOT NULL,        -- at the client that got least
  rate_bps_mean REAL NOT NULL,       -- over the clients that got something
  PRIMARY KEY (run, trial)
) STRICT, WITHOUT ROWID;

-- What `predict` said, kept so that it can be scored when it is observed.
CREATE TABLE prediction (
  prediction   INTEGER PRIMARY KEY,
  profile      INTEGER REFERENCES run ON DELETE CASCADE, -- NULL when f was given by hand
  bench        INTEGER REFERENCES run ON DELETE SET NULL,-- NULL when s was given by hand
  made_ns      INTEGER NOT NULL,     -- wall clock, ns since 1970
  path         TEXT NOT NULL,
  alternative  TEXT NOT NULL,
  fraction     REAL NOT NULL CHECK (fraction BETWEEN 0 AND 1), fraction_low REAL, fraction_high REAL,
  speedup      REAL NOT NULL CHECK (speedup > 0), speedup_low REAL, speedup_high REAL,
  overhead     REAL NOT NULL DEFAULT 0, -- o: cost of the port as a fraction of T, r = 1 / (1 - f + f/s + o)
  predicted    REAL NOT NULL CHECK (predicted > 0), predicted_low REAL, predicted_high REAL,
  capacity     REAL, capacity_low REAL, capacity_high REAL, -- the same for the busiest thread
  forced       INTEGER NOT NULL DEFAULT 0 CHECK (forced IN (0, 1)) -- made in spite of a refusal (--force)
) STRICT;

-- Its profile has a figure more: it is added to the series once more, where the last point of a run counts.
CREATE TRIGGER series_late AFTER INSERT ON prediction BEGIN
  DELETE FROM series_run WHERE run = new.profile;
END;

-- What became of it: busy cycles per work before and after.
CREATE TABLE observation (
  prediction   INTEGER PRIMARY KEY REFERENCES prediction ON DELETE CASCADE,
  run          INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, -- kind observe
  observed     REAL NOT NULL CHECK (observed > 0), observed_low REAL, observed_high REAL
) STRICT;

-- f as the raw ledger has it, dose 1, before the cost of the probes is taken out (`forecall predict` does that).
CREATE VIEW fraction_raw_v AS
SELECT run, sum(path_cyc + async_cyc) * 1.0 / sum(target_cyc + async_cyc - async_target_cyc) AS fraction_raw,
       sum(calls_n) AS calls_n, sum(errors_n) AS errors_n, sum(bytes) AS bytes,
       sum(target_cyc) AS target_cyc, sum(path_cyc) AS path_cyc, sum(sleep_cyc) AS sleep_cyc, sum(async_cyc) AS async_cyc
FROM block WHERE dose = 1 GROUP BY run;

-- Cycles per packet of each way at each point, before the null sender is subtracted.
CREATE VIEW bench_v AS
SELECT run, group_size, payload_bytes, private_bytes, way, count(*) AS rounds_n, sum(packets_n) AS packets_n,
       sum(errors_n) AS errors_n, (sum(cpu_cyc) + total(async_cyc)) / sum(packets_n) AS cycles_per_packet
FROM bench WHERE packets_n > 0 GROUP BY run, group_size, payload_bytes, private_bytes, way;

-- Trials of a capacity search: whether the group was served as asked, and how busy the server was.
CREATE VIEW trial_v AS
SELECT run, trial, way, group_size, payload_bytes, packets_per_s, quality, cpu_ns * 1.0 / wall_ns AS cpu_share,
       lost_n * 1.0 / max(expected_n, 1) AS loss, rate_bps_min / rate_bps AS rate_share_min, rate_bps_mean / rate_bps AS rate_share_mean,
       silent_n = 0 AND rate_bps_min >= quality * rate_bps AS served
FROM trial;

-- Every prediction with what was observed, if it was.
CREATE VIEW prediction_v AS
SELECT p.prediction, p.profile, p.bench, p.path, p.alternative, p.fraction, p.fraction_low, p.fraction_high,
       p.speedup, p.speedup_low, p.speedup_high, p.overhead, p.predicted, p.predicted_low, p.predicted_high,
       p.capacity, p.capacity_low, p.capacity_high, p.forced,
       o.run AS observe, o.observed, o.observed_low, o.observed_high,
       p.predicted / o.observed - 1 AS error,
       CASE WHEN o.observed IS NULL THEN NULL
            ELSE o.observed_high >= p.predicted_low AND o.observed_low <= p.predicted_high END AS overlaps
FROM prediction p LEFT JOIN observation o USING (prediction);
