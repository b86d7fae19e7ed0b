/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How balloonctl shows values: short and rounded for people, exact numbers in JSON. */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "balloond/core/value.h"
#include "balloond/ctl/client.h"
#include "balloond/ctl/ctl.h"

#define FORMAT_MAX 64u

/* "1.25G" for columns (G: GiB), "-" for what is not known.  Return buf. */
const char *format_size(char buf[FORMAT_MAX], uint64_t bytes);

/* "1.25 GiB", "1.2 s", "12.5%", "12", "unknown".  Returns buf. */
const char *format_value(char buf[FORMAT_MAX], enum balloond_type type, uint64_t value);

/* "2026-01-31 12:00:00" here; "-" for what no calendar has.  Returns buf. */
const char *format_date(char buf[FORMAT_MAX], usec_t wall);

#define FORMAT_ORDER_MAX 512u

/* "held by root until 2026-01-31 12:00:00: it is measured"; "" where nobody ordered that.  Returns
 * buf. */
const char *format_standing(char buf[FORMAT_ORDER_MAX], enum order_kind kind,
			    const struct client_order *order);

/* The type of that name on D-Bus, and its name; counts stand for those that are not known. */
enum balloond_type format_type(const char *name);
const char *format_type_name(enum balloond_type type);

/* A copy of any length with control characters replaced, as log_safe() does.  NULL: no memory. */
char *format_safe(const char *text);

/* Prints a file's text, safe as well; its lines and tabs stay. */
void format_print_text(const char *text, size_t size);

/* A text, null for NULL; what is not UTF-8 is replaced.  NULL: no memory. */
json_t *format_json_text(const char *text);

/* A number, null for what is not known.  NULL: no memory. */
json_t *format_json_number(uint64_t value);

/* NULL: no memory. */
json_t *format_json_words(const struct client_words *words);

/* Adds a structure's properties to object, under their D-Bus names.  0 or -ENOMEM. */
int format_json_properties(json_t *object, const struct client_property *properties,
			   size_t n_properties, const void *from);

/* Adds a guest's figures, under their D-Bus names.  0 or -ENOMEM. */
int format_json_figures(json_t *object, const struct client_guest *guest);

/* A guest as an object of properties and figures.  NULL: no memory. */
json_t *format_json_guest(const struct client_guest *guest);

/* Prints and releases root; NULL means that there was no memory for it.  An exit code. */
int format_json_print(const struct ctl *ctl, json_t *root);
