/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Descriptor tables: one row a key says how it is written, what it is when it is not written, what
 * is allowed, where it goes and what it is for.  The tables are the configuration's one
 * description: reading, complaints, the effective configuration (config-walk.c), the JSON schema
 * and the man page's list of keys (ctl/describe-config.c) come from them.
 *
 * A reader returns 0; -EINVAL when it has complained (reading goes on, to find more); -ENOMEM. */

#include <stdio.h>

#include "balloond/core/config.h"
#include "balloond/io/node.h"

/* What readers need besides the node. */
struct reading {
	struct diagnostics *diagnostics;
	const char *policy_dir; /* NULL: the compiled-in one */
	bool dry_run;           /* is written: some defaults are others then */
	bool lenient;           /* nothing is required: the entry is disabled */
};

/* What is written at a key. */
enum key_kind {
	KEY_BOOL,     /* true, false */
	KEY_INTEGER,  /* low to high */
	KEY_TIME,     /* low to high, or a word */
	KEY_RATE,     /* bytes a second, low to high */
	KEY_AMOUNT,   /* bytes or a percentage, or a word */
	KEY_WORD,     /* one of words */
	KEY_WORDS,    /* one of words, or a list of them, empty ones too */
	KEY_NAME,     /* of an entry */
	KEY_TEXT,     /* for people, of any length that they like to read */
	KEY_URIS,     /* a URI or a list of them, or a word */
	KEY_PATTERNS, /* a shell pattern or a list of them */
	KEY_SIZES,    /* a range of sizes or a list of them */
	KEY_POLICY,   /* the name of a policy */
	KEY_POLICIES, /* one, or a list of them, empty ones too */
	KEY_PARAMS,   /* a mapping that the policy describes */
	KEY_WHEN,     /* a mapping of metrics (core/metric.h), and keys */
	KEY_SECTION,  /* a mapping of keys of the same struct; all of them have values without it */
	KEY_MAPPING,  /* a mapping of keys */
	KEY_MAPPINGS, /* the same, or a list of them */
	KEY_ENTRIES,  /* a list of mappings of keys, each with a name */
	KEY_LIST,     /* the same without names */
	KEY_OTHER,    /* what `expected` says */
};

struct key;

struct key_type {
	enum key_kind kind;
	int (*read)(const struct key *key, const struct node *node, void *field,
		    const struct reading *r);
	/* Writes what was read without complaint in its one canonical spelling: what means the
	 * same reads the same.  NULL where keys have to be walked. */
	void (*spell)(const struct key *key, const struct node *node, FILE *f);
};

struct key {
	const char *name; /* NULL ends a table */
	const struct key_type *type;
	size_t offset;            /* of the field in the table's struct */
	const char *fallback;     /* default in YAML spelling; NULL: the field stays as it is */
	const char *fallback_dry; /* the same where dry-run is written; NULL: no other */
	const char *help;         /* what it is for: one clause, no full stop */
	bool required;
	bool joins; /* is used up when files are joined: no part of the effective configuration */

	const struct key *keys;             /* of the mapping or of each entry */
	const char *low, *high;             /* bounds in YAML spelling, inclusive; NULL: none */
	const char *low_share, *high_share; /* KEY_AMOUNT: of percentages; NULL: none are allowed */
	const char *word;                   /* that is allowed too, or NULL, */
	enum amount_kind word_kind;         /* KEY_AMOUNT: and what it means */
	const char *const *words;           /* in the order of the enum, NULL-terminated */
	size_t index;                       /* KEY_PATTERNS: enum match_text */
	const char *expected;               /* what is allowed, for people */
};

/* Reads a mapping (NULL: nothing is written) into base: known keys, fallbacks, complaints about
 * unknown and missing ones. */
int keys_read(const struct node *mapping, const struct key *keys, void *base,
	      const struct reading *r);

/* The value of a key that is not written, as if it were; the node borrows the row's text. */
bool key_fallback(const struct key *key, bool dry_run, struct node *ret);

/* Complains about a key that nobody knows, with the nearest of names as a hint; what: "key". */
void keys_unknown(const struct node *node, const char *what, const char *const names[],
		  size_t n_names, struct diagnostics *d);

/* Parses text and holds it against bounds.  0, or -EINVAL with why ("found ..., expected ..." or
 * "130% is above 90%"). */
#define BOUNDED_WHY_MAX 192u

int bounded_parse(const char *text, enum balloond_type type, const char *low, const char *high,
		  uint64_t *ret, char why[BOUNDED_WHY_MAX]);

/* Bounded number, size, share, time or truth as a node; quoted ones are text where YAML says so. */
int bounded_read(const struct node *node, enum balloond_type type, const char *low,
		 const char *high, uint64_t *ret, struct diagnostics *d);

/* Like node_expected(), for what may be an amount: MB and its like are refused with the reason. */
void value_expected(const struct node *node, struct diagnostics *d, const char *expected);

/* Bytes a second: 256MiB/s. */
int rate_parse(const char *text, uint64_t *ret);

/* Canonical spellings of a value of that type, of a rate, and of a text, in double quotes. */
void spell_value(const char *text, enum balloond_type type, FILE *f);
void spell_rate(const char *text, FILE *f);
void spell_text(const char *text, FILE *f);

/* Calls spell() for a text, or for each of a list of them; not one alone is in brackets. */
void spell_list(const struct node *node, void (*spell)(const char *text, FILE *f), FILE *f);

/* A text or a list of texts, each of which check() has nothing against (NULL; else what is
 * wrong).  The caller owns the array and its texts, also after a failure. */
int texts_read(const struct node *node, size_t max, const char *expected,
	       const char *(*check)(const char *text), char ***ret, size_t *ret_n,
	       struct diagnostics *d);

/* What a list of mappings is made of. */
struct list_of {
	const struct key *keys;
	size_t size, max;    /* of an item, and how many there may be */
	const void *initial; /* what an item is before it is read; NULL: all zero */
	/* What must hold within an item that was read, or between it and those before it: 0 or
	 * negative errno when it has complained.  NULL: nothing. */
	int (*check)(const struct node *node, void *item, const struct reading *r);
};

/* Reads one; what is all commented out is an empty list.  The caller owns the array and what its
 * items own, also after a failure. */
int mappings_read(const struct node *node, const struct list_of *list, void **ret, size_t *ret_n,
		  const struct reading *r);

/* Whether a node is a list of at least one and at most max items, or no list; says so. */
int list_check(const struct node *node, size_t max, struct diagnostics *d);

#define KEY_TEXT_MAX 4096u /* bytes of a KEY_TEXT */

/* Types for tables; the comment names the type of the field. */
extern const struct key_type key_bool;    /* bool */
extern const struct key_type key_u32;     /* uint32_t, a count */
extern const struct key_type key_i32;     /* int32_t */
extern const struct key_type key_time;    /* usec_t */
extern const struct key_type key_rate;    /* uint64_t, bytes per second */
extern const struct key_type key_amount;  /* struct amount */
extern const struct key_type key_word;    /* an enum */
extern const struct key_type key_words;   /* uint32_t, 1 << enum */
extern const struct key_type key_name;    /* char *, owned */
extern const struct key_type key_section; /* the table's struct */
extern const struct key_type key_mapping; /* the same, and it may be required */
extern const struct key_type key_u64;     /* uint64_t, a count */
extern const struct key_type key_bytes;   /* uint64_t; the row has no shares and no word */
extern const struct key_type key_share;   /* uint64_t, permille; the row has shares alone */
extern const struct key_type key_text;    /* char *, owned */

/* For types of one's own. */
void key_spell_time(const struct key *key, const struct node *node, FILE *f);
