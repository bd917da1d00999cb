/* SPDX-License-Identifier: GPL-2.0-or-later */
/* channel.h: the memory that a guest and its host share, and the records that the guest writes into it.
 *
 * The memory is the second window of a PCI device (ivshmem), so it needs no driver, raises no interrupt, and costs the
 * guest the same instructions however fast the host reads: a serial line or a virtual disk would do neither. The guest
 * appends records to a ring, the host takes them out. Both sides have the same byte order (little endian). */
#ifndef LAB_CHANNEL_H
#define LAB_CHANNEL_H

#include <stdint.h>

#define CHANNEL_MAGIC 0x62616c6c61636572 /* "recallab" */

enum {
	CHANNEL_BYTES = 32 << 20, /* a window of a PCI device has a power of two */
	CHANNEL_HEAD_BYTES = 4096,
	CHANNEL_COUNT_BYTES = 16 << 20, /* the last part: count.h */
	CHANNEL_COUNT_AT = CHANNEL_BYTES - CHANNEL_COUNT_BYTES,
	CHANNEL_RING_BYTES = CHANNEL_COUNT_AT - CHANNEL_HEAD_BYTES,
	CHANNEL_RECORD_MAX = 65536, /* bytes of data in one record; divisible by 8 */
	CHANNEL_PCI_VENDOR = 0x1af4,
	CHANNEL_PCI_DEVICE = 0x1110,
};

/* What a record holds. */
enum channel_kind {
	CHANNEL_STDOUT,	/* output of the command */
	CHANNEL_STDERR,
	CHANNEL_FAULT,	/* the guest could not do its job: one message without newline; a status follows */
	CHANNEL_REMARK, /* something that the user must know: one message without newline */
	CHANNEL_RUNS,	/* the guest's runs, as `runs export` writes them; any number of records, in order */
	CHANNEL_FILE,	/* begins a file that was asked for: int32_t index of the --out, uint32_t permissions */
	CHANNEL_DATA,	/* its contents; any number of records */
	CHANNEL_STATUS, /* the last record: the command's exit status as int32_t */
	CHANNEL_KIND_MAX,
};

struct channel_record {
	uint32_t kind;
	uint32_t bytes; /* of data behind this head; the next record begins at the next multiple of 8 */
};

struct channel {
	uint64_t magic;	  /* set by the guest once it has found the memory */
	uint64_t written; /* bytes that the guest has put into the ring since its start; it alone writes this */
	uint64_t taken;	  /* bytes that the host has taken out; it alone writes this */
	uint8_t pad[CHANNEL_HEAD_BYTES - 3 * sizeof(uint64_t)];
	uint64_t ring[CHANNEL_RING_BYTES / sizeof(uint64_t)];
};

#endif
