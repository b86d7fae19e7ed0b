/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/keep-file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "balloond/core/text.h"
#include "balloond/io/node.h"
#include "balloond/io/trace-fields.h"
#include "balloond/io/util.h"
#include "balloond/io/yaml.h"

#define VERSION 1u
/* libvirt lists no more domains than this in one call; each may have all kinds of orders. */
#define RECORDS_MAX (16384u * (1u + ORDER_STANDING_MAX))
/* A record has not 2 KiB. */
#define SIZE_MAX_READ (128u << 20)
#define SEPARATOR "---\n"

#define FIELD(structure, name, type, field, words) \
	{ \
		name, type, offsetof(struct structure, field), \
			sizeof(((struct structure *)0)->field), words \
	}

struct head {
	uint64_t version;
	char boot[KEEP_BOOT_MAX];
};

static const struct trace_field head_fields[] = {
	FIELD(head, "version", TRACE_COUNT, version, NULL),
	FIELD(head, "boot", TRACE_TEXT, boot, NULL),
};
static const struct trace_table head_table = { head_fields, ELEMENTSOF(head_fields) };

struct end {
	uint64_t records;
};

static const struct trace_field end_fields[] = {
	FIELD(end, "records", TRACE_COUNT, records, NULL),
};
static const struct trace_table end_table = { end_fields, ELEMENTSOF(end_fields) };

/* What memory_resume() takes. */
#define KEPT(name, type, field) FIELD(kept_guest, name, type, field, NULL)
static const struct trace_field guest_fields[] = {
	KEPT("guest", TRACE_TEXT, memory.uuid),
	KEPT("run", TRACE_COUNT, run),
	KEPT("target", TRACE_BYTES, memory.target),
	KEPT("claim", TRACE_BYTES, memory.claim),
	KEPT("actual", TRACE_BYTES, memory.actual),
	KEPT("kernel", TRACE_BYTES, memory.kernel),
	KEPT("total", TRACE_BYTES, memory.total),
	KEPT("overhead", TRACE_BYTES, memory.overhead),
	KEPT("burst", TRACE_BYTES, memory.burst),
	KEPT("swapped", TRACE_BOOL, memory.swapped),
	KEPT("distress", TRACE_USEC, memory.distress),
	KEPT("no-shrink-until", TRACE_USEC, memory.no_shrink_until),
	KEPT("stuck-times", TRACE_COUNT, memory.stuck_times),
	KEPT("learned", TRACE_BYTES, memory.learned),
	KEPT("learned-at", TRACE_USEC, memory.learned_at),
	KEPT("shrunk-from", TRACE_BYTES, memory.shrunk_from),
	KEPT("crash-shrunk", TRACE_USEC, memory.crash.shrunk),
	KEPT("crash-before", TRACE_BYTES, memory.crash.before),
	KEPT("crash-at", TRACE_USEC, memory.crash.at),
	KEPT("crash-floor", TRACE_BYTES, memory.crash.floor),
	KEPT("crash-gave-up", TRACE_USEC, memory.crash.gave_up),
	KEPT("doubts", TRACE_COUNT, memory.trust.doubts),
	KEPT("doubted", TRACE_USEC, memory.trust.doubted),
	KEPT("impossible", TRACE_BOOL, memory.trust.impossible),
	KEPT("untouched", TRACE_USEC, memory.trust.untouched),
	KEPT("distrusted", TRACE_USEC, memory.trust.lost),
	KEPT("kept", TRACE_BYTES, memory.trust.kept),
	KEPT("quiet-until", TRACE_USEC, memory.foreign.until),
	KEPT("set-ceiling", TRACE_BYTES, memory.foreign.ceiling),
	KEPT("set-smaller", TRACE_BOOL, memory.foreign.is_smaller),
	KEPT("sold", TRACE_BYTES, memory.foreign.sold),
	KEPT("leaked", TRACE_BYTES, memory.foreign.leaked),
	KEPT("own-1", TRACE_BYTES, memory.foreign.own[0]),
	KEPT("own-2", TRACE_BYTES, memory.foreign.own[1]),
	KEPT("own-3", TRACE_BYTES, memory.foreign.own[2]),
	KEPT("own-4", TRACE_BYTES, memory.foreign.own[3]),
};
static const struct trace_table guest_table = { guest_fields, ELEMENTSOF(guest_fields) };

/* In the order of enum order_kind, those that stand. */
static const char *const order_words[] = { "exclude", "hold", "pause", "give-back", NULL };
static const struct trace_field order_fields[] = {
	FIELD(order, "order", TRACE_WORD, kind, order_words),
	FIELD(order, "of", TRACE_TEXT, uuid, NULL),
	FIELD(order, "until", TRACE_USEC, hold.until, NULL),
	FIELD(order, "by", TRACE_TEXT, hold.who, NULL),
	FIELD(order, "reason", TRACE_TEXT, hold.reason, NULL),
};
static const struct trace_table order_table = { order_fields, ELEMENTSOF(order_fields) };

void keep_done(struct keep *keep)
{
	free(keep->guests);
	free(keep->orders);
	*keep = (struct keep){ 0 };
}

/* Room for one more, zeroed. */
static void *one_more(void *array, size_t *n, size_t *max, size_t size)
{
	char *grown = *(void **)array;

	if (*n == *max) {
		size_t more = *max + *max / 2 + 16;

		grown = realloc(grown, more * size);
		if (!grown)
			return NULL;
		*(void **)array = grown;
		*max = more;
	}
	return memset(grown + size * (*n)++, 0, size);
}

