/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Virtual machines that look like those of production, none of which is any real one.
 *
 * Figures are those of 436 virtual machines over a month (GWA-T-12 Bitbrains Rnd, July 2013: Shen,
 * van Beek, Iosup, CCGrid 2015), as they are seen every 300 s:
 *
 *     mean use / size         P10 1.1 %   P50 4.2 %  P90 12 %   P99 38 %
 *     peak / size             P10 8 %     P50 48 %   P90 93 %
 *     deviation / mean                    P50 0.64   P90 2.2
 *     autocorrelation, 300 s  P10 0.28    P50 0.60   P90 0.93
 *     jumps > 10 % of size                P50 1.1    P90 7      a day
 *     spikes > median + 20 % of size: 2.1 a day; 49 % are seen once, P90 7 times, P99 44 times
 *     swing of the day / mean             P50 0.44   P90 1.7
 *     correlation of two machines about 0.02
 *
 * Below 300 s nothing was recorded.  There 88 % of overloads last less than two minutes (Williams
 * et al., "Overdriver", VEE 2011), which fits: of surges that short one in six or seven is seen, by
 * chance, once.  So there is one kind of surge, whose length has a long tail, and a base that moves
 * slowly.  They rise by 30 to 300 MiB a second.
 *
 * Everything is drawn from the tables below, whose values were found by trying.  The figures come
 * out within a tenth, spikes a fifth too rare; what happens to many machines at once is not in it.
 */

#include <errno.h>
#include <stdlib.h>

#include "balloond/policy-math.h"
#include "balloond/sim/demand.h"
#include "balloond/sim/random.h"

/* Between two values of the series. */
#define TICK_SECONDS 5u
#define DAY_TICKS (86400u / TICK_SECONDS)
#define HOUR_TICKS (3600u / TICK_SECONDS)
/* The base takes another value every 300 s, within 30 s. */
#define BASE_TICKS (300u / TICK_SECONDS)
#define BASE_MOVES (30u / TICK_SECONDS)
/* Shares of a machine's size are in millionths. */
#define WHOLE 1000000u
#define SURGE_LEAST 100000u
/* Surges of huge machines rise faster, so that they are over in time. */
#define SURGE_RISES_SECONDS 40u
#define RISE_MIN 30u /* MiB a second */
#define RISE_MAX 300u
/* 1.0 where numbers have a fraction. */
#define ONE INT64_C(65536)

/* Ranks are drawn in millionths. */
#define RANKS 1000000u

/* A distribution: straight lines between quantiles.  The first rank is 0, the last 10000. */
struct quantile {
	uint32_t rank; /* 1/100 % */
	uint32_t value;
};

/* MiB; another one above a rank than up to it. */
static const struct quantile sizes[] = {
	{ 0, 512 },      { 1600, 512 },   { 1600, 1024 },  { 2150, 1024 },   { 2150, 2048 },
	{ 3150, 2048 },  { 3150, 4096 },  { 5250, 4096 },  { 5250, 8192 },   { 6650, 8192 },
	{ 6650, 16384 }, { 8750, 16384 }, { 8750, 32768 }, { 10000, 32768 },
};
/* Of use. */
static const struct quantile means[] = {
	{ 0, 3000 },     { 1000, 10500 }, { 2500, 21000 },  { 5000, 39000 },
	{ 7500, 66000 }, { 9000, 92000 }, { 9900, 350000 }, { 10000, 600000 },
};
/* Of use that a machine can reach. */
static const struct quantile peaks[] = {
	{ 0, 20000 },     { 1000, 60000 },  { 2500, 210000 },   { 5000, 510000 },
	{ 7500, 800000 }, { 9000, 940000 }, { 10000, 1000000 },
};
/* Begun a day, in thousandths. */
static const struct quantile surges[] = {
	{ 0, 0 },        { 1000, 200 },   { 2500, 1000 },   { 5000, 6000 },
	{ 7500, 12500 }, { 9000, 23000 }, { 9900, 190000 }, { 10000, 260000 },
};
/* Of surges, without their rise; seconds. */
static const struct quantile lengths[] = {
	{ 0, 10 },      { 4000, 17 },   { 7000, 30 },    { 9000, 105 },    { 9020, 500 },
	{ 9340, 1100 }, { 9750, 2600 }, { 9960, 14000 }, { 10000, 28800 },
};
/* The longest surge of a machine; seconds. */
static const struct quantile longests[] = {
	{ 0, 400 },
	{ 6000, 1000 },
	{ 8500, 9000 },
	{ 10000, 28800 },
};
/* Of surges; MiB a second. */
static const struct quantile rises[] = {
	{ 0, RISE_MIN },
	{ 5000, 95 },
	{ 10000, RISE_MAX },
};
/* Standard deviation of the base's binary logarithm, in 1/65536. */
static const struct quantile spreads[] = {
	{ 0, 4000 }, { 1000, 10000 }, { 5000, 22500 }, { 9000, 61000 }, { 10000, 90000 },
};
/* Its autocorrelation, in 1/65536. */
static const struct quantile keeps[] = {
	{ 0, 4000 },     { 1000, 14000 }, { 5000, 20000 },  { 7000, 48000 },
	{ 7600, 64000 }, { 9000, 65300 }, { 10000, 65480 },
};
/* Of the base over the day; permille of its mean. */
static const struct quantile swings[] = {
	{ 0, 0 }, { 5000, 200 }, { 8000, 700 }, { 9500, 2600 }, { 10000, 5000 },
};

