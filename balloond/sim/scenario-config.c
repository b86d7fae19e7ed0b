/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* config: of a scenario.  Whoever parses it knows nothing of the file around it, so the text is
 * moved to where it stands in the file. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/config.h"
#include "balloond/io/util.h"
#include "balloond/sim/scenario-internal.h"

struct text {
	const char *at, *end;
};

static struct text next_line(struct text t)
{
	const char *nl = memchr(t.at, '\n', (size_t)(t.end - t.at));

	return (struct text){ nl ? nl + 1 : t.end, t.end };
}

static bool is_within_character(struct text t)
{
	return t.at < t.end && ((unsigned char)*t.at & 0xc0) == 0x80;
}

/* From line and column on, which count from 1, the latter in characters. */
static struct text from_place(const char *text, size_t size, size_t line, size_t column)
{
	struct text t = { text, text + size };

	while (--line > 0)
		t = next_line(t);
	while (--column > 0 && t.at < t.end) {
		t.at++;
		while (is_within_character(t))
			t.at++;
	}
	return t;
}

/* The blanks in front of the first line that has more than these. */
static size_t indentation(struct text t)
{
	size_t blanks = 0;

	for (; t.at < t.end; t = next_line(t)) {
		for (blanks = 0; t.at + blanks < t.end && t.at[blanks] == ' ';)
			blanks++;
		if (t.at + blanks < t.end && !strchr("\r\n", t.at[blanks]))
			return blanks;
	}
	return 0;
}

/* block: what YAML makes of it. */
static char *put_in_place(const char *block, size_t line, size_t blanks)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	while (--line > 0)
		fputc('\n', f);
	while (*block) {
		size_t length = strcspn(block, "\n");

		length += block[length] == '\n';
		if (*block != '\n')
			fprintf(f, "%*s", (int)blanks, "");
		fwrite(block, 1, length, f);
		block += length;
	}
	if (ferror(f)) {
		(void)fclose(f);
		free(text);
		return NULL;
	}
	return fclose(f) == 0 ? text : NULL;
}

int scenario_take_config(struct scenario *s, const struct node *node, const char *text, size_t size,
			 struct diagnostics *d)
{
	struct text t = from_place(text, size, node->line, node->column), block;
	size_t blanks;

	/* Of nothing else it is known where its lines stand. */
	if (t.at >= t.end || *t.at != '|') {
		node_error(node, d,
			   "expected a literal block: config: |, and below it the "
			   "configuration with blanks in front");
		return -EINVAL;
	}
	block = (struct text){ node->text, node->text + strlen(node->text) };
	blanks = indentation(next_line(t)) - indentation(block);
	s->config_line = (uint32_t)node->line + 1;
	s->config = put_in_place(node->text, s->config_line, blanks);
	return s->config ? 0 : -ENOMEM;
}
