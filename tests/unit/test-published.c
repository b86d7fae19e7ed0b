/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the world is told: that it stays true after the tick, which words head it, how it is found.
 */

#include "balloond/core/published.h"

#include "balloond/policy-math.h"
#include "tests/unit/check-main.h"
#include "tests/unit/scene.h"

#define MAX 4u

static const char *const words[] = { "the policy's words" };
static const struct balloond_figure figures[] = { { "speed", BALLOOND_BYTES } };
static const struct balloond_policy silent = { .name = "silent" };
static const struct balloond_policy talking = {
	.name = "talking",
	.reasons = words,
	.n_reasons = 1,
	.figures = figures,
	.n_figures = 1,
};

/* One plan of MAX guests, and what is published of it. */
struct bed {
	struct snapshot snapshot;
	struct plan plan;
	struct published published;
	struct rule rule;
	struct promise promise;
	struct guest guests[MAX];
	struct verdict verdicts[MAX];
	struct published_guest told[MAX];
};

static void bed_init(struct bed *bed, const char *const names[MAX])
{
	memset(bed, 0, sizeof(*bed));
	memset(bed->told, 0xa5, sizeof(bed->told));
	bed->rule = (struct rule){ .name = (char *)"gentle", .policy = &talking };
	bed->promise = (struct promise){ .name = (char *)"everyone" };
	bed->plan.verdicts = bed->verdicts;
	bed->plan.n_verdicts = MAX;
	bed->published.guests = bed->told;
	for (size_t i = 0; i < MAX; i++) {
		char uuid[2] = { (char)('p' + i), '\0' };

		guest_init(&bed->guests[i], uuid, names[i]);
		bed->verdicts[i] = (struct verdict){
			.source = &bed->guests[i],
			.promise = &bed->promise,
			.rule = &bed->rule,
			.state = STATE_MANAGED,
			.reason = REASON_POLICY,
			.asked = true,
		};
		bed->verdicts[i].guest.uuid = bed->guests[i].uuid;
		bed->verdicts[i].guest.name = bed->guests[i].name;
	}
}

static const char *const four[MAX] = { "a", "b", "c", "d" };

static const struct headline {
	enum reason reason;
	uint32_t bound;                       /* 1 << enum guard_rule */
	const struct balloond_policy *policy; /* NULL: no rule */
	uint32_t policy_reason;
	const char *told;
} headlines[] = {
	{ REASON_POLICY, 0, &talking, 0, "the policy's words" },
	{ REASON_POLICY, 1u << GUARD_SHRINK_LIMIT, &talking, 0, "the policy's words" },
	{ REASON_POLICY, 0, &talking, 1,
	  "the policy gave no reason" }, /* out of range: none given */
	{ REASON_POLICY, 0, &silent, 0, "the policy gave no reason" },
	{ REASON_NO_RULE, 0, NULL, 0, "no rule matches it" },
	{ REASON_POOL_SHORT, 0, &talking, 0, "the pool is too small for all: cut to its share" },
	{ REASON_GUARD, 1u << GUARD_ROOM, &talking, 0, "the host has no room" },
	{ REASON_GUARD, 1u << GUARD_MARGIN, &talking, 0,
	  "not shrunk below what it uses and a margin" },
	/* Rules that cut the proposal but did not hold the guest where it is come second. */
	{ REASON_GUARD, 1u << GUARD_BOUNDS | 1u << GUARD_ROOM, &talking, 0,
	  "the host has no room" },
	{ REASON_GUARD, 1u << GUARD_BOUNDS | 1u << GUARD_COOL_DOWN, &talking, 0,
	  "not shrunk: it was in distress lately" },
	{ REASON_GUARD, 1u << GUARD_MARGIN | 1u << GUARD_DEAD_BAND, &talking, 0,
	  "not shrunk below what it uses and a margin" },
	{ REASON_GUARD, 1u << GUARD_MARGIN | 1u << GUARD_COOL_DOWN, &talking, 0,
	  "not shrunk: it was in distress lately" },
};

START_TEST(headline_says_what_decided)
{
	const struct headline *row = &headlines[_i];
	struct bed bed;

	bed_init(&bed, four);
	bed.rule.policy = row->policy;
	bed.verdicts[0].rule = row->policy ? &bed.rule : NULL;
	bed.verdicts[0].reason = row->reason;
	bed.verdicts[0].bound = row->bound;
	bed.verdicts[0].proposal.reason = row->policy_reason;
	published_fill(&bed.published, &bed.snapshot, &bed.plan);
	ck_assert_str_eq(bed.told[0].reason, row->told);
}
END_TEST

