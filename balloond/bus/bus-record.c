/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Record(): whoever calls hands over a file and is answered when the record is over.  One who goes
 * before that has had enough. */

#include "balloond/bus/bus-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "balloond/io/util.h"

/* A file that grows for longer is better written by --trace. */
#define LENGTH_MAX (7 * 86400 * BALLOOND_SECOND)

void bus_set_record(struct bus *bus,
		    int (*begin)(void *userdata, int fd, usec_t length, bool compress),
		    void (*leave)(void *userdata), void *userdata)
{
	bus->record_begin = begin;
	bus->record_leave = leave;
	bus->record_userdata = userdata;
}

static int on_gone(sd_bus_track *track _unused_, void *userdata)
{
	struct bus *bus = userdata;

	if (bus->record)
		bus->record_leave(bus->record_userdata);
	return 0;
}

void bus_forget_record(struct bus *bus)
{
	bus->recorder = sd_bus_track_unref(bus->recorder);
	bus->record = sd_bus_message_unref(bus->record);
}

void bus_record_ended(struct bus *bus, int result, uint64_t ticks, uint64_t lost)
{
	if (!bus->record)
		return;
	/* Nobody may be there any more: then nobody misses the reply. */
	if (result < 0)
		(void)sd_bus_reply_method_errno(bus->record, result, NULL);
	else
		(void)sd_bus_reply_method_return(bus->record, "tt", ticks, lost);
	bus_forget_record(bus);
}

/* Connections without a bus between have no names, and end with their peer. */
static int watch_caller(struct bus *bus, sd_bus_message *message)
{
	int r;

	if (!sd_bus_message_get_sender(message))
		return 0;
	r = sd_bus_track_new(bus->connection, &bus->recorder, on_gone, bus);
	return r < 0 ? r : sd_bus_track_add_sender(bus->recorder, message);
}

/* fd is the message's. */
static int begin(struct bus *bus, sd_bus_message *message, int fd, usec_t length, bool compress)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3), r;

	if (copy < 0)
		return -errno;
	r = watch_caller(bus, message);
	if (r < 0)
		(void)close(copy);
	else
		r = bus->record_begin(bus->record_userdata, copy, length, compress);
	if (r < 0) {
		bus_forget_record(bus);
		return r;
	}
	bus->record = sd_bus_message_ref(message);
	return 1; /* the reply comes later */
}

int bus_method_record(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	struct bus *bus = userdata;
	int fd, compress, r;
	uint64_t length;

	r = sd_bus_message_read(message, "htb", &fd, &length, &compress);
	if (r < 0)
		return r;
	if (!bus->record_begin)
		return sd_bus_error_set(error, SD_BUS_ERROR_NOT_SUPPORTED,
					"balloond is not ready to record");
	if (bus->record)
		return sd_bus_error_set(error, BUS_ERROR_BUSY, "somebody else records already");
	if (length == 0 || length > LENGTH_MAX)
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGUMENT,
					 "%" PRIu64 " microseconds are not allowed: 1 to %" PRIu64,
					 length, (uint64_t)LENGTH_MAX);
	return begin(bus, message, fd, length, compress);
}
