/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A simulated guest, in 64-bit integers and nearly without divisions: millions of steps a second.
 * Where its rules come from:
 *
 *   speeds         HyperAlloc's artifact (EuroSys'25, Xeon, KVM, 4 KiB pages): 0.92 GiB/s in, 2.3
 *                  out; a stock Debian 6.1 guest under emulation: 0.8 in, 2.0 to 2.3 out
 *   what is taken  free pages, then clean cache, then anonymous memory: order of Linux' reclaim,
 *                  which the driver's allocations go through; without swap the last cannot be had
 *                  and the driver retries for ever (virtio_balloon.c: every 200 ms)
 *   on OOM         the driver's notifier gives pages back at once, as many as are asked for
 *   size told      QEMU sends BALLOON_CHANGE once a second at most
 *   statistics     polled by QEMU's timer, the next only after an answer: a guest that thrashes or
 *                  hangs keeps its last ones
 *   total          falls with the balloon, but not with deflate-on-OOM, and never under Windows
 *   usable         MemAvailable: also counts cache that is read again and again, less a part that
 *                  Linux leaves to it (si_mem_available(): the low watermark, half of it at most)
 */

#include "balloond/sim/guest.h"

#include <string.h>

#include "balloond/io/hash.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"
#include "balloond/sim/trouble.h"

#define PAGE UINT64_C(4096)
/* One part of a step: with RATE_MAX it keeps every product below 2^64. */
#define PART_MAX BALLOOND_SECOND
#define RATE_MAX (UINT64_C(1) << 43)
/* QEMU's throttle of BALLOON_CHANGE. */
#define TELL_INTERVAL BALLOOND_SECOND
/* First touch by a guest that boots: 300 to 350 MiB/s were measured. */
#define BOOT_TOUCH (300 * BALLOOND_MIB)
/* Of what is swapped, or of hot cache that is lost, it wants this part a second; no less than
 * BACK_MIN, or the last bytes would never come. */
#define BACK_PART 4u
#define BACK_MIN BALLOOND_MIB
/* Free memory that the page cache leaves, per cent of the maximum. */
#define KEEP_FREE 3u
/* A guest that lacks more than this part of its need does not get to answering: it thrashes.  How
 * much that takes is a guess; that it happens is not (virtio-spec's discussion of 2026). */
#define MUTE_PART 2u

static uint64_t per(uint64_t rate, usec_t elapsed)
{
	return rate * elapsed / BALLOOND_SECOND;
}

static bool has(const struct sim_guest *g, enum sim_traits trait)
{
	return g->model.traits & trait;
}

static uint64_t free_of(const struct sim_guest *g)
{
	return g->size - g->in_use - g->cache;
}

static void vanish(struct sim_guest *g)
{
	g->present = false;
	g->size = g->need = g->in_use = g->swapped = g->missing = 0;
	g->cache = g->hot = g->touched = g->reads = 0;
	g->outcome = (struct outcome){ 0 };
	g->look = (struct sim_look){ 0 };
}

/* The balloon is empty, and its target forgotten.  What QEMU's process has, it keeps over a
 * reboot. */
static void boot(struct sim_guest *g, usec_t now)
{
	uint64_t want = demand_walk(g->demand, &g->walk, now);

	g->present = g->rises = true;
	g->booted = g->told_at = now;
	g->size = g->asked = g->told = g->model.maximum;
	g->need = g->in_use = balloond_min(g->model.kernel, want);
	g->swapped = g->missing = g->cache = g->hot = 0;
	g->swap_in = g->swap_out = g->major_faults = 0;
	g->touched = balloond_max(g->touched, g->in_use);
	g->sample = (struct sim_sample){ 0 };
}

/* What is not needed any more goes without being read again, what is in swap first. */
static void follow_need(struct sim_guest *g, usec_t now, usec_t elapsed)
{
	uint64_t want = demand_walk(g->demand, &g->walk, now), less, unread;

	if (g->rises) {
		uint64_t rate = g->demand->touch > 0 ? balloond_min(g->demand->touch, RATE_MAX)
						     : BOOT_TOUCH;
		uint64_t risen = g->need + per(rate, elapsed);

		g->rises = risen < want;
		want = balloond_min(want, risen);
	}
	g->need = want;
	less = balloond_sub(g->in_use + g->swapped, want);
	unread = balloond_min(less, g->swapped);
	g->swapped -= unread;
	g->in_use -= less - unread;
}

/* The cold goes first. */
static void drop_cache(struct sim_guest *g, uint64_t bytes)
{
	g->cache -= bytes;
	g->hot = balloond_min(g->hot, g->cache);
}

static void make_room(struct sim_guest *g)
{
	uint64_t held = g->in_use + g->cache;

	if (held > g->size)
		drop_cache(g, held - g->size);
}

