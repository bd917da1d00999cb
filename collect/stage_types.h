/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stage_types.h: what stage.bpf.c and its loader share. Types only; stages are those of the sampling engine (enum sample_stage). */
#ifndef COLLECT_STAGE_TYPES_H
#define COLLECT_STAGE_TYPES_H

#define STAGE_MAX 16       /* at least SAMPLE_STAGE_MAX */
#define STAGE_DEPTH_MAX 32 /* functions inside functions; a power of two */
#define STAGE_THREADS_MAX 4096
#define STAGE_CALLS_MAX 512

/* One CPU: time by stage, and in how many pieces: each has the cost of one probe in it. */
struct stage_cpu {
	__u64 ns[STAGE_MAX], pieces_n[STAGE_MAX];
	__u64 frames_n;
	__u64 lost_n; /* threads without a record, functions too deep */
};

/* One thread inside a frame. */
struct stage_thread {
	__u64 last_ns;
	__u32 in_frame, at_work, depth;
	__u8 stage[STAGE_DEPTH_MAX];
};

#endif
