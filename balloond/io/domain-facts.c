/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a guest says is checked here, once: it may lie about everything but the time at which it
 * said so, which is QEMU's.  What cannot be is unknown, field by field. */

#include "balloond/io/domain-facts.h"

#include <stdlib.h>
#include <string.h>

#include "balloond/core/text.h"
#include "balloond/core/trust.h"

/* Seconds; a stamp behind the year 3000 is none. */
#define STAMP_MAX (UINT64_C(1) << 35)

/* The clock of the real time may be set back: a sample from further in the future than this has
 * the age that the sweeps tell. */
#define CLOCK_SLACK 2000000

/* Sweeps that find somebody else's job in a row before the guest counts as busy: a single one may
 * have met a monitoring tool, or our own call. */
#define SHORT_MAX 2u

/* Until then one that went on elsewhere is given to report anew. */
#define ARRIVED_MAX (15u * 1000000u)
/* libvirt tells of one reset two to five times, within a second; the quickest loop of panics that
 * was seen took four. */
#define SAME_BOOT 3000000u

void domain_begin(struct domain *d, const char *name, usec_t booted, usec_t now)
{
	struct domain fresh = {
		.source = d->source,
		.id = -1,
		.run_seen = now,
		.raw_maximum = BALLOOND_UNKNOWN,
		.raw_actual = BALLOOND_UNKNOWN,
		.wrong_actual = BALLOOND_UNKNOWN,
		.known_actual = BALLOOND_UNKNOWN,
		.stats_age = BALLOOND_UNKNOWN,
		.calls = {
			.in_flight = d->calls.in_flight,
			.wants_inspection = true,
			.wants_actual = true,
			.target = BALLOOND_UNKNOWN,
		},
	};

	guest_init(&fresh.guest, d->guest.uuid, name);
	fresh.guest.booted = booted;
	*d = fresh;
}

