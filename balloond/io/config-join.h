/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Several files to one tree.  What comes later wins, the main file comes first:
 *
 *   mappings      are merged, key by key
 *   guests:       one list of all files' entries.  An entry whose name is there already replaces
 *   rules:        that one, whole and in its place.  A new one has its place by the name of its
 *                 file, the main file by its own name too: behind the entries of files that are
 *                 not behind it in C order.  So 10-customer.yaml's stand before those of
 *                 balloond.yaml, whose last entry means everyone, and the first match wins
 *   all else      replaces, other lists too
 *
 * A key without a value says nothing.  Entries that are disabled at the end are left out.  Private
 * to config*.c. */

#include "balloond/io/config.h"

/* Moves the trees of all files, each of which was checked, into files->root.  0; -EINVAL: d says
 * why; -ENOMEM. */
int config_join(struct config_files *files, struct diagnostics *d);
