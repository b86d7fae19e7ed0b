/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/ctl/dictionary.h"

#include <string.h>

#include "balloond/ctl/client.h"

static const char *const none = "";

void dictionary_clear(const struct dictionary *d)
{
	for (size_t i = 0; i < d->n_properties; i++) {
		const struct client_property *p = &d->properties[i];
		char *at = (char *)d->to + p->offset;

		if (p->type == SD_BUS_TYPE_STRING)
			*(const char **)at = none;
		else if (p->type == SD_BUS_TYPE_UINT64)
			*(uint64_t *)at = BALLOOND_UNKNOWN;
	}
	for (size_t i = 0; d->figures && i < CLIENT_FIGURES_MAX; i++)
		d->figures[i] = BALLOOND_UNKNOWN;
}

void *dictionary_find(const struct dictionary *d, const char *name, char type)
{
	char property[PUBLISHED_TEXT_MAX];

	for (size_t i = 0; i < d->n_properties; i++)
		if (strcmp(d->properties[i].name, name) == 0)
			return d->properties[i].type == type
				       ? (char *)d->to + d->properties[i].offset
				       : NULL;
	if (!d->figures || type != SD_BUS_TYPE_UINT64)
		return NULL;
	for (size_t i = 0; i < n_published_figures && i < CLIENT_FIGURES_MAX; i++)
		if (strcmp(published_figure_property(property, &published_figures[i]), name) == 0)
			return &d->figures[i];
	return NULL;
}

static int read_words(sd_bus_message *reply, struct client_words *words)
{
	const char *word;
	int r;

	r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "s");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_read_basic(reply, SD_BUS_TYPE_STRING, &word)) > 0)
		if (words->n < CLIENT_WORDS_MAX)
			words->words[words->n++] = word;
	return r < 0 ? r : sd_bus_message_exit_container(reply);
}

/* Reads the value of key, if it is a plain one that is wanted: 1; else 0, nothing read. */
static int read_plain(sd_bus_message *reply, const char *key, const struct dictionary *d)
{
	const char *contents;
	void *place = NULL;
	int r;

	r = sd_bus_message_peek_type(reply, NULL, &contents);
	if (r < 0)
		return r;
	if (strlen(contents) == 1 || strcmp(contents, "as") == 0)
		place = dictionary_find(d, key, contents[0]);
	if (!place)
		return 0;
	r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_VARIANT, contents);
	if (r < 0)
		return r;
	r = *contents == SD_BUS_TYPE_ARRAY ? read_words(reply, place)
					   : sd_bus_message_read_basic(reply, *contents, place);
	if (r < 0)
		return r;
	r = sd_bus_message_exit_container(reply);
	return r < 0 ? r : 1;
}

int dictionary_read(sd_bus_message *reply, const struct dictionary *d,
		    int (*other)(sd_bus_message *reply, const char *key, void *to))
{
	const char *key;
	int r;

	r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
	while (r >= 0) {
		r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sv");
		if (r <= 0)
			break;
		r = sd_bus_message_read_basic(reply, SD_BUS_TYPE_STRING, &key);
		if (r >= 0)
			r = read_plain(reply, key, d);
		if (r == 0 && other)
			r = other(reply, key, d->to);
		if (r == 0)
			r = sd_bus_message_skip(reply, "v");
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
	}
	return r < 0 ? r : sd_bus_message_exit_container(reply);
}
