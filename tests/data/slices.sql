-- SPDX-License-Identifier: GPL-2.0-or-later
-- slices.sql: for tests, behind runs.sql: run 7, in which sendmsg and sendmmsg were sampled in four windows each. A packet takes 1,000 cycles by the
-- one and 800 by the other, a quarter of them for the copy, a half in IP and a quarter in the receive half.
INSERT INTO run (run, kind, state, label, host, started_ns, wall_ns, command, version, scope, target, path, clock, clock_hz, engine, topology)
VALUES (7, 'slice', 'complete', 'stages', 1, 1700000600000000000, 2000000000, 'forecall slice', '0.1.0', 'process', 'groupsend', 'sendmmsg,sendmsg', 'tsc', 2e9, 'sample', 'lo');
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 7)
INSERT INTO block (run, block, cycle, way, dose, start_ns, wall_cyc, cpu_cyc, meter_udp, sampled)
SELECT 7, i, i / 2, CASE i % 2 WHEN 0 THEN 'sendmsg' ELSE 'sendmmsg' END, 0, i * 100000000, 200000000, 1000 * (1000 - 200 * (i % 2)), 1000, 1 FROM n;
WITH stage (stage, cyc) AS (VALUES ('copy', 250), ('ip', 500), ('receive', 250))
INSERT INTO sample (run, block, cpu, task, call, softirq, hardirq, stage, samples_n, cyc)
SELECT 7, block, 0, 'target', 'path', 'none', 'none', stage, cyc, cyc * cpu_cyc / 1000 FROM block, stage WHERE run = 7;
