/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Runs one suite: CK_FORK, CK_RUN_CASE and their like work as check(3) says. */

#include <check.h>
#include <stdlib.h>

/* What main() returns: 0, or 1 if a test failed. */
static inline int check_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int n_failed;

	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed > 0;
}

/* A directory that the build tells about; a test cannot do without. */
static inline const char *check_dir(const char *variable)
{
	const char *dir = getenv(variable);

	if (!dir)
		ck_abort_msg("%s is not set", variable);
	return dir;
}
