/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* tenth: keeps a tenth of each guest's size free. */

#include <balloond/policy-math.h>
#include <balloond/policy.h>

enum { REASON_KEPT, REASON_UNKNOWN };

static const char *const reasons[] = {
	[REASON_KEPT] = "a part of its size is kept free",
	[REASON_UNKNOWN] = "what it uses is not known",
};

static const struct balloond_figure figures[] = {
	{ "used", BALLOOND_BYTES },
};

struct params {
	uint64_t free; /* permille of the size */
};

static const struct balloond_param params_table[] = {
	{ "free", BALLOOND_PERMILLE, offsetof(struct params, free),
	  "10%", "1%", "90%",
	  "This share of a guest's size is kept free" },
};

static void propose(const struct balloond_view *view,
		    const void *params, void *const states[],
		    struct balloond_target targets[])
{
	const struct params *p = params;

	(void)states;
	for (size_t i = 0; i < view->n_guests; i++) {
		const struct balloond_guest *g = view->guests[i];
		struct balloond_target *t = &targets[i];

		/* t->bytes is the size of today already: nothing to do.
		 */
		if (g->used == BALLOOND_UNKNOWN) {
			t->reason = REASON_UNKNOWN;
			continue;
		}
		t->bytes = balloond_whole(g->used, 1000 - p->free);
		t->claim = g->used; /* what is free is lent */
		t->reason = REASON_KEPT;
		t->n_figures = 1;
		t->figure[0] = g->used;
	}
}

const struct balloond_policy balloond_policy = {
	.abi = BALLOOND_POLICY_ABI,
	.size = sizeof(struct balloond_policy),
	.name = "tenth",
	.summary = "Keeps a tenth of each guest's size free",
	.params = params_table,
	.n_params = sizeof(params_table) / sizeof(params_table[0]),
	.params_size = sizeof(struct params),
	.reasons = reasons,
	.n_reasons = sizeof(reasons) / sizeof(reasons[0]),
	.figures = figures,
	.n_figures = sizeof(figures) / sizeof(figures[0]),
	.propose = propose,
};
