/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* describe-config schema|rst: runs when balloond is built, and is not installed. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/ctl/describe.h"

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
	if (argc == 2 && strcmp(argv[1], "schema") == 0)
		return print_schema();
	if (argc == 2 && strcmp(argv[1], "rst") == 0) {
		describe_list(stdout);
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "usage: describe-config schema|rst\n");
	return EXIT_FAILURE;
}
