/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* headroom: keeps what each guest could still use between two marks, as shares of its size.
 *
 *            0 %           low            high                    100 % of the size
 *   usable    |------------|--------------|-----------------------|
 *             grow at once    leave alone    give back
 *
 * Both ways it ends at the high mark: a guest that has just grown is not shrunk again, and one
 * that has just shrunk can use up the whole band before it must ask.  That gap between the two
 * edges is what keeps one threshold's oscillation away (MOM, Proxmox).
 *
 * A guest that swaps in needs more than it shows, since what it uses cannot exceed its size:
 * it grows by the band at least.  A guest that reports nothing stays as it is. */

#include "balloond/policy-math.h"
#include "balloond/policy.h"

enum {
	REASON_BETWEEN,
	REASON_BELOW_LOW,
	REASON_ABOVE_HIGH,
	REASON_SWAPPING,
	REASON_UNKNOWN,
};

static const char *const reasons[] = {
	[REASON_BETWEEN] = "its headroom is between the marks",
	[REASON_BELOW_LOW] = "its headroom is below the low mark",
	[REASON_ABOVE_HIGH] = "its headroom is above the high mark",
	[REASON_SWAPPING] = "it swaps in: it needs more than it shows",
	[REASON_UNKNOWN] = "what it uses is not known",
};

enum { FIGURE_HEADROOM, FIGURE_LOW, FIGURE_HIGH };

static const struct balloond_figure figures[] = {
	[FIGURE_HEADROOM] = { "headroom", BALLOOND_BYTES },
	[FIGURE_LOW] = { "low-mark", BALLOOND_BYTES },
	[FIGURE_HIGH] = { "high-mark", BALLOOND_BYTES },
};

/* Sizes move by whole MiB: what is above the mark by less came from there. */
#define ROUNDING (2 * BALLOOND_MIB)

struct params {
	uint64_t low, high; /* permille of the size */
};

static const struct balloond_param params_table[] = {
	{ "low", BALLOOND_PERMILLE, offsetof(struct params, low), "15%", "1%", "80%",
	  "A guest that could use less than this share of its size grows" },
	{ "high", BALLOOND_PERMILLE, offsetof(struct params, high), "30%", "2%", "90%",
	  "A guest that could use more than this share of its size may be shrunk to it" },
};

struct state {
	uint64_t sample;  /* the last one looked at */
	uint64_t swap_in; /* of that sample */
};

static const char *check(const void *p)
{
	const struct params *params = p;

	return params->low < params->high ? NULL : "low must be below high";
}

/* Whether the guest swapped in since the sample before.  A tick without a new sample says no, and
 * so does a gap: what was swapped in while another rule held tells nothing of now. */
static int swapped_in(const struct balloond_guest *g, struct state *state)
{
	int swapped = state->sample > 0 && g->sample == state->sample + 1 &&
		      g->swap_in != BALLOOND_UNKNOWN && state->swap_in != BALLOOND_UNKNOWN &&
		      g->swap_in >= balloond_add(state->swap_in, BALLOOND_MIB);

	if (g->sample != state->sample)
		*state = (struct state){ .sample = g->sample, .swap_in = g->swap_in };
	return swapped;
}

static void propose_one(const struct balloond_guest *g, const struct params *p, struct state *state,
			struct balloond_target *t)
{
	uint64_t size = t->bytes, headroom;
	uint64_t low = balloond_permille(size, p->low), high = balloond_permille(size, p->high);
	uint64_t at_high = balloond_whole(g->used, 1000 - p->high);
	int swapped = swapped_in(g, state);

	if (g->used == BALLOOND_UNKNOWN) {
		t->reason = REASON_UNKNOWN;
		return;
	}
	headroom = balloond_sub(size, g->used);
	t->n_figures = 3;
	t->figure[FIGURE_HEADROOM] = headroom;
	t->figure[FIGURE_LOW] = low;
	t->figure[FIGURE_HIGH] = high;
	t->reason = REASON_BETWEEN;
	if (headroom < low) {
		t->reason = REASON_BELOW_LOW;
		t->bytes = at_high;
	} else if (size > balloond_add(at_high, ROUNDING)) {
		t->reason = REASON_ABOVE_HIGH;
		t->bytes = at_high;
	}
	if (swapped) {
		t->reason = REASON_SWAPPING;
		t->bytes = balloond_max(at_high, balloond_add(size, high - low));
	}
	/* What it shows is not all that a swapping guest needs: nothing of it is lent. */
	if (!swapped)
		t->claim = balloond_min(t->bytes, balloond_whole(g->used, 1000 - p->low));
	else
		t->claim = t->bytes;
}

static void propose(const struct balloond_view *view, const void *params, void *const states[],
		    struct balloond_target targets[])
{
	for (size_t i = 0; i < view->n_guests; i++)
		propose_one(view->guests[i], params, states[i], &targets[i]);
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "headroom",
	.summary = "Keeps what each guest could still use between two marks",
	.params = params_table,
	.n_params = sizeof(params_table) / sizeof(params_table[0]),
	.params_size = sizeof(struct params),
	.state_size = sizeof(struct state),
	.state_version = 1,
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.figures = figures,
	.n_figures = sizeof(figures) / sizeof(figures[0]),
	.check = check,
	.propose = propose,
};
