/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Values as people write them, and units.  The edge between "512MiB" and bytes: nothing else in
 * balloond parses or prints a unit.
 *
 *   bytes     12MiB, 1.5GiB; K M G T (= KiB ...); a bare number only for 0.  MB, GB are refused:
 *             libvirt reads them as powers of ten, people do not.
 *   permille  12.5%, 0%..; kept as tenths of a per cent
 *   time      500ms, 5s, 2min, 1h, 7d; kept as microseconds
 *   count     a decimal number
 *   bool      true, false (YAML 1.2 core schema) */

#include <stddef.h>
#include <stdint.h>

#include "balloond/policy.h"

typedef uint64_t usec_t;

/* Parses text as type.  0, or -EINVAL with *ret_expected (static) saying what is allowed. */
int value_parse(const char *text, enum balloond_type type, uint64_t *ret,
		const char **ret_expected);

#define VALUE_TEXT_MAX 32u

/* Prints x in the shortest exact spelling that value_parse() reads back ("unknown" for UNKNOWN).
 * Returns buf. */
const char *value_format(char buf[VALUE_TEXT_MAX], enum balloond_type type, uint64_t x);

/* Prints bytes for people: three digits and a unit ("1.25 GiB").  Not meant to be read back. */
const char *value_format_human(char buf[VALUE_TEXT_MAX], uint64_t bytes);

/* An amount of memory that may be left to balloond, or be a share of something else. */
enum amount_kind {
	AMOUNT_AUTO, /* balloond's own formula */
	AMOUNT_BYTES,
	AMOUNT_PERMILLE, /* of a base that the key names */
	AMOUNT_KERNEL,   /* min: the kernel's floor alone */
};

struct amount {
	enum amount_kind kind;
	uint64_t value; /* bytes or permille */
};

/* Bytes of a, given its base; `otherwise` for the kinds that carry no number. */
uint64_t amount_bytes(struct amount a, uint64_t base, uint64_t otherwise);
