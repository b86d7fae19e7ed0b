/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/ctl/plot.h"

#include <libxml/parser.h>
#include <string.h>

#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"

#define MiB BALLOOND_MIB
#define SECOND BALLOOND_SECOND
#define GUESTS 15

/* A world that is told what to be. */
struct bed {
	struct sim_world *world;
	struct plan plan;
	struct plot *plot;
	usec_t step;
};

static void bed_begin(struct bed *bed, struct plot_scale scale)
{
	*bed = (struct bed){ .step = scale.step };
	ck_assert_int_eq(sim_world_new(GUESTS, &bed->world), 0);
	bed->world->now = SIM_EPOCH;
	for (size_t i = 0; i < GUESTS; i++) {
		bed->world->guests[i].present = true;
		bed->world->guests[i].size = (GUESTS - i) * 100 * MiB;
	}
	ck_assert_int_eq(plot_new(bed->world, &scale, &bed->plot), 0);
}

static void bed_step(struct bed *bed)
{
	const struct sim_view view = { .world = bed->world,
				       .plan = &bed->plan,
				       .pool = 9000 * MiB };

	bed->world->now += bed->step;
	plot_step(bed->plot, &view);
}

static void bed_end(struct bed *bed)
{
	plot_free(bed->plot);
	sim_world_free(bed->world);
}

/* What is drawn, as text. */
static char *draw(struct bed *bed, const char *title, const char *note)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(plot_write(bed->plot, title, note, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	return text;
}

static xmlDoc *parse(const char *text)
{
	xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), "plot.svg", NULL, XML_PARSE_NONET);

	ck_assert_msg(doc != NULL, "it is no XML");
	return doc;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

START_TEST(columns_keep_the_highest_of_all_their_steps)
{
	struct bed bed;

	bed_begin(&bed, (struct plot_scale){ .length = 40000 * SECOND, .step = SECOND });
	ck_assert_uint_eq(bed.plot->n_columns, PLOT_COLUMNS);
	for (unsigned i = 0; i < 40000; i++) {
		struct sim_guest *g = &bed.world->guests[0];

		g->need = i == 12345 ? g->size + 700 * MiB : 10 * MiB;
		g->touched = i == 23456 ? 1234 * MiB : 0;
		bed.plan.account.level = i == 34567 ? BALLOOND_LEVEL_CRITICAL : 0;
		bed_step(&bed);
	}
	for (size_t c = 0; c < PLOT_COLUMNS; c++) {
		ck_assert_uint_eq(bed.plot->columns[c].steps, 100);
		ck_assert_uint_eq(bed.plot->columns[c].unmet, c == 123 ? 700 * MiB : 0);
		ck_assert_uint_eq(bed.plot->columns[c].need, c == 123 ? 2200 * MiB : 10 * MiB);
		ck_assert_uint_eq(bed.plot->columns[c].touched, c == 234 ? 1234 * MiB : 0);
		ck_assert_uint_eq(bed.plot->columns[c].level,
				  c == 345 ? BALLOOND_LEVEL_CRITICAL : 0);
	}
	bed_end(&bed);
}
END_TEST

/* No column stays empty, however length and step fit together. */
static const struct {
	usec_t length, step;
} fits[] = {
	{ 10 * SECOND, 3 * SECOND },
	{ 4003 * SECOND / 10, SECOND },
	{ SECOND, SECOND },
	{ 399 * SECOND, SECOND },
	{ 401 * SECOND, SECOND },
	{ 10 * SECOND, 15 * SECOND },
	{ 1000 * SECOND, 7 * SECOND / 3 },
};

START_TEST(every_column_has_a_step)
{
	struct bed bed;
	uint64_t steps = 0, made = 0;

	bed_begin(&bed, (struct plot_scale){ .length = fits[_i].length, .step = fits[_i].step });
	while (bed.world->now < SIM_EPOCH + fits[_i].length) {
		bed.step = balloond_min(fits[_i].step,
					SIM_EPOCH + fits[_i].length - bed.world->now);
		bed_step(&bed);
		made++;
	}
	for (size_t c = 0; c < bed.plot->n_columns; c++) {
		ck_assert_uint_gt(bed.plot->columns[c].steps, 0);
		steps += bed.plot->columns[c].steps;
	}
	ck_assert_uint_eq(steps, made);
	bed_end(&bed);
}
END_TEST

START_TEST(areas_are_those_who_have_most_and_never_negative)
{
	struct plot_areas areas;
	struct bed bed;

	bed_begin(&bed, (struct plot_scale){ .length = 100 * SECOND, .step = SECOND });
	for (unsigned i = 0; i < 100; i++) {
		bed.world->guests[2].present = i < 50;
		bed_step(&bed);
	}
	ck_assert_int_eq(plot_areas(bed.plot, &areas), 0);
	ck_assert_uint_eq(areas.n, PLOT_AREAS);
	ck_assert_uint_eq(areas.n_others, GUESTS - PLOT_AREAS + 1);
	ck_assert_str_eq(areas.names[0], bed.world->guests[0].name);
	ck_assert_str_eq(areas.names[2], bed.world->guests[3].name);
	ck_assert_ptr_null(areas.names[PLOT_AREAS - 1]);
	for (size_t c = 0; c < 100; c++) {
		uint64_t all = c < 50 ? 12000 * MiB : 10700 * MiB;

		for (size_t k = 1; k < areas.n; k++)
			ck_assert_uint_ge(areas.tops[k * 100 + c], areas.tops[(k - 1) * 100 + c]);
		ck_assert_uint_eq(areas.tops[(areas.n - 1) * 100 + c], all);
	}
	plot_areas_done(&areas);
	bed_end(&bed);
}
END_TEST

