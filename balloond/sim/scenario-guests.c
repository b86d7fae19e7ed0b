/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* guests: of a scenario. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/config-entries.h"
#include "balloond/io/util.h"
#include "balloond/sim/demand-file.h"
#include "balloond/sim/scenario-internal.h"

#define FIELD(x) .offset = offsetof(struct scenario_guest, x)
#define SPEED .low = "1MiB/s", .high = "1TiB/s"

enum kind { KIND_LINUX, KIND_WINDOWS, KIND_SILENT, KIND_XEN };

static const char *const kind_words[] = { "linux", "windows", "silent", "xen", NULL };

static int read_kind(const struct key *key, const struct node *node, void *field,
		     const struct reading *r)
{
	static const uint32_t traits[] = {
		[KIND_WINDOWS] = SIM_NO_USABLE | SIM_NO_SWAP_SEEN, [KIND_XEN] = SIM_NO_STATS
	};
	struct scenario_guest *g = field;
	unsigned kind = KIND_LINUX;
	int k = key_word.read(key, node, &kind, r);

	g->model.traits |= traits[kind];
	g->silent = kind == KIND_SILENT;
	return k;
}

static const char *const trait_words[] = { "deflate-on-oom", "free-page-reporting", "pinned",
					   "mapped-cache", NULL };

static int read_traits(const struct key *key, const struct node *node, void *field,
		       const struct reading *r)
{
	static const uint32_t traits[] = { SIM_AUTODEFLATE, SIM_FREE_REPORTING, SIM_PINNED,
					   SIM_MAPPED };
	struct scenario_guest *g = field;
	uint32_t words = 0;
	int k = key_words.read(key, node, &words, r);

	for (size_t i = 0; i < ELEMENTSOF(traits); i++)
		if (words & UINT32_C(1) << i)
			g->model.traits |= traits[i];
	return k;
}

static const struct key_type type_kind = { KEY_WORD, read_kind, NULL };
static const struct key_type type_traits = { KEY_WORDS, read_traits, NULL };

static const struct key cache_keys[] = {
	{ .name = "hot",
	  .type = &key_bytes,
	  FIELD(model.hot),
	  .fallback = "0",
	  SCENARIO_BYTES,
	  .help = "page cache that it reads again and again: when it is lost, the disk has to "
		  "serve "
		  "it" },
	{ .name = "fill",
	  .type = &key_rate,
	  FIELD(model.fill),
	  .low = "0/s",
	  .high = "1TiB/s",
	  .help = "how fast it reads other files, which fill what is free; without it 2MiB/s" },
	{ .name = "kept",
	  .type = &key_bytes,
	  FIELD(model.watermark),
	  .fallback = "0",
	  SCENARIO_BYTES,
	  .help = "how much of all this it does not call usable, half of it at most: the kernel's "
		  "low watermark, 40 to 80 MiB where it has transparent huge pages" },
	{ .name = NULL },
};