static int read_guest(const struct node *root, struct keep *keep, struct diagnostics *d)
{
	struct kept_guest *g = one_more(&keep->guests, &keep->n_guests, &keep->max_guests,
					sizeof(*keep->guests));

	return g ? trace_read_mapping(root, &guest_table, g, NULL, d) : -ENOMEM;
}

static int read_order(const struct node *root, struct keep *keep, struct diagnostics *d)
{
	struct order *o = one_more(&keep->orders, &keep->n_orders, &keep->max_orders,
				   sizeof(*keep->orders));
	int r = o ? trace_read_mapping(root, &order_table, o, NULL, d) : -ENOMEM;

	if (r < 0)
		return r;
	if (o->kind >= ORDER_STANDING_MAX) {
		node_error(root, d, "no order that stands");
		return -EINVAL;
	}
	o->hold.on = true;
	return 0;
}

static int read_head(const struct node *root, struct keep *keep, struct diagnostics *d)
{
	const struct node *version = node_find(root, "version");
	struct head head = { 0 };
	int r;

	if (!version) {
		node_error(root, d, "no version");
		return -EINVAL;
	}
	r = trace_read_field(version, &head_table, &head, d);
	if (r >= 0 && head.version > VERSION) {
		node_error(version, d, "a newer balloond wrote this");
		return -EPROTONOSUPPORT;
	}
	if (r >= 0)
		r = trace_read_mapping(root, &head_table, &head, NULL, d);
	if (r >= 0)
		text_copy(keep->boot, sizeof(keep->boot), head.boot);
	return r;
}

static int read_end(const struct node *root, const struct keep *keep, struct diagnostics *d)
{
	struct end end = { 0 };
	int r = trace_read_mapping(root, &end_table, &end, NULL, d);

	if (r >= 0 && end.records != keep->n_guests + keep->n_orders) {
		node_error(root, d, "%zu records were read before it",
			   keep->n_guests + keep->n_orders);
		return -EINVAL;
	}
	return r;
}

struct reading {
	struct source source;
	bool begun, ended;
};

static int read_document(struct reading *reading, const char *text, size_t size, struct keep *keep,
			 struct diagnostics *d)
{
	_cleanup_node_ struct node *root = NULL;
	int r = yaml_compose(text, size, &reading->source, d, &root);

	if (r < 0)
		return r;
	if (!reading->begun) {
		reading->begun = true;
		return read_head(root, keep, d);
	}
	if (reading->ended || keep->n_guests + keep->n_orders > RECORDS_MAX) {
		node_error(root, d, "more than there can be");
		return -EINVAL;
	}
	if (node_find(root, "records")) {
		reading->ended = true;
		return read_end(root, keep, d);
	}
	return node_find(root, "order") ? read_order(root, keep, d) : read_guest(root, keep, d);
}

static size_t count_lines(const char *text, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += text[i] == '\n';
	return n;
}

/* Each document ends in a separator, the last too: what was cut ends in none. */
static int read_text(const char *name, const char *text, size_t size, struct keep *keep,
		     struct diagnostics *d)
{
	struct reading reading = { .source.name = name };
	const char *end = text + size;

	while (text < end) {
		const char *separator = memmem(text, (size_t)(end - text), "\n" SEPARATOR,
					       strlen("\n" SEPARATOR));
		size_t length = separator ? (size_t)(separator + 1 - text) : (size_t)(end - text);
		int r = read_document(&reading, text, length, keep, d);

		if (r < 0)
			return r;
		if (!separator)
			break;
		reading.source.skip += count_lines(text, length) + 1;
		text += length + strlen(SEPARATOR);
	}
	if (reading.ended && text == end)
		return 0;
	diagnostics_add(d, &reading.source, 0, 0, "it was cut: its end is missing");
	return -EINVAL;
}

static int read_whole(const char *path, char **ret, size_t *ret_size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_free_ char *text = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADF;
	if (st.st_size > SIZE_MAX_READ)
		return -EFBIG;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	/* It is replaced whole, and not written into. */
	n = read(fd, text, (size_t)st.st_size);
	if (n < 0)
		return -errno;
	*ret_size = (size_t)n;
	*ret = TAKE_PTR(text);
	return 0;
}

int keep_read(const char *path, struct keep *ret, struct diagnostics *d)
{
	_cleanup_(keep_done) struct keep keep = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int r;

	*ret = keep;
	r = read_whole(path, &text, &size);
	if (r >= 0)
		r = read_text(path, text, size, &keep, d);
	if (r < 0)
		return r;
	*ret = keep;
	keep = (struct keep){ 0 };
	return 0;
}

static void put(struct trace_text *t, const struct trace_table *table, const void *from,
		const void *base)
{
	(void)trace_write_fields(t, table, from, base, 0);
	trace_put(t, SEPARATOR);
}

void keep_put_head(struct trace_text *t, const char *boot)
{
	struct head head = { .version = VERSION }, none = { 0 };

	text_copy(head.boot, sizeof(head.boot), boot);
	trace_put(t, "# What balloond remembers; it writes this, and reads it when it starts.\n");
	put(t, &head_table, &head, &none);
}

void keep_put_guest(struct trace_text *t, uint64_t run, const struct memory *m)
{
	static const struct kept_guest none;
	const struct kept_guest g = { .run = run, .memory = *m };

	put(t, &guest_table, &g, &none);
}

void keep_put_order(struct trace_text *t, const struct order *order)
{
	static const struct order none = { .kind = ORDER_KIND_MAX };

	put(t, &order_table, order, &none);
}

void keep_put_end(struct trace_text *t, size_t n)
{
	const struct end end = { n }, none = { UINT64_MAX };

	put(t, &end_table, &end, &none);
}