/* Takes what there is of one kind, at its speed, in the time that is left. */
static uint64_t take(uint64_t there, uint64_t rate, uint64_t *wanted, usec_t *time)
{
	uint64_t most, n;

	if (there == 0 || *wanted == 0 || *time == 0)
		return 0;
	most = per(rate, *time);
	n = balloond_min(balloond_min(there, *wanted), most);
	*wanted -= n;
	*time = n < most ? *time - n * BALLOOND_SECOND / rate : 0;
	return n;
}

static void inflate(struct sim_guest *g, usec_t time)
{
	const struct sim_model *m = &g->model;
	uint64_t wanted = g->size - g->asked, n, anon;

	g->size -= take(free_of(g), m->inflate, &wanted, &time);
	n = take(g->cache, m->inflate_cache, &wanted, &time);
	drop_cache(g, n);
	g->size -= n;
	anon = balloond_min(balloond_sub(g->in_use, m->kernel), m->swap - g->swapped);
	n = take(anon, m->inflate_anon, &wanted, &time);
	g->in_use -= n;
	g->swapped += n;
	g->swap_out += n;
	g->size -= n;
}

static bool has_driver(const struct sim_guest *g, usec_t at)
{
	return g->booted == 0 || at >= g->booted + g->model.boot;
}

static void move_balloon(struct sim_guest *g, const struct trouble *t, usec_t elapsed)
{
	usec_t time = t->speed == 1000 ? elapsed : elapsed * t->speed / 1000;

	if (g->asked < g->size)
		inflate(g, time);
	else if (g->asked > g->size)
		g->size += balloond_min(g->asked - g->size, per(g->model.deflate, time));
}

/* Cache makes room for need; then swap takes it; then the balloon, where deflate-on-OOM is
 * negotiated; then nobody. */
static void place_need(struct sim_guest *g, bool deflates)
{
	uint64_t more = g->need - g->in_use - g->swapped, n;

	n = balloond_min(more, g->size - g->in_use);
	g->in_use += n;
	more -= n;
	n = balloond_min(more, g->model.swap - g->swapped);
	g->swapped += n;
	g->swap_out += n;
	more -= n;
	if (more > 0 && deflates) {
		n = balloond_min(more, g->model.maximum - g->size);
		g->size += n;
		g->in_use += n;
		more -= n;
	}
	g->missing = more;
	make_room(g);
}

/* Need that is in swap is wanted back; without room for it, something else goes out for it.
 * Returns what the disk can still do. */
static uint64_t swap_back(struct sim_guest *g, usec_t elapsed, uint64_t disk)
{
	uint64_t back, fits;

	back = per(balloond_max(g->swapped / BACK_PART, BACK_MIN), elapsed);
	back = balloond_min(balloond_min(back, g->swapped), disk);
	fits = balloond_min(back, g->size - g->in_use);
	g->in_use += fits;
	g->swapped -= fits;
	g->swap_in += back;
	g->swap_out += back - fits;
	g->major_faults += back / PAGE;
	g->reads += back;
	make_room(g);
	return disk - back;
}

/* What is lost of the hot cache is read again.  Where there is no room for it, it is lost again at
 * once: reads without end, and buffered ones are no major faults. */
static uint64_t read_hot(struct sim_guest *g, usec_t elapsed, uint64_t disk)
{
	uint64_t room = g->size - g->in_use, lost = g->model.hot - g->hot;
	uint64_t want = balloond_min(lost, disk), read = balloond_min(want, room - g->hot);

	g->hot += read;
	g->cache = balloond_min(g->cache + read, room);
	if (read < want)
		read += balloond_min(want - read, per((lost - read) / BACK_PART, elapsed));
	g->reads += read;
	g->reread += read;
	if (has(g, SIM_MAPPED))
		g->major_faults += read / PAGE;
	return disk - read;
}

static void read_files(struct sim_guest *g, usec_t elapsed, uint64_t disk)
{
	uint64_t read;

	if (g->hot < g->model.hot)
		disk = read_hot(g, elapsed, disk);
	read = balloond_sub(free_of(g), g->model.maximum * KEEP_FREE / 100);
	read = balloond_min(balloond_min(read, disk), per(g->model.fill, elapsed));
	g->cache += read;
	g->reads += read;
}

/* What was touched once stays with the host, until the balloon takes it, or the guest says by
 * itself that it is free.  A device that pins memory keeps the host from having either. */
static void touch(struct sim_guest *g)
{
	uint64_t held = g->in_use + g->cache;

	if (has(g, SIM_PINNED))
		g->touched = balloond_max(g->touched, held);
	else if (has(g, SIM_FREE_REPORTING))
		g->touched = held;
	else
		g->touched = balloond_min(balloond_max(g->touched, held), g->size);
}

/* A terabyte a sample. */
static void make_absurd(struct sim_sample *s, uint64_t maximum)
{
	s->usable = s->unused = 4 * maximum;
	s->swap_in += s->stamp << 40;
}

