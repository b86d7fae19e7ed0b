/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "balloond/io/read-file.h"
#include "balloond/io/util.h"

/* The number behind `key` at the start of a line, or UNKNOWN. */
static uint64_t find_number(const char *text, const char *key)
{
	size_t length = strlen(key);
	char *end;
	uint64_t x;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) != 0)
			continue;
		errno = 0;
		x = strtoull(line + length, &end, 10);
		return errno != 0 || end == line + length ? BALLOOND_UNKNOWN : x;
	}
	return BALLOOND_UNKNOWN;
}

static uint64_t scale(uint64_t x, uint64_t unit)
{
	return x > UINT64_MAX / unit ? BALLOOND_UNKNOWN : x * unit;
}

/* Linux before 4.15 has no sum of all pools: its default pool stands for it. */
static uint64_t find_hugetlb(const char *text)
{
	uint64_t sum = find_number(text, "Hugetlb:");
	uint64_t pages = find_number(text, "HugePages_Total:");
	uint64_t size = find_number(text, "Hugepagesize:");

	if (sum != BALLOOND_UNKNOWN)
		return scale(sum, 1024);
	if (pages == BALLOOND_UNKNOWN || size == BALLOOND_UNKNOWN || size == 0)
		return 0;
	return scale(scale(pages, size), 1024);
}

int host_parse_meminfo(const char *text, struct host *host)
{
	struct balloond_host *seen = &host->seen;

	seen->total = scale(find_number(text, "MemTotal:"), 1024);
	seen->available = scale(find_number(text, "MemAvailable:"), 1024);
	seen->free = scale(find_number(text, "MemFree:"), 1024);
	seen->cached = scale(find_number(text, "Cached:"), 1024);
	seen->swap_total = scale(find_number(text, "SwapTotal:"), 1024);
	seen->swap_free = scale(find_number(text, "SwapFree:"), 1024);
	host->hugetlb = find_hugetlb(text);
	if (seen->total == BALLOOND_UNKNOWN || seen->available == BALLOOND_UNKNOWN)
		return -EBADMSG;
	return 0;
}

void host_parse_vmstat(const char *text, uint64_t page_size, struct host *host)
{
	host->seen.swap_in = scale(find_number(text, "pswpin "), page_size);
	host->seen.swap_out = scale(find_number(text, "pswpout "), page_size);
}

/* "12.34" as 1234. */
static uint64_t parse_hundredths(const char *text)
{
	char *end;
	uint64_t whole = strtoull(text, &end, 10);

	if (end == text || whole > 100 || end[0] != '.')
		return BALLOOND_UNKNOWN;
	for (int i = 1; i <= 2; i++)
		if (end[i] < '0' || end[i] > '9')
			return BALLOOND_UNKNOWN;
	return whole * 100 + (uint64_t)(end[1] - '0') * 10 + (uint64_t)(end[2] - '0');
}

static uint64_t find_pressure(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? parse_hundredths(at + strlen(key)) : BALLOOND_UNKNOWN;
}

void host_parse_pressure(const char *text, struct host *host)
{
	host->seen.some_avg10 = find_pressure(text, "some avg10=");
	host->seen.full_avg10 = find_pressure(text, "full avg10=");
}

int host_read(const char *root, struct host *ret)
{
	uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	char text[READ_FILE_MAX];
	struct host host = { 0 };
	uint64_t shared;
	int r;

	r = read_file(root, "/proc/meminfo", text, sizeof(text));
	if (r < 0)
		return r;
	r = host_parse_meminfo(text, &host);
	if (r < 0)
		return r;

	/* These may be missing: an empty text leaves the figures unknown. */
	(void)read_file(root, "/proc/vmstat", text, sizeof(text));
	host_parse_vmstat(text, page_size, &host);
	(void)read_file(root, "/proc/pressure/memory", text, sizeof(text));
	host_parse_pressure(text, &host);

	(void)read_file(root, "/sys/kernel/mm/ksm/pages_sharing", text, sizeof(text));
	shared = scale(find_number(text, ""), page_size);
	host.ksm_saved = shared == BALLOOND_UNKNOWN ? 0 : shared;
	*ret = host;
	return 0;
}
