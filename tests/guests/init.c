/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The /init of a test guest: makes a bare kernel something that the host can command. It loads
 * the modules that /modules names, in that order, and then serves lines from the second serial
 * port; every answer is one line of JSON that echoes the command, so the host can match answers
 * that arrive out of order.
 *
 * Why a serial port: the 8250 driver is built in and needs no memory to move a line, a virtio
 * console allocates for each one; the channel must work while the guest is out of memory.
 *
 * PID 1 may neither die (that panics the guest) nor wait for memory. It is locked in memory,
 * leaves memory use to the hog and file work to a worker, both children that the OOM killer may
 * take, and reports their deaths.
 */

#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PORT "/dev/ttyS1"
#define CACHE_DISK "/dev/vda"
#define SWAP_DISK "/dev/vdb"
#define PENDING_MAX 16
#define READY_PERIOD_MS 500
/* A balloon that has a target has begun by then, and takes no break of this length. */
#define BALLOON_BEGINS_S 3
#define BALLOON_LOOK_S 1
#define BALLOON_RESTS_S 2

struct guest {
	int port_fd;
	int disk_fd;
	int signal_fd;
	int hog_in_fd;
	int hog_out_fd;
	bool heard_host;
	pid_t hog_pid;
	pid_t worker_pid;
	struct report_counts counts;
	struct hog_shared *shared;
	/* What the hog has not answered yet, oldest first: if it dies, PID 1 answers. */
	char pending[PENDING_MAX][LINE_MAX_BYTES];
	size_t n_pending;
	char worker_line[LINE_MAX_BYTES];
	char input[LINE_MAX_BYTES];
	size_t n_input;
};

static void set_oom_score(int score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)dprintf(fd, "%d", score);
	(void)close(fd);
}

static int start_hog(struct guest *g)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	memset(g->shared, 0, sizeof(*g->shared));
	g->hog_pid = fork();
	if (g->hog_pid == 0) {
		set_oom_score(1000);
		(void)close(in[1]);
		hog_run(in[0], out[1], g->shared);
		_exit(1);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	if (g->hog_pid < 0) {
		(void)close(in[1]);
		(void)close(out[0]);
		return -EAGAIN;
	}
	g->hog_in_fd = in[1];
	g->hog_out_fd = out[0];
	return 0;
}

/*
 * Reading the bare disk fills the page cache with clean pages. disk_fd stays open for good: the
 * last close of a block device drops its pages.
 */
static int fill_cache(struct guest *g, uint64_t mib)
{
	static char block[1 << 16];
	uint64_t end = mib * MIB;

	if (g->disk_fd < 0)
		return -ENODEV;
	for (uint64_t at = 0; at < end; at += sizeof(block)) {
		ssize_t n = pread(g->disk_fd, block, sizeof(block), (off_t)at);

		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENOSPC;
	}
	return 0;
}

static int drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	int r = fd < 0 || write(fd, "3", 1) < 0 ? -errno : 0;

	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* The worker ends with its errno as status, so that it is gone when the host has its answer. */
static void start_worker(struct guest *g, const char *line)
{
	uint64_t mib = 0;
	int r;

	if (g->worker_pid > 0) {
		report_result(g->port_fd, line, -EBUSY, NULL);
		return;
	}
	(void)snprintf(g->worker_line, sizeof(g->worker_line), "%s", line);
	g->worker_pid = fork();
	if (g->worker_pid < 0)
		report_result(g->port_fd, line, -EAGAIN, NULL);
	if (g->worker_pid != 0)
		return;
	set_oom_score(0);
	if (strcmp(line, "drop") == 0)
		r = drop_caches();
	else
		r = sscanf(line, "cache %" SCNu64, &mib) == 1 ? fill_cache(g, mib) : -EINVAL;
	_exit(-r);
}

static void forward_to_hog(struct guest *g, const char *line)
{
	if (g->n_pending == PENDING_MAX || g->hog_pid <= 0) {
		report_result(g->port_fd, line, -EBUSY, NULL);
		return;
	}
	(void)snprintf(g->pending[g->n_pending++], LINE_MAX_BYTES, "%s", line);
	(void)dprintf(g->hog_in_fd, "%s\n", line);
}

static void on_line(struct guest *g, const char *line)
{
	g->heard_host = true;
	if (strcmp(line, "meminfo") == 0)
		report_meminfo(g->port_fd, line, g->shared, &g->counts);
	else if (strcmp(line, "stall?") == 0)
		report_stall(g->port_fd, line, g->shared);
	else if (strcmp(line, "ping") == 0)
		report_result(g->port_fd, line, 0, NULL);
	else if (strcmp(line, "drop") == 0 || strncmp(line, "cache ", 6) == 0)
		start_worker(g, line);
	else if (strcmp(line, "reboot") == 0 || strcmp(line, "poweroff") == 0) {
		report_result(g->port_fd, line, 0, NULL);
		(void)tcdrain(g->port_fd);
		(void)reboot(*line == 'r' ? RB_AUTOBOOT : RB_POWER_OFF);
	} else if (*line)
		forward_to_hog(g, line);
}

/* Lines are echoed inside JSON strings. */
static bool is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

static void on_port(struct guest *g)
{
	char c;

	while (read(g->port_fd, &c, 1) == 1) {
		if (c == '\n' || c == '\r') {
			g->input[g->n_input] = '\0';
			g->n_input = 0;
			on_line(g, g->input);
		} else if (g->n_input < sizeof(g->input) - 1)
			g->input[g->n_input++] = is_plain(c) ? c : '?';
	}
}

