/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Configurations of several files: a directory of its own for every test, with the drop-ins'
 * directories vendor/, run/ and etc/ in it, the highest last, and a main file main.yaml that says
 * nothing but its version.  Names are below that directory. */

#include "balloond/io/config.h"

/* Of the last configuration that was opened. */
struct stage {
	struct diagnostics diagnostics;
	struct config_files *files;
	struct config *config;
};

extern struct stage stage;

/* A fixture. */
void stage_begin(void);
void stage_end(void);

/* Where a name is; some 60 paths live at a time. */
const char *stage_path(const char *name);

void stage_write(const char *name, const char *text);

/* path (the main file), directories and policies are filled in. */
int stage_open(struct config_request request);

/* The configuration is taken; or it is not, with as many complaints. */
void stage_taken(void);
void stage_refused(size_t n);

/* "etc/a.yaml:3:1: what is wrong" */
void stage_said(size_t i, const char *text);

/* The names of guests: and of the files, in their order, separated by spaces. */
void stage_promises(const char *expected);
void stage_files(const char *expected);

/* An entry of guests: that means everyone. */
#define ENTRY(name, min) "- {name: " name ", match: {name: \"*\"}, min: " min "}\n"
