/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/sold.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "balloond/io/util.h"

/* The file's first line; another version is not read. */
#define HEADER "balloond-sold 1\n"
/* libvirt lists no more domains than this in one call. */
#define ENTRIES_MAX 16384u

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct sold_entry *)a)->uuid, ((const struct sold_entry *)b)->uuid);
}

static int read_entries(FILE *file, struct sold *sold)
{
	char line[128];

	if (!fgets(line, sizeof(line), file) || strcmp(line, HEADER) != 0)
		return 0;
	sold->entries = calloc(ENTRIES_MAX, sizeof(*sold->entries));
	if (!sold->entries)
		return -ENOMEM;
	while (sold->n_entries < ENTRIES_MAX && fgets(line, sizeof(line), file)) {
		struct sold_entry *e = &sold->entries[sold->n_entries];

		if (sscanf(line, "%36s %d %" SCNu64, e->uuid, &e->id, &e->bytes) == 3)
			sold->n_entries++;
	}
	qsort(sold->entries, sold->n_entries, sizeof(*sold->entries), compare_entries);
	return 0;
}

int sold_load(struct sold *sold, const char *directory)
{
	_cleanup_fclose_ FILE *file = NULL;

	if (asprintf(&sold->path, "%s/sold", directory) < 0) {
		sold->path = NULL;
		return -ENOMEM;
	}
	file = fopen(sold->path, "re");
	return file ? read_entries(file, sold) : 0;
}

uint64_t sold_find(const struct sold *sold, const char *uuid, int id)
{
	const struct sold_entry *found = NULL;

	if (sold->n_entries > 0 && strlen(uuid) < GUEST_UUID_MAX)
		found = bsearch(uuid, sold->entries, sold->n_entries, sizeof(*sold->entries),
				compare_entries);
	return found && found->id == id ? found->bytes : BALLOOND_UNKNOWN;
}

static int write_entries(FILE *file, const struct sold *sold, const struct domains *domains)
{
	(void)fputs(HEADER, file);
	for (size_t i = 0; i < domains->n; i++) {
		const struct domain *d = domains->list[i];

		if (d->inspected_facts & GUEST_TRANSIENT && d->guest.sold != BALLOOND_UNKNOWN)
			fprintf(file, "%s %d %" PRIu64 "\n", d->guest.uuid, d->id, d->guest.sold);
	}
	for (size_t i = 0; i < sold->n_entries; i++) {
		const struct sold_entry *e = &sold->entries[i];

		if (!domains_find(domains, e->uuid))
			fprintf(file, "%s %d %" PRIu64 "\n", e->uuid, e->id, e->bytes);
	}
	return fflush(file) == 0 && !ferror(file) ? 0 : -EIO;
}

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "we");
	_cleanup_free_ char *directory = NULL;
	char *slash;

	if (file || errno != ENOENT)
		return file;
	directory = strdup(path);
	slash = directory ? strrchr(directory, '/') : NULL;
	if (!slash)
		return NULL;
	*slash = '\0';
	return mkdir(directory, 0755) < 0 ? NULL : fopen(path, "we");
}

int sold_save(struct sold *sold, const struct domains *domains)
{
	_cleanup_free_ char *aside = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	int r;

	if (!sold->path || !sold->is_dirty)
		return 0;
	sold->is_dirty = false;
	if (asprintf(&aside, "%s.new", sold->path) < 0) {
		aside = NULL;
		return -ENOMEM;
	}
	file = create(aside);
	if (!file)
		return -errno;
	r = write_entries(file, sold, domains);
	if (r < 0)
		return r;
	return rename(aside, sold->path) < 0 ? -errno : 0;
}

void sold_done(struct sold *sold)
{
	free(sold->path);
	free(sold->entries);
	*sold = (struct sold){ 0 };
}
