/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One job of tests/bench/relief: guests that at some time, at none that anybody could know, need
 * more than they have at that moment, while there is room for it.  Unlike the other benches' their
 * need does hang on what they get: "beyond the size" is what is asked about.  So each guest has one
 * spike, and then the world begins anew: else every spike would be on top of the one before, until
 * all that guests are used to does not fit any more.  Prints one line of JSON: how long each spike
 * waited for its last byte, in the order of time.
 *
 * A guest in its turn
 *
 *   rests    long enough to count for a calm one; its need is low
 *   warms    in a hot run alone: its need rises to near its size and stays there, so that it has
 *            the headroom that its policy leaves a guest in use, and no more
 *   waits    its need is its size at that moment and the spike; ends with the last byte of it, or
 *            when it has waited too long
 *   is done  and needs what it got until the others are, too */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/config-override.h"
#include "balloond/io/config.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "balloond/sim/random.h"
#include "balloond/sim/run.h"

/* What a guest is, and what it needs at rest.  The pool holds all that they will ever need. */
#define MAXIMUM (4 * BALLOOND_GIB)
#define REST BALLOOND_GIB
#define START (3 * BALLOOND_GIB / 2)
#define POOL_A_GUEST (7 * BALLOOND_GIB / 2)
#define HOST_OWN (2 * BALLOOND_GIB)
#define SETTLE (60 * BALLOOND_SECOND)
/* Over which their turns are spread, so that few of them wait at the same time. */
#define SPREAD (120 * BALLOOND_SECOND)
#define WARM_TIME (10 * BALLOOND_SECOND)
#define WARM_LEFT (256 * BALLOOND_MIB) /* of its size, until its policy gives it more */
#define TOO_LONG (60 * BALLOOND_SECOND)
/* By how much a time is longer than it says, at random: more than anybody's interval. */
#define PHASE (16 * BALLOOND_SECOND)

enum turn { TURN_RESTS, TURN_WARMS, TURN_WAITS, TURN_DONE };

struct spiker {
	enum turn turn;
	usec_t since, until;
	usec_t looked; /* when it was last looked at before it waited; 0: that is over */
	struct sim_random random;
};

struct relief {
	const char *policy, *policy_dir;
	enum commit commit;
	bool is_calm;
	uint64_t n_guests, n_wanted, seed, spike;
	usec_t step;

	struct sim_world *world;
	struct spiker *spikers;
	size_t n_done; /* of this world's */
	usec_t *reliefs;
	size_t n_reliefs;
	uint64_t room; /* of the last plan */
	/* Spikes that waited too long; that were none, being beyond the maximum, or without room.
	 */
	uint64_t n_given_up, n_full, n_without_room;
	usec_t period; /* of a spiking guest's statistics, the longest */
	/* Between the two looks before and after a spike: the sum of all, and the longest. */
	usec_t looks, look_most;
};

static void relief_done(struct relief *r)
{
	(void)sim_world_free(r->world);
	free(r->spikers);
	free(r->reliefs);
}

static void turn_to(struct spiker *s, enum turn turn, usec_t now, usec_t length, usec_t phase)
{
	s->turn = turn;
	s->since = now;
	s->until = now + length + (phase > 0 ? sim_random_below(&s->random, phase) : 0);
}

static void end_turn(struct relief *r, size_t i)
{
	turn_to(&r->spikers[i], TURN_DONE, r->world->now, 0, 0);
	r->n_done++;
}

static void warm(struct relief *r, size_t i)
{
	uint64_t need = balloond_sub(r->world->guests[i].size, WARM_LEFT);

	r->world->demands[i].high = balloond_max(REST, need);
	turn_to(&r->spikers[i], TURN_WARMS, r->world->now, WARM_TIME, PHASE);
}

static void spike(struct relief *r, size_t i)
{
	const struct sim_guest *g = &r->world->guests[i];

	if (g->size + r->spike > g->model.maximum || r->room < r->spike) {
		r->n_full += g->size + r->spike > g->model.maximum;
		r->n_without_room += r->room < r->spike;
		end_turn(r, i);
		return;
	}
	r->world->demands[i].high = g->size + r->spike;
	r->period = balloond_max(r->period, g->period);
	r->spikers[i].looked = g->look.at;
	turn_to(&r->spikers[i], TURN_WAITS, r->world->now, TOO_LONG, 0);
}

