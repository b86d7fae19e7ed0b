/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/core/match.h"

#include <fnmatch.h>
#include <string.h>

#include "balloond/core/text.h"

/* Everyone's pattern is looked at for every guest in every tick. */
static bool is_everyone(const char *pattern)
{
	return pattern[0] == '*' && pattern[1] == '\0';
}

static bool is_any_of(const struct patterns *patterns, const char *text)
{
	for (size_t i = 0; i < patterns->n; i++)
		if (is_everyone(patterns->items[i]) || fnmatch(patterns->items[i], text, 0) == 0)
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

static const char *text_of(const struct guest *g, enum match_text key)
{
	switch (key) {
	case MATCH_NAME:
		return g->name;
	case MATCH_UUID:
		return g->uuid;
	case MATCH_TITLE:
		return g->labels.title;
	case MATCH_HYPERVISOR:
		return g->labels.hypervisor;
	case MATCH_PARTITION:
		return g->labels.partition;
	case MATCH_OS:
		return g->labels.os;
	default:
		return g->labels.tags;
	}
}

static bool has_text(const struct match *match, enum match_text key, const struct guest *g)
{
	const struct patterns *patterns = &match->texts[key];

	if (patterns->n == 0)
		return true;
	return key == MATCH_TAG ? has_tag(patterns, text_of(g, key))
				: is_any_of(patterns, text_of(g, key));
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
