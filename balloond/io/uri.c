/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/uri.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "balloond/io/util.h"

/* Drivers of libvirt that can have guests here: libvirt.org/uri.html.  test: is libvirt's mock. */
static const char *const drivers[] = { "qemu", "lxc", "xen", "vz", "test" };

static bool is_driver(const char *scheme, size_t length)
{
	for (size_t i = 0; i < ELEMENTSOF(drivers); i++)
		if (strlen(drivers[i]) == length && strncmp(drivers[i], scheme, length) == 0)
			return true;
	return false;
}

const char *uri_refusal(const char *uri)
{
	const char *rest = strstr(uri, "://");
	const char *plus = rest ? memchr(uri, '+', (size_t)(rest - uri)) : NULL;

	if (!rest)
		return "is no URI such as qemu:///system";
	if (!is_driver(uri, (size_t)((plus ? plus : rest) - uri)))
		return "has an unknown driver: allowed are qemu, lxc, xen, vz and test";
	if (plus && (rest - plus != 5 || strncmp(plus, "+unix", 5) != 0))
		return "is reached over a network: only local ones are allowed (none or +unix)";
	if (rest[3] != '/')
		return "names a machine: balloond manages the one that it runs on (qemu:///system)";
	if (strpbrk(uri, " \t\r\n#"))
		return "contains a space or a '#'";
	return NULL;
}
