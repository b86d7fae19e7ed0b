/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Descriptor tables: one row a key says how it is written, what it is when it is not written, what
 * is allowed and where it goes.  The tables are the configuration's one description; the readers
 * here turn text into values and complaints.
 *
 * A reader returns 0; -EINVAL when it has complained (reading goes on, to find more); -ENOMEM. */

#include "balloond/core/config.h"
#include "balloond/io/node.h"

/* What readers need besides the node. */
struct reading {
	struct diagnostics *diagnostics;
	const char *policy_dir; /* NULL: the compiled-in one */
};

struct key {
	const char *name; /* NULL ends a table */
	int (*read)(const struct key *key, const struct node *node, void *field,
		    const struct reading *r);
	size_t offset;        /* of the field in the table's struct */
	const char *fallback; /* default in YAML spelling; NULL: the field stays as it is */
	bool required;

	const struct key *keys; /* a mapping of more keys of the same struct; then no read */
	const char *low, *high; /* bounds in YAML spelling, inclusive; NULL: none */
	const char *low_share, *high_share; /* key_amount: the same for percentages */
	const char *word;                   /* key_amount: a word that is allowed too, or NULL, */
	enum amount_kind word_kind;         /* and what it means */
	const char *const *words; /* key_word: in the order of the enum, NULL-terminated */
	const char *expected;     /* key_amount, key_word: what is allowed, for people */
};

/* Reads a mapping (NULL: nothing is written) into base: known keys, fallbacks, complaints about
 * unknown and missing ones. */
int keys_read(const struct node *mapping, const struct key *keys, void *base,
	      const struct reading *r);

/* Complains about a key that nobody knows, with the nearest of names as a hint. */
void keys_unknown(const struct node *node, const char *const names[], size_t n_names,
		  struct diagnostics *d);

/* Parses text and holds it against bounds.  0, or -EINVAL with why ("found ..., expected ..." or
 * "130% is above 90%"). */
#define BOUNDED_WHY_MAX 192u

int bounded_parse(const char *text, enum balloond_type type, const char *low, const char *high,
		  uint64_t *ret, char why[BOUNDED_WHY_MAX]);

/* Bounded number, size, share, time or truth as a node; quoted ones are text where YAML says so. */
int bounded_read(const struct node *node, enum balloond_type type, const char *low,
		 const char *high, uint64_t *ret, struct diagnostics *d);

/* A text or a list of texts, each of which check() has nothing against (NULL; else what is
 * wrong).  The caller owns the array and its texts, also after a failure. */
int texts_read(const struct node *node, size_t max, const char *expected,
	       const char *(*check)(const char *text), char ***ret, size_t *ret_n,
	       struct diagnostics *d);

/* Readers for tables; the comment names the type of the field. */
int key_bool(const struct key *key, const struct node *node, void *field,
	     const struct reading *r); /* bool */
int key_u32(const struct key *key, const struct node *node, void *field,
	    const struct reading *r); /* uint32_t, a count */
int key_rate(const struct key *key, const struct node *node, void *field,
	     const struct reading *r); /* uint64_t, bytes per second */
int key_amount(const struct key *key, const struct node *node, void *field,
	       const struct reading *r); /* struct amount */
int key_word(const struct key *key, const struct node *node, void *field,
	     const struct reading *r); /* an enum */
int key_name(const struct key *key, const struct node *node, void *field,
	     const struct reading *r); /* char *, owned */
