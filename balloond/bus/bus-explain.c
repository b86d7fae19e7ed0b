/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The answer to Explain(): all that led to one guest's size, in one a{sv}.  Readers must ignore
 * keys that they do not know, so that it can grow.
 *
 *   Name UUID State Reason Warning Policy PolicyReason Rule Promise  s
 *   HeldBy         s      who ordered that its size stays, "" nobody,
 *   HoldReason     s      why, and
 *   HeldUntilUSec  t      until when, wall clock; 0: until it is taken back
 *   Waits          s      the rule that would come first, if the metric
 *   UnknownMetric  s      were known; both "" where no rule waits
 *   Figures        a{st}  published_figures[] by property name, UINT64_MAX: unknown
 *   PolicyFigures  a(sst) the policy's own: name, type, value, in the policy's order
 *   Guards         a(ss)  the guard's rules that bound, in their order: name, what it did
 *   Flags          as     what is known of the guest, and what may be done to it now
 *   MetadataTaken  as     keys of its own metadata that hold
 *   MetadataRefused as    and that do not, or not in full
 *   Armed          b      its statistics period is being set
 *   DryRun         b      nothing is done about any of it
 *   Shares u, Priority i, StatsAgeUSec t, Tick t */

#include "balloond/bus/bus-internal.h"

#include <string.h>

#include "balloond/core/state.h"
#include "balloond/io/util.h"

static const char *const type_names[] = {
	[BALLOOND_BOOL] = "bool", [BALLOOND_BYTES] = "bytes", [BALLOOND_PERMILLE] = "permille",
	[BALLOOND_USEC] = "usec", [BALLOOND_COUNT] = "count",
};

static const struct flag_name {
	uint32_t flag;
	const char *name;
} flag_names[] = {
	{ BALLOOND_GUEST_MAY_GROW, "may-grow" },
	{ BALLOOND_GUEST_MAY_SHRINK, "may-shrink" },
	{ BALLOOND_GUEST_STALE, "stale" },
	{ BALLOOND_GUEST_BLIND, "blind" },
	{ BALLOOND_GUEST_SWAPPED, "swapped" },
	{ BALLOOND_GUEST_COOLING, "cooling" },
	{ BALLOOND_GUEST_DEFLATES, "deflates" },
	{ BALLOOND_GUEST_REPORTS_FREE, "reports-free" },
	{ BALLOOND_GUEST_EXPENDABLE, "expendable" },
};

/* Opens the entry of key, to the point where a value of type goes. */
static int open_entry(sd_bus_message *reply, const char *key, const char *type)
{
	int r;

	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sv");
	if (r < 0)
		return r;
	r = sd_bus_message_append_basic(reply, SD_BUS_TYPE_STRING, key);
	if (r < 0)
		return r;
	return sd_bus_message_open_container(reply, SD_BUS_TYPE_VARIANT, type);
}

static int close_entry(sd_bus_message *reply)
{
	int r;

	r = sd_bus_message_close_container(reply);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(reply);
}

static int append_text(sd_bus_message *reply, const char *key, const char *text)
{
	int r;

	r = open_entry(reply, key, "s");
	if (r < 0)
		return r;
	r = bus_text_append(reply, text);
	if (r < 0)
		return r;
	return close_entry(reply);
}

/* value: as sd_bus_message_append_basic() wants it for type. */
static int append_basic(sd_bus_message *reply, const char *key, char type, const void *value)
{
	int r;

	r = open_entry(reply, key, (const char[]){ type, '\0' });
	if (r < 0)
		return r;
	r = sd_bus_message_append_basic(reply, type, value);
	if (r < 0)
		return r;
	return close_entry(reply);
}

/* An entry whose value is an array: fill() appends the elements. */
static int append_array(sd_bus_message *reply, const char *key, const char *elements,
			int (*fill)(sd_bus_message *reply, const struct published_guest *guest),
			const struct published_guest *guest)
{
	char type[16];
	int r;

	stpcpy(stpcpy(type, "a"), elements);
	r = open_entry(reply, key, type);
	if (r < 0)
		return r;
	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, elements);
	if (r < 0)
		return r;
	r = fill(reply, guest);
	if (r < 0)
		return r;
	r = sd_bus_message_close_container(reply);
	if (r < 0)
		return r;
	return close_entry(reply);
}