/* What a machine is, drawn once. */
struct machine {
	struct sim_random random;
	uint32_t size;               /* MiB */
	uint32_t base;               /* its mean without surges */
	uint32_t peak;               /* nothing is higher */
	int64_t spread, keep, fresh; /* the base's logarithm = keep x the last + fresh x new */
	uint32_t swing, busy_ticks;  /* of its day: how high, how long, */
	uint32_t busy_at;            /* and when; the base moves at a time of its own as well */
	uint64_t chance;             /* that a surge begins in a tick, of 2^64 */
	uint32_t busy;               /* its rank: the busier, the higher its surges */
	uint32_t longest;            /* surge, seconds */
};

/* Where it is. */
struct state {
	int64_t noise;                /* normal, variance 1, in 1/65536 */
	uint32_t base, before;        /* what the base moves to, and from */
	uint32_t height, surge, rise; /* what the surge rises to, where it is, by how much a tick */
	uint32_t left;                /* ticks of the surge */
};

static uint32_t at_rank(const struct quantile *q, uint32_t rank)
{
	uint32_t low, high;

	while (q[1].rank * 100 <= rank)
		q++;
	low = q[0].rank * 100;
	high = q[1].rank * 100;
	return (uint32_t)((q[0].value * (uint64_t)(high - rank) +
			   q[1].value * (uint64_t)(rank - low)) /
			  (high - low));
}

static uint32_t draw_rank(struct sim_random *r)
{
	return (uint32_t)sim_random_below(r, RANKS);
}

static uint32_t draw(struct sim_random *r, const struct quantile *table)
{
	return at_rank(table, draw_rank(r));
}

/* The other rank in so many of 1000, for what goes together. */
static uint32_t draw_near(struct sim_random *r, uint32_t other, unsigned permille)
{
	uint32_t own = draw_rank(r);

	return sim_random_below(r, 1000) < permille ? other : own;
}

static uint64_t mean_of(const struct quantile *q)
{
	uint64_t sum = 0;

	for (; q->rank < 10000; q++)
		sum += (q[1].rank - q[0].rank) * ((uint64_t)q[0].value + q[1].value);
	return sum / 20000;
}

/* Normal, variance 1, in 1/65536: twelve equally distributed numbers. */
static int64_t draw_normal(struct sim_random *r)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < 3; i++)
		for (uint64_t x = sim_random_next(r), k = 0; k < 4; k++, x >>= 16)
			sum += (int64_t)(x & 0xffff);
	return sum - 6 * ONE;
}

/* 2^x, both in 1/65536; x from -16 to 16. */
static uint64_t exp2_of(int64_t x)
{
	static const uint32_t sixteenths[] = { 65536,  68438,  71468,  74632,  77936,  81386,
					       84990,  88752,  92682,  96785,  101070, 105545,
					       110218, 115098, 120194, 125515, 131072 };
	uint64_t y = (uint64_t)(x + 16 * ONE), i = y % 65536 / 4096, f = y % 4096;
	uint64_t fraction = (sixteenths[i] * (4096 - f) + sixteenths[i + 1] * f) / 4096;

	return fraction << (y / 65536) >> 16;
}

static int64_t square_root(uint64_t x)
{
	uint64_t root = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit > 0; bit >>= 1)
		if ((root + bit) * (root + bit) <= x)
			root += bit;
	return (int64_t)root;
}

/* What surges add to the mean, about. */
static uint32_t surges_mean(const struct machine *m, uint32_t a_day)
{
	uint64_t reach = m->peak - m->base, least = balloond_min(SURGE_LEAST, reach / 2);
	uint64_t height = least + (reach - least) / 4;

	/* Half: few machines have surges of every length. */
	return (uint32_t)(height * a_day / 1000 * mean_of(lengths) / 86400 / 2);
}

