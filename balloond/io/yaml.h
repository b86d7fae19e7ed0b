/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Composes the tree of a file.  It knows YAML and nothing of the configuration.  What it refuses,
 * and why:
 *
 *   anchors, aliases, tags   nobody needs them here, and they hide what is meant
 *   duplicate keys           libyaml takes the last one in silence
 *   more than one document   the second would be ignored in silence
 *   depth, nodes, size       libyaml's time is quadratic in the depth
 *
 * Only yaml.c includes libyaml. */

#include <stddef.h>

#include "balloond/io/node.h"

#define YAML_MAX_SIZE (1024u * 1024u) /* bytes of a file */
#define YAML_MAX_DEPTH 32u            /* of collections in each other */
#define YAML_MAX_NODES 10000u         /* scalars, lists and mappings; keys are not counted */

/* 0; -EINVAL with the reasons in d; -ENOMEM.  An empty file is an empty mapping.  The caller
 * owns *ret; source has to live as long. */
int yaml_compose(const char *text, size_t size, const struct source *source, struct diagnostics *d,
		 struct node **ret);