/* The first look at a guest since its spike began. */
static void note_look(struct relief *r, size_t i)
{
	struct spiker *s = &r->spikers[i];
	usec_t at = r->world->guests[i].look.at;

	if (s->looked == 0 || at <= s->since)
		return;
	r->looks += at - s->looked;
	r->look_most = balloond_max(r->look_most, at - s->looked);
	s->looked = 0;
}

/* What it is asked for in a step it has at the end of that step at the earliest. */
static void await_relief(struct relief *r, size_t i)
{
	const struct sim_guest *g = &r->world->guests[i];
	struct spiker *s = &r->spikers[i];
	bool is_met = g->size >= r->world->demands[i].high;

	note_look(r, i);
	if (!is_met && r->world->now < s->until)
		return;
	r->n_given_up += !is_met;
	if (r->n_reliefs < r->n_wanted)
		r->reliefs[r->n_reliefs++] = r->world->now - s->since;
	end_turn(r, i);
}

static void go_on(struct relief *r, size_t i)
{
	struct spiker *s = &r->spikers[i];
	usec_t now = r->world->now;

	switch (s->turn) {
	case TURN_RESTS:
		if (now >= s->until && r->is_calm)
			spike(r, i);
		else if (now >= s->until)
			warm(r, i);
		break;
	case TURN_WARMS:
		if (now >= s->until)
			spike(r, i);
		break;
	case TURN_WAITS:
		await_relief(r, i);
		break;
	case TURN_DONE:
		break;
	}
}

static int on_step(void *userdata, const struct sim_view *view)
{
	struct relief *r = userdata;

	r->room = view->plan->account.room;
	for (size_t i = 0; i < r->world->n_guests; i++)
		go_on(r, i);
	return r->n_done < r->n_guests ? 0 : -ECANCELED;
}

static int make_guests(struct relief *r)
{
	int k = sim_world_new(r->n_guests, &r->world);

	if (k < 0)
		return k;
	for (size_t i = 0; i < r->n_guests; i++) {
		struct sim_guest *g = &r->world->guests[i];

		r->world->demands[i] = (struct demand){ .maximum = MAXIMUM, .high = REST };
		sim_model_init(&g->model, MAXIMUM);
		g->model.start = START;
		g->model.swap = r->spike + BALLOOND_GIB;
		g->model.fill = 0;
		g->period = BALLOOND_SECOND;
	}
	return 0;
}

/* The machine has more than the pool, so that the pool is what binds. */
static void make_host(struct relief *r, uint64_t pool)
{
	struct sim_host_model *m = &r->world->host.model;

	m->own = HOST_OWN;
	m->total = 2 * balloond_add(pool, HOST_OWN);
}

static int load_config(const struct relief *r, struct config **ret)
{
	static const char built_in[] = "version: 1\n"
				       "dry-run: false\n";
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	_cleanup_config_ struct config *config = NULL;
	int k = config_parse(built_in, sizeof(built_in) - 1, "relief", r->policy_dir, &config, &d);

	if (k >= 0)
		k = config_use_policy(config, r->policy, r->policy_dir, &d);
	if (k >= 0)
		k = config_use_min(config, (struct amount){ .kind = AMOUNT_KERNEL });
	diagnostics_print(&d, stderr);
	if (k < 0)
		return k;
	config->host.commit = r->commit;
	*ret = TAKE_PTR(config);
	return 0;
}

/* One world, until every guest in it had its spike. */
static int run(struct relief *r, struct config *config)
{
	struct sim_result result;
	struct sim_setup setup = {
		.pool = r->n_guests * POOL_A_GUEST,
		.overhead_on_top = true,
		.step = r->step,
		.length = UINT64_MAX / 2,
		.hears = true,
		.on_step = on_step,
		.userdata = r,
	};
	int k = make_guests(r);

	if (k < 0)
		return k;
	setup.world = r->world;
	setup.config = config;
	r->n_done = 0;
	make_host(r, setup.pool);
	sim_world_begin(r->world);
	for (size_t i = 0; i < r->n_guests; i++)
		turn_to(&r->spikers[i], TURN_RESTS, r->world->now, SETTLE, SPREAD);
	k = sim_run(&setup, &result);
	return k == -ECANCELED ? 0 : k;
}

