/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Texts on their way to the bus.  sd-bus refuses a string that is not UTF-8 (bus daemons disconnect
 * whoever sends one), so a single bad name would fail GetManagedObjects as a whole.  A guest's name
 * is its tenant's, and texts that were cut may end inside of a character. */

#include "balloond/bus/bus-internal.h"

#include <string.h>

/* Second bytes that each lead byte allows: no overlong forms, no surrogates, nothing above
 * U+10FFFF (RFC 3629, section 4). */
static const struct lead {
	unsigned char first, last;
	unsigned char low, high;
	size_t length;
} leads[] = {
	{ 0x01, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* Length of the character at c, 0 if it is none. */
static size_t character_length(const unsigned char *c)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		const struct lead *lead = &leads[i];

		if (*c < lead->first || *c > lead->last)
			continue;
		if (lead->length > 1 && (c[1] < lead->low || c[1] > lead->high))
			return 0;
		for (size_t k = 2; k < lead->length; k++)
			if (c[k] < 0x80 || c[k] > 0xbf)
				return 0;
		return lead->length;
	}
	return 0;
}

void bus_text_clean(char *text)
{
	while (*text) {
		size_t length = character_length((const unsigned char *)text);

		if (length == 0)
			*text = '?';
		text += length > 0 ? length : 1;
	}
}

/* Appends the characters of text up to end, or to its own. */
static int append_part(sd_bus_message *reply, const char *text, const char *end)
{
	const unsigned char *c = (const unsigned char *)(text ? text : "");
	char valid[BUS_TEXT_MAX];
	size_t n = 0;

	while (*c && (const char *)c != end && n < sizeof(valid) - 4) {
		size_t length = character_length(c);

		if (length == 0) {
			valid[n++] = '?';
			c++;
		}
		for (; length > 0; length--)
			valid[n++] = (char)*c++;
	}
	valid[n] = '\0';
	return sd_bus_message_append_basic(reply, SD_BUS_TYPE_STRING, valid);
}

int bus_text_append(sd_bus_message *reply, const char *text)
{
	return append_part(reply, text, NULL);
}

int bus_words_append(sd_bus_message *reply, const char *text)
{
	while (*text) {
		const char *end = strchrnul(text, ' ');
		int r = end > text ? append_part(reply, text, end) : 0;

		if (r < 0)
			return r;
		text = *end ? end + 1 : end;
	}
	return 0;
}
