-- SPDX-License-Identifier: GPL-2.0-or-later
-- windows.sql: for tests, behind runs.sql: windows and calibration of profile 1. 10,000 calls a window; per call 8,600 cycles unprobed, of
-- which the path takes 6,000, and 750 more with each dose of probes, 400 of them inside.
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 23)
INSERT INTO block (run, block, cycle, dose, start_ns, wall_cyc, cpu_cyc, meter_udp, calls_n, errors_n, bytes, other_n, switch_n, frame_switch_n,
  softirq_n, frame_softirq_n, target_cyc, path_cyc, sleep_cyc, async_cyc, async_target_cyc, irq_cyc, irq_target_cyc)
SELECT 1, i, i / 3, i % 3, i * 100000000, 200000000, 10000 * (8600 + 750 * (i % 3)), 10000,
  CASE WHEN i % 3 > 0 THEN 10000 END, CASE WHEN i % 3 > 0 THEN 0 END, CASE WHEN i % 3 > 0 THEN 10000000 END, CASE WHEN i % 3 > 0 THEN 0 END,
  CASE WHEN i % 3 > 0 THEN 0 END, CASE WHEN i % 3 > 0 THEN 0 END, CASE WHEN i % 3 > 0 THEN 10000 END, CASE WHEN i % 3 > 0 THEN 10000 END,
  CASE WHEN i % 3 > 0 THEN 10000 * (8600 + 750 * (i % 3)) END, CASE WHEN i % 3 > 0 THEN 10000 * (6000 + 400 * (i % 3)) END,
  CASE WHEN i % 3 > 0 THEN 0 END, CASE WHEN i % 3 > 0 THEN 0 END, CASE WHEN i % 3 > 0 THEN 0 END, CASE WHEN i % 3 > 0 THEN 0 END,
  CASE WHEN i % 3 > 0 THEN 0 END FROM n;
WITH c (call, probes, dose, call_cyc, frame_cyc) AS (VALUES ('null', 'all', 0, 250.0, NULL), ('null', 'all', 1, 650.0, 300.0), ('null', 'all', 2, 1050.0, 500.0),
  ('send', 'all', 0, 6000.0, NULL), ('send', 'calls', 1, 6450.0, 6000.0), ('send', 'all', 1, 6750.0, 6300.0), ('send', 'all', 2, 7450.0, 6900.0)),
  round (round) AS (VALUES (0), (1), (2), (3))
INSERT INTO calibration (run, cpu, round, call, probes, dose, calls_n, call_cyc, frame_cyc)
SELECT 1, 0, round, call, probes, dose, 4000, call_cyc, frame_cyc FROM c, round;
