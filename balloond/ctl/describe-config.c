/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* describe-config schema|rst|scenario-rst|figures-rst: runs when balloond is built, and is not
 * installed. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/ctl/describe.h"
#include "balloond/io/config-entries.h"
#include "balloond/sim/scenario.h"

static int print_schema(void)
{
	json_t *schema = describe_schema();
	int r;

	if (!schema) {
		fprintf(stderr, "describe-config: no memory\n");
		return EXIT_FAILURE;
	}
	r = json_dumpf(schema, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	json_decref(schema);
	printf("\n");
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	const char *what = argc == 2 ? argv[1] : "";

	if (strcmp(what, "schema") == 0)
		return print_schema();
	if (strcmp(what, "rst") == 0) {
		describe_list(config_keys, stdout);
	} else if (strcmp(what, "scenario-rst") == 0) {
		describe_list(scenario_keys, stdout);
	} else if (strcmp(what, "figures-rst") == 0) {
		describe_figures(stdout);
	} else {
		fprintf(stderr, "usage: describe-config schema|rst|scenario-rst|figures-rst\n");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
