/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* JSON keys are the D-Bus names: one vocabulary for busctl, scripts and web pages. */

#include "balloond/ctl/format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "balloond/io/util.h"

const char *format_size(char buf[FORMAT_MAX], uint64_t bytes)
{
	char human[VALUE_TEXT_MAX];
	char *unit;

	if (bytes == BALLOOND_UNKNOWN)
		return strcpy(buf, "-");
	value_format_human(human, bytes);
	unit = strchr(human, ' ');
	if (unit) {
		/* " GiB" -> "G" */
		*unit = unit[1];
		unit[1] = '\0';
	}
	return strcpy(buf, human);
}

static void format_time(char buf[FORMAT_MAX], usec_t time)
{
	if (time < BALLOOND_SECOND)
		snprintf(buf, FORMAT_MAX, "%" PRIu64 " ms", time / 1000);
	else if (time < 60 * BALLOOND_SECOND)
		snprintf(buf, FORMAT_MAX, "%" PRIu64 ".%" PRIu64 " s", time / BALLOOND_SECOND,
			 time / (BALLOOND_SECOND / 10) % 10);
	else if (time < 3600 * BALLOOND_SECOND)
		snprintf(buf, FORMAT_MAX, "%" PRIu64 " min", time / (60 * BALLOOND_SECOND));
	else
		snprintf(buf, FORMAT_MAX, "%" PRIu64 " h", time / (3600 * BALLOOND_SECOND));
}

const char *format_value(char buf[FORMAT_MAX], enum balloond_type type, uint64_t value)
{
	char text[VALUE_TEXT_MAX];

	if (type == BALLOOND_BYTES)
		return strcpy(buf, value_format_human(text, value));
	if (type != BALLOOND_USEC || value == BALLOOND_UNKNOWN)
		return strcpy(buf, value_format(text, type, value));
	format_time(buf, value);
	return buf;
}

