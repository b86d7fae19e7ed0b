/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/descriptor.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "balloond/io/keys.h"

/* Where complaints go. */
struct refusal {
	const char *name;
	char *error;
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct refusal *r, const char *format,
							...)
{
	int at = snprintf(r->error, DESCRIPTOR_ERROR_MAX, "%s.so ", r->name);
	va_list args;

	if (at < 0 || (size_t)at >= DESCRIPTOR_ERROR_MAX)
		return -EINVAL;
	va_start(args, format);
	(void)vsnprintf(r->error + at, DESCRIPTOR_ERROR_MAX - (size_t)at, format, args);
	va_end(args);
	return -EINVAL;
}

bool descriptor_name_is_valid(const char *name)
{
	size_t n = 0;

	if (!name || *name < 'a' || *name > 'z')
		return false;
	for (; name[n]; n++) {
		char c = name[n];

		if (n >= 32 || !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

static bool type_is_valid(enum balloond_type type)
{
	return (unsigned)type <= BALLOOND_COUNT;
}

#define REBUILD "rebuild it with this balloond's headers"

/* abi and size come first: nothing else may be read before they fit.  A larger descriptor is of a
 * newer balloond, whose policies may read what this one does not hand to them. */
static int check_versions(const struct refusal *r, const struct balloond_policy *p)
{
	if (p->abi != BALLOOND_POLICY_ABI)
		return refuse(r, "is built for policy ABI %u, this balloond has ABI %u: %s" REBUILD,
			      p->abi, BALLOOND_POLICY_ABI,
			      p->abi > BALLOOND_POLICY_ABI ? "update balloond, or " : "");
	if (p->size < sizeof(*p))
		return refuse(r, "has a descriptor of %u bytes, ABI %u begins with %zu: " REBUILD,
			      p->size, BALLOOND_POLICY_ABI, sizeof(*p));
	if (p->size > sizeof(*p))
		return refuse(r,
			      "has a descriptor of %u bytes, this balloond knows %zu of them: "
			      "update balloond, or " REBUILD,
			      p->size, sizeof(*p));
	return 0;
}

static int check_identity(const struct refusal *r, const struct balloond_policy *p)
{
	if (!p->name || strcmp(p->name, r->name) != 0)
		return refuse(r,
			      "calls itself '%.40s', expected '%s': rename the file or the policy",
			      p->name ? p->name : "nothing", r->name);
	if (!p->summary || !p->propose)
		return refuse(r, "has no %s: set it in its descriptor",
			      p->summary ? "propose function" : "summary");
	return 0;
}

static int check_sizes(const struct refusal *r, const struct balloond_policy *p)
{
	const struct {
		const char *what;
		size_t size, max;
	} rows[] = {
		{ "parameters", p->n_params, DESCRIPTOR_MAX_PARAMS },
		{ "bytes of parameters", p->params_size, DESCRIPTOR_MAX_PARAMS_SIZE },
		{ "bytes of state a guest", p->state_size, DESCRIPTOR_MAX_STATE_SIZE },
		{ "bytes of rule state", p->rule_state_size, DESCRIPTOR_MAX_RULE_STATE_SIZE },
		{ "bytes of scratch a guest", p->scratch_size, DESCRIPTOR_MAX_STATE_SIZE },
		{ "reasons", p->n_reasons, DESCRIPTOR_MAX_REASONS },
		{ "figures", p->n_figures, BALLOOND_MAX_FIGURES },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].size > rows[i].max)
			return refuse(r, "has %zu %s, at most %zu are allowed", rows[i].size,
				      rows[i].what, rows[i].max);
	return 0;
}

#define NAMES "names are a-z, then up to 31 of a-z 0-9 -, types those of enum balloond_type"

static int check_texts(const struct refusal *r, const struct balloond_policy *p)
{
	if ((p->n_reasons > 0 && !p->reasons) || (p->n_figures > 0 && !p->figures) ||
	    (p->n_params > 0 && !p->params))
		return refuse(r, "counts reasons, figures or parameters that it does not have: set "
				 "each table with its count");
	for (uint32_t i = 0; i < p->n_reasons; i++)
		if (!p->reasons[i])
			return refuse(r,
				      "has no text for its reason %u: fill reasons[] without gaps",
				      i);
	for (uint32_t i = 0; i < p->n_figures; i++)
		if (!descriptor_name_is_valid(p->figures[i].name) ||
		    !type_is_valid(p->figures[i].type))
			return refuse(r, "has no valid name or type for its figure %u: " NAMES, i);
	return 0;
}

/* The text of one bound or default, against the bounds that are known to be good. */
static int check_spelling(const struct refusal *r, const struct balloond_param *p, const char *what,
			  const char *text, const char *low, const char *high)
{
	char why[BOUNDED_WHY_MAX];
	uint64_t x;

	if (!text || bounded_parse(text, p->type, low, high, &x, why) == 0)
		return 0;
	return refuse(r, "has a wrong %s of its parameter '%s': %s", what, p->name, why);
}

static int check_param(const struct refusal *r, const struct balloond_policy *policy, size_t i)
{
	const struct balloond_param *p = &policy->params[i];
	int k;

	if (!descriptor_name_is_valid(p->name) || !type_is_valid(p->type))
		return refuse(r, "has no valid name or type for its parameter %zu: " NAMES, i);
	if (p->offset % sizeof(uint64_t) != 0 ||
	    (size_t)p->offset + sizeof(uint64_t) > policy->params_size)
		return refuse(r,
			      "has its parameter '%s' at offset %u of %zu bytes: use offsetof() of "
			      "a uint64_t in the struct of params_size",
			      p->name, p->offset, policy->params_size);
	for (size_t j = 0; j < i; j++)
		if (strcmp(policy->params[j].name, p->name) == 0 ||
		    policy->params[j].offset == p->offset)
			return refuse(r,
				      "has two parameters '%s' and '%s' with one name or place: "
				      "give each its own",
				      policy->params[j].name, p->name);
	k = check_spelling(r, p, "low bound", p->low, NULL, NULL);
	if (k == 0)
		k = check_spelling(r, p, "high bound", p->high, p->low, NULL);
	if (k == 0)
		k = check_spelling(r, p, "default", p->fallback, p->low, p->high);
	return k;
}

int descriptor_check(const struct balloond_policy *policy, const char *name,
		     char error[DESCRIPTOR_ERROR_MAX])
{
	const struct refusal r = { .name = name, .error = error };
	int k;

	k = check_versions(&r, policy);
	if (k == 0)
		k = check_identity(&r, policy);
	if (k == 0)
		k = check_sizes(&r, policy);
	if (k == 0)
		k = check_texts(&r, policy);
	for (size_t i = 0; k == 0 && i < policy->n_params; i++)
		k = check_param(&r, policy, i);
	return k;
}