START_TEST(warnings_are_told_whatever_the_reason_says)
{
	struct bed bed;

	bed_init(&bed, four);
	published_fill(&bed.published, &bed.snapshot, &bed.plan);
	ck_assert_str_eq(bed.told[0].warning, "");
	ck_assert_str_eq(bed.published.warning, "");
	bed.verdicts[1].warnings = 1u << WARNING_LEAKED;
	bed.snapshot.host.facts = HOST_KSMTUNED | HOST_MOM;
	published_fill(&bed.published, &bed.snapshot, &bed.plan);
	ck_assert_str_eq(bed.told[1].warning, warning_text(1u << WARNING_LEAKED));
	ck_assert_str_eq(bed.told[1].reason, "the policy's words");
	ck_assert_str_eq(bed.published.warning, warning_text(1u << WARNING_KSMTUNED));
	for (enum warning warning = 0; warning < WARNING_MAX; warning++)
		ck_assert_uint_gt(strlen(warning_text(1u << warning)), 10);
}
END_TEST

START_TEST(published_outlives_the_tick)
{
	struct bed bed;

	bed_init(&bed, four);
	bed.snapshot.host.seen.total = 16 * GiB;
	bed.plan.account.level = BALLOOND_LEVEL_LOW;
	bed.plan.account.room = 77;
	bed.guests[1].labels = (struct guest_labels){ .title = "Orders", .tags = "gold b" };
	bed.verdicts[1].waits = &bed.rule;
	bed.verdicts[1].unknown = METRIC_GUEST_SWAP_IN;
	published_fill(&bed.published, &bed.snapshot, &bed.plan);
	memset(bed.guests, 0xa5, sizeof(bed.guests));
	memset(bed.verdicts, 0xa5, sizeof(bed.verdicts));
	ck_assert_uint_eq(bed.published.n_guests, MAX);
	ck_assert_uint_eq(bed.published.host.total, 16 * GiB);
	ck_assert_uint_eq(bed.published.host.level, BALLOOND_LEVEL_LOW);
	ck_assert_uint_eq(bed.published.account.room, 77);
	ck_assert_str_eq(bed.told[1].uuid, "q");
	ck_assert_str_eq(bed.told[1].name, "b");
	ck_assert_ptr_eq(bed.told[1].verdict.guest.uuid, bed.told[1].uuid);
	ck_assert_ptr_eq(bed.told[1].verdict.guest.name, bed.told[1].name);
	ck_assert_str_eq(bed.told[1].policy, "talking");
	ck_assert_str_eq(bed.told[1].rule, "gentle");
	ck_assert_str_eq(bed.told[1].promise, "everyone");
	ck_assert_str_eq(bed.told[1].labels.title, "Orders");
	ck_assert_str_eq(bed.told[1].labels.tags, "gold b");
	ck_assert_str_eq(bed.told[1].waits, "gentle");
	ck_assert_str_eq(bed.told[1].unknown, "guest.swap-in");
	ck_assert_str_eq(bed.told[0].waits, "");
	ck_assert_ptr_null(bed.told[0].unknown);
	ck_assert_ptr_null(bed.told[1].verdict.waits);
	ck_assert_ptr_null(bed.told[1].verdict.source);
	ck_assert_ptr_null(bed.told[1].verdict.rule);
	ck_assert_ptr_null(bed.told[1].verdict.promise);
}
END_TEST

START_TEST(a_policy_that_was_not_asked_has_proposed_nothing)
{
	struct bed bed;

	bed_init(&bed, four);
	bed.verdicts[0].asked = false;
	bed.verdicts[0].state = STATE_PAUSED;
	bed.verdicts[0].reason = REASON_PAUSED;
	bed.verdicts[0].proposal.n_figures = 1;
	published_fill(&bed.published, &bed.snapshot, &bed.plan);
	ck_assert_str_eq(bed.told[0].policy_reason, "");
	ck_assert_str_eq(bed.told[0].policy, "talking");
	ck_assert_uint_eq(bed.told[0].verdict.proposal.bytes, BALLOOND_UNKNOWN);
	ck_assert_uint_eq(bed.told[0].verdict.proposal.n_figures, 0);
}
END_TEST

START_TEST(figures_that_a_policy_has_not_named_are_not_told)
{
	struct bed bed;

	bed_init(&bed, four);
	bed.verdicts[0].proposal.n_figures = 1;
	bed.verdicts[1].proposal.n_figures = 2;
	bed.verdicts[2].proposal.n_figures = 1;
	bed.verdicts[2].rule = NULL;
	published_fill(&bed.published, &bed.snapshot, &bed.plan);
	ck_assert_uint_eq(bed.told[0].verdict.proposal.n_figures, 1);
	ck_assert_ptr_eq(bed.told[0].figures, figures);
	ck_assert_uint_eq(bed.told[1].verdict.proposal.n_figures, 0);
	ck_assert_uint_eq(bed.told[2].verdict.proposal.n_figures, 0);
	ck_assert_str_eq(bed.told[2].policy, "");
	ck_assert_str_eq(bed.told[2].rule, "");
}
END_TEST

