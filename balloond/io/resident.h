/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where the guests of one source have their cgroups.  A place is looked for once for every run of
 * a domain, and read at every sweep.  Belongs to the source's thread. */

#include <stddef.h>

#include "balloond/io/cgroup.h"
#include "balloond/io/findings.h"

struct residents {
	const struct cgroup_backend *backend; /* NULL: not chosen yet */
	struct resident_place *places;        /* sorted by uuid, as the last sweep's samples */
	size_t n_places;
	usec_t all_read, took; /* of all guests: when last, and how long that took */
};

/* Sets what a cgroup tells of every sample (sorted by uuid); without one `resident` is rss.  Of
 * guests that were not read only now and then: it is cheap, and they may be thousands.  driver
 * names libvirt's directory of pid files; NULL: there is none. */
void residents_fill(struct residents *residents, const char *root, const char *driver,
		    struct sample *samples, size_t n_samples);

void residents_done(struct residents *residents);
