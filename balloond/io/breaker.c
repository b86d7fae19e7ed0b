/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/breaker.h"

#include <errno.h>

bool breaker_is_open(const struct breaker *b, usec_t now)
{
	return now < b->until;
}

/* It is not running, is gone, or may not have that size; or nobody was asked at all. */
static bool says_nothing(int error)
{
	return error == -ENODEV || error == -ENOENT || error == -EINVAL || error == -ENOTCONN ||
	       error == -ENOMEM;
}

void breaker_take(struct breaker *b, int error, usec_t now)
{
	if (error >= 0) {
		*b = (struct breaker){ 0 };
		return;
	}
	if (says_nothing(error) || ++b->failures < BREAKER_FAILURES)
		return;
	/* One more call after the pause shows whether another is needed. */
	b->failures = BREAKER_FAILURES;
	if (b->pause == 0)
		b->pause = BREAKER_FIRST;
	else
		b->pause = b->pause > BREAKER_LAST / 2 ? BREAKER_LAST : b->pause * 2;
	b->until = now + b->pause;
}
