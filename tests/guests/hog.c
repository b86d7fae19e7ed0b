/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory hog of a test guest. It holds one arena that grows and shrinks at its end, touches
 * it page by page and times every touch, because a fault that waits for reclaim, swap or the
 * balloon is the stall that a user would feel. It knows nothing of the host; its parent relays
 * lines. It is the guest's preferred OOM victim and may die anywhere.
 */

#include "hog.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES UINT64_C(4096)
/* Address space only; far beyond any test guest's memory. */
#define ARENA_BYTES (UINT64_C(64) << 30)
#define RAMP_STEP_US UINT64_C(20000)

struct hog {
	int out_fd;
	uint8_t *arena;
	struct hog_shared *shared;
	uint64_t ramp_bytes_per_s;
	uint64_t ramp_last_us;
};

uint64_t now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Page contents differ, so that neither the guest nor the host can merge them. */
static void touch_page(struct hog *hog, uint64_t offset)
{
	struct hog_shared *shared = hog->shared;
	uint64_t begin = now_us();
	uint64_t took;

	atomic_store(&shared->touching_since_us, begin);
	*(volatile uint64_t *)(hog->arena + offset) = begin ^ (offset << 20) ^ 1;
	atomic_store(&shared->touching_since_us, 0);

	took = now_us() - begin;
	if (took > atomic_load(&shared->worst_us)) {
		atomic_store(&shared->worst_at_us, begin);
		atomic_store(&shared->worst_us, took);
	}
}

static void grow(struct hog *hog, uint64_t bytes)
{
	uint64_t offset = atomic_load(&hog->shared->held_bytes);
	uint64_t end = offset + bytes;

	for (; offset < end; offset += PAGE_BYTES) {
		touch_page(hog, offset);
		atomic_store(&hog->shared->held_bytes, offset + PAGE_BYTES);
	}
}

static int drop_tail(struct hog *hog, uint64_t bytes)
{
	uint64_t held = atomic_load(&hog->shared->held_bytes);

	if (bytes > held)
		bytes = held;
	if (madvise(hog->arena + held - bytes, bytes, MADV_DONTNEED) < 0)
		return -errno;
	atomic_store(&hog->shared->held_bytes, held - bytes);
	return 0;
}

static void walk(struct hog *hog)
{
	uint64_t held = atomic_load(&hog->shared->held_bytes);

	for (uint64_t offset = 0; offset < held; offset += PAGE_BYTES)
		touch_page(hog, offset);
}

/*
 * A ramp runs beside further commands: the answer to `touch` says that it began, `meminfo` how
 * much is left.
 */
static void ramp_begin(struct hog *hog, uint64_t mib_per_s, uint64_t mib)
{
	hog->ramp_bytes_per_s = mib_per_s * MIB;
	hog->ramp_last_us = now_us();
	atomic_store(&hog->shared->ramp_left_bytes, mib * MIB);
}

static void ramp_step(struct hog *hog)
{
	uint64_t left = atomic_load(&hog->shared->ramp_left_bytes);
	uint64_t now = now_us();
	uint64_t due = (now - hog->ramp_last_us) * hog->ramp_bytes_per_s / 1000000;

	due &= ~(PAGE_BYTES - 1);
	if (due > left)
		due = left;
	if (due == 0)
		return;
	hog->ramp_last_us = now;
	grow(hog, due);
	atomic_store(&hog->shared->ramp_left_bytes, left - due);
}

static int run_command(struct hog *hog, const char *line)
{
	uint64_t a, b;

	if (sscanf(line, "alloc %" SCNu64, &a) == 1 && a <= ARENA_BYTES / MIB) {
		grow(hog, a * MIB);
		return 0;
	}
	if (sscanf(line, "touch %" SCNu64 " %" SCNu64, &a, &b) == 2 && b <= ARENA_BYTES / MIB) {
		ramp_begin(hog, a, b);
		return 0;
	}
	if (sscanf(line, "free %" SCNu64, &a) == 1)
		return drop_tail(hog, a * MIB);
	if (strcmp(line, "walk") == 0) {
		walk(hog);
		return 0;
	}
	return -EINVAL;
}

static void answer(struct hog *hog, const char *line)
{
	uint64_t begin = now_us();
	int r = run_command(hog, line);

	(void)dprintf(hog->out_fd,
		      "{\"cmd\":\"%s\",\"ok\":%s,\"error\":\"%s\",\"held_mib\":%" PRIu64
		      ",\"took_us\":%" PRIu64 "}\n",
		      line, r < 0 ? "false" : "true", r < 0 ? strerror(-r) : "",
		      atomic_load(&hog->shared->held_bytes) / MIB, now_us() - begin);
}

/* The parent writes whole lines, each below PIPE_BUF, but one read may bring several of them. */
static bool serve(struct hog *hog, int in_fd)
{
	char buf[16 * LINE_MAX_BYTES];
	char *saved = NULL;
	ssize_t n = read(in_fd, buf, sizeof(buf) - 1);

	if (n <= 0)
		return n < 0 && errno == EINTR;
	buf[n] = '\0';
	for (char *line = strtok_r(buf, "\n", &saved); line; line = strtok_r(NULL, "\n", &saved))
		answer(hog, line);
	return true;
}

void hog_run(int in_fd, int out_fd, struct hog_shared *shared)
{
	struct hog hog = { .out_fd = out_fd, .shared = shared };
	bool open = true;

	/* Huge pages would make one touch cost 512: do not depend on the kernel's default. */
	(void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	hog.arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hog.arena == MAP_FAILED)
		return;

	while (open) {
		struct pollfd pfd = { .fd = in_fd, .events = POLLIN };
		bool ramping = atomic_load(&shared->ramp_left_bytes) > 0;

		if (poll(&pfd, 1, ramping ? (int)(RAMP_STEP_US / 1000) : -1) > 0)
			open = serve(&hog, in_fd);
		if (ramping)
			ramp_step(&hog);
	}
}
