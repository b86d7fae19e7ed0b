/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Refusals of the loader, compared in full: '@' stands for a directory, '#' for the size of a
 * policy's descriptor. */

#include <check.h>
#include <stdio.h>

#include "balloond/policy.h"

static inline void check_sentence(const char *error, const char *says, const char *directory)
{
	char expected[4096];
	size_t n = 0;

	for (; *says; says++) {
		char *at = expected + n;
		size_t room = sizeof(expected) - n;

		if (*says == '@')
			n += (size_t)snprintf(at, room, "%s", directory);
		else if (*says == '#')
			n += (size_t)snprintf(at, room, "%zu", sizeof(struct balloond_policy));
		else
			n += (size_t)snprintf(at, room, "%c", *says);
		ck_assert_uint_lt(n, sizeof(expected));
	}
	ck_assert_str_eq(error, expected);
}
