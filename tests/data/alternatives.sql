-- SPDX-License-Identifier: GPL-2.0-or-later
-- alternatives.sql: for tests, behind runs.sql, report.sql and windows.sql: run 5, a bench in the shape of profile 1 with s 2 (uring), 5 (multicast) and 1.25
-- (sendmmsg), and run 6, a newer one on another machine where uring has s 10. Profile 1 has bursts of 10.
INSERT INTO host (host, digest, name, cpu_model, cpus_n, kernel, build, arch) VALUES (2, 'other', 'otherhost', 'Other CPU', 8, '6.2.0', '#2', 'x86_64');
INSERT INTO run (run, kind, state, host, started_ns, wall_ns, command, version, scope, target, path, clock, clock_hz, engine, like_run)
VALUES (5, 'bench', 'complete', 1, 1700000400000000000, 20000000000, 'forecall bench --like 1', '0.1.0', 'process', 'groupsend', 'sendmsg', 'tsc', 2e9, 'none', 1),
       (6, 'bench', 'complete', 2, 1700000500000000000, 20000000000, 'forecall bench --like 1', '0.1.0', 'process', 'groupsend', 'sendmsg', 'tsc', 2e9, 'none', 1);
WITH way (run, way, cyc) AS (VALUES (5, 'null', 100), (5, 'sendmsg', 1100), (5, 'sendmmsg', 900), (5, 'uring', 600), (5, 'multicast', 300),
                                    (6, 'null', 100), (6, 'sendmsg', 1100), (6, 'uring', 200)),
     round (round) AS (VALUES (0), (1), (2), (3))
INSERT INTO bench (run, round, way, group_size, payload_bytes, private_bytes, packets_n, errors_n, cpu_cyc, preempt_n)
SELECT run, round, way, 10, 1000, 12, 1000, 0, 1000 * cyc, 0 FROM way, round;
