/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The host's own figures from /proc and /sys.  Parsers take texts, so that tests feed them; what a
 * kernel does not tell stays BALLOOND_UNKNOWN (PSI may be compiled in and off, KSM absent). */

#include "balloond/core/snapshot.h"

/* proc(5), meminfo.  -EBADMSG where total or available (Linux 3.14) is missing. */
int host_parse_meminfo(const char *text, struct host *host);

/* Swap traffic, in pages of page_size bytes. */
void host_parse_vmstat(const char *text, uint64_t page_size, struct host *host);

/* Documentation/accounting/psi.rst: avg10 of both lines, kept in 1/100 %. */
void host_parse_pressure(const char *text, struct host *host);

/* Reads everything below root ("" for this machine).  Negative errno: /proc/meminfo could not be
 * read, *ret is as it was.  Never blocks. */
int host_read(const char *root, struct host *ret);
