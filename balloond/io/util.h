/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Ownership of locals, as systemd does it: what is declared with _cleanup_ is released at the end
 * of its scope unless TAKE_PTR() hands it over. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _unused_ __attribute__((unused))
#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))

#define TAKE_PTR(p) \
	({ \
		__typeof__(p) *_pp = &(p); \
		__typeof__(p) _taken = *_pp; \
		*_pp = NULL; \
		_taken; \
	})

#define SWAP(a, b) \
	({ \
		__typeof__(a) _a = (a); \
		(a) = (b); \
		(b) = _a; \
	})

#define TAKE_FD(fd) \
	({ \
		int *_pfd = &(fd); \
		int _taken = *_pfd; \
		*_pfd = -1; \
		_taken; \
	})

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		(void)fclose(*f);
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)
#define _cleanup_fclose_ _cleanup_(fclosep)