const struct key scenario_guest_keys[] = {
	{ .name = "name",
	  .type = &key_name,
	  FIELD(name),
	  .required = true,
	  .expected = CONFIG_NAME_EXPECTED,
	  .help = "what the guest is called; one of several is called NAME-1, NAME-2 and on" },
	{ .name = "count",
	  .type = &key_u32,
	  FIELD(count),
	  .fallback = "1",
	  .low = "1",
	  .high = "10000",
	  .help = "how many of these there are" },
	{ .name = "memory",
	  .type = &key_bytes,
	  FIELD(model.maximum),
	  .low = "16MiB",
	  .high = "64TiB",
	  .expected = SCENARIO_BYTES_EXPECTED,
	  .help = "its <memory>, the most that it can have; with a trace or the generator it may "
		  "be left to them, else it is required" },
	{ .name = "current",
	  .type = &key_bytes,
	  FIELD(model.sold),
	  .low = "16MiB",
	  .high = "64TiB",
	  .expected = SCENARIO_BYTES_EXPECTED,
	  .help = "its <currentMemory>, what was sold; without it all of its memory" },
	{ .name = "start",
	  .type = &key_bytes,
	  FIELD(model.start),
	  .low = "16MiB",
	  .high = "64TiB",
	  .expected = SCENARIO_BYTES_EXPECTED,
	  .help = "its size when the world begins; without it what was sold" },
	{ .name = "swap",
	  .type = &key_bytes,
	  FIELD(model.swap),
	  .fallback = "512MiB",
	  SCENARIO_BYTES,
	  .help = "its own swap" },
	{ .name = "kernel",
	  .type = &key_bytes,
	  FIELD(model.kernel),
	  SCENARIO_BYTES,
	  .help = "what its kernel keeps and never counts; without it what was measured" },
	{ .name = "overhead",
	  .type = &key_bytes,
	  FIELD(model.overhead),
	  SCENARIO_BYTES,
	  .help = "what its process on the host takes besides; without it what was measured" },
	{ .name = "disk",
	  .type = &key_rate,
	  FIELD(model.disk),
	  SPEED,
	  .help = "how fast it swaps and reads; without it as measured" },
	{ .name = "boot",
	  .type = &key_time,
	  FIELD(model.boot),
	  .low = "0",
	  .high = "1h",
	  .help = "how long it boots until its balloon answers; without it as measured" },
	{ .name = "inflate",
	  .type = &key_rate,
	  FIELD(model.inflate),
	  SPEED,
	  .help = "how fast its balloon takes memory that is free; without it as measured" },
	{ .name = "inflate-cache",
	  .type = &key_rate,
	  FIELD(model.inflate_cache),
	  SPEED,
	  .help = "the same of memory that is page cache" },
	{ .name = "inflate-anon",
	  .type = &key_rate,
	  FIELD(model.inflate_anon),
	  SPEED,
	  .help = "the same of memory that is in use and has to be swapped" },
	{ .name = "deflate",
	  .type = &key_rate,
	  FIELD(model.deflate),
	  SPEED,
	  .help = "how fast its balloon gives back; without it as measured" },
	{ .name = "kind",
	  .type = &type_kind,
	  .fallback = "linux",
	  .words = kind_words,
	  .expected = "linux, windows, silent or xen",
	  .help = "what it tells: linux, all; windows, neither what is usable nor swap; silent, "
		  "nothing, though it could; xen, nothing, for its hypervisor cannot" },
	{ .name = "traits",
	  .type = &type_traits,
	  .fallback = "[]",
	  .words = trait_words,
	  .expected =
		  "deflate-on-oom, free-page-reporting, pinned or mapped-cache, or a list of them",
	  .help = "what is special about it: its balloon gives back by itself before the guest "
		  "kills; free pages go back to the host by themselves; the host gains nothing "
		  "from "
		  "its balloon (VFIO); its hot cache is mapped" },
	{ .name = "cache",
	  .type = &key_section,
	  .keys = cache_keys,
	  .help = "its page cache, which is no part of what it needs" },
	{ .name = "starts",
	  .type = &key_time,
	  FIELD(starts),
	  .fallback = "0",
	  SCENARIO_TIME,
	  .help = "when it boots; 0: it runs when the world begins" },
	{ .name = "starts-apart",
	  .type = &key_time,
	  FIELD(stagger_start),
	  .fallback = "0",
	  SCENARIO_TIME,
	  .help = "how much later every next one of them boots" },
	{ .name = "apart",
	  .type = &key_time,
	  FIELD(stagger),
	  .fallback = "0",
	  SCENARIO_TIME,
	  .help = "how much later the need of every next one of them takes its course" },
	{ .name = "need",
	  .type = &scenario_type_need,
	  .keys = scenario_need_keys,
	  .help = "what it needs over time; it stalls with less" },
	{ .name = "faults",
	  .type = &scenario_type_faults,
	  .keys = scenario_fault_keys,
	  .help = "what goes wrong with it" },
	{ .name = NULL },
};

/* What somebody wrote at a key must not be more than what is known to be the most. */
static int check_most(const struct node *entry, const char *name, uint64_t x, const char *of,
		      uint64_t most, const struct reading *r)
{
	const struct node *node = node_find(entry, name);
	char text[VALUE_TEXT_MAX];

	if (!node || x <= most)
		return 0;
	node_error(node, r->diagnostics, "%s is above %s, which is %s", node_text(node), of,
		   value_format(text, BALLOOND_BYTES, most));
	return -EINVAL;
}

static int check_sizes(const struct node *entry, struct scenario_guest *g, const struct reading *r)
{
	struct sim_model *m = &g->model;
	int result = 0;

	if (m->maximum == 0 && (g->shape == SCENARIO_TRACE || g->shape == SCENARIO_GENERATOR))
		return 0;
	if (m->maximum == 0) {
		node_error(entry, r->diagnostics,
			   "the key 'memory' is missing: expected " SCENARIO_BYTES_EXPECTED
			   ", or a need with a trace or the generator");
		return -EINVAL;
	}
	scenario_complete_model(m);
	if (check_most(entry, "current", m->sold, "memory", m->maximum, r) < 0)
		result = -EINVAL;
	if (check_most(entry, "start", m->start, "memory", m->maximum, r) < 0)
		result = -EINVAL;
	if (check_most(entry, "kernel", m->kernel, "half of memory", m->maximum / 2, r) < 0)
		result = -EINVAL;
	return result;
}

