/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a key of the effective configuration is where nobody writes it: from the tables of keys, and
 * from those of policies for their parameters. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/ctl/config.h"
#include "balloond/io/config-entries.h"

/* A key of `keys` that path begins with; path moves on, *ret_entry to the name of its entry. */
static const struct key *find_key(const struct key *keys, const char **path, const char **ret_entry)
{
	size_t n = strcspn(*path, ".[");

	for (; keys && keys->name; keys++) {
		if (strlen(keys->name) != n || strncmp(keys->name, *path, n) != 0)
			continue;
		*path += n;
		if (**path == '[') {
			const char *end = strstr(*path, "].");

			if (!end)
				return NULL;
			*ret_entry = *path + 1;
			*path = end + 1;
		}
		*path += **path == '.';
		return keys;
	}
	return NULL;
}

static const struct balloond_param *find_param(const struct config *config, const char *entry,
					       const char *name)
{
	for (size_t i = 0; i < config->n_rules; i++) {
		const struct rule *rule = &config->rules[i];
		size_t n = strlen(rule->name);

		if (strncmp(rule->name, entry, n) != 0 || entry[n] != ']')
			continue;
		for (size_t k = 0; k < rule->policy->n_params; k++)
			if (strcmp(rule->policy->params[k].name, name) == 0)
				return &rule->policy->params[k];
	}
	return NULL;
}

/* Writes the default of the key at path, if there is one. */
static void spell_default(const struct config *config, const char *path, FILE *f)
{
	const struct balloond_param *param;
	const struct key *key = NULL;
	const char *entry = "";
	struct node node;

	for (const struct key *keys = config_keys; *path; keys = key->keys) {
		key = find_key(keys, &path, &entry);
		if (!key)
			return;
		if (key->type->kind != KEY_PARAMS)
			continue;
		param = find_param(config, entry, path);
		if (param && param->fallback)
			spell_value(param->fallback, param->type, f);
		return;
	}
	if (key && key->type->spell && key_fallback(key, config->dry_run, &node))
		key->type->spell(key, &node, f);
}

int ctl_config_default(const struct config *config, const char *path, char **ret)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f;

	f = open_memstream(&text, &size);
	if (!f)
		return -ENOMEM;
	spell_default(config, path, f);
	if (fclose(f) != 0) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	return 0;
}
