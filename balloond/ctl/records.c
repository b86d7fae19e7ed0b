/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A line that cannot be read is counted and left out: balloond, or the machine, may have ended in
 * the middle of it. */

#include "balloond/ctl/records.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"
#include "balloond/policy-math.h"

#define DAY (86400 * BALLOOND_SECOND)

static uint64_t *at(void *sum, const struct tally_field *field)
{
	return (uint64_t *)(void *)((char *)sum + field->offset);
}

/* What is missing is 0; what is no number makes the line unreadable. */
static bool get_number(const json_t *line, const char *key, uint64_t *ret)
{
	const json_t *value = json_object_get(line, key);

	*ret = value ? (uint64_t)json_integer_value(value) : 0;
	return !value || (json_is_integer(value) && json_integer_value(value) >= 0);
}

static bool has_fields(const json_t *line, const struct tally_field *fields, size_t n)
{
	uint64_t value;

	for (size_t i = 0; i < n; i++)
		if (!get_number(line, fields[i].name, &value))
			return false;
	return true;
}

static void add_fields(const json_t *line, const struct tally_field *fields, size_t n, void *sum)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t *to = at(sum, &fields[i]), value;

		(void)get_number(line, fields[i].name, &value);
		*to = fields[i].is_most ? balloond_max(*to, value) : balloond_add(*to, value);
	}
}

static int grow(struct records_mode *mode)
{
	size_t max = mode->max_guests > 0 ? 2 * mode->max_guests : 64;
	struct records_guest *guests = realloc(mode->guests, max * sizeof(*guests));

	if (!guests)
		return -ENOMEM;
	mode->guests = guests;
	mode->max_guests = max;
	return 0;
}

static int find_guest(struct records_mode *mode, const char *uuid, struct records_guest **ret)
{
	const json_t *place;
	int r;

	if (!mode->index)
		mode->index = json_object();
	place = json_object_get(mode->index, uuid);
	if (place) {
		*ret = &mode->guests[json_integer_value(place)];
		return 0;
	}
	r = mode->n_guests == mode->max_guests ? grow(mode) : 0;
	if (r < 0)
		return r;
	if (json_object_set_new(mode->index, uuid, json_integer((json_int_t)mode->n_guests)) < 0)
		return -ENOMEM;
	*ret = &mode->guests[mode->n_guests++];
	**ret = (struct records_guest){ .uuid = strdup(uuid) };
	return (*ret)->uuid ? 0 : -ENOMEM;
}

static int take_guest(struct records_mode *mode, const json_t *line, const char *uuid,
		      const char *name)
{
	struct records_guest *guest;
	int r;

	r = find_guest(mode, uuid, &guest);
	if (r < 0)
		return r;
	if (!guest->name || strcmp(guest->name, name) != 0) {
		free(guest->name);
		guest->name = strdup(name);
	}
	add_fields(line, tally_guest_fields, n_tally_guest_fields, &guest->sum);
	return guest->name ? 0 : -ENOMEM;
}

/* 1: it is none of balloond's. */
static int take_line(struct records *records, const json_t *line, usec_t since)
{
	const json_t *dry_run = json_object_get(line, "DryRun");
	const char *uuid = json_string_value(json_object_get(line, "UUID"));
	const char *name = json_string_value(json_object_get(line, "Name"));
	struct records_mode *mode = &records->modes[json_is_true(dry_run)];
	uint64_t begin, end;
	int r = 0;

	if (!json_is_boolean(dry_run) || !get_number(line, "BeginUSec", &begin) ||
	    !get_number(line, "EndUSec", &end) || end == 0)
		return 1;
	if (uuid ? !name || !has_fields(line, tally_guest_fields, n_tally_guest_fields)
		 : !has_fields(line, tally_host_fields, n_tally_host_fields))
		return 1;
	if (end <= since)
		return 0;
	if (uuid)
		r = take_guest(mode, line, uuid, name);
	else
		add_fields(line, tally_host_fields, n_tally_host_fields, &mode->sum);
	mode->begin = mode->end == 0 ? begin : balloond_min(mode->begin, begin);
	mode->end = balloond_max(mode->end, end);
	return r;
}

/* Its length, -1 at the end.  *ret_fits: it has no NUL and is not longer than any of balloond's. */
static ssize_t read_line(FILE *file, char buf[TALLY_LINE_MAX], bool *ret_fits)
{
	ssize_t n = 0;
	int c;

	*ret_fits = true;
	while ((c = getc_unlocked(file)) != EOF && c != '\n') {
		if (c == '\0' || n == TALLY_LINE_MAX - 1)
			*ret_fits = false;
		else
			buf[n++] = (char)c;
	}
	buf[n] = '\0';
	return c == EOF && n == 0 && *ret_fits ? -1 : n;
}

static int read_lines(FILE *file, usec_t since, struct records *records)
{
	char buf[TALLY_LINE_MAX];
	bool fits;
	int r = 0;

	while (r >= 0 && read_line(file, buf, &fits) >= 0) {
		json_t *line = fits ? json_loads(buf, 0, NULL) : NULL;

		r = line ? take_line(records, line, since) : 1;
		records->n_skipped += r > 0;
		json_decref(line);
	}
	if (r >= 0 && ferror(file))
		return -EIO;
	return r < 0 ? r : 0;
}

static int read_file_at(int dir, const char *name, usec_t since, struct records *records)
{
	_cleanup_fclose_ FILE *file = NULL;
	_cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno; /* balloond has just removed it */
	file = fdopen(fd, "r");
	if (!file)
		return -ENOMEM;
	TAKE_FD(fd);
	return read_lines(file, since, records);
}

static int is_tally_file(const struct dirent *entry)
{
	return fnmatch(TALLY_FILE_PATTERN, entry->d_name, 0) == 0;
}

int records_read(const char *directory, usec_t since, struct records *ret)
{
	_cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char first[TALLY_FILE_MAX];
	struct dirent **names;
	int n, r = 0;

	*ret = (struct records){ 0 };
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	/* A span that began before midnight is in the file of that day. */
	(void)tally_file_name(first, balloond_sub(since, DAY));
	n = scandirat(fd, ".", &names, is_tally_file, alphasort);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (r >= 0 && strcmp(names[i]->d_name, first) >= 0)
			r = read_file_at(fd, names[i]->d_name, since, ret);
		free(names[i]);
	}
	free(names);
	return r;
}

void records_done(struct records *records)
{
	for (size_t i = 0; i < 2; i++) {
		struct records_mode *mode = &records->modes[i];

		for (size_t k = 0; k < mode->n_guests; k++) {
			free(mode->guests[k].uuid);
			free(mode->guests[k].name);
		}
		free(mode->guests);
		json_decref(mode->index);
	}
	*records = (struct records){ 0 };
}
