/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/unit/trace-bed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "balloond/io/util.h"
#include "tests/unit/check-main.h"
#include "tests/unit/random.h"

const char bed_first_text[] =
	"version: 1\n"
	"host: { pool: 8GiB, reserve: 1GiB, commit: strict }\n"
	"guests:\n"
	"- { name: some, match: { name: 'g0[0-3]' }, min: 25%, shares: 2000 }\n"
	"- { name: all, match: { name: '*' }, min: kernel }\n"
	"rules:\n"
	"- { name: squeezed, match: { name: '*' }, when: { host.level: '> normal', for: 2s },\n"
	"    policy: step, params: { shrink: 10%, every: 5s } }\n"
	"- { name: stepwise, match: { name: 'g*[13579]' }, policy: step,\n"
	"    params: { shrink: 5%, every: 60s } }\n"
	"- { name: some, match: { name: 'g0[0-5]' }, policy: headroom, params: { low: 15% } }\n"
	"- { name: all, match: { name: '*' }, policy: pressure }\n";

static const char second_text[] =
	"version: 1\n"
	"host: { pool: 60%, reserve: 1GiB, commit: elastic }\n"
	"guests:\n"
	"- { name: all, match: { name: '*' }, min: 30% }\n"
	"rules:\n"
	"- { name: some, match: { name: 'g0[0-5]' }, policy: headroom, params: { low: 10% } }\n"
	"- { name: rest, match: { name: '*' }, policy: proportional }\n";

void bed_load(struct loaded *l, const char *text)
{
	const struct config_text file = { "test \xff.yaml", text, strlen(text) };
	_cleanup_diagnostics_ struct diagnostics d = { 0 };

	*l = (struct loaded){ 0 };
	if (config_parse_files(&file, 1, true, bed.policy_dir, &l->config, &d) < 0)
		ck_abort_msg("%s", d.items[0].text);
	l->file = (struct config_file){ .path = (char *)(uintptr_t)file.name,
					.text = (char *)(uintptr_t)file.text,
					.size = file.size };
	l->files = (struct config_files){ .items = &l->file, .n = 1, .has_main = true };
}

struct trace_bed bed;

struct trace_scene bed_scene(bool dry_run)
{
	return (struct trace_scene){
		.files = &bed.now->files,
		.config = bed.now->config,
		.dry_run = dry_run,
		.snapshot = &bed.chaos.scene.snapshot,
		.history = &bed.chaos.scene.history,
	};
}

/* scene_plan() lays the history out anew, as a reload would. */
void bed_reload(struct loaded *to)
{
	struct trace_scene scene;

	bed.now = to;
	bed.chaos.scene.config = *to->config;
	scene = bed_scene(false);
	if (bed.trace)
		trace_configure(bed.trace, &scene);
}

void bed_setup(void)
{
	int fd;

	memset(&bed, 0, sizeof(bed));
	bed.policy_dir = check_dir("BALLOOND_TEST_POLICY_DIR");
	bed_load(&bed.first, bed_first_text);
	bed_load(&bed.second, second_text);
	bed.seed = 99;
	chaos_init(&bed.chaos, 5, 0);
	bed.chaos.scene.snapshot.wall = UINT64_C(1700000000) * SECOND;
	bed_reload(&bed.first);
	(void)strcpy(bed.path, "/tmp/balloond-trace-XXXXXX");
	fd = mkstemp(bed.path);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

void bed_teardown(void)
{
	bed.trace = trace_free(bed.trace);
	config_free(bed.first.config);
	config_free(bed.second.config);
	ck_assert_int_eq(unlink(bed.path), 0);
}

static void happen(void)
{
	for (uint64_t n = random_below(&bed.seed, 3); n > 0; n--)
		chaos_disturb(&bed.chaos);
	if (random_below(&bed.seed, 20) == 0)
		chaos_come_or_go(&bed.chaos);
}

static void tick(void)
{
	struct scene *s = &bed.chaos.scene;
	usec_t elapsed = 1 + random_below(&bed.seed, 2 * SECOND);
	struct trace_scene scene;

	happen();
	s->dry_run = random_below(&bed.seed, 50) == 0 ? !s->dry_run : s->dry_run;
	s->snapshot.wall += elapsed;
	scene_pass(s, elapsed);
	scene = bed_scene(s->dry_run);
	if (bed.trace)
		trace_begin_tick(bed.trace, &scene);
	scene_plan(s);
	if (bed.trace)
		ck_assert_int_eq(trace_end_tick(bed.trace, &s->plan), 0);
}

void bed_run(unsigned ticks)
{
	for (unsigned i = 0; i < ticks; i++)
		tick();
}

void bed_record(const char *suffix)
{
	(void)unlink(bed.path);
	(void)strcat(bed.path, suffix);
	bed_run(40);
	ck_assert_int_eq(trace_open(bed.path, &bed.trace), 0);
	bed_run(BED_TICKS / 2);
	bed_reload(&bed.second);
	bed_run(BED_TICKS / 4);
	bed_reload(&bed.first);
	bed_run(BED_TICKS / 4);
	bed.count = trace_count(bed.trace);
	bed.trace = trace_free(bed.trace);
	/* Nothing waits for a disk that others are busy with: ticks may be missing. */
	ck_assert_uint_eq(bed.count.ticks + bed.count.lost, BED_TICKS);
}

struct replay_result bed_replay(const struct config *other)
{
	const struct replay_request request = { .path = bed.path,
						.policy_dir = bed.policy_dir,
						.other = other };
	_cleanup_diagnostics_ struct diagnostics d = { 0 };
	struct replay_result result;
	int r = replay_run(&request, &result, &d);

	if (r < 0)
		ck_abort_msg("%s", d.n_items > 0 ? d.items[0].text : strerror(-r));
	return result;
}

void bed_expect_the_same(const struct replay_result *result)
{
	if (result->ticks_wrong > 0)
		ck_abort_msg("tick %llu, %s of %s: %s, not %s",
			     (unsigned long long)result->first.tick, result->first.field,
			     result->first.name, result->first.decided, result->first.recorded);
}
