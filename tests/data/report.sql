-- SPDX-License-Identifier: GPL-2.0-or-later
-- report.sql: for tests of the report, behind runs.sql: run 4, a bench over two group sizes with round figures, s 10/9 and 2.
INSERT INTO run (run, kind, state, host, started_ns, wall_ns, command, version, scope, target, path, clock, clock_hz, engine, topology)
VALUES (4, 'bench', 'complete', 1, 1700000300000000000, 20000000000, 'forecall bench', '0.1.0', 'process', 'groupsend', 'sendmsg', 'tsc', 2e9, 'none', 'lo');
WITH way (way, at10, at1000) AS (VALUES ('null', 100, 100), ('sendmsg', 1100, 1100), ('sendmmsg', 1000, 600)),
     round (round) AS (VALUES (0), (1), (2), (3))
INSERT INTO bench (run, round, way, group_size, payload_bytes, private_bytes, packets_n, errors_n, cpu_cyc, preempt_n)
SELECT 4, round, way, 10, 1000, 12, 1000, 0, 1000 * at10, 0 FROM way, round
UNION ALL SELECT 4, round, way, 1000, 1000, 12, 1000, 0, 1000 * at1000, 0 FROM way, round;