const char *format_date(char buf[FORMAT_MAX], usec_t wall)
{
	time_t seconds = (time_t)(wall / BALLOOND_SECOND);
	struct tm tm = { 0 };

	if (!localtime_r(&seconds, &tm) || strftime(buf, FORMAT_MAX, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		strcpy(buf, "-");
	return buf;
}

const char *format_standing(char buf[FORMAT_ORDER_MAX], enum order_kind kind,
			    const struct client_order *order)
{
	static const char *const words[ORDER_STANDING_MAX] = {
		[ORDER_EXCLUDE] = "excluded",
		[ORDER_HOLD] = "held",
		[ORDER_PAUSE] = "paused",
		[ORDER_GIVE_BACK] = "given back",
	};
	bool ends = order->until > 0 && order->until != BALLOOND_UNKNOWN;
	char date[FORMAT_MAX] = "";

	*buf = '\0';
	if (*order->by)
		(void)snprintf(buf, FORMAT_ORDER_MAX, "%s by %s%s%s%s%s", words[kind], order->by,
			       ends ? " until " : "", ends ? format_date(date, order->until) : "",
			       *order->reason ? ": " : "", order->reason);
	return buf;
}

static const char *const type_names[] = {
	[BALLOOND_BOOL] = "bool", [BALLOOND_BYTES] = "bytes", [BALLOOND_PERMILLE] = "permille",
	[BALLOOND_USEC] = "usec", [BALLOOND_COUNT] = "count",
};

enum balloond_type format_type(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(type_names); i++)
		if (strcmp(type_names[i], name) == 0)
			return (enum balloond_type)i;
	return BALLOOND_COUNT;
}

const char *format_type_name(enum balloond_type type)
{
	return type_names[type < ELEMENTSOF(type_names) ? type : BALLOOND_COUNT];
}

/* Bytes of the control character at c, 0 if it is none: C0, DEL, and C1 as UTF-8 spells it. */
static size_t control_length(const char *c)
{
	const unsigned char *u = (const unsigned char *)c;

	if (*u < 0x20 || *u == 0x7f)
		return 1;
	return *u == 0xc2 && u[1] >= 0x80 && u[1] < 0xa0 ? 2 : 0;
}

char *format_safe(const char *text)
{
	char *safe = strdup(text), *to = safe;

	for (const char *from = safe; safe && *from;) {
		size_t n = control_length(from);

		*to++ = n > 0 ? '?' : *from;
		from += n > 0 ? n : 1;
	}
	if (safe)
		*to = '\0';
	return safe;
}

void format_print_text(const char *text, size_t size)
{
	for (const char *c = text; c < text + size; c++) {
		bool is_cut = c + 1 == text + size && (unsigned char)*c == 0xc2;
		size_t n = *c == '\n' || *c == '\t' || is_cut ? 0 : control_length(c);

		putchar(n > 0 ? '?' : *c);
		c += n > 1;
	}
	if (size > 0 && text[size - 1] != '\n')
		putchar('\n');
}

json_t *format_json_text(const char *text)
{
	_cleanup_free_ char *ascii = NULL;
	json_t *string;

	if (!text)
		return json_null();
	string = json_string(text);
	if (string)
		return string;
	ascii = strdup(text);
	for (char *c = ascii; c && *c; c++)
		if ((unsigned char)*c > 0x7f)
			*c = '?';
	return ascii ? json_string(ascii) : NULL;
}

json_t *format_json_number(uint64_t value)
{
	/* What a JSON integer cannot hold, no host has. */
	return value <= INT64_MAX ? json_integer((json_int_t)value) : json_null();
}

json_t *format_json_words(const struct client_words *words)
{
	json_t *array = json_array();

	for (size_t i = 0; i < words->n; i++)
		if (json_array_append_new(array, json_string(words->words[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *property_value(const struct client_property *property, const void *from)
{
	const void *at = (const char *)from + property->offset;

	switch (property->type) {
	case SD_BUS_TYPE_STRING:
		return json_string(*(const char *const *)at);
	case SD_BUS_TYPE_BOOLEAN:
		return json_boolean(*(const int *)at);
	case SD_BUS_TYPE_UINT32:
		return json_integer(*(const uint32_t *)at);
	case SD_BUS_TYPE_INT32:
		return json_integer(*(const int32_t *)at);
	case SD_BUS_TYPE_ARRAY:
		return format_json_words(at);
	default:
		return format_json_number(*(const uint64_t *)at);
	}
}

int format_json_properties(json_t *object, const struct client_property *properties,
			   size_t n_properties, const void *from)
{
	for (size_t i = 0; i < n_properties; i++)
		if (json_object_set_new(object, properties[i].name,
					property_value(&properties[i], from)) < 0)
			return -ENOMEM;
	return 0;
}

int format_json_figures(json_t *object, const struct client_guest *guest)
{
	char name[PUBLISHED_TEXT_MAX];

	for (size_t i = 0; i < n_published_figures && i < CLIENT_FIGURES_MAX; i++)
		if (json_object_set_new(object,
					published_figure_property(name, &published_figures[i]),
					format_json_number(guest->figures[i])) < 0)
			return -ENOMEM;
	return 0;
}

json_t *format_json_guest(const struct client_guest *guest)
{
	json_t *object = json_object();

	if (format_json_properties(object, client_guest_properties, n_client_guest_properties,
				   guest) < 0 ||
	    format_json_figures(object, guest) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

int format_json_print(const struct ctl *ctl, json_t *root)
{
	/* ASCII alone: no control character reaches a terminal, and nothing is lost. */
	size_t flags = JSON_ENSURE_ASCII |
		       (ctl->json == CTL_JSON_PRETTY ? JSON_INDENT(2) : JSON_COMPACT);
	int r = root ? json_dumpf(root, stdout, flags) : -1;

	json_decref(root);
	if (r < 0)
		return ctl_report(root ? -EIO : -ENOMEM, NULL);
	putchar('\n');
	return CTL_OK;
}