static void on_hog_answer(struct guest *g)
{
	static char buf[4096];
	ssize_t n = read(g->hog_out_fd, buf, sizeof(buf));

	if (n <= 0)
		return;
	report_write(g->port_fd, buf, (size_t)n);
	for (ssize_t i = 0; i < n; i++)
		if (buf[i] == '\n' && g->n_pending > 0)
			memmove(g->pending, g->pending + 1, --g->n_pending * sizeof(g->pending[0]));
}

static void on_hog_death(struct guest *g)
{
	(void)close(g->hog_in_fd);
	(void)close(g->hog_out_fd);
	g->hog_in_fd = g->hog_out_fd = -1;
	g->hog_pid = 0;
	report_event(g->port_fd, "oom", g->counts.n_hog_killed);
	for (size_t i = 0; i < g->n_pending; i++)
		report_result(g->port_fd, g->pending[i], -ENOMEM, "killed");
	g->n_pending = 0;
}

static void on_children(struct guest *g)
{
	struct signalfd_siginfo si;
	int status;
	pid_t pid;

	(void)!read(g->signal_fd, &si, sizeof(si));
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		bool killed = WIFSIGNALED(status);

		if (pid == g->hog_pid) {
			g->counts.n_hog_killed += killed;
			on_hog_death(g);
		} else if (pid == g->worker_pid) {
			g->worker_pid = 0;
			g->counts.n_worker_killed += killed;
			report_result(g->port_fd, g->worker_line,
				      killed ? -ENOMEM : -WEXITSTATUS(status),
				      killed ? "killed" : NULL);
		}
	}
}

static void load_modules(void)
{
	char path[256];
	FILE *list = fopen("/modules", "re");

	while (list && fgets(path, sizeof(path), list)) {
		int fd;

		path[strcspn(path, "\n")] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
			(void)printf("init: %s: %s\n", path, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
	}
	if (list)
		(void)fclose(list);
}

static void wait_for_balloon(void)
{
	struct sysinfo before, now;
	unsigned rests = 0;

	(void)sleep(BALLOON_BEGINS_S);
	(void)sysinfo(&before);
	while (rests < BALLOON_RESTS_S) {
		(void)sleep(BALLOON_LOOK_S);
		(void)sysinfo(&now);
		rests = now.freeram * now.mem_unit + MIB > before.freeram * before.mem_unit
				? rests + BALLOON_LOOK_S
				: 0;
		before = now;
	}
}

/*
 * What the services of a real guest take, once the drivers are there: boot_mib=N on the kernel's
 * command line, which hands it on to PID 1. Nobody but PID 1 could be killed for it, so that a
 * guest that is too small for it panics.
 */
static void start_services(void)
{
	const char *mib = getenv("boot_mib");
	size_t size = mib ? strtoul(mib, NULL, 10) * MIB : 0;
	void *memory;

	if (size == 0)
		return;
	wait_for_balloon();
	/* NORESERVE: more than the guest has would be refused, not fatal. */
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory != MAP_FAILED)
		memset(memory, 1, size);
}

static int open_port(void)
{
	struct termios tio;
	int fd = open(PORT, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (tcgetattr(fd, &tio) < 0)
		return -errno;
	cfmakeraw(&tio);
	(void)cfsetspeed(&tio, B115200);
	(void)tcsetattr(fd, TCSANOW, &tio);
	return fd;
}

static int prepare(struct guest *g)
{
	sigset_t set;

	(void)mount("proc", "/proc", "proc", 0, NULL);
	(void)mount("sysfs", "/sys", "sysfs", 0, NULL);
	(void)mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	load_modules();
	start_services();
	(void)swapon(SWAP_DISK, 0);
	g->disk_fd = open(CACHE_DISK, O_RDONLY | O_CLOEXEC);
	g->port_fd = open_port();
	if (g->port_fd < 0)
		return g->port_fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	g->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	g->shared = mmap(NULL, sizeof(*g->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (g->signal_fd < 0 || g->shared == MAP_FAILED)
		return -errno;
	return mlockall(MCL_CURRENT | MCL_FUTURE) < 0 ? -errno : 0;
}

/* `ready` is repeated until the host speaks: what is sent before it has connected is lost. */
static void serve(struct guest *g)
{
	struct pollfd fds[] = {
		{ .fd = g->port_fd, .events = POLLIN },
		{ .fd = g->signal_fd, .events = POLLIN },
		{ .fd = g->hog_out_fd, .events = POLLIN },
	};
	bool idle = g->heard_host && g->hog_pid > 0;

	if (!g->heard_host)
		report_event(g->port_fd, "ready", 0);
	if (poll(fds, sizeof(fds) / sizeof(fds[0]), idle ? -1 : READY_PERIOD_MS) < 0)
		return;
	if (fds[0].revents)
		on_port(g);
	if (fds[2].revents)
		on_hog_answer(g);
	if (fds[1].revents)
		on_children(g);
	if (g->hog_pid <= 0)
		(void)start_hog(g);
}

int main(void)
{
	static struct guest guest = { .hog_in_fd = -1, .hog_out_fd = -1 };
	int r = prepare(&guest);

	if (r >= 0)
		r = start_hog(&guest);
	if (r < 0) {
		(void)printf("init: %s\n", strerror(-r));
		(void)reboot(RB_POWER_OFF);
	}
	for (;;)
		serve(&guest);
}