static int check_guest(const struct node *entry, void *item, const struct reading *r)
{
	int named = config_check_name(entry, r->diagnostics);
	int sized = check_sizes(entry, item, r);

	return named < 0 || sized < 0 ? -EINVAL : 0;
}

/* Whether g's guests have a name that looks as if it were one of several. */
static bool is_one_of(const char *name, const struct scenario_guest *several)
{
	size_t length = strlen(several->name);
	uint64_t number;

	if (several->count < 2 || strncmp(name, several->name, length) != 0 ||
	    name[length] != '-' || name[length + 1] == '0')
		return false;
	return value_parse(name + length + 1, BALLOOND_COUNT, &number, NULL) == 0 && number > 0 &&
	       number <= several->count;
}

static int check_numbered(const struct scenario *s, const struct node *entry,
			  const struct reading *r)
{
	const struct scenario_guest *g = &s->guests[entry->index];

	for (size_t i = 0; g->count == 1 && i < s->n_guests; i++) {
		if (!is_one_of(g->name, &s->guests[i]))
			continue;
		node_error(node_find(entry, "name"), r->diagnostics,
			   "'%s' is one of the %u guests called '%s' already", g->name,
			   s->guests[i].count, s->guests[i].name);
		return -EINVAL;
	}
	return 0;
}

/* Between entries each of which is right. */
static int check_guests(const struct scenario *s, const struct node *list, const struct reading *r)
{
	size_t n = 0;

	for (const struct node *entry = list->first; entry; entry = entry->next) {
		n += s->guests[entry->index].count;
		if (check_numbered(s, entry, r) < 0)
			return -EINVAL;
		if (n <= SCENARIO_MAX_GUESTS)
			continue;
		node_error(entry, r->diagnostics,
			   "these are %zu guests in all, at most %u are "
			   "simulated",
			   n, SCENARIO_MAX_GUESTS);
		return -EINVAL;
	}
	return 0;
}

static struct scenario_guest initial_guest(void)
{
	return (struct scenario_guest){
		.model = {
			.sold = BALLOOND_UNKNOWN,
			.start = BALLOOND_UNKNOWN,
			.kernel = BALLOOND_UNKNOWN,
			.overhead = BALLOOND_UNKNOWN,
			.fill = BALLOOND_UNKNOWN,
			.inflate = BALLOOND_UNKNOWN,
			.inflate_cache = BALLOOND_UNKNOWN,
			.inflate_anon = BALLOOND_UNKNOWN,
			.deflate = BALLOOND_UNKNOWN,
			.disk = BALLOOND_UNKNOWN,
			.boot = BALLOOND_UNKNOWN,
		},
	};
}

static int read_guests(const struct key *key, const struct node *node, void *field,
		       const struct reading *r)
{
	const struct scenario_guest initial = initial_guest();
	const struct list_of list = { .keys = key->keys,
				      .size = sizeof(initial),
				      .max = SCENARIO_MAX_ENTRIES,
				      .initial = &initial,
				      .check = check_guest };
	struct scenario *s = field;
	void *guests = NULL;
	int k = mappings_read(node, &list, &guests, &s->n_guests, r);

	s->guests = guests;
	if (k < 0)
		return k;
	if (s->n_guests > 0)
		return check_guests(s, node, r);
	node_error(node, r->diagnostics, "there are none: expected %s", key->expected);
	return -EINVAL;
}

const struct key_type scenario_type_guests = { KEY_ENTRIES, read_guests, NULL };

/* As measured, where nobody has written otherwise. */
static void complete(uint64_t *x, uint64_t measured)
{
	if (*x == BALLOOND_UNKNOWN)
		*x = measured;
}

void scenario_complete_model(struct sim_model *m)
{
	struct sim_model measured;

	sim_model_init(&measured, m->maximum);
	complete(&m->sold, m->maximum);
	complete(&m->start, m->sold);
	complete(&m->kernel, measured.kernel);
	complete(&m->overhead, measured.overhead);
	complete(&m->fill, measured.fill);
	complete(&m->inflate, measured.inflate);
	complete(&m->inflate_cache, measured.inflate_cache);
	complete(&m->inflate_anon, measured.inflate_anon);
	complete(&m->deflate, measured.deflate);
	complete(&m->disk, measured.disk);
	complete(&m->boot, measured.boot);
}

void scenario_guest_done(struct scenario_guest *g)
{
	free(g->name);
	free(g->trace_path);
	free(g->faults);
	demand_done(&g->need);
	demand_file_free(g->trace);
}
