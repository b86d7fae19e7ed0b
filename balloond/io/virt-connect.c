/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The connections of a source.  All are made by the threads that use them, and only while the
 * source's own holds: it alone finds out whether the service is there, and nobody starts one again
 * through its socket by asking it for something else.  When any of them breaks, all are made
 * anew. */

#include <errno.h>
#include <string.h>

#include "balloond/io/util.h"
#include "balloond/io/virt-internal.h"

/* A daemon that does not answer for 15 s is gone (libvirt's own default is 5 s x 5). */
#define KEEPALIVE_SECONDS 5
#define KEEPALIVE_COUNT 3u

static enum virt_kind find_kind(const char *type)
{
	static const struct {
		const char *type;
		enum virt_kind kind;
	} rows[] = {
		{ "QEMU", VIRT_QEMU },
		{ "LXC", VIRT_LXC },
		{ "Xen", VIRT_XEN },
		{ "TEST", VIRT_TEST },
	};

	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		if (strcasecmp(type, rows[i].type) == 0)
			return rows[i].kind;
	return VIRT_OTHER;
}

static void find_driver(virConnectPtr connection, struct virt_driver *ret)
{
	const char *type = virConnectGetType(connection);
	unsigned long version = 0;

	(void)virConnectGetVersion(connection, &version);
	ret->kind = find_kind(type ? type : "");
	ret->stats_are_risky = ret->kind == VIRT_QEMU && virt_stats_are_risky(version);
	virt_name_hypervisor(type ? type : "", ret->hypervisor, sizeof(ret->hypervisor));
}

static virConnectPtr open_uri(const char *uri)
{
	virConnectPtr connection = virConnectOpen(uri);

	/* Drivers that live inside of this process have nobody to keep alive. */
	if (connection)
		(void)virConnectSetKeepAlive(connection, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
	return connection;
}

static void set_connection(struct virt_source *s, virConnectPtr connection)
{
	pthread_mutex_lock(&s->lock);
	s->connection = connection;
	pthread_mutex_unlock(&s->lock);
}

bool virt_is_dead(struct virt_source *s)
{
	return atomic_load(&s->was_closed) || virConnectIsAlive(s->connection) != 1;
}

void virt_disconnect(struct virt_source *s)
{
	virConnectPtr connection = s->connection;
	struct virt_link calls;

	if (!connection)
		return;
	atomic_store(&s->generation, 0);
	pthread_mutex_lock(&s->lock);
	calls = s->calls;
	s->calls = (struct virt_link){ 0 };
	s->connection = NULL;
	pthread_mutex_unlock(&s->lock);
	virt_link_close(&calls);
	virt_domains_forget(&s->domains);
	virt_events_unregister(s, connection);
	(void)virConnectClose(connection);
}

/* Events are registered before anything is listed, so that nothing happens unseen in between. */
int virt_connect(struct virt_source *s, struct virt_driver *driver)
{
	virConnectPtr connection;
	int r;

	connection = open_uri(s->uri);
	if (!connection)
		return virt_errno();
	atomic_store(&s->was_closed, false);
	find_driver(connection, driver);
	r = virt_events_register(s, connection);
	/* Without events a sweep still tells everything, later. */
	if (r < 0 && virConnectIsAlive(connection) == 0) {
		virt_events_unregister(s, connection);
		(void)virConnectClose(connection);
		return r;
	}
	set_connection(s, connection);
	atomic_store(&s->generation, ++s->n_made);
	return 0;
}

void virt_link_close(struct virt_link *link)
{
	if (link->connection)
		(void)virConnectClose(link->connection);
	*link = (struct virt_link){ 0 };
}

/* The source's own connection with a reference for the caller, or NULL. */
static virConnectPtr take_own(struct virt_source *s)
{
	virConnectPtr connection;

	pthread_mutex_lock(&s->lock);
	connection = s->connection;
	if (connection && virConnectRef(connection) < 0)
		connection = NULL;
	pthread_mutex_unlock(&s->lock);
	return connection;
}

/* One that ended while the source's own holds: that one is made anew as well, at the next look. */
static int report_dead(struct virt_source *s)
{
	atomic_store(&s->was_closed, true);
	return -ENOTCONN;
}

int virt_link_open(struct virt_source *s, struct virt_link *link)
{
	unsigned generation = atomic_load(&s->generation);

	if (link->connection && link->generation == generation)
		return virConnectIsAlive(link->connection) == 1 ? 0 : report_dead(s);
	virt_link_close(link);
	if (generation == 0 || atomic_load(&s->was_closed) || atomic_load(&s->is_closing))
		return -ENOTCONN;
	link->connection = s->is_private ? take_own(s) : open_uri(s->uri);
	if (!link->connection)
		return s->is_private ? -ENOTCONN : virt_errno();
	link->generation = generation;
	return 0;
}

/* A reference of the callers' connection, if there is one of this generation. */
static virConnectPtr take_calls(struct virt_source *s)
{
	virConnectPtr connection = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->calls.connection && s->calls.generation == atomic_load(&s->generation))
		connection = s->calls.connection;
	if (connection && virConnectRef(connection) < 0)
		connection = NULL;
	pthread_mutex_unlock(&s->lock);
	return connection;
}

/* Several callers may make one at the same time: one of them is kept. */
static virConnectPtr keep_calls(struct virt_source *s, const struct virt_link *made)
{
	virConnectPtr connection = made->connection, old = NULL;
	bool keep;

	pthread_mutex_lock(&s->lock);
	keep = made->generation == atomic_load(&s->generation) && !atomic_load(&s->is_closing) &&
	       s->calls.generation != made->generation && virConnectRef(connection) >= 0;
	if (keep) {
		old = s->calls.connection;
		s->calls = *made;
	}
	pthread_mutex_unlock(&s->lock);
	if (old)
		(void)virConnectClose(old);
	return connection;
}

int virt_take_calls(struct virt_source *s, virConnectPtr *ret)
{
	virConnectPtr connection = take_calls(s);
	struct virt_link made = { 0 };
	int r;

	if (connection && virConnectIsAlive(connection) != 1) {
		(void)virConnectClose(connection);
		return report_dead(s);
	}
	if (!connection) {
		r = virt_link_open(s, &made);
		if (r < 0)
			return r;
		connection = keep_calls(s, &made);
	}
	*ret = connection;
	return 0;
}
