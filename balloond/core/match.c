/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/match.h"

#include <fnmatch.h>
#include <string.h>

#include "balloond/core/text.h"

static bool is_any_of(const struct patterns *patterns, const char *text)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (fnmatch(patterns->items[i], text, 0) == 0)
			return true;
	return false;
}

/* One tag of the guest is enough. */
static bool has_tag(const struct patterns *patterns, const char *tags)
{
	char tag[GUEST_LABEL_MAX];

	while (*tags) {
		size_t n = strcspn(tags, " ");

		text_copy(tag, n + 1 < sizeof(tag) ? n + 1 : sizeof(tag), tags);
		if (is_any_of(patterns, tag))
			return true;
		tags += n + strspn(tags + n, " ");
	}
	return false;
}

static bool has_text(const struct match *match, enum match_text key, const struct guest *g)
{
	const char *const texts[MATCH_TEXTS] = {
		[MATCH_NAME] = g->name,
		[MATCH_UUID] = g->uuid,
		[MATCH_TITLE] = g->labels.title,
		[MATCH_HYPERVISOR] = g->labels.hypervisor,
		[MATCH_PARTITION] = g->labels.partition,
		[MATCH_OS] = g->labels.os,
		[MATCH_TAG] = g->labels.tags,
	};
	const struct patterns *patterns = &match->texts[key];

	if (patterns->n == 0)
		return true;
	return key == MATCH_TAG ? has_tag(patterns, texts[key]) : is_any_of(patterns, texts[key]);
}

static bool has_size(const struct match *match, uint64_t maximum)
{
	if (match->n_sizes == 0)
		return true;
	if (maximum == BALLOOND_UNKNOWN)
		return false;
	for (size_t i = 0; i < match->n_sizes; i++)
		if (maximum >= match->sizes[i].low && maximum <= match->sizes[i].high)
			return true;
	return false;
}

static bool has_all(const struct match *match, const struct guest *guest)
{
	for (enum match_text key = 0; key < MATCH_TEXTS; key++)
		if (!has_text(match, key, guest))
			return false;
	return has_size(match, guest->seen.maximum);
}

bool match_guest(const struct match *match, const struct guest *guest)
{
	if (!has_all(match, guest))
		return false;
	for (size_t i = 0; i < match->n_nots; i++)
		if (has_all(&match->nots[i], guest))
			return false;
	return true;
}

const struct promise *match_promise(const struct config *config, const struct guest *guest)
{
	for (size_t i = 0; i < config->n_promises; i++)
		if (match_guest(&config->promises[i].match, guest))
			return &config->promises[i];
	return NULL;
}
