/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/tally-record.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "balloond/io/utf8.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

#define GUEST(field) offsetof(struct tally, field)
#define HOST(field) offsetof(struct host_tally, field)

/* Of a month MiB x us do not fit into 64 bits: in seconds they do. */
const struct tally_field tally_guest_fields[] = {
	{ "WatchedUSec", GUEST(watched), false, 1 },
	{ "KnownUSec", GUEST(known), false, 1 },
	{ "BelowUSec", GUEST(below), false, 1 },
	{ "Episodes", GUEST(episodes), false, 1 },
	{ "Shortfall", GUEST(shortfall), true, 1 },
	{ "TakenMiBSeconds", GUEST(taken), false, BALLOOND_SECOND },
	{ "TakenMost", GUEST(taken_most), true, 1 },
};

const struct tally_field tally_host_fields[] = {
	{ "WatchedUSec", HOST(watched), false, 1 },
	{ "TakenMiBSeconds", HOST(taken), false, BALLOOND_SECOND },
	{ "TakenMost", HOST(taken_most), true, 1 },
	{ "Pool", HOST(pool), true, 1 },
	{ "ChargedMost", HOST(charged_most), true, 1 },
	{ "Level", HOST(level), true, 1 },
};

const size_t n_tally_guest_fields = ELEMENTSOF(tally_guest_fields);
const size_t n_tally_host_fields = ELEMENTSOF(tally_host_fields);

static void write_span(FILE *file, const struct tally_span *span)
{
	fprintf(file, "{\"BeginUSec\":%" PRIu64 ",\"EndUSec\":%" PRIu64 ",\"DryRun\":%s",
		span->begin, span->end, span->dry_run ? "true" : "false");
}

/* What is no UTF-8 (a name that was cut, too) would make the whole line unreadable. */
static void write_text(FILE *file, const char *key, const char *text)
{
	fprintf(file, ",\"%s\":\"", key);
	while (*text) {
		size_t n = utf8_length(text);

		if (n == 0)
			fputc('?', file);
		else if (*text == '"' || *text == '\\')
			fprintf(file, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			fprintf(file, "\\u%04x", (unsigned)*text);
		else
			(void)fwrite(text, 1, n, file);
		text += n > 0 ? n : 1;
	}
	fputc('"', file);
}

static void write_fields(FILE *file, const struct tally_field *fields, size_t n, const void *from)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value = *(const uint64_t *)((const char *)from + fields[i].offset);

		/* more than that readers of JSON may refuse */
		fprintf(file, ",\"%s\":%" PRIu64, fields[i].name,
			balloond_min(value / fields[i].unit, INT64_MAX));
	}
	fputs("}\n", file);
}

void tally_write_guest(FILE *file, const struct tally_span *span, const struct tally_guest *guest)
{
	write_span(file, span);
	write_text(file, "UUID", guest->uuid);
	write_text(file, "Name", guest->name);
	write_fields(file, tally_guest_fields, n_tally_guest_fields, &guest->tally);
}

void tally_write_host(FILE *file, const struct tally_span *span, const struct host_tally *host)
{
	write_span(file, span);
	write_fields(file, tally_host_fields, n_tally_host_fields, host);
}

const char *tally_file_name(char buf[TALLY_FILE_MAX], usec_t wall)
{
	time_t seconds = (time_t)(wall / BALLOOND_SECOND);
	struct tm tm = { 0 };

	if (!gmtime_r(&seconds, &tm) ||
	    strftime(buf, TALLY_FILE_MAX, "tally-%Y-%m-%d.jsonl", &tm) == 0)
		return strcpy(buf, "tally-1970-01-01.jsonl");
	return buf;
}