static void take_sample(struct sim_guest *g, const struct trouble *t, usec_t at)
{
	bool stays = has(g, SIM_AUTODEFLATE) || has(g, SIM_NO_USABLE);
	uint64_t whole = stays ? g->model.maximum : g->size;
	struct sim_sample *s = &g->sample;

	s->at = at;
	s->wall = g->wall;
	s->stamp++;
	s->total = balloond_sub(whole, g->model.kernel);
	s->unused = balloond_min(free_of(g), s->total);
	s->caches = g->cache;
	s->usable = free_of(g) + g->cache - balloond_min(g->cache / 2, g->model.watermark);
	if (t->truth != 1000)
		s->usable = balloond_permille(s->usable, t->truth);
	s->usable = balloond_min(s->usable, s->total);
	s->swap_in = g->swap_in;
	s->swap_out = g->swap_out;
	s->major_faults = g->major_faults;
	if (t->absurd)
		make_absurd(s, g->model.maximum);
}

/* QEMU asks when it is due; whether there is an answer is another matter.  The last time that was
 * due by `until` counts. */
static void ask(struct sim_guest *g, const struct trouble *t, usec_t until)
{
	usec_t at = g->due;

	if (until - at >= g->period)
		at += (until - at) / g->period * g->period;
	g->due = at + g->period;
	if (t->silent || !has_driver(g, at) || (g->swapped + g->missing) * MUTE_PART > g->need)
		return;
	take_sample(g, t, at);
}

static void tell_size(struct sim_guest *g, usec_t now)
{
	if (g->told == g->size || now - g->told_at < TELL_INTERVAL)
		return;
	g->told = g->size;
	g->told_at = now;
}

static void live(struct sim_guest *g, const struct trouble *t, usec_t now, usec_t elapsed)
{
	usec_t began = now - elapsed, middle = began + elapsed / 2;
	bool moves = has_driver(g, began) && !t->stuck;
	uint64_t disk = per(g->model.disk, elapsed);

	/* A sample of the first half shows how it was before, one of the second how it is then:
	 * neither is younger than it says on the average. */
	if (g->period > 0 && g->due <= middle)
		ask(g, t, middle);
	follow_need(g, now, elapsed);
	if (moves)
		move_balloon(g, t, elapsed);
	place_need(g, moves && has(g, SIM_AUTODEFLATE));
	if (g->swapped > 0)
		disk = swap_back(g, elapsed, disk);
	read_files(g, elapsed, disk);
	touch(g);
	tell_size(g, now);
	if (g->period > 0 && g->due <= now)
		ask(g, t, now);
}

static void step(struct sim_guest *g, usec_t now, usec_t elapsed)
{
	struct trouble t = { .speed = 1000, .truth = 1000 };

	if (g->model.n_faults > 0)
		trouble_find(&g->model, now, elapsed, &t);
	if (t.gone)
		vanish(g);
	else if (t.reboots || !g->present)
		boot(g, now);
	else
		live(g, &t, now, elapsed);
}

void sim_guest_step(struct sim_guest *g, usec_t now, usec_t elapsed)
{
	g->reread = 0;
	for (; elapsed > PART_MAX; elapsed -= PART_MAX)
		step(g, now - elapsed + PART_MAX, PART_MAX);
	step(g, now, elapsed);
}

/* Guests that were armed together do not answer together. */
void sim_guest_poll(struct sim_guest *g, usec_t period, usec_t now)
{
	g->period = has(g, SIM_NO_STATS) ? 0 : period;
	g->due = now;
	if (g->period > 0)
		g->due += hash_bytes(HASH_INIT, g->uuid, strlen(g->uuid)) % g->period;
}

static void limit_rates(struct sim_model *m)
{
	uint64_t *rates[] = { &m->fill,         &m->inflate, &m->inflate_cache,
			      &m->inflate_anon, &m->deflate, &m->disk };

	for (size_t i = 0; i < ELEMENTSOF(rates); i++)
		*rates[i] = balloond_min(*rates[i], RATE_MAX);
}

/* What runs already has read what it reads again and again. */
void sim_guest_begin(struct sim_guest *g, usec_t now)
{
	struct trouble t = { 0 };

	limit_rates(&g->model);
	sim_guest_poll(g, g->period, now);
	trouble_find(&g->model, now, 0, &t);
	if (t.gone) {
		vanish(g);
		return;
	}
	g->present = true;
	g->size = g->asked = g->told = balloond_min(g->model.start, g->model.maximum);
	g->told_at = now;
	g->need = demand_walk(g->demand, &g->walk, now);
	place_need(g, has(g, SIM_AUTODEFLATE));
	g->hot = g->cache = balloond_min(g->model.hot, free_of(g));
	g->touched = g->in_use + g->cache;
}
