/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Floors that guests have taught: a policy saw the size that balloond had made for one cause
 * distress, so for hours it is not made that small again, unless the host is short. */

#include "balloond/core/history.h"
#include "balloond/core/plan.h"

/* Raises the floors of this plan to what was learned, once its account is taken: what was promised
 * is counted there without it. */
void learn_apply(const struct config *config, const struct history *h, struct plan *plan);

/* The guest's policy was asked: takes its word for distress. */
void learn_take(struct memory *m, const struct verdict *v, usec_t now);

/* Balloond asks the guest for less than `size`. */
void learn_shrunk(struct memory *m, uint64_t size);

/* It did not survive what it was shrunk to from `size`. */
void learn_crashed(struct memory *m, uint64_t size, usec_t now);

/* A new boot is a new load. */
void learn_forget(struct memory *m);
