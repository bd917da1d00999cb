-- SPDX-License-Identifier: GPL-2.0-or-later
-- capacity.sql: for tests, behind runs.sql: run 8, a search for the capacity of sendmsg, which serves 1,000 clients, and of sendmmsg, which serves 1,200. CPU
-- time is in proportion to the clients, full at 1,050 and at 1,260.
INSERT INTO run (run, kind, state, host, started_ns, wall_ns, command, version, scope, target, path, clock, clock_hz, engine, topology)
VALUES (8, 'capacity', 'complete', 1, 1700000700000000000, 60000000000, 'forecall capacity --with sendmmsg', '0.1.0', 'process', 'livecast', 'sendmsg', 'tsc', 2e9,
        'none', 'lo');
WITH trials (trial, way, size, full, served) AS (VALUES
  (0, 'sendmsg', 250, 1050, 1000), (1, 'sendmsg', 500, 1050, 1000), (2, 'sendmsg', 1000, 1050, 1000), (3, 'sendmsg', 1500, 1050, 1000), (4, 'sendmsg', 1100, 1050, 1000),
  (5, 'sendmmsg', 250, 1260, 1200), (6, 'sendmmsg', 500, 1260, 1200), (7, 'sendmmsg', 1000, 1260, 1200), (8, 'sendmmsg', 1200, 1260, 1200),
  (9, 'sendmmsg', 1500, 1260, 1200), (10, 'sendmmsg', 1300, 1260, 1200))
INSERT INTO trial (run, trial, way, group_size, payload_bytes, packets_per_s, work_ns, quality, wall_ns, cpu_ns, expected_n, lost_n, silent_n, rate_bps, rate_bps_min,
  rate_bps_mean)
SELECT 8, trial, way, size, 1000, 50, 0, 0.99, 1000000000, min(1000000000, 1000000000 * size / full), 50 * size, 0, 0, 400000.0,
  CASE WHEN size > served THEN 300000.0 ELSE 400000.0 END, CASE WHEN size > served THEN 400000.0 * full / size ELSE 400000.0 END FROM trials;