START_TEST(an_oom_is_marked_once_however_long_it_lasts)
{
	_cleanup_free_ char *text = NULL;
	struct bed bed;

	bed_begin(&bed, (struct plot_scale){ .length = 100 * SECOND, .step = SECOND });
	for (unsigned i = 0; i < 100; i++) {
		bed.world->guests[1].missing = (i >= 20 && i < 40) || i == 60 ? MiB : 0;
		bed_step(&bed);
	}
	for (size_t c = 0; c < 100; c++)
		ck_assert_uint_eq(bed.plot->columns[c].ooms, c == 20 || c == 60);
	text = draw(&bed, "title", "note");
	ck_assert_uint_eq(count(text, "l-4-8h8z"), 2 + 1); /* and in the legend */
	bed_end(&bed);
}
END_TEST

static const struct {
	const char *name, *drawn;
} names[] = {
	{ "plain", ">plain<" },
	{ "a<b>&\"c'", ">a&lt;b&gt;&amp;\"c'<" },
	{ "\033[1mred\a\n", ">?[1mred?"
			    "?<" },
	{ "bad\xff\xc3", ">bad?"
			 "?<" },
	{ "c1\xc2\x9b", ">c1?<" },
	{ "no\xef\xbf\xbe", ">no?<" },
	{ "gr\xc3\xbc\xc3\x9f", ">gr\xc3\xbc\xc3\x9f<" },
	{ "abcdefghijklmnopqrstuvwxyz-12", ">abcdefghijklmnopqrstuvwxyz\xe2\x80\xa6<" },
};

START_TEST(any_name_is_well_formed_text)
{
	_cleanup_free_ char *text = NULL;
	struct bed bed;

	bed_begin(&bed, (struct plot_scale){ .length = 10 * SECOND, .step = SECOND });
	strcpy(bed.world->guests[0].name, names[_i].name);
	bed_step(&bed);
	text = draw(&bed, names[_i].name, names[_i].name);
	xmlFreeDoc(parse(text));
	ck_assert_msg(strstr(text, names[_i].drawn) != NULL, "%s is not drawn", names[_i].drawn);
	bed_end(&bed);
}
END_TEST

START_TEST(events_of_the_host_are_named_unless_they_would_overlap)
{
	const struct scenario_event events[] = {
		{ .at = 10 * SECOND, .own = 2 * BALLOOND_GIB, .pool = BALLOOND_UNKNOWN },
		{ .at = 11 * SECOND, .own = BALLOOND_UNKNOWN, .pool = BALLOOND_GIB },
		{ .at = 70 * SECOND,
		  .own = BALLOOND_UNKNOWN,
		  .pool = BALLOOND_UNKNOWN,
		  .clock = -(int64_t)(90 * SECOND),
		  .restart = true },
		{ .at = 101 * SECOND, .own = BALLOOND_UNKNOWN, .pool = 3 * BALLOOND_GIB },
	};
	_cleanup_free_ char *text = NULL;
	struct bed bed;

	bed_begin(&bed, (struct plot_scale){ .length = 100 * SECOND,
					     .step = SECOND,
					     .warm_up = 5 * SECOND,
					     .events = events,
					     .n_events = ELEMENTSOF(events) });
	bed_step(&bed);
	text = draw(&bed, "title", "note");
	xmlFreeDoc(parse(text));
	ck_assert_uint_eq(count(text, "host uses 2.00 GiB"), 2);
	ck_assert_uint_eq(count(text, "pool 1.00 GiB"), 1);
	ck_assert_uint_eq(count(text, "clock -90s, restart"), 2);
	ck_assert_uint_eq(count(text, "pool 3.00 GiB"), 0);
	bed_end(&bed);
}
END_TEST

START_TEST(a_picture_has_no_identifiers_and_is_the_same_each_time)
{
	_cleanup_free_ char *once = NULL, *again = NULL;
	struct bed bed;

	bed_begin(&bed, (struct plot_scale){ .length = 1000 * SECOND, .step = SECOND });
	for (unsigned i = 0; i < 1000; i++) {
		bed.world->guests[i % GUESTS].need = i * 2 * MiB;
		bed_step(&bed);
	}
	once = draw(&bed, "title", "note");
	again = draw(&bed, "title", "note");
	ck_assert_str_eq(once, again);
	ck_assert_uint_eq(count(once, " id=\""), 0);
	ck_assert_uint_eq(count(once, "<style"), 0);
	ck_assert_uint_eq(count(once, "viewBox=\"0 0 960 540\""), 1);
	bed_end(&bed);
}
END_TEST

START_TEST(a_run_of_which_nothing_was_seen_is_drawn_empty)
{
	_cleanup_free_ char *text = NULL;
	struct bed bed;

	bed_begin(&bed, (struct plot_scale){ .length = 60 * 86400 * SECOND, .step = SECOND });
	text = draw(&bed, "", "");
	xmlFreeDoc(parse(text));
	bed_end(&bed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plot");
	TCase *tc = tcase_create("plot");

	tcase_add_test(tc, columns_keep_the_highest_of_all_their_steps);
	tcase_add_loop_test(tc, every_column_has_a_step, 0, ELEMENTSOF(fits));
	tcase_add_test(tc, areas_are_those_who_have_most_and_never_negative);
	tcase_add_test(tc, an_oom_is_marked_once_however_long_it_lasts);
	tcase_add_loop_test(tc, any_name_is_well_formed_text, 0, ELEMENTSOF(names));
	tcase_add_test(tc, events_of_the_host_are_named_unless_they_would_overlap);
	tcase_add_test(tc, a_picture_has_no_identifiers_and_is_the_same_each_time);
	tcase_add_test(tc, a_run_of_which_nothing_was_seen_is_drawn_empty);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
