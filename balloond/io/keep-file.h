/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The file of what outlives balloond: orders that stand, and what is remembered of guests.  YAML, a
 * document for each, between one that says of which version and boot of the machine it is and one
 * that says how many they were.  Sizes and stamps as traces have them (io/trace-fields.h); stamps
 * are of the monotonic clock, which goes on from one balloond to the next, so that guests' records
 * are good for one boot of the machine only; orders' are of the wall clock. */

#include "balloond/core/history.h"
#include "balloond/core/orders.h"
#include "balloond/io/diagnostics.h"
#include "balloond/io/trace-text.h"

/* /proc/sys/kernel/random/boot_id */
#define KEEP_BOOT_MAX 37u

struct kept_guest {
	uint64_t run;         /* as in struct guest */
	struct memory memory; /* what memory_resume() takes, and uuid */
};

struct keep {
	char boot[KEEP_BOOT_MAX];
	struct kept_guest *guests;
	size_t n_guests, max_guests;
	struct order *orders;
	size_t n_orders, max_orders;
};

/* 0; -ENOENT; -EINVAL: d says what is wrong; -EPROTONOSUPPORT: a newer balloond's, and d says so;
 * -ENOMEM and others.  On errors *ret is empty. */
int keep_read(const char *path, struct keep *ret, struct diagnostics *d);
void keep_done(struct keep *keep);

/* In this order.  n: of guests and orders. */
void keep_put_head(struct trace_text *t, const char *boot);
void keep_put_guest(struct trace_text *t, uint64_t run, const struct memory *m);
void keep_put_order(struct trace_text *t, const struct order *order);
void keep_put_end(struct trace_text *t, size_t n);
