/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libvirt tells nobody when a persistent currentMemory is changed (virsh setmem --config), but it
 * writes the definition anew.  Its file's name is a hint to read that domain's definition, over
 * libvirt as ever; where the directory is not there, or is not the one, every domain's is read now
 * and then anyway (live-sources.c). */

#include <string.h>
#include <sys/inotify.h>

#include "balloond/io/live.h"
#include "balloond/io/util.h"

#define DIRECTORY "/etc/libvirt/qemu"
#define SUFFIX ".xml"

static bool is_of(const struct domain *d, const char *file)
{
	size_t length = strlen(d->guest.name);

	return strncmp(file, d->guest.name, length) == 0 && strcmp(file + length, SUFFIX) == 0;
}

/* Without a name too many were written for the kernel to tell of each. */
static int on_written(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
	struct live *live = userdata;

	if (event->mask & IN_IGNORED) {
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
		live->definitions = sd_event_source_unref(source);
		return 0;
	}
	for (size_t i = 0; i < live->domains.n; i++) {
		struct domain *d = live->domains.list[i];

		if (event->len > 0 && !is_of(d, event->name))
			continue;
		d->calls.wants_inspection = true;
		live->has_wants = true;
	}
	live_queue_calls(live);
	return 0;
}

void live_watch_definitions(struct live *live)
{
	if (!live->definitions)
		(void)sd_event_add_inotify(live->event, &live->definitions, DIRECTORY,
					   IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR, on_written,
					   live);
}
