/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl exclude, hold, pause, give-back and what takes them back: orders of one guest, some of
 * all.  balloond carries them out at its next tick. */

#include <stdio.h>

#include "balloond/ctl/format.h"
#include "balloond/io/clock.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

/* Wall clock; 0: for ever. */
static int parse_for(const char *text, usec_t *ret)
{
	usec_t lasts;

	*ret = 0;
	if (!text)
		return 0;
	if (value_parse(text, BALLOOND_USEC, &lasts, NULL) < 0 || lasts == 0) {
		fputs("balloonctl: --for= takes a time such as 90min, 12h or 7d\n", stderr);
		return -1;
	}
	*ret = balloond_add(clock_wall(), lasts);
	return 0;
}

static int order(struct ctl *ctl, const char *member, const char *guest)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	usec_t until;
	int r;

	if (parse_for(ctl->lasts, &until) < 0)
		return CTL_USAGE;
	r = client_order(ctl->bus, member, guest, until, ctl->reason, &error);
	if (r < 0)
		return ctl_report(r, &error);
	if (ctl->json != CTL_JSON_OFF)
		return format_json_print(ctl, json_pack("{s:b}", "Taken", 1));
	return CTL_OK;
}

/* Of the guest, or with --all of all: never by leaving something out. */
static int order_some(struct ctl *ctl, const char *member, int argc, char **argv)
{
	if ((argc == 1 && **argv) == ctl->all) {
		fputs("balloonctl: give a guest, or --all\n", stderr);
		return CTL_USAGE;
	}
	return order(ctl, member, ctl->all ? "" : argv[0]);
}

int verb_exclude(struct ctl *ctl, int argc _unused_, char **argv)
{
	return order(ctl, "Exclude", argv[0]);
}

int verb_include(struct ctl *ctl, int argc _unused_, char **argv)
{
	return order(ctl, "Include", argv[0]);
}

int verb_hold(struct ctl *ctl, int argc _unused_, char **argv)
{
	return order(ctl, "Hold", argv[0]);
}

int verb_unhold(struct ctl *ctl, int argc _unused_, char **argv)
{
	return order(ctl, "Unhold", argv[0]);
}

int verb_pause(struct ctl *ctl, int argc, char **argv)
{
	return order_some(ctl, "Pause", argc, argv);
}

int verb_resume(struct ctl *ctl, int argc, char **argv)
{
	return order_some(ctl, "Resume", argc, argv);
}

int verb_give_back(struct ctl *ctl, int argc, char **argv)
{
	return order_some(ctl, "GiveBack", argc, argv);
}
