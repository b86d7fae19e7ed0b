/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the tables of keys say, for others: describe-config prints it when balloond is built. */

#include <jansson.h>

#include "balloond/io/keys.h"

/* A JSON schema (draft 7) of a file; where it cannot know, it is more lenient than balloond.
 * NULL: no memory. */
json_t *describe_schema(void);

/* Definition lists in reStructuredText: of a table of keys, and of the figures of simulations. */
void describe_list(const struct key *keys, FILE *f);
void describe_figures(FILE *f);
