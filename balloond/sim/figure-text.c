/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/sim/figure-text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "balloond/policy-math.h"

#define TENTH (BALLOOND_SECOND / 10)
#define MINUTE (60 * BALLOOND_SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const char *const key_suffixes[] = {
	[SIM_COUNT] = "",
	[SIM_THOUSANDTHS] = "Thousandths",
	[SIM_MILLIONTHS] = "Millionths",
	[SIM_BYTES] = "",
	[SIM_USEC] = "USec",
	[SIM_MIB_SECONDS] = "MiBSeconds",
	[SIM_NANOSECONDS] = "", /* the name says it */
};

uint64_t figure_value(const struct sim_figure *figure, const struct sim_result *result)
{
	return *(const uint64_t *)(const void *)((const char *)result + figure->offset);
}

/* value / 10^digits, without zeros at the end */
static void format_decimal(char buf[FIGURE_TEXT_MAX], uint64_t value, unsigned digits,
			   const char *unit)
{
	char fraction[24];
	uint64_t scale = 1;
	size_t n;

	for (unsigned i = 0; i < digits; i++)
		scale *= 10;
	(void)snprintf(fraction, sizeof(fraction), "%0*" PRIu64, (int)digits, value % scale);
	for (n = digits; n > 0 && fraction[n - 1] == '0'; n--)
		;
	fraction[n] = '\0';
	(void)snprintf(buf, FIGURE_TEXT_MAX, "%" PRIu64 "%s%s%s", value / scale, n > 0 ? "." : "",
		       fraction, unit);
}

/* The two largest units that say something. */
static void format_time(char buf[FIGURE_TEXT_MAX], usec_t time)
{
	static const struct {
		usec_t length;
		const char *name;
	} units[] = { { DAY, "d" }, { HOUR, "h" }, { MINUTE, "min" }, { BALLOOND_SECOND, "s" } };
	size_t i = 0;

	if (time > 0 && time < BALLOOND_SECOND) {
		(void)snprintf(buf, FIGURE_TEXT_MAX, "%" PRIu64 " ms", time / 1000);
		return;
	}
	if (time < MINUTE) {
		format_decimal(buf, time / TENTH, 1, " s");
		return;
	}
	while (time < units[i].length)
		i++;
	if (time % units[i].length < units[i + 1].length)
		(void)snprintf(buf, FIGURE_TEXT_MAX, "%" PRIu64 " %s", time / units[i].length,
			       units[i].name);
	else
		(void)snprintf(buf, FIGURE_TEXT_MAX, "%" PRIu64 " %s %" PRIu64 " %s",
			       time / units[i].length, units[i].name,
			       time % units[i].length / units[i + 1].length, units[i + 1].name);
}

const char *figure_text(char buf[FIGURE_TEXT_MAX], const struct sim_figure *figure, uint64_t value)
{
	char human[VALUE_TEXT_MAX];

	if (value == BALLOOND_UNKNOWN)
		return strcpy(buf, "unknown");
	switch (figure->unit) {
	case SIM_THOUSANDTHS:
		format_decimal(buf, value, 3, "");
		break;
	case SIM_MILLIONTHS:
		format_decimal(buf, value, 4, "%");
		break;
	case SIM_BYTES:
		(void)strcpy(buf, value_format_human(human, value));
		break;
	case SIM_USEC:
		format_time(buf, value);
		break;
	case SIM_MIB_SECONDS:
		value = balloond_min(value, UINT64_MAX / BALLOOND_MIB);
		(void)value_format_human(human, value * BALLOOND_MIB);
		(void)snprintf(buf, FIGURE_TEXT_MAX, "%s s", human);
		break;
	case SIM_NANOSECONDS:
		(void)snprintf(buf, FIGURE_TEXT_MAX, "%" PRIu64 " ns", value);
		break;
	case SIM_COUNT:
		(void)snprintf(buf, FIGURE_TEXT_MAX, "%" PRIu64, value);
		break;
	}
	return buf;
}

const char *figure_key(char buf[FIGURE_TEXT_MAX], const struct sim_figure *figure)
{
	const char *suffix = key_suffixes[figure->unit];
	size_t n = 0, limit = FIGURE_TEXT_MAX - 1 - strlen(suffix);
	bool upper = true;

	for (const char *c = figure->name; *c && n < limit; c++) {
		if (*c != '-')
			buf[n++] = upper && *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
		upper = *c == '-';
	}
	(void)strcpy(buf + n, suffix);
	return buf;
}
