/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What operators order.  Nothing is done here: an order waits for the next tick, and the reply says
 * that it was taken.  The options are an a{sv}, so that more can come; but one that is not known is
 * refused, lest an order mean less than was said.
 *
 *   reason  s  why, for whoever wonders later
 *   until   t  Exclude, Hold, Pause, GiveBack: wall clock, microseconds; without it until the order
 *              is taken back, but for GiveBack(), which then holds for an hour
 *
 * A guest that is "" stands for all of them, in Pause, Resume and GiveBack. */

#include "balloond/bus/bus-internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "balloond/core/text.h"
#include "balloond/io/util.h"

/* The end of the year 9999: what tools can still print. */
#define UNTIL_MAX (UINT64_C(253402300799) * BALLOOND_SECOND)

/* Long enough to see to it, and short enough that nobody is fixed by it for good. */
#define GIVE_BACK_LASTS (3600 * BALLOOND_SECOND)

#define STANDING ((1u << ORDER_STANDING_MAX) - 1)
#define OF_ALL (1u << ORDER_PAUSE | 1u << ORDER_GIVE_BACK | 1u << ORDER_RESUME)

/* One call, while its options are read. */
struct call {
	const struct published *now;
	char subject[GUEST_NAME_MAX + 16]; /* whom it means, for errors */
	struct order order;
};

static int set_reason(struct call *call, const void *value, sd_bus_error *error)
{
	const char *text = *(const char *const *)value;

	if (strlen(text) >= HOLD_REASON_MAX)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "%s: the reason has %zu bytes, %u are allowed",
					 call->subject, strlen(text), HOLD_REASON_MAX - 1);
	text_copy(call->order.hold.reason, sizeof(call->order.hold.reason), text);
	return 0;
}

static int set_until(struct call *call, const void *value, sd_bus_error *error)
{
	uint64_t until = *(const uint64_t *)value;

	if (until <= call->now->wall || until > UNTIL_MAX)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "%s: until %" PRIu64 " is not allowed: "
					 "microseconds of the wall clock, after %" PRIu64
					 " (now) and not after %" PRIu64 "; or leave it out",
					 call->subject, until, call->now->wall, UNTIL_MAX);
	call->order.hold.until = until;
	return 0;
}

static const struct option {
	const char *name, *type;
	uint32_t kinds; /* 1 << enum order_kind: orders that take it */
	int (*set)(struct call *call, const void *value, sd_bus_error *error);
} options[] = {
	{ "reason", "s", (1u << ORDER_KIND_MAX) - 1, set_reason },
	{ "until", "t", STANDING, set_until },
};

/* "reason (s), until (t)" */
static const char *list_options(char buf[64], enum order_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < ELEMENTSOF(options); i++)
		if (options[i].kinds & 1u << kind)
			n += (size_t)snprintf(buf + n, 64 - n, "%s%s (%s)", n > 0 ? ", " : "",
					      options[i].name, options[i].type);
	return buf;
}

static const struct option *find_option(const char *name, enum order_kind kind)
{
	for (size_t i = 0; i < ELEMENTSOF(options); i++)
		if (options[i].kinds & 1u << kind && strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

/* The value of the option that was just named. */
static int read_value(sd_bus_message *message, struct call *call, const char *name,
		      sd_bus_error *error)
{
	const struct option *option = find_option(name, call->order.kind);
	union {
		const char *text;
		uint64_t number;
	} value;
	const char *type;
	char known[64];
	int r;

	r = sd_bus_message_peek_type(message, NULL, &type);
	if (r < 0)
		return r;
	if (!option || strcmp(option->type, type) != 0)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "%s: no option \"%s\" of type %s, there are: %s",
					 call->subject, name, type,
					 list_options(known, call->order.kind));
	r = sd_bus_message_read(message, "v", option->type, &value);
	if (r < 0)
		return r;
	return option->set(call, &value, error);
}

static int read_options(sd_bus_message *message, struct call *call, sd_bus_error *error)
{
	const char *name;
	int r;

	r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
		r = sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &name);
		if (r < 0)
			return r;
		r = read_value(message, call, name, error);
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

/* Not the name: to find that may mean to ask a directory on the network, and nobody waits here. */
static int read_caller(sd_bus_message *message, char who[HOLD_WHO_MAX])
{
	_cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
	uid_t uid;
	int r;

	r = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &creds);
	if (r < 0)
		return r;
	r = sd_bus_creds_get_euid(creds, &uid);
	if (r < 0)
		return r;
	if (uid == 0)
		text_copy(who, HOLD_WHO_MAX, "root");
	else
		(void)snprintf(who, HOLD_WHO_MAX, "uid %u", uid);
	return 0;
}

/* Whom the order means. */
static int read_subject(sd_bus_message *message, struct call *call, sd_bus_error *error)
{
	const struct published_guest *guest;
	char name[GUEST_NAME_MAX];
	const char *wanted;
	int r;

	r = sd_bus_message_read_basic(message, SD_BUS_TYPE_STRING, &wanted);
	if (r < 0)
		return r;
	text_copy(call->subject, sizeof(call->subject), "all guests");
	if (!*wanted && OF_ALL & 1u << call->order.kind)
		return 0;
	r = bus_find_guest(call->now, wanted, &guest, error);
	if (r < 0)
		return r;
	text_copy(name, sizeof(name), guest->name);
	bus_text_clean(name);
	(void)snprintf(call->subject, sizeof(call->subject), "guest \"%s\"", name);
	text_copy(call->order.uuid, sizeof(call->order.uuid), guest->uuid);
	return 0;
}

/* sd-bus lets root in here and nobody else: the methods are not marked as unprivileged. */
static int take(struct bus *bus, enum order_kind kind, sd_bus_message *message, sd_bus_error *error)
{
	struct call call = { .now = bus->now, .order.kind = kind };
	int r;

	if (!bus->orders)
		return sd_bus_error_set(error, SD_BUS_ERROR_NOT_SUPPORTED,
					"balloond is not ready to take orders");
	r = read_subject(message, &call, error);
	if (r < 0)
		return r;
	if (kind == ORDER_GIVE_BACK)
		call.order.hold.until = bus->now->wall + GIVE_BACK_LASTS;
	r = read_options(message, &call, error);
	if (r < 0)
		return r;
	r = read_caller(message, call.order.hold.who);
	if (r < 0)
		return r;
	r = orders_append(bus->orders, &call.order);
	if (r < 0)
		return sd_bus_error_setf(error, BUS_ERROR_BUSY,
					 "%s: %u orders wait already, try again", call.subject,
					 ORDERS_MAX);
	bus->on_order(bus->order_userdata);
	return sd_bus_reply_method_return(message, NULL);
}

int bus_method_exclude(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return take(userdata, ORDER_EXCLUDE, message, error);
}

int bus_method_include(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return take(userdata, ORDER_INCLUDE, message, error);
}

int bus_method_hold(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return take(userdata, ORDER_HOLD, message, error);
}

int bus_method_unhold(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return take(userdata, ORDER_UNHOLD, message, error);
}

int bus_method_pause(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return take(userdata, ORDER_PAUSE, message, error);
}

int bus_method_resume(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return take(userdata, ORDER_RESUME, message, error);
}

int bus_method_give_back(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	return take(userdata, ORDER_GIVE_BACK, message, error);
}
