/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Decides again what a trace says was decided: with the configuration of then, to see that the same
 * comes out; with another one, to see what it would have done.
 *
 * The other one is asked at every tick in the situation that was there: sizes, targets and all that
 * is remembered of guests and host are those that the recorded configuration led to.  What its own
 * policies and conditions remember is theirs. */

#include "balloond/core/config.h"
#include "balloond/core/snapshot.h"
#include "balloond/io/diagnostics.h"
#include "balloond/io/trace-plan.h"

/* What the other configuration would have asked a guest to have. */
struct replay_order {
	uint64_t tick;
	usec_t wall;
	const char *uuid, *name;
	uint64_t before;            /* what it was asked to have until then */
	uint64_t recorded, instead; /* the same as before: no order */
	const char *recorded_reason, *instead_reason;
};

struct replay_request {
	const char *path;
	const char *policy_dir;     /* NULL: the compiled-in one */
	const struct config *other; /* NULL: none */

	/* Tells every order that would be another one.  Of a guest whose orders differ tick after
	 * tick in the same way, only the first of these.  Negative ends the replay.  NULL: nobody
	 * wants to know. */
	int (*on_order)(void *userdata, const struct replay_order *order);
	void *userdata;
};

/* The first thing that was decided otherwise than recorded, with the same configuration. */
struct replay_difference {
	uint64_t tick;
	size_t line; /* of the trace, where the tick begins */
	usec_t wall;
	char uuid[GUEST_UUID_MAX], name[GUEST_NAME_MAX]; /* "": the host */
	const char *field;                               /* static: from, to, reason, level, ... */
	char recorded[TRACE_REASON_MAX], decided[TRACE_REASON_MAX];
};

struct replay_result {
	uint64_t ticks, lost; /* that were replayed; that are missing in the trace */
	uint64_t reloads;     /* the first configuration is none */
	uint64_t guests;      /* at most at a time */
	usec_t begin, end;    /* wall clock */
	uint64_t ticks_wrong; /* decided otherwise than recorded */
	struct replay_difference first;

	/* Of the other configuration. */
	uint64_t ticks_other, guests_other; /* with another order */
	uint64_t bytes_most;           /* at one tick, sum over guests of |instead - recorded| */
	uint64_t more_most, less_most; /* of that, what it would have given, and taken */
};

/* 0; -EINVAL: the trace is broken, d says where, and what came before is in *ret all the same;
 * others: it cannot be read; -ENOMEM; or what on_order() said. */
int replay_run(const struct replay_request *request, struct replay_result *ret,
	       struct diagnostics *d);
