/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* pressure: shrinks each guest a little at a time until it shows that it feels it.
 *
 *   size |--.
 *        |   '--.                            .--.             one probe: 1 % every 6 s
 *        |       '--.                        |   '--.
 *        |           '--.  .--------...------'       '--.     relief: 10 %, at once
 *        |               '-'   wait, doubled            '-
 *        +------------------------------------------------> time
 *                        ^ swaps in, faults, or reads its cache again
 *
 * What a guest could do without is seen by taking it (Senpai, and Meta's TMO): this finds the cache
 * that no figure tells from the cache that is needed, and costs the guest a stall now and then.
 *
 * A guest that warns shows one of these in a fresh sample, as a rate since the one before:
 *   - it swaps in;
 *   - its major faults are above a limit; above half of it the guest is left as it is, so that one
 *     whose faults rise slowly comes to rest instead of being probed into relief;
 *   - soon after it was made smaller it reads more from its disk than it used to: reads of cached
 *     files that were dropped cause no major faults.
 * What is not known is no signal.  A guest that gives none at all, and was never seen to swap, is
 * not probed below what it uses and 15 %: nothing would come before its OOM killer.
 *
 * While the host itself stalls nobody is probed.  Guests are then slow for reasons of the host's,
 * and taking memory that the host has swapped out makes it read that first.  What the host needs in
 * a hurry the guard takes, from what is not claimed. */

#include "balloond/policy-math.h"
#include "balloond/policy.h"

enum {
	REASON_PROBING,
	REASON_LEAST,
	REASON_NEAR,
	REASON_SWAPPING,
	REASON_FAULTING,
	REASON_READING,
	REASON_SHORT,
	REASON_WAITING,
	REASON_COOLING,
	REASON_HOST,
	REASON_UNKNOWN,
};

static const char *const reasons[] = {
	[REASON_PROBING] = "it shows no stall: it is shrunk a little at a time",
	[REASON_LEAST] = "it has no more than it uses and a little",
	[REASON_NEAR] = "its major faults come near the limit",
	[REASON_SWAPPING] = "it swaps in: it gets memory back",
	[REASON_FAULTING] = "its major faults are above the limit: it gets memory back",
	[REASON_READING] = "it reads again what was taken from its cache: it gets memory back",
	[REASON_SHORT] = "it has hardly anything left unused: it gets memory back",
	[REASON_WAITING] = "it stalled, and is left alone for a while",
	[REASON_COOLING] = "it was in distress a moment ago",
	[REASON_HOST] = "the host itself stalls: nobody is probed",
	[REASON_UNKNOWN] = "what it uses is not known: it is not probed",
};

enum { FIGURE_FAULTS, FIGURE_READS, FIGURE_USUAL, FIGURE_WAIT };

static const struct balloond_figure figures[] = {
	[FIGURE_FAULTS] = { "faults-per-second", BALLOOND_COUNT },
	[FIGURE_READS] = { "reads-per-second", BALLOOND_BYTES },
	[FIGURE_USUAL] = { "usual-reads-per-second", BALLOOND_BYTES },
	[FIGURE_WAIT] = { "wait", BALLOOND_USEC },
};

/* Less between two samples is cold pages that come back. */
#define SWAP_IN_MIN BALLOOND_MIB
/* How long after a guest was made smaller its reads are put down to that, and how much more than
 * usual they must be. */
#define READS_WATCHED (30 * BALLOOND_SECOND)
#define READS_HALF_LIFE (30 * BALLOOND_SECOND)
#define READS_MIN (2 * BALLOOND_MIB)
/* Beside what it uses, permille of that: with and without a warning before the OOM killer. */
#define KEEP_WARNED 50u
#define KEEP_UNWARNED 150u
/* The wait doubles with every stall that comes within the longest one after the last. */
#define DOUBLINGS 4u

struct params {
	uint64_t probe; /* permille of the size */
	uint64_t every;
	uint64_t faults; /* a second */
	uint64_t relief; /* permille of the size */
	uint64_t wait;
	uint64_t host_stall; /* permille of the time */
};

static const struct balloond_param params_table[] = {
	{ "probe", BALLOOND_PERMILLE, offsetof(struct params, probe), "1%", "0.1%", "10%",
	  "A guest without a stall is shrunk by this share of its size at a time" },
	{ "every", BALLOOND_USEC, offsetof(struct params, every), "6s", "1s", "10min",
	  "The least time from one such step to the next" },
	{ "faults", BALLOOND_COUNT, offsetof(struct params, faults), "10", "1", "100000",
	  "More major faults than this in a second are a stall" },
	{ "relief", BALLOOND_PERMILLE, offsetof(struct params, relief), "10%", "1%", "100%",
	  "A guest that stalls gets this share of its size back at once" },
	{ "wait", BALLOOND_USEC, offsetof(struct params, wait), "60s", "1s", "1h",
	  "A guest that stalled is left alone for this time, longer if it does so again" },
	{ "host-stall", BALLOOND_PERMILLE, offsetof(struct params, host_stall), "10%", "0.1%",
	  "100%",
	  "Nobody is probed while the host waits for memory for more than this share of time" },
};

struct state {
	/* of the last sample looked at */
	uint64_t sample;
	uint64_t swap_in, major_faults, disk_reads;
	uint64_t faults, reads; /* a second, or UNKNOWN */
	uint64_t worst;         /* faults a second since the last probe */

	uint64_t has_usual, usual;     /* its reads a second while nothing is wrong */
	uint64_t size, shrunk;         /* its last target, and when that last fell; 0: never */
	uint64_t probed, probe_sample; /* when it was last probed, and the newest sample then */
	uint64_t goal;                 /* the size that the last probe or relief leads to */
	uint64_t stalled, stalls;      /* when last, and how often in a row */
};

static uint64_t rate(uint64_t before, uint64_t now, uint64_t elapsed)
{
	if (before == BALLOOND_UNKNOWN || now == BALLOOND_UNKNOWN || now < before || elapsed == 0)
		return BALLOOND_UNKNOWN;
	return balloond_mul_div(now - before, BALLOOND_SECOND, elapsed);
}

static int is_above(uint64_t x, uint64_t limit)
{
	return x != BALLOOND_UNKNOWN && x > limit;
}

static int warns(const struct balloond_guest *g)
{
	return g->flags & BALLOOND_GUEST_SWAPPED || g->swap_in != BALLOOND_UNKNOWN ||
	       g->major_faults != BALLOOND_UNKNOWN || g->disk_reads != BALLOOND_UNKNOWN;
}

/* What is left to a guest beside what it uses. */
static uint64_t kept(const struct balloond_guest *g)
{
	return balloond_permille(g->used, warns(g) ? KEEP_WARNED : KEEP_UNWARNED);
}

/* Takes over a new sample's counters as rates, and tells whether it swapped in.  Where samples were
 * missed, while another rule held, nothing can be said. */
static int take_sample(const struct balloond_guest *g, struct state *state)
{
	int is_next = state->sample > 0 && g->sample == state->sample + 1;
	int swapped = is_next && g->swap_in != BALLOOND_UNKNOWN &&
		      state->swap_in != BALLOOND_UNKNOWN &&
		      g->swap_in >= balloond_add(state->swap_in, SWAP_IN_MIN);
	uint64_t elapsed = is_next ? g->sample_elapsed : 0;

	state->faults = rate(state->major_faults, g->major_faults, elapsed);
	state->reads = rate(state->disk_reads, g->disk_reads, elapsed);
	if (state->faults != BALLOOND_UNKNOWN)
		state->worst = balloond_max(state->worst, state->faults);
	state->sample = g->sample;
	state->swap_in = g->swap_in;
	state->major_faults = g->major_faults;
	state->disk_reads = g->disk_reads;
	return swapped;
}

/* What a new sample says of the guest: a reason to give memory back, or to go on. */
static uint32_t judge(const struct balloond_guest *g, const struct params *p, uint64_t now,
		      struct state *state)
{
	int swapped = take_sample(g, state);
	uint64_t unusual = balloond_add(balloond_add(state->usual, state->usual), READS_MIN);
	int is_watched = state->shrunk != 0 && balloond_sub(now, state->shrunk) < READS_WATCHED;

	if (swapped)
		return REASON_SWAPPING;
	if (is_above(state->faults, p->faults))
		return REASON_FAULTING;
	if (is_watched && state->has_usual && is_above(state->reads, unusual))
		return REASON_READING;
	if (state->reads != BALLOOND_UNKNOWN) {
		state->usual = !state->has_usual
				       ? state->reads
				       : balloond_ewma(state->usual, state->reads,
						       g->sample_elapsed, READS_HALF_LIFE);
		state->has_usual = 1;
	}
	if (g->used != BALLOOND_UNKNOWN && state->size < balloond_add(g->used, kept(g) / 2))
		return REASON_SHORT;
	return REASON_PROBING;
}

static uint64_t wait_after(const struct params *p, const struct state *state)
{
	return state->stalls == 0 ? 0 : p->wait << (balloond_min(state->stalls, DOUBLINGS + 1) - 1);
}

/* What is left of the wait. */
static uint64_t wait_left(const struct params *p, const struct state *state, uint64_t now)
{
	return balloond_sub(wait_after(p, state), balloond_sub(now, state->stalled));
}

/* Relief counts from what the guest has, where the balloon is still on its way. */
static void relieve(const struct balloond_guest *g, const struct params *p, uint64_t now,
		    struct state *state)
{
	uint64_t size = balloond_max(state->size, balloond_min(g->actual, g->ceiling));
	uint64_t since = balloond_sub(now, state->stalled), wait = wait_after(p, state);

	state->goal = balloond_min(balloond_add(size, balloond_permille(size, p->relief)),
				   balloond_max(size, g->ceiling));
	if (state->stalls == 0 || since >= balloond_add(wait, p->wait << DOUBLINGS))
		state->stalls = 1;
	else if (since >= wait)
		state->stalls = balloond_min(state->stalls + 1, DOUBLINGS + 1);
	state->stalled = now;
}

/* What the guard's dead band holds back: closer than this is there. */
static uint64_t trifle(const struct balloond_guest *g)
{
	return balloond_max(8 * BALLOOND_MIB, balloond_permille(g->ceiling, 5));
}

/* One step further down, if it is time and the last one was seen to do no harm.  Steps too small to
 * be taken add up until they are twice as large. */
static void probe(const struct balloond_guest *g, const struct params *p, uint64_t now,
		  struct state *state)
{
	uint64_t size = state->size, step = balloond_permille(size, p->probe);
	uint64_t lowest = balloond_sub(size, balloond_max(step, 2 * trifle(g)));

	if (state->goal < lowest || state->goal > size)
		state->goal = size;
	if (balloond_sub(now, state->probed) < p->every || state->sample == state->probe_sample)
		return;
	if (state->worst <= p->faults / 2)
		state->goal = balloond_max(balloond_sub(state->goal, step), lowest);
	state->probed = now;
	state->probe_sample = state->sample;
	state->worst = 0;
}

/* Why a guest that does not stall is not probed; REASON_PROBING if it is. */
static uint32_t obstacle(const struct balloond_guest *g, const struct balloond_host *host,
			 const struct params *p, uint64_t size, uint64_t least)
{
	if (g->used == BALLOOND_UNKNOWN || g->flags & (BALLOOND_GUEST_STALE | BALLOOND_GUEST_BLIND))
		return REASON_UNKNOWN;
	if (g->flags & BALLOOND_GUEST_COOLING)
		return REASON_COOLING;
	/* PSI counts in 1/100 %. */
	if (is_above(host->some_avg10, 10 * p->host_stall))
		return REASON_HOST;
	return size <= balloond_add(least, trifle(g)) ? REASON_LEAST : REASON_PROBING;
}

static void tell(const struct state *state, uint64_t wait, struct balloond_target *t)
{
	t->n_figures = state->sample > 0 ? 4 : 0;
	t->figure[FIGURE_FAULTS] = state->faults;
	t->figure[FIGURE_READS] = state->reads;
	t->figure[FIGURE_USUAL] = state->has_usual ? state->usual : BALLOOND_UNKNOWN;
	t->figure[FIGURE_WAIT] = wait;
}

static void propose_one(const struct balloond_view *view, const struct balloond_guest *g,
			const struct params *p, struct state *state, struct balloond_target *t)
{
	uint64_t size = t->bytes, needed = balloond_add(g->used, kept(g)), left;
	uint64_t least = balloond_max(g->floor, needed);
	uint32_t stall = REASON_PROBING;

	if (size < state->size)
		state->shrunk = view->now;
	state->size = size;
	if (state->sample == 0)
		state->probed = view->now; /* its usual reads are to be seen first */
	if (g->sample != state->sample)
		stall = judge(g, p, view->now, state);
	if (stall != REASON_PROBING)
		relieve(g, p, view->now, state);
	left = wait_left(p, state, view->now);
	if (left > 0) {
		/* For as long as there is no room for it, too. */
		t->reason = stall != REASON_PROBING ? stall : REASON_WAITING;
		t->bytes = balloond_max(size, state->goal);
	} else {
		t->reason = obstacle(g, view->host, p, size, least);
		if (t->reason == REASON_PROBING) {
			if (state->worst > p->faults / 2)
				t->reason = REASON_NEAR;
			probe(g, p, view->now, state);
			t->bytes = balloond_clamp(state->goal, least, size);
		}
	}
	/* A guest that has just stalled needs what it has: nothing of it is lent. */
	t->claim = t->bytes;
	if (left == 0 && g->used != BALLOOND_UNKNOWN && !(g->flags & BALLOOND_GUEST_COOLING))
		t->claim = balloond_min(t->bytes, needed);
	tell(state, left, t);
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	for (size_t i = 0; i < view->n_guests; i++)
		propose_one(view, view->guests[i], params, states[i], &targets[i]);
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "pressure",
	.summary = "Shrinks each guest a little at a time until it shows that it feels it",
	.params = params_table,
	.n_params = sizeof(params_table) / sizeof(params_table[0]),
	.params_size = sizeof(struct params),
	.state_size = sizeof(struct state),
	.state_version = 1,
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.figures = figures,
	.n_figures = sizeof(figures) / sizeof(figures[0]),
	.propose = propose,
};
