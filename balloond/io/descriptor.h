/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether a policy's descriptor can be worked with.  Everything after this check trusts it: tables
 * end where they say, defaults parse and lie within their bounds, offsets lie inside the struct.
 *
 * The limits are generous for what policies do and small against 10,000 guests. */

#include <stdbool.h>

#include "balloond/policy.h"

#define DESCRIPTOR_MAX_PARAMS 64u
#define DESCRIPTOR_MAX_PARAMS_SIZE 65536u
#define DESCRIPTOR_MAX_REASONS 256u
#define DESCRIPTOR_MAX_STATE_SIZE 65536u /* bytes a guest, state and scratch each */
#define DESCRIPTOR_MAX_RULE_STATE_SIZE (1024u * 1024u)

#define DESCRIPTOR_ERROR_MAX 256u

/* 0, or -EINVAL with one sentence in error, which names the module as NAME.so. */
int descriptor_check(const struct balloond_policy *policy, const char *name,
		     char error[DESCRIPTOR_ERROR_MAX]);

/* ^[a-z][a-z0-9-]{0,31}$: names of policies, parameters and figures. */
bool descriptor_name_is_valid(const char *name);