START_TEST(guests_are_found_by_uuid_or_by_a_name_of_their_own)
{
	/* The last is named as the first's uuid: a uuid means its owner. */
	static const char *const names[MAX] = { "web", "twin", "twin", "p" };
	struct bed bed;

	bed_init(&bed, names);
	ck_assert_ptr_null(published_find(&bed.published, "web")); /* nothing yet */
	published_fill(&bed.published, &bed.snapshot, &bed.plan);
	for (size_t i = 0; i < MAX; i++)
		ck_assert_ptr_eq(published_find(&bed.published, bed.told[i].uuid), &bed.told[i]);
	ck_assert_ptr_eq(published_find(&bed.published, "web"), &bed.told[0]);
	ck_assert_ptr_null(published_find(&bed.published, "twin"));
	ck_assert_ptr_null(published_find(&bed.published, "nobody"));
	ck_assert_ptr_null(published_find(&bed.published, ""));
}
END_TEST

START_TEST(every_figure_is_named_once_and_read_from_its_own_field)
{
	char text[PUBLISHED_TEXT_MAX];

	for (size_t i = 0; i < n_published_figures; i++) {
		const struct published_figure *f = &published_figures[i];

		ck_assert_uint_eq(f->offset % sizeof(uint64_t), 0);
		ck_assert_uint_le(f->offset + sizeof(uint64_t), sizeof(struct verdict));
		ck_assert_uint_gt(strlen(f->help), 0);
		ck_assert_uint_lt(strlen(published_figure_property(text, f)),
				  PUBLISHED_TEXT_MAX - 1);
		for (size_t k = 0; k < i; k++) {
			ck_assert_str_ne(f->name, published_figures[k].name);
			ck_assert_uint_ne(f->offset, published_figures[k].offset);
		}
	}
}
END_TEST

static const struct {
	const char *name;
	size_t offset;
} some_figures[] = {
	{ "maximum", offsetof(struct published_guest, verdict.guest.maximum) },
	{ "actual", offsetof(struct published_guest, verdict.guest.actual) },
	{ "target", offsetof(struct published_guest, verdict.target) },
	{ "used", offsetof(struct published_guest, verdict.guest.used) },
	{ "floor", offsetof(struct published_guest, verdict.guest.floor) },
	{ "ceiling", offsetof(struct published_guest, verdict.guest.ceiling) },
	{ "margin", offsetof(struct published_guest, verdict.margin) },
	{ "claim", offsetof(struct published_guest, verdict.proposal.claim) },
	{ "charge", offsetof(struct published_guest, verdict.guest.charge) },
};

START_TEST(a_figure_is_the_field_of_its_name)
{
	size_t found = 0;

	for (size_t i = 0; i < n_published_figures; i++) {
		if (strcmp(published_figures[i].name, some_figures[_i].name) != 0)
			continue;
		ck_assert_uint_eq(published_figures[i].offset, some_figures[_i].offset);
		found++;
	}
	ck_assert_uint_eq(found, 1);
}
END_TEST

START_TEST(every_key_of_a_tenant_has_a_name)
{
	for (size_t i = 0; i < TENANT_KEYS; i++) {
		ck_assert_ptr_nonnull(tenant_key_names[i]);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(tenant_key_names[i], tenant_key_names[k]);
	}
	ck_assert_str_eq(tenant_key_names[TENANT_MIN], "min");
	ck_assert_ptr_null(tenant_key_names[TENANT_KEYS]);
}
END_TEST

START_TEST(properties_are_camel_case_with_units_of_time)
{
	static const struct published_figure bytes = { .name = "swap-in", .type = BALLOOND_BYTES };
	static const struct published_figure time = { .name = "stats-age", .type = BALLOOND_USEC };
	static const struct published_figure one = { .name = "used", .type = BALLOOND_BYTES };
	char text[PUBLISHED_TEXT_MAX];

	ck_assert_str_eq(published_figure_property(text, &bytes), "SwapIn");
	ck_assert_str_eq(published_figure_property(text, &time), "StatsAgeUSec");
	ck_assert_str_eq(published_figure_property(text, &one), "Used");
}
END_TEST

#define N(table) (int)(sizeof(table) / sizeof((table)[0]))

int main(void)
{
	Suite *suite = suite_create("published");
	TCase *tc = tcase_create("published");

	tcase_add_loop_test(tc, headline_says_what_decided, 0, N(headlines));
	tcase_add_test(tc, warnings_are_told_whatever_the_reason_says);
	tcase_add_test(tc, published_outlives_the_tick);
	tcase_add_test(tc, a_policy_that_was_not_asked_has_proposed_nothing);
	tcase_add_test(tc, figures_that_a_policy_has_not_named_are_not_told);
	tcase_add_test(tc, guests_are_found_by_uuid_or_by_a_name_of_their_own);
	tcase_add_test(tc, every_figure_is_named_once_and_read_from_its_own_field);
	tcase_add_loop_test(tc, a_figure_is_the_field_of_its_name, 0, N(some_figures));
	tcase_add_test(tc, every_key_of_a_tenant_has_a_name);
	tcase_add_test(tc, properties_are_camel_case_with_units_of_time);
	suite_add_tcase(suite, tc);
	return check_main(suite);
}
