/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What transient domains were sold, kept in /run.  A domain without a persistent definition says
 * nowhere what size it was started with: its live XML shows the balloon's size of now.  Were the
 * size at first sight all there is, every restart of balloond while such a guest is small would
 * lower its ceiling for good.  /run is the right place: transient domains do not outlive it. */

#include <stddef.h>
#include <stdint.h>

#include "balloond/io/domains.h"

struct sold_entry {
	char uuid[GUEST_UUID_MAX];
	int id; /* of the domain's run: another run was sold anew */
	uint64_t bytes;
};

/* All zero is an empty one that is never saved. */
struct sold {
	char *path;
	struct sold_entry *entries; /* as loaded, sorted by uuid */
	size_t n_entries;
	bool is_dirty;
};

/* Reads directory/sold, which may be missing or damaged: then nothing is known.  directory is made
 * at the first save.  0 or -ENOMEM. */
int sold_load(struct sold *sold, const char *directory);

/* UNKNOWN if nothing is known of this run. */
uint64_t sold_find(const struct sold *sold, const char *uuid, int id);

/* Writes what the transient ones of domains were sold, and what was loaded of domains that were
 * not seen yet.  Replaces the file whole.  Negative errno: the old one stays. */
int sold_save(struct sold *sold, const struct domains *domains);

void sold_done(struct sold *sold);
