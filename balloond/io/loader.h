/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Finds policies by name: NAME.so in one directory, never a path from a configuration.  A module
 * runs as balloond does, so only whoever could replace balloond itself may put it there.  Modules
 * are loaded when a rule asks for them and stay until balloond ends: their data is const and used
 * everywhere, and a reload finds them again. */

#include <stdbool.h>
#include <stddef.h>

#include "balloond/policy.h"

/* 0 with a descriptor that was checked and stays valid for ever; -ENOENT: there is no such module;
 * -EPERM: others could have written it; -EINVAL: it is no policy for this balloond; -ENOMEM.
 * error says it in one sentence.  dir_is_builtin: everything up to / has to be root's.  Main
 * thread only. */
int loader_load(const char *dir, bool dir_is_builtin, const char *name,
		const struct balloond_policy **ret, char *error, size_t error_size);
