/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a test guest describes itself to the host. It reads /proc and the hog's shared page and
 * knows nothing of processes or devices. All buffers are static, because PID 1 has to answer in a
 * guest that is out of memory.
 */

#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))
#define WRITE_PATIENCE_MS 1000

/* Room for all of /proc/vmstat (about 4 KiB in Linux 6.1). */
static char proc_text[16384];
static char out[2048];
static size_t n_out;

void report_write(int fd, const char *text, size_t size)
{
	while (size > 0) {
		struct pollfd pfd = { .fd = fd, .events = POLLOUT };
		ssize_t n = write(fd, text, size);

		if (n > 0) {
			text += n;
			size -= (size_t)n;
		} else if (poll(&pfd, 1, WRITE_PATIENCE_MS) <= 0)
			return;
	}
}

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(out + n_out, sizeof(out) - n_out, format, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(out) - n_out)
		n_out += (size_t)n;
}

static void send_line(int fd)
{
	put("}\n");
	report_write(fd, out, n_out);
	n_out = 0;
}

static void put_head(const char *line, int r, const char *error)
{
	if (r < 0 && !error)
		error = strerror(-r);
	put("{\"cmd\":\"%s\",\"ok\":%s,\"error\":\"%s\"", line, r < 0 ? "false" : "true",
	    r < 0 ? error : "");
}

void report_result(int fd, const char *line, int r, const char *error)
{
	put_head(line, r, error);
	send_line(fd);
}

void report_event(int fd, const char *event, unsigned count)
{
	put("{\"event\":\"%s\",\"count\":%u,\"at_us\":%" PRIu64, event, count, now_us());
	send_line(fd);
}

static void read_proc(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;

	while (fd >= 0 && n < sizeof(proc_text) - 1) {
		ssize_t got = read(fd, proc_text + n, sizeof(proc_text) - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	proc_text[n] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

/* Sums the lines of proc_text that begin with the prefix; allocstall has one line for each zone. */
static uint64_t sum_lines(const char *prefix)
{
	size_t n = strlen(prefix);
	uint64_t sum = 0;

	for (const char *at = proc_text; at && *at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, prefix, n) == 0)
			sum += strtoull(at + strcspn(at, " \n"), NULL, 10);
	}
	return sum;
}

struct figure {
	const char *name;
	const char *prefix;
};

static void put_figures(const char *path, const struct figure *figures, size_t n)
{
	read_proc(path);
	for (size_t i = 0; i < n; i++)
		put(",\"%s\":%" PRIu64, figures[i].name, sum_lines(figures[i].prefix));
}

static const struct figure meminfo_figures[] = {
	{ "MemTotal_kib", "MemTotal:" },
	{ "MemFree_kib", "MemFree:" },
	{ "MemAvailable_kib", "MemAvailable:" },
	{ "Buffers_kib", "Buffers:" },
	{ "Cached_kib", "Cached:" },
	{ "AnonPages_kib", "AnonPages:" },
	{ "SwapTotal_kib", "SwapTotal:" },
	{ "SwapFree_kib", "SwapFree:" },
};

static const struct figure vmstat_figures[] = {
	{ "oom_kill", "oom_kill " },
	{ "pswpin", "pswpin " },
	{ "pswpout", "pswpout " },
	{ "allocstall", "allocstall_" },
	{ "pgmajfault", "pgmajfault " },
	{ "balloon_inflate", "balloon_inflate " },
	{ "balloon_deflate", "balloon_deflate " },
};

void report_meminfo(int fd, const char *line, const struct hog_shared *shared,
		    const struct report_counts *counts)
{
	uint64_t left = atomic_load(&shared->ramp_left_bytes);

	put_head(line, 0, NULL);
	put(",\"oom\":%u,\"worker_oom\":%u", counts->n_hog_killed, counts->n_worker_killed);
	put(",\"held_mib\":%" PRIu64, atomic_load(&shared->held_bytes) / MIB);
	put(",\"ramp_left_mib\":%" PRIu64, (left + MIB - 1) / MIB);
	put(",\"uptime_us\":%" PRIu64, now_us());
	put_figures("/proc/meminfo", meminfo_figures, ELEMENTS(meminfo_figures));
	put_figures("/proc/vmstat", vmstat_figures, ELEMENTS(vmstat_figures));
	send_line(fd);
}

void report_stall(int fd, const char *line, struct hog_shared *shared)
{
	uint64_t since = atomic_load(&shared->touching_since_us);
	uint64_t at = atomic_load(&shared->worst_at_us);
	uint64_t worst = atomic_exchange(&shared->worst_us, 0);
	uint64_t now = now_us();
	bool stuck = since > 0 && now > since && now - since > worst;

	put_head(line, 0, NULL);
	put(",\"stall_us\":%" PRIu64 ",\"at_us\":%" PRIu64, stuck ? now - since : worst,
	    stuck ? since : at);
	put(",\"now_us\":%" PRIu64 ",\"in_progress\":%s", now, stuck ? "true" : "false");
	send_line(fd);
}