void domain_reboot(struct domain *d, usec_t at)
{
	if (d->guest.booted == 0 || at >= d->guest.booted + SAME_BOOT)
		d->guest.booted = at;
	d->calls.wants_inspection = d->wants_reading = true;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* libvirt counts virtio-mem in; a balloon can neither take nor give it. */
static uint64_t balloon_part(uint64_t raw, uint64_t elastic)
{
	return raw == BALLOOND_UNKNOWN ? raw : minus(raw, elastic);
}

static void set_sizes(struct domain *d)
{
	struct balloond_guest *seen = &d->guest.seen;

	seen->maximum = balloon_part(d->raw_maximum, d->elastic_size);
	seen->actual = balloon_part(d->raw_actual, d->elastic_current);
	/* The cached size holds until libvirt says another one. */
	if (d->wrong_actual == BALLOOND_UNKNOWN)
		return;
	if (d->raw_actual == d->wrong_actual)
		seen->actual = d->known_actual;
	else
		d->wrong_actual = BALLOOND_UNKNOWN;
}

/* What its process ever touched and has not given back, wherever that is now.  Of the two figures
 * one leaves out files, the other what is merged and swapped. */
static uint64_t touched(const struct sample *sample)
{
	uint64_t held = sample->rss, swapped = sample->host_swap;

	if (held == BALLOOND_UNKNOWN)
		return held;
	if (sample->resident != BALLOOND_UNKNOWN && sample->resident > held)
		held = sample->resident;
	return swapped == BALLOOND_UNKNOWN ? held : held + swapped;
}

static void set_figures(struct domain *d, const struct sample *sample)
{
	struct balloond_guest *seen = &d->guest.seen;

	seen->total = sample->total;
	seen->usable = sample->usable;
	seen->unused = sample->unused;
	seen->caches = sample->caches;
	d->figure_facts = trust_check_figures(seen, d->raw_maximum);
	seen->swap_in = sample->swap_in;
	seen->swap_out = sample->swap_out;
	seen->major_faults = sample->major_faults;
	/* The guest sees virtio-mem as well.  Counted as free, so that what it uses is not too
	 * little: actual - usable stays what the whole guest uses. */
	seen->total = balloon_part(seen->total, d->elastic_current);
	seen->usable = balloon_part(seen->usable, d->elastic_current);
	seen->unused = balloon_part(seen->unused, d->elastic_current);
	d->figure_facts |= trust_check_touched(seen, touched(sample));
}

/* Since the guest refreshed its figures, at the sweep: by its stamp, and at most since the sweep
 * that still saw the stamp before. */
static usec_t find_age(const struct domain *d, uint64_t last_update, const struct sweep *sweep)
{
	usec_t most = BALLOOND_UNKNOWN;
	int64_t age;

	if (d->sampled_after > 0)
		most = minus(sweep->ended, d->sampled_after);
	if (last_update > STAMP_MAX)
		return most;
	age = (int64_t)sweep->wall - (int64_t)(last_update * 1000000u);
	if (age < -CLOCK_SLACK)
		return most;
	if (age < 0)
		age = 0;
	return (usec_t)age < most ? (usec_t)age : most;
}

static void set_freshness(struct domain *d, const struct sample *sample, const struct sweep *sweep)
{
	uint64_t stamp = sample->is_computed ? sweep->ended : sample->last_update;

	/* QEMU 10 and later forget the statistics with a reset, whose event may have been missed.
	 */
	if (stamp == 0 && d->guest.stamp != 0 && d->guest.booted <= d->stats_swept)
		domain_reboot(d, sweep->began);
	if (stamp == BALLOOND_UNKNOWN)
		stamp = 0;
	if (stamp != d->guest.stamp)
		d->sampled_after = d->stats_swept;
	d->guest.stamp = stamp;
	d->stats_swept = sweep->ended;
	if (stamp == 0)
		d->stats_age = BALLOOND_UNKNOWN;
	else
		d->stats_age = sample->is_computed ? 0 : find_age(d, stamp, sweep);
}

/* It goes on as it was: libvirt's idea of its size and QEMU's period are those of before, or none.
 * Only the first look tells; the reason that libvirt gives stays until the next change. */
static void take_arrival(struct domain *d, const struct sample *sample, const struct sweep *sweep)
{
	bool is_new = sample->is_arrived && !d->is_arrived;

	d->is_arrived = sample->is_arrived;
	if (is_new) {
		d->guest.booted = 0;
		d->moving_until = 0;
		d->arrived = sweep->ended;
		d->arrived_stamp = d->guest.stamp;
		d->calls.wants_inspection = d->calls.wants_actual = true;
		d->calls.inspect_after = 0;
		d->calls.rearms = true;
		d->calls.period_asked = 0;
	} else if (d->guest.stamp != d->arrived_stamp) {
		d->arrived = 0;
	}
}

static void copy_name(struct guest *guest, const char *name)
{
	memcpy(guest->name, name, sizeof(guest->name));
	guest->name[sizeof(guest->name) - 1] = '\0';
}

/* Nobody asked its hypervisor; the host was. */
static void take_resident(struct domain *d, const struct sample *sample, const struct sweep *sweep)
{
	if (sample->resident != BALLOOND_UNKNOWN) {
		d->guest.seen.resident = sample->resident;
		d->guest.resident_at = sweep->ended;
	}
	if (sample->host_swap != BALLOOND_UNKNOWN)
		d->guest.host_swap = sample->host_swap;
	if (sample->disk_reads != BALLOOND_UNKNOWN)
		d->guest.seen.disk_reads = sample->disk_reads;
}

void domain_take_sample(struct domain *d, const struct sample *sample, const struct sweep *sweep)
{
	if (sample->is_unread) {
		take_resident(d, sample, sweep);
		return;
	}
	copy_name(&d->guest, sample->name);
	text_copy(d->guest.labels.hypervisor, sizeof(d->guest.labels.hypervisor),
		  sweep->hypervisor);
	d->id = sample->id;
	d->guest.run = sample->id >= 0 ? (uint64_t)sample->id : 0;
	d->swept_facts = sample->facts;
	d->guest.swept = sweep->ended;
	if (sample->maximum != BALLOOND_UNKNOWN)
		d->raw_maximum = sample->maximum;
	if (sample->actual != BALLOOND_UNKNOWN)
		d->raw_actual = sample->actual;
	set_sizes(d);
	if (sample->resident != BALLOOND_UNKNOWN || !sample->is_short)
		d->guest.seen.resident = sample->resident;
	if (sample->host_swap != BALLOOND_UNKNOWN || !sample->is_short)
		d->guest.host_swap = sample->host_swap;
	if (sample->disk_reads != BALLOOND_UNKNOWN || !sample->is_short)
		d->guest.seen.disk_reads = sample->disk_reads;
	d->n_short = sample->is_short ? d->n_short + 1 : 0;
	if (sample->is_short)
		return;
	if (d->moving_ends != 0 && sweep->began >= d->moving_ends)
		d->moving_until = d->moving_ends = 0;
	set_freshness(d, sample, sweep);
	set_figures(d, sample);
	take_arrival(d, sample, sweep);
}

static void set_labels(struct guest *guest, const struct guest_labels *labels)
{
	char hypervisor[sizeof(labels->hypervisor)];

	memcpy(hypervisor, guest->labels.hypervisor, sizeof(hypervisor));
	guest->labels = *labels;
	memcpy(guest->labels.hypervisor, hypervisor, sizeof(hypervisor));
}

bool domain_take_inspection(struct domain *d, const struct inspection *inspection, usec_t now)
{
	uint64_t actual = inspection->actual;

	d->inspected_facts = inspection->live.facts | GUEST_INSPECTED;
	if (inspection->is_transient)
		d->inspected_facts |= GUEST_TRANSIENT;
	d->elastic_size = inspection->live.elastic_size;
	d->elastic_current = inspection->live.elastic_current;
	d->guest.period = inspection->live.period;
	set_labels(&d->guest, &inspection->live.labels);
	d->guest.wish = inspection->live.wish;
	d->calls.inspected = now;
	set_sizes(d);
	if (!inspection->is_transient)
		d->guest.sold = inspection->sold;
	else if (d->guest.sold == BALLOOND_UNKNOWN)
		d->guest.sold = actual != BALLOOND_UNKNOWN ? actual : d->guest.seen.actual;
	else /* what was plugged in or out since */
		d->guest.sold = minus(d->guest.sold + inspection->live.plugged, d->plugged);
	d->plugged = inspection->live.plugged;
	if (actual == BALLOOND_UNKNOWN || actual == d->guest.seen.actual)
		return false;
	/* Only from the next sweep on: what the guest says of itself fits the size of its sweep. */
	d->wrong_actual = d->raw_actual;
	d->known_actual = actual;
	return true;
}

void domain_compose(struct domain *d, usec_t now, struct guest *ret)
{
	*ret = d->guest;
	ret->facts = d->swept_facts | d->inspected_facts | d->figure_facts;
	if (d->is_lost)
		ret->facts |= GUEST_LOST;
	if (d->is_hung)
		ret->facts |= GUEST_HUNG;
	if (d->n_short >= SHORT_MAX)
		ret->facts |= GUEST_BUSY;
	if (now < d->moving_until)
		ret->facts |= GUEST_BUSY | GUEST_MIGRATING;
	if (d->arrived != 0 && now - d->arrived < ARRIVED_MAX)
		ret->facts |= GUEST_BUSY | GUEST_ARRIVED;
	ret->seen.stats_age = d->stats_age;
	if (d->stats_age != BALLOOND_UNKNOWN)
		ret->seen.stats_age += minus(now, d->stats_swept);
	d->guest.outcome = (struct outcome){ 0 };
}