static int fill_figures(sd_bus_message *reply, const struct published_guest *guest)
{
	for (size_t i = 0; i < n_published_figures; i++) {
		const struct published_figure *figure = &published_figures[i];
		char property[PUBLISHED_TEXT_MAX];
		uint64_t value;
		int r;

		memcpy(&value, (const char *)guest + figure->offset, sizeof(value));
		r = sd_bus_message_append(reply, "{st}",
					  published_figure_property(property, figure), value);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_policy_figures(sd_bus_message *reply, const struct published_guest *guest)
{
	const struct balloond_target *proposal = &guest->verdict.proposal;

	for (uint32_t i = 0; guest->figures && i < proposal->n_figures; i++) {
		int r;

		r = sd_bus_message_append(reply, "(sst)", guest->figures[i].name,
					  type_names[guest->figures[i].type], proposal->figure[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_guards(sd_bus_message *reply, const struct published_guest *guest)
{
	for (enum guard_rule rule = GUARD_BOUNDS; rule < GUARD_RULE_MAX; rule++) {
		int r;

		if (!(guest->verdict.bound & 1u << rule))
			continue;
		r = sd_bus_message_append(reply, "(ss)", guard_row(rule)->name,
					  guard_row(rule)->text);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_flags(sd_bus_message *reply, const struct published_guest *guest)
{
	for (size_t i = 0; i < ELEMENTSOF(flag_names); i++) {
		int r;

		if (!(guest->verdict.guest.flags & flag_names[i].flag))
			continue;
		r = sd_bus_message_append_basic(reply, SD_BUS_TYPE_STRING, flag_names[i].name);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_keys(sd_bus_message *reply, uint32_t keys)
{
	for (size_t key = 0; key < TENANT_KEYS; key++) {
		int r;

		if (!(keys & 1u << key))
			continue;
		r = sd_bus_message_append_basic(reply, SD_BUS_TYPE_STRING, tenant_key_names[key]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_taken(sd_bus_message *reply, const struct published_guest *guest)
{
	return fill_keys(reply, guest->verdict.tenant_taken);
}

static int fill_refused(sd_bus_message *reply, const struct published_guest *guest)
{
	return fill_keys(reply, guest->verdict.tenant_refused);
}

static int append_texts(sd_bus_message *reply, const struct published_guest *guest)
{
	const struct {
		const char *key, *text;
	} texts[] = {
		{ "Name", guest->name },
		{ "UUID", guest->uuid },
		{ "State", state_row(guest->verdict.state)->name },
		{ "Reason", guest->reason },
		{ "Warning", guest->warning },
		{ "Policy", guest->policy },
		{ "PolicyReason", guest->policy_reason },
		{ "Rule", guest->rule },
		{ "Promise", guest->promise },
		{ "HeldBy", guest->hold.who },
		{ "HoldReason", guest->hold.reason },
		{ "Waits", guest->waits },
		{ "UnknownMetric", guest->unknown },
	};

	for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
		int r;

		r = append_text(reply, texts[i].key, texts[i].text);
		if (r < 0)
			return r;
	}
	return 0;
}

static int append_arrays(sd_bus_message *reply, const struct published_guest *guest)
{
	static const struct {
		const char *key, *elements;
		int (*fill)(sd_bus_message *reply, const struct published_guest *guest);
	} arrays[] = {
		{ "Figures", "{st}", fill_figures },
		{ "PolicyFigures", "(sst)", fill_policy_figures },
		{ "Guards", "(ss)", fill_guards },
		{ "Flags", "s", fill_flags },
		{ "MetadataTaken", "s", fill_taken },
		{ "MetadataRefused", "s", fill_refused },
	};

	for (size_t i = 0; i < ELEMENTSOF(arrays); i++) {
		int r;

		r = append_array(reply, arrays[i].key, arrays[i].elements, arrays[i].fill, guest);
		if (r < 0)
			return r;
	}
	return 0;
}

static int append_numbers(sd_bus_message *reply, const struct published *now,
			  const struct published_guest *guest)
{
	const int armed = guest->verdict.arm, dry_run = now->dry_run;
	const struct {
		const char *key;
		char type;
		const void *value;
	} numbers[] = {
		{ "Armed", SD_BUS_TYPE_BOOLEAN, &armed },
		{ "DryRun", SD_BUS_TYPE_BOOLEAN, &dry_run },
		{ "Shares", SD_BUS_TYPE_UINT32, &guest->verdict.guest.shares },
		{ "Priority", SD_BUS_TYPE_INT32, &guest->verdict.guest.priority },
		{ "HeldUntilUSec", SD_BUS_TYPE_UINT64, &guest->hold.until },
		{ "StatsAgeUSec", SD_BUS_TYPE_UINT64, &guest->verdict.guest.stats_age },
		{ "Tick", SD_BUS_TYPE_UINT64, &now->tick },
	};

	for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
		int r;

		r = append_basic(reply, numbers[i].key, numbers[i].type, numbers[i].value);
		if (r < 0)
			return r;
	}
	return 0;
}

int bus_explain_append(sd_bus_message *reply, const struct published *now,
		       const struct published_guest *guest)
{
	int r;

	r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r < 0)
		return r;
	r = append_texts(reply, guest);
	if (r < 0)
		return r;
	r = append_arrays(reply, guest);
	if (r < 0)
		return r;
	r = append_numbers(reply, now, guest);
	if (r < 0)
		return r;
	return sd_bus_message_close_container(reply);
}
