/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/policy-list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/descriptor.h"
#include "build-config.h"

/* The name that is asked for, without ".so"; NULL: it can't be asked for. */
static char *module_name(const char *file)
{
	size_t length = strlen(file);
	char *name;

	if (length <= 3 || strcmp(file + length - 3, ".so") != 0)
		return NULL;
	name = strndup(file, length - 3);
	if (name && !descriptor_name_is_valid(name)) {
		free(name);
		return NULL;
	}
	return name;
}

static int is_module(const struct dirent *entry)
{
	char *name = module_name(entry->d_name);

	free(name);
	return name != NULL;
}

/* Not alphasort(): that depends on the locale. */
static int compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void policy_list_free(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

int policy_list(const char *dir, char ***ret, size_t *ret_n)
{
	struct dirent **entries;
	int n = scandir(dir ? dir : BALLOOND_POLICY_DIR, &entries, is_module, compare);
	char **names;
	int r = 0;

	if (n < 0)
		return -errno;
	names = calloc((size_t)n + 1, sizeof(*names));
	for (int i = 0; i < n; i++) {
		if (names)
			names[i] = module_name(entries[i]->d_name);
		if (!names || !names[i])
			r = -ENOMEM;
		free(entries[i]);
	}
	free(entries);
	if (!names || r < 0) {
		policy_list_free(names, names ? (size_t)n : 0);
		return -ENOMEM;
	}
	*ret = names;
	*ret_n = (size_t)n;
	return 0;
}
