-- SPDX-License-Identifier: GPL-2.0-or-later
-- runs.sql: a profile, a bench and an observe run with round figures, two predictions that were observed (one of them
-- within its interval) and a forced one. For tests: schema.sql first, then this.
-- The digest is what the store computes of the other columns: import finds the host by it.
INSERT INTO host (host, digest, name, cpu_model, cpus_n, kernel, build, arch)
VALUES (1, 'a3852e8d1a935b5c73bbadaa6e4d2607', 'testhost', 'Test CPU', 2, '6.1.0', '#1 SMP', 'x86_64');

INSERT INTO run (run, kind, state, label, host, started_ns, wall_ns, command, version, scope, target, pid, path, clock, clock_hz, engine, lost_n, residue, unbalanced, steal_ns)
VALUES (1, 'profile', 'complete', 'größe', 1, 1700000000000000000, 10000000000, 'forecall profile -p 7', '0.1.0', 'process', 'livecast --send sendmsg', 7, 'sendmsg', 'tsc', 2e9, 'ledger', 0, 0.00001, 0, 0),
       (2, 'bench', 'complete', NULL, 1, 1700000100000000000, 20000000000, 'forecall bench', '0.1.0', 'process', 'groupsend', NULL, 'sendmsg', 'tsc', 2e9, 'none', 0, NULL, 0, 0),
       (3, 'observe', 'interrupted', NULL, 1, 1700000200000000000, 5000000000, 'forecall observe', '0.1.0', 'process', 'livecast --send sendmmsg', 8, 'sendmsg', 'tsc', 2e9, 'ledger', 3, 0.002, 1, 40000000);

INSERT INTO warning VALUES (3, 'lost', '3 events were lost; measure again on a quieter machine');
INSERT INTO call VALUES (1, 'epoll_wait', 10, 0, 20000), (1, 'sendmsg', 1009, 1, 2018000);
INSERT INTO hist VALUES (1, 'bytes', 100, 1000, 100000), (1, 'bytes', 512, 9, 4608), (1, 'burst', 10, 100, 1000);
INSERT INTO thread (run, tid, pid, comm, user_cyc, path_cyc, call_cyc, kernel_cyc, irq_cyc, unknown_cyc, sleep_cyc, calls_n)
VALUES (1, 7, 7, 'livecast', 500000, 2018000, 20000, 0, 0, 0, 0, 1009);
INSERT INTO ledger VALUES (1, 0, 'target', 'path', 'none', 'none', 750, 10), (1, 0, 'target', 'user', 'none', 'none', 250, 10);
INSERT INTO balance VALUES (1, 0, 1000, 0, 0.00001);
INSERT INTO bench (run, round, way, group_size, payload_bytes, private_bytes, packets_n, errors_n, cpu_cyc, async_cyc, preempt_n)
VALUES (2, 0, 'null', 10, 100, 0, 1000, 0, 100000, NULL, 0), (2, 0, 'sendmsg', 10, 100, 0, 1000, 0, 2100000, NULL, 0),
       (2, 1, 'null', 10, 100, 0, 1000, 0, 100000, NULL, 0), (2, 1, 'sendmsg', 10, 100, 0, 1000, 0, 2300000, NULL, 0);

INSERT INTO prediction (prediction, profile, bench, made_ns, path, alternative, fraction, speedup, predicted, predicted_low, predicted_high, forced)
VALUES (1, 1, 2, 1700000150000000000, 'sendmsg', 'sendmmsg', 0.8, 1.25, 1.20, 1.19, 1.21, 0),
       (2, 1, 2, 1700000160000000000, 'sendmsg', 'sendmmsg', 0.8, 1.25, 1.30, 1.29, 1.31, 0),
       (3, 1, 2, 1700000170000000000, 'sendmsg', 'sendmmsg', 0.8, 1.25, 2.40, 2.39, 2.41, 1);
INSERT INTO observation VALUES (1, 3, 1.20, 1.195, 1.205), (2, 3, 1.25, 1.245, 1.255), (3, 3, 1.20, 1.195, 1.205);