static void machine_draw(struct machine *m, uint64_t seed, unsigned guest)
{
	struct sim_random *r = &m->random;
	uint32_t level, small, a_day;

	*r = sim_random_begin(seed, guest);
	level = draw_rank(r);
	small = RANKS - 1 - level;
	m->busy = draw_near(r, level, 450);
	m->size = at_rank(sizes, draw_near(r, small, 400));
	m->longest = at_rank(longests, draw_near(r, m->busy, 300));
	m->base = at_rank(means, level);
	m->peak = (uint32_t)balloond_max(at_rank(peaks, m->busy), m->base * 3 / 2);
	a_day = at_rank(surges, m->busy);
	m->base = (uint32_t)balloond_max(balloond_sub(m->base, surges_mean(m, a_day)), m->base / 6);
	m->chance = UINT64_MAX / (DAY_TICKS * UINT64_C(1000)) * a_day;
	m->spread = at_rank(spreads, draw_near(r, small, 750));
	m->keep = draw(r, keeps);
	m->fresh = square_root((uint64_t)(ONE * ONE - m->keep * m->keep));
	m->swing = draw(r, swings);
	m->busy_ticks = (2 + (uint32_t)sim_random_below(r, 10)) * HOUR_TICKS;
	m->busy_at = (uint32_t)sim_random_below(r, DAY_TICKS);
}

/* The time of the day's factor: a hump of some hours above the level of all others; permille. */
static uint64_t day_factor(const struct machine *m, size_t tick)
{
	uint64_t since = (tick + DAY_TICKS - m->busy_at) % DAY_TICKS, half = m->busy_ticks / 2;
	uint64_t up = since < half ? since : since < 2 * half ? 2 * half - since : 0;
	uint64_t mean = m->swing * half / DAY_TICKS;

	return balloond_max(1000 + m->swing * up / half, mean + 100) - mean;
}

static void move_base(const struct machine *m, struct sim_random *r, struct state *s, size_t tick)
{
	uint64_t level;
	int64_t x;

	s->noise = (m->keep * s->noise + m->fresh * draw_normal(r)) / ONE;
	/* E(2^(a z)) = 2^(a^2 ln 2 / 2) for a normal z. */
	x = m->spread * s->noise / ONE - m->spread * m->spread / ONE * 22713 / ONE;
	level = m->base * exp2_of(x) / 65536 * day_factor(m, tick) / 1000;
	s->before = s->base;
	s->base = (uint32_t)balloond_min(level, m->peak);
}

static void begin_surge(const struct machine *m, struct sim_random *r, struct state *s)
{
	uint64_t reach = m->peak - s->base, least = balloond_min(SURGE_LEAST, reach / 2);
	uint64_t u = draw_rank(r), u2 = u * u / RANKS, rise = draw(r, rises), mib;
	uint64_t length = balloond_min(draw(r, lengths), m->longest);

	/* u^2 for the busiest, u^4 for the calmest. */
	u = u2 * (m->busy + (RANKS - m->busy) * u2 / RANKS) / RANKS;
	s->height = (uint32_t)(least + (reach - least) * u / RANKS);
	mib = (uint64_t)s->height * m->size / WHOLE;
	rise = balloond_clamp(balloond_max(rise, mib / SURGE_RISES_SECONDS), RISE_MIN, RISE_MAX);
	length += mib / rise / 2;
	s->rise = (uint32_t)(rise * TICK_SECONDS * WHOLE / m->size);
	s->left = (uint32_t)(length / TICK_SECONDS);
}

static uint64_t next_value(const struct machine *m, struct sim_random *r, struct state *s,
			   size_t tick)
{
	uint64_t into = (tick + m->busy_at) % BASE_TICKS, base;

	if (into == 0)
		move_base(m, r, s, tick);
	if (s->left > 0)
		s->left--;
	else if (sim_random_next(r) < m->chance)
		begin_surge(m, r, s);
	s->surge = s->left > 0 ? (uint32_t)balloond_min(s->height, s->surge + s->rise) : 0;
	into = balloond_min(into + 1, BASE_MOVES);
	base = (s->before * (BASE_MOVES - into) + s->base * into) / BASE_MOVES;
	return balloond_min(base + s->surge, m->peak) * m->size / WHOLE;
}

int demand_generate(struct demand *d, uint64_t seed, unsigned guest, usec_t length)
{
	usec_t interval = TICK_SECONDS * BALLOOND_SECOND;
	size_t n = length / interval + 1;
	struct state s = { 0 };
	struct machine m = { 0 };
	uint32_t *series = reallocarray(NULL, n, sizeof(*series));

	if (!series)
		return -ENOMEM;
	machine_draw(&m, seed, guest);
	s.noise = draw_normal(&m.random);
	move_base(&m, &m.random, &s, 0);
	s.before = s.base;
	for (size_t i = 0; i < n; i++)
		series[i] = (uint32_t)next_value(&m, &m.random, &s, i);
	free(d->series);
	d->maximum = m.size * BALLOOND_MIB;
	d->shape = DEMAND_SERIES;
	d->series = series;
	d->n_series = n;
	d->interval = interval;
	d->over = interval;
	return 0;
}
