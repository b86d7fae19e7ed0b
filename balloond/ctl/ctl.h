/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the verbs of balloonctl share. */

#include <stdbool.h>
#include <systemd/sd-bus.h>

enum ctl_json { CTL_JSON_OFF, CTL_JSON_SHORT, CTL_JSON_PRETTY };

/* Exit codes; 3 as in the LSB's `status`. */
enum {
	CTL_OK = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2,
	CTL_NOT_RUNNING = 3,
	CTL_DEGRADED = 4,
};

struct ctl {
	sd_bus *bus; /* NULL before ctl_connect() */
	enum ctl_json json;
	bool legend; /* headings and totals */

	/* Of single verbs.  NULL: the installed ones. */
	const char *policy_dir, *config, *with, *since, *state_dir, *lasts, *reason;
	const char *policy, *commit, *min, *seed, *length, *plot, *trace;
	bool live, origin, check, all;
};

/* The verbs get the arguments after their name, and return an exit code. */
int verb_list(struct ctl *ctl, int argc, char **argv);
int verb_status(struct ctl *ctl, int argc, char **argv);
int verb_explain(struct ctl *ctl, int argc, char **argv);
int verb_reload(struct ctl *ctl, int argc, char **argv);
int verb_hold(struct ctl *ctl, int argc, char **argv);
int verb_unhold(struct ctl *ctl, int argc, char **argv);
int verb_exclude(struct ctl *ctl, int argc, char **argv);
int verb_include(struct ctl *ctl, int argc, char **argv);
int verb_pause(struct ctl *ctl, int argc, char **argv);
int verb_resume(struct ctl *ctl, int argc, char **argv);
int verb_give_back(struct ctl *ctl, int argc, char **argv);
int verb_report(struct ctl *ctl, int argc, char **argv);
int verb_simulate(struct ctl *ctl, int argc, char **argv);
int verb_record(struct ctl *ctl, int argc, char **argv);
int verb_replay(struct ctl *ctl, int argc, char **argv);
int verb_policy_list(struct ctl *ctl, int argc, char **argv);
int verb_policy_show(struct ctl *ctl, int argc, char **argv);
int verb_config_check(struct ctl *ctl, int argc, char **argv);
int verb_config_show(struct ctl *ctl, int argc, char **argv);
int verb_config_cat(struct ctl *ctl, int argc, char **argv);
int verb_config_diff(struct ctl *ctl, int argc, char **argv);

/* Opens the connection to the system bus.  0 or negative errno. */
int ctl_connect(struct ctl *ctl);

/* Says on stderr why a call failed; the exit code for it. */
int ctl_report(int r, const sd_bus_error *error);
