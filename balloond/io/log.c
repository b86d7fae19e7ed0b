/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "balloond/io/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Set once, before the first thread starts. */
static int log_max_level = LOG_INFO;
static bool log_to_journal;

void log_open(int max_level)
{
	log_max_level = max_level;
	log_to_journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_line(int level, const char *format, ...)
{
	char line[2048];
	va_list args;

	if (level > log_max_level)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (log_to_journal)
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		fprintf(stderr, "balloond: %s\n", line);
}

const char *log_safe(char buf[LOG_SAFE_MAX], const char *text)
{
	size_t n = 0;

	for (; *text && n < LOG_SAFE_MAX - 1; text++) {
		unsigned char c = (unsigned char)*text;

		/* Bytes above 0x7f are left to the terminal's own decoder, but for the C1 controls
		 * that UTF-8 spells 0xc2 0x80..0x9f. */
		if (c < 0x20 || c == 0x7f)
			c = '?';
		else if (c == 0xc2 && (unsigned char)text[1] >= 0x80 &&
			 (unsigned char)text[1] < 0xa0)
			c = '?', text++;
		buf[n++] = (char)c;
	}
	buf[n] = '\0';
	return buf;
}
