/* SPDX-License-Identifier: MIT */
/* bpf_lane.c: finds a facility's lanes below GROUP_ROOT, locks and maps them, and keeps them for the next call. */
#include "kmod/lib/bpf_lane.h"

#include "kmod/lib/backend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

enum {
	PATH_BYTES = 256,
	GROUPS_MAX = 256,	/* of this process, that are looked through for an account */
	CALLS_WITHOUT = 256,	/* calls until a facility that was lost is looked for again */
};

/* The accounts of this process that exist, and their lock files. */
struct account {
	struct account *next;
	char maps[PATH_BYTES];	/* folder of its lanes */
	int lock;		/* its lock file; a locked byte is a lane of ours until this is closed */
	struct stat stat;	/* of that */
	bool ours[GROUP_LANES_MAX]; /* lanes that we have locked: the kernel would lock them for us again */
	unsigned lanes_n;	/* of these, mapped: free or in use */
	bool gone;		/* given up; goes when the last lane that is in use comes back */
};

/* The lanes of this process. Everything below is guarded by `mutex`. */
static struct {
	pthread_mutex_t mutex;
	struct bpf_lane *free;
	struct account *accounts; /* also those that are gone, in front of which stand those that are not */
	unsigned skip;		/* calls that do not look for lanes */
	bool looked;		/* for accounts */
	uint32_t ifindex;
	uint64_t netns_cookie;
} pool = { .mutex = PTHREAD_MUTEX_INITIALIZER };

/* ---- Where the facility is ---- */

static int netns_inode(unsigned *out)
{
	struct stat st;

	if (stat("/proc/thread-self/ns/net", &st))
		return -errno;
	*out = (unsigned)st.st_ino;
	return 0;
}

static int netns_cookie(uint64_t *out)
{
	socklen_t n = sizeof *out;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, out, &n))
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err;
}

/* The folder of this namespace's facility, and its device. An info file that outlived its device is none. */
static int find_place(char path[PATH_BYTES], uint32_t *ifindex)
{
	const char *root = secure_getenv("SENDGROUP_BPF");
	char info[PATH_BYTES + 8], name[IF_NAMESIZE], device[16];
	unsigned inode = 0;
	FILE *in;
	int err = netns_inode(&inode), n;

	if (err)
		return err;
	snprintf(path, PATH_BYTES, "%.200s/net-%u", root && *root ? root : GROUP_ROOT, inode);
	snprintf(info, sizeof info, "%s/info", path);
	in = fopen(info, "re");
	if (!in)
		return -errno;
	n = fscanf(in, GROUP_INFO_READ, device, ifindex);
	fclose(in);
	return n == 2 && if_indextoname(*ifindex, name) && !strcmp(name, device) ? 0 : -ENODEV;
}

static void add_account(const char *place, const char *kind, unsigned id)
{
	struct account *account = calloc(1, sizeof *account);
	char path[PATH_BYTES + 64];

	if (!account)
		return;
	snprintf(path, sizeof path, "%s/%s-%u/lock", place, kind, id);
	account->lock = open(path, O_RDWR | O_CLOEXEC);
	if (account->lock < 0 || fstat(account->lock, &account->stat)) {
		if (account->lock >= 0)
			close(account->lock);
		free(account);
		return;
	}
	snprintf(account->maps, sizeof account->maps, "%.200s/maps/%s-%u", place, kind, id);
	account->next = pool.accounts;
	pool.accounts = account;
}

/* Whether our locks hold: they went with their descriptor if the program has closed what it had not opened. */
static bool still_locked(const struct account *account)
{
	return sendgroup_still(account->lock, &account->stat);
}

/* An account that was given up keeps its lock for as long as a lane of it is in use, so that nobody else writes into that. */
static void drop_gone(void)
{
	for (struct account **at = &pool.accounts; *at;) {
		struct account *account = *at;

		if (!account->gone || account->lanes_n) {
			at = &account->next;
			continue;
		}
		*at = account->next;
		if (still_locked(account))
			close(account->lock);
		free(account);
	}
}

static void drop_accounts(void)
{
	for (struct account *account = pool.accounts; account; account = account->next)
		account->gone = true;
	drop_gone();
	pool.looked = false;
}

/* The user's own account is looked through first. */
static int find_accounts(void)
{
	char place[PATH_BYTES];
	gid_t groups[GROUPS_MAX];
	int n, err = find_place(place, &pool.ifindex);

	if (!err)
		err = netns_cookie(&pool.netns_cookie);
	if (err)
		return err;
	n = getgroups(GROUPS_MAX, groups);
	for (int i = 0; i < n; i++)
		if (groups[i] != getegid())
			add_account(place, "group", groups[i]);
	add_account(place, "group", getegid());
	add_account(place, "user", geteuid());
	pool.looked = true;
	return pool.accounts && !pool.accounts->gone ? 0 : -EACCES;
}

/* ---- One lane ---- */

static int get_map(const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.pathname = (uint64_t)(uintptr_t)path;
	return (int)syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof attr);
}

static struct group_lane *map_lane(const char *path)
{
	struct group_lane *memory = MAP_FAILED;
	int fd = get_map(path);

