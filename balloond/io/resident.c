/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/resident.h"

#include <stdlib.h>
#include <string.h>

#include "balloond/io/clock.h"
#include "balloond/io/util.h"

/* A guest without a cgroup of its own (no systemd-machined, session mode) is looked for again
 * after this long: at its start, the pid file comes before the cgroup. */
#define LOOK_AGAIN (10u * 1000000u)

/* Guests that are not read are looked at twice a second, and for no more than a twentieth of the
 * time: 0.7 s apart for 1,000 guests at 36 us each (libcgroup, cgroup v1, in a sandbox). */
#define ALL_EVERY (450u * 1000u)
#define ALL_PART 20u

struct resident_place {
	char uuid[GUEST_UUID_MAX];
	int id;
	usec_t look_again; /* 0: it was found */
	char *path;        /* NULL: not found */
	bool unified;
};

static int look_for(struct resident_place *place, const char *root, const char *driver,
		    const char *name)
{
	struct cgroup cgroup;
	int r;

	place->look_again = clock_monotonic() + LOOK_AGAIN;
	r = cgroup_find(root, driver, name, place->id, &cgroup);
	if (r < 0)
		return r;
	place->path = strdup(cgroup.path);
	place->unified = cgroup.unified;
	return 0;
}

static void read_place(const struct residents *residents, const char *root,
		       struct resident_place *place, struct sample *sample)
{
	struct cgroup cgroup = { .unified = place->unified };
	struct cgroup_usage usage;

	memcpy(cgroup.path, place->path, strlen(place->path) + 1);
	if (cgroup_read_usage(residents->backend, root, &cgroup, &usage) >= 0) {
		sample->resident = usage.resident;
		sample->host_swap = usage.swapped;
		sample->disk_reads = usage.disk_reads;
		return;
	}
	free(place->path);
	place->path = NULL;
	place->look_again = clock_monotonic() + LOOK_AGAIN;
}

/* Moves what is known of this run of the domain to the new list. */
static void carry_over(struct residents *old, size_t *next, const struct sample *sample,
		       struct resident_place *ret)
{
	struct resident_place *place;

	*ret = (struct resident_place){ .id = sample->id };
	memcpy(ret->uuid, sample->uuid, sizeof(ret->uuid));
	while (*next < old->n_places && strcmp(old->places[*next].uuid, sample->uuid) < 0)
		(*next)++;
	if (*next == old->n_places)
		return;
	place = &old->places[*next];
	if (strcmp(place->uuid, sample->uuid) != 0 || place->id != sample->id)
		return;
	*ret = *place;
	place->path = NULL;
}

static void fill_one(const struct residents *residents, const char *root, const char *driver,
		     bool all, struct resident_place *place, struct sample *sample)
{
	if (sample->is_unread && !all)
		return;
	if (!place->path && place->id >= 0 && clock_monotonic() >= place->look_again)
		(void)look_for(place, root, driver, sample->name);
	if (place->path)
		read_place(residents, root, place, sample);
}

void residents_fill(struct residents *residents, const char *root, const char *driver,
		    struct sample *samples, size_t n_samples)
{
	usec_t began = clock_monotonic(), since = began - residents->all_read;
	bool all = since >= ALL_EVERY && since / ALL_PART >= residents->took;
	struct resident_place *places = NULL;
	size_t next = 0;

	if (!residents->backend)
		residents->backend = root[0] == '\0' ? cgroup_backend() : &cgroup_fs;
	if (driver && n_samples > 0)
		places = calloc(n_samples, sizeof(*places));
	for (size_t i = 0; i < n_samples; i++) {
		if (places) {
			carry_over(residents, &next, &samples[i], &places[i]);
			fill_one(residents, root, driver, all, &places[i], &samples[i]);
		}
		if (samples[i].resident == BALLOOND_UNKNOWN)
			samples[i].resident = samples[i].rss;
	}
	residents_done(residents);
	residents->places = places;
	residents->n_places = places ? n_samples : 0;
	if (!all)
		return;
	residents->all_read = began;
	residents->took = clock_monotonic() - began;
}

void residents_done(struct residents *residents)
{
	for (size_t i = 0; i < residents->n_places; i++)
		free(residents->places[i].path);
	free(residents->places);
	residents->places = NULL;
	residents->n_places = 0;
}