static int run_all(struct relief *r)
{
	_cleanup_config_ struct config *config = NULL;
	uint64_t before;
	int k = load_config(r, &config);

	r->spikers = calloc(r->n_guests, sizeof(*r->spikers));
	r->reliefs = calloc(r->n_wanted, sizeof(*r->reliefs));
	if (!r->spikers || !r->reliefs)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_guests; i++)
		r->spikers[i].random = sim_random_begin(r->seed, i);
	while (k >= 0 && r->n_reliefs < r->n_wanted) {
		r->world = sim_world_free(r->world);
		before = r->n_reliefs;
		k = run(r, config);
		if (k >= 0 && r->n_reliefs == before)
			return -ENOSPC; /* none of them had room */
	}
	return k;
}

static void print(const struct relief *r)
{
	printf("{\"move\": %" PRIu64 ", \"look\": %" PRIu64 ", \"look-most\": %" PRIu64
	       ", \"period\": %" PRIu64 ", \"given-up\": %" PRIu64 ", \"full\": %" PRIu64
	       ", \"without-room\": %" PRIu64 ", \"reliefs\": [",
	       balloond_mul_div(r->spike, BALLOOND_SECOND, r->world->guests[0].model.deflate),
	       r->looks / r->n_reliefs, r->look_most, r->period, r->n_given_up, r->n_full,
	       r->n_without_room);
	for (size_t i = 0; i < r->n_reliefs; i++)
		printf("%s%" PRIu64, i > 0 ? ", " : "", r->reliefs[i]);
	puts("]}");
}

static int take(struct relief *r, const char *name, const char *text)
{
	static const struct {
		const char *name;
		enum balloond_type type;
		size_t offset;
	} numbers[] = {
		{ "guests", BALLOOND_COUNT, offsetof(struct relief, n_guests) },
		{ "spikes", BALLOOND_COUNT, offsetof(struct relief, n_wanted) },
		{ "seed", BALLOOND_COUNT, offsetof(struct relief, seed) },
		{ "size", BALLOOND_BYTES, offsetof(struct relief, spike) },
		{ "step", BALLOOND_USEC, offsetof(struct relief, step) },
	};
	const char *expected = NULL;
	int k;

	for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
		if (strcmp(name, numbers[i].name) != 0)
			continue;
		k = value_parse(text, numbers[i].type,
				(uint64_t *)(void *)((char *)r + numbers[i].offset), &expected);
		if (k < 0)
			fprintf(stderr, "relief-run: \"%s\": expected %s\n", text, expected);
		return k;
	}
	*(strcmp(name, "policy") == 0 ? &r->policy : &r->policy_dir) = text;
	return 0;
}

static int parse_options(struct relief *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "guests", required_argument, NULL, 1 },
		{ "spikes", required_argument, NULL, 1 },
		{ "seed", required_argument, NULL, 1 },
		{ "size", required_argument, NULL, 1 },
		{ "step", required_argument, NULL, 1 },
		{ "policy", required_argument, NULL, 1 },
		{ "policy-dir", required_argument, NULL, 1 },
		{ "elastic", no_argument, NULL, 2 },
		{ "calm", no_argument, NULL, 3 },
		{ NULL, 0, NULL, 0 },
	};
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "", options, &index)) >= 0) {
		if (option == 2)
			r->commit = COMMIT_ELASTIC;
		else if (option == 3)
			r->is_calm = true;
		else if (option != 1 || take(r, options[index].name, optarg) < 0)
			return -1;
	}
	return optind == argc && r->policy && r->n_guests > 0 && r->n_wanted > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	_cleanup_(relief_done) struct relief r = {
		.n_guests = 64,
		.n_wanted = 1000,
		.seed = 1,
		.spike = 512 * BALLOOND_MIB,
		.step = BALLOOND_SECOND / 100,
		.commit = COMMIT_STRICT,
	};
	int k;

	if (parse_options(&r, argc, argv) < 0) {
		fprintf(stderr, "usage: see tests/bench/relief\n");
		return 2;
	}
	k = run_all(&r);
	if (k < 0) {
		fprintf(stderr, "relief-run: %s\n", strerror(-k));
		return 1;
	}
	print(&r);
	return 0;
}
