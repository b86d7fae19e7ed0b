/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which libvirt connections balloond may be told to use.  What it decides rests on this machine's
 * memory, so a driver of another machine is refused, however it is spelled. */

/* NULL if uri is a local one, else what is wrong, to be put behind the URI. */
const char *uri_refusal(const char *uri);
