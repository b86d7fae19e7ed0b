/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/unit/config-stage.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "balloond/io/util.h"
#include "tests/unit/check-main.h"

#define PATH_LENGTH 512

struct stage stage;

static char top[64];

const char *stage_path(const char *name)
{
	static char paths[64][PATH_LENGTH];
	static size_t n;
	char *path = paths[n++ % ELEMENTSOF(paths)];

	(void)snprintf(path, PATH_LENGTH, "%s/%s", top, name);
	return path;
}

void stage_write(const char *name, const char *text)
{
	FILE *f = fopen(stage_path(name), "we");

	ck_assert_msg(f && fputs(text, f) >= 0 && fclose(f) == 0, "%s: %s", name, strerror(errno));
}

static void forget(void)
{
	stage.config = config_free(stage.config);
	stage.files = config_files_free(stage.files);
	diagnostics_done(&stage.diagnostics);
}

void stage_begin(void)
{
	static const char *const names[] = { "vendor", "run", "etc" };

	(void)snprintf(top, sizeof(top), "/tmp/balloond-test-config-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		ck_assert_int_eq(mkdir(stage_path(names[i]), 0755), 0);
	stage_write("main.yaml", "version: 1\n");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void stage_end(void)
{
	forget();
	ck_assert_int_eq(nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int stage_open(struct config_request request)
{
	const char *const directories[] = { stage_path("vendor"), stage_path("run"),
					    stage_path("etc"), NULL };

	forget();
	request.path = request.path ? request.path : stage_path("main.yaml");
	request.directories = directories;
	request.policy_dir = check_dir("BALLOOND_TEST_FIXTURE_POLICY_DIR");
	return config_open(&request, &stage.files, &stage.config, &stage.diagnostics);
}

void stage_taken(void)
{
	int r = stage_open((struct config_request){ 0 });

	ck_assert_msg(r == 0, "%s: %s", strerror(-r),
		      stage.diagnostics.n_items > 0 ? stage.diagnostics.items[0].text
						    : "no reason given");
	ck_assert_uint_eq(stage.diagnostics.n_items, 0);
}

void stage_refused(size_t n)
{
	ck_assert_int_eq(stage_open((struct config_request){ 0 }), -EINVAL);
	ck_assert_ptr_null(stage.config);
	ck_assert_ptr_null(stage.files);
	ck_assert_uint_eq(stage.diagnostics.n_items, n);
}

void stage_said(size_t i, const char *text)
{
	ck_assert_uint_lt(i, stage.diagnostics.n_items);
	ck_assert_str_eq(stage.diagnostics.items[i].text, stage_path(text));
}

void stage_promises(const char *expected)
{
	char found[512] = "";

	for (size_t i = 0; i < stage.config->n_promises; i++)
		(void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s",
			       i > 0 ? " " : "", stage.config->promises[i].name);
	ck_assert_str_eq(found, expected);
}

void stage_files(const char *expected)
{
	char found[512] = "";

	for (size_t i = 0; i < stage.files->n; i++)
		(void)snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s",
			       i > 0 ? " " : "", stage.files->items[i].path + strlen(top) + 1);
	ck_assert_str_eq(found, expected);
}
