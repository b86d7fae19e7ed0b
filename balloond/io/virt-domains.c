/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Handles of domains.  They belong to their connection: each thread that asks has its own. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"
#include "balloond/io/virt-internal.h"

static int compare_domains(const void *a, const void *b)
{
	return strcmp(((const struct virt_domain *)a)->uuid, ((const struct virt_domain *)b)->uuid);
}

static int compare_uuid(const void *uuid, const void *domain)
{
	return strcmp(uuid, ((const struct virt_domain *)domain)->uuid);
}

void virt_domains_forget(struct virt_domains *domains)
{
	for (size_t i = 0; i < domains->n; i++)
		(void)virDomainFree(domains->list[i].handle);
	free(domains->list);
	*domains = (struct virt_domains){ 0 };
}

int virt_domains_list(virConnectPtr connection, struct virt_domains *domains)
{
	_cleanup_free_ virDomainPtr *handles = NULL;
	struct virt_domain *list;
	size_t kept = 0;
	int n;

	n = virConnectListAllDomains(connection, &handles, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	if (n < 0)
		return virt_errno();
	list = calloc((size_t)n + 1, sizeof(*list));
	for (int i = 0; i < n; i++) {
		if (list && virDomainGetUUIDString(handles[i], list[kept].uuid) >= 0)
			list[kept++].handle = handles[i];
		else
			(void)virDomainFree(handles[i]);
	}
	if (!list)
		return -ENOMEM;
	qsort(list, kept, sizeof(*list), compare_domains);
	virt_domains_forget(domains);
	*domains = (struct virt_domains){ .list = list, .n = kept };
	return 0;
}

virDomainPtr virt_domains_find(const struct virt_domains *domains, const char *uuid)
{
	const struct virt_domain *found = NULL;

	if (domains->n > 0)
		found = bsearch(uuid, domains->list, domains->n, sizeof(*domains->list),
				compare_uuid);
	return found ? found->handle : NULL;
}