	if (fd >= 0) {
		memory = mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (memory == MAP_FAILED)
		return NULL;
	if (memory->magic == GROUP_MAGIC)
		return memory;
	munmap(memory, sizeof *memory);
	return NULL;
}

/* Whether a call of ours is in that lane still, by an account that was given up. */
static bool in_use(const struct account *account, uint32_t lane)
{
	for (const struct account *other = pool.accounts; other; other = other->next)
		if (other->gone && other->ours[lane] && !strcmp(other->maps, account->maps))
			return true;
	return false;
}

/* The lock keeps other processes of the same users away, and ends with this one however it ends. */
static bool lock_lane(const struct account *account, uint32_t lane)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = lane, .l_len = 1 };

	return lane < GROUP_LANES_MAX && !account->ours[lane] && !in_use(account, lane) && !fcntl(account->lock, F_OFD_SETLK, &lock);
}

static void unlock_lane(int fd, uint32_t lane)
{
	struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = lane, .l_len = 1 };

	fcntl(fd, F_OFD_SETLK, &lock);
}

static struct bpf_lane *open_lane(struct account *account, const char *name)
{
	struct bpf_lane *lane = NULL;
	char path[PATH_BYTES + 16], *end;
	unsigned long number = strtoul(name, &end, 10);

	if (end == name || *end || !lock_lane(account, (uint32_t)number))
		return NULL;
	lane = calloc(1, sizeof *lane);
	snprintf(path, sizeof path, "%s/%.10s", account->maps, name);
	if (lane)
		lane->memory = map_lane(path);
	if (!lane || !lane->memory) {
		unlock_lane(account->lock, (uint32_t)number);
		free(lane);
		return NULL;
	}
	lane->number = (uint32_t)number;
	lane->ifindex = pool.ifindex;
	lane->netns_cookie = pool.netns_cookie;
	lane->account = account;
	account->ours[number] = true;
	account->lanes_n++;
	return lane;
}

static struct bpf_lane *open_any(void)
{
	struct bpf_lane *lane = NULL;

	for (struct account *account = pool.accounts; account && !account->gone && !lane; account = account->next) {
		DIR *folder = opendir(account->maps);
		const struct dirent *entry;

		while (folder && !lane && (entry = readdir(folder)))
			lane = open_lane(account, entry->d_name);
		if (folder)
			closedir(folder);
	}
	return lane;
}

/* ---- The pool ---- */

/* Leaves it locked. */
static void free_lane(struct bpf_lane *lane)
{
	lane->account->lanes_n--;
	munmap(lane->memory, sizeof *lane->memory);
	free(lane);
}

static void release_lane(struct bpf_lane *lane)
{
	lane->account->ours[lane->number] = false;
	if (still_locked(lane->account))
		unlock_lane(lane->account->lock, lane->number);
	free_lane(lane);
}

static void drop_all(void)
{
	while (pool.free) {
		struct bpf_lane *lane = pool.free;

		pool.free = lane->next;
		release_lane(lane);
	}
	drop_accounts();
}

/* Begins anew when the program has closed a lock file under us. */
static void check_locks(void)
{
	for (struct account *account = pool.accounts; account; account = account->next)
		if (!account->gone && !still_locked(account)) {
			drop_all();
			return;
		}
}

/* Lanes are the parent's, who shares the locks with us: a child takes its own. What another thread had in use at that moment stays mapped, unused. */
static void in_child(void)
{
	pthread_mutex_init(&pool.mutex, NULL);
	while (pool.free) {
		struct bpf_lane *lane = pool.free;

		pool.free = lane->next;
		free_lane(lane);
	}
	for (struct account *account = pool.accounts; account; account = account->next)
		account->lanes_n = 0;
	drop_accounts();
	pool.skip = 0;
}

static void on_fork(void)
{
	pthread_atfork(NULL, NULL, in_child);
}

struct bpf_lane *bpf_lane_get(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct bpf_lane *lane = NULL;

	pthread_once(&once, on_fork);
	pthread_mutex_lock(&pool.mutex);
	check_locks();
	if (pool.free) {
		lane = pool.free;
		pool.free = lane->next;
	} else if (pool.skip) {
		pool.skip--;
	} else {
		if (pool.looked || !find_accounts())
			lane = open_any();
		if (!lane)
			pool.skip = CALLS_WITHOUT;
	}
	pthread_mutex_unlock(&pool.mutex);
	return lane;
}

void bpf_lane_put(struct bpf_lane *lane)
{
	pthread_mutex_lock(&pool.mutex);
	if (lane->account->gone) {
		release_lane(lane);
		drop_gone();
	} else {
		lane->next = pool.free;
		pool.free = lane;
	}
	pthread_mutex_unlock(&pool.mutex);
}

/* Calls in other threads keep their lanes until they are done with them. */
void bpf_lane_lost(struct bpf_lane *lane)
{
	pthread_mutex_lock(&pool.mutex);
	release_lane(lane);
	drop_all();
	pool.skip = CALLS_WITHOUT;
	pthread_mutex_unlock(&pool.mutex);
}

/* Whether the lanes that we have are of the facility that is there now. */
static bool still_there(void)
{
	char place[PATH_BYTES];
	uint32_t ifindex = 0;

	return pool.looked && !find_place(place, &ifindex) && ifindex == pool.ifindex;
}

int bpf_lane_probe(void)
{
	int err = 0;

	pthread_mutex_lock(&pool.mutex);
	check_locks();
	if (!still_there()) {
		drop_all();
		err = find_accounts();
	}
	if (!err && !pool.free) {
		pool.free = open_any();
		err = pool.free ? 0 : -EBUSY;
	}
	if (err)
		drop_all();
	else
		pool.skip = 0;
	pthread_mutex_unlock(&pool.mutex);
	return err;
}
