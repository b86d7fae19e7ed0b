/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One reader for every a{sv}: a table says which entry goes where in a structure. */

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

enum { CLIENT_WORDS_MAX = 64 };

/* Texts into the message; more than fit are skipped. */
struct client_words {
	const char *words[CLIENT_WORDS_MAX];
	size_t n;
};

/* An entry and its place: s: const char *, into the message; b: int; u: uint32_t; i: int32_t; t:
 * uint64_t; a: an array of s, struct client_words. */
struct client_property {
	const char *name;
	char type;
	size_t offset;
};

struct dictionary {
	const struct client_property *properties;
	size_t n_properties;
	void *to;
	uint64_t *figures; /* by the rows of published_figures[]; NULL: not wanted */
};

/* Texts "", numbers unknown; what is zero already stays so. */
void dictionary_clear(const struct dictionary *d);

/* The place for an entry of this name and type; NULL: not wanted. */
void *dictionary_find(const struct dictionary *d, const char *name, char type);

/* Reads an a{sv}.  What has no place goes to other() (may be NULL), which reads the variant (1) or
 * leaves it to be skipped (0).  Negative errno. */
int dictionary_read(sd_bus_message *reply, const struct dictionary *d,
		    int (*other)(sd_bus_message *reply, const char *key, void *to));
