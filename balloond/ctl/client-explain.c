/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The D-Bus client: why a guest has its size. */

#include "balloond/ctl/client.h"

#include <string.h>

#include "balloond/io/util.h"

static int read_figures(sd_bus_message *reply, struct client_explanation *e)
{
	const struct dictionary target = { NULL, 0, NULL, e->guest.figures };
	const char *name;
	uint64_t value;
	int r;

	while ((r = sd_bus_message_read(reply, "{st}", &name, &value)) > 0) {
		uint64_t *place = dictionary_find(&target, name, SD_BUS_TYPE_UINT64);

		if (place)
			*place = value;
	}
	return r;
}

static int read_policy_figures(sd_bus_message *reply, struct client_explanation *e)
{
	struct client_policy_figure f;
	int r;

	while ((r = sd_bus_message_read(reply, "(sst)", &f.name, &f.type, &f.value)) > 0)
		if (e->n_policy_figures < CLIENT_GUARDS_MAX)
			e->policy_figures[e->n_policy_figures++] = f;
	return r;
}

static int read_guards(sd_bus_message *reply, struct client_explanation *e)
{
	struct client_guard guard;
	int r;

	while ((r = sd_bus_message_read(reply, "(ss)", &guard.name, &guard.text)) > 0)
		if (e->n_guards < CLIENT_GUARDS_MAX)
			e->guards[e->n_guards++] = guard;
	return r;
}

/* The entries of an explanation that are arrays of more than texts. */
static int read_array(sd_bus_message *reply, const char *key, void *to)
{
	static const struct {
		const char *key, *type;
		int (*read)(sd_bus_message *reply, struct client_explanation *e);
	} arrays[] = {
		{ "Figures", "a{st}", read_figures },
		{ "PolicyFigures", "a(sst)", read_policy_figures },
		{ "Guards", "a(ss)", read_guards },
	};
	const char *contents;
	int r;

	r = sd_bus_message_peek_type(reply, NULL, &contents);
	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(arrays); i++) {
		if (strcmp(arrays[i].key, key) != 0 || strcmp(arrays[i].type, contents) != 0)
			continue;
		r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_VARIANT, arrays[i].type);
		if (r >= 0)
			r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY,
							   arrays[i].type + 1);
		if (r >= 0)
			r = arrays[i].read(reply, to);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
		return r < 0 ? r : 1;
	}
	return r < 0 ? r : 0;
}

int client_explain(sd_bus *bus, const char *name, struct client_explanation *explanation,
		   sd_bus_error *error)
{
	const struct dictionary target = { client_explanation_properties,
					   n_client_explanation_properties, explanation,
					   explanation->guest.figures };
	int r;

	*explanation = (struct client_explanation){ 0 };
	dictionary_clear(&target);
	r = client_call(bus, CLIENT_MANAGER, "Explain", name, &explanation->reply, error);
	if (r < 0)
		return r;
	return dictionary_read(explanation->reply, &target, read_array);
}

void client_explanation_done(struct client_explanation *explanation)
{
	sd_bus_message_unref(explanation->reply);
	*explanation = (struct client_explanation){ 0 };
}

#define EXPLAINED(name, type, field) \
	{ \
		name, type, offsetof(struct client_explanation, field) \
	}

const struct client_property client_explanation_properties[] = {
	EXPLAINED("Name", 's', guest.name),
	EXPLAINED("UUID", 's', guest.uuid),
	EXPLAINED("State", 's', guest.state),
	EXPLAINED("Reason", 's', guest.reason),
	EXPLAINED("Warning", 's', guest.warning),
	EXPLAINED("Policy", 's', guest.policy),
	EXPLAINED("PolicyReason", 's', policy_reason),
	EXPLAINED("Rule", 's', guest.rule),
	EXPLAINED("Promise", 's', guest.promise),
	EXPLAINED("HeldBy", 's', guest.held_by),
	EXPLAINED("HeldUntilUSec", 't', guest.held_until),
	EXPLAINED("HoldReason", 's', guest.hold_reason),
	EXPLAINED("Waits", 's', waits),
	EXPLAINED("UnknownMetric", 's', unknown_metric),
	EXPLAINED("MetadataTaken", 'a', metadata_taken),
	EXPLAINED("MetadataRefused", 'a', metadata_refused),
	EXPLAINED("Flags", 'a', flags),
	EXPLAINED("Shares", 'u', shares),
	EXPLAINED("Priority", 'i', priority),
	EXPLAINED("Armed", 'b', armed),
	EXPLAINED("DryRun", 'b', dry_run),
	EXPLAINED("Tick", 't', tick),
};
const size_t n_client_explanation_properties = ELEMENTSOF(client_explanation_properties);
