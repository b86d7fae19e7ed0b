/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Finding and reading, with the precedence of systemd's drop-ins. */

#include "balloond/io/config-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "balloond/io/util.h"
#include "balloond/io/yaml.h"
#include "build-config.h"

#define SUFFIX ".yaml"

static inline void closedirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

static int complain(const char *path, size_t rank, int r, struct diagnostics *d)
{
	const struct source source = { .name = path, .rank = rank };

	if (r == -ENOMEM)
		return r;
	diagnostics_add(d, &source, 0, 0, "cannot be read: %s", strerror(-r));
	return -EINVAL;
}

static void file_done(struct config_file *file)
{
	free(file->path);
	free(file->text);
	node_free(file->root);
	*file = (struct config_file){ 0 };
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* There is always room: CONFIG_MAX_FILES drop-ins, the main file and one more. */
static int allocate(struct config_files *files)
{
	files->items = calloc(CONFIG_MAX_FILES + 2, sizeof(*files->items));
	return files->items ? 0 : -ENOMEM;
}

static int append(struct config_files *files, char *path)
{
	if (!path)
		return -ENOMEM;
	files->items[files->n++] = (struct config_file){ .path = path, .name = last_part(path) };
	return 0;
}

static struct config_file *find_name(const struct config_files *files, const char *name)
{
	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->items[i].name, name) == 0)
			return &files->items[i];
	return NULL;
}

static bool is_dropin(const char *name)
{
	size_t length = strlen(name);

	return *name != '.' && length > strlen(SUFFIX) &&
	       strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

/* Adds what no higher directory has hidden. */
static int list_directory(struct config_files *files, const char *path, struct diagnostics *d)
{
	_cleanup_(closedirp) DIR *dir = opendir(path);
	const struct source source = { .name = path };
	const struct dirent *entry;
	char *file;
	int r;

	if (!dir)
		return errno == ENOENT ? 0 : complain(path, 0, -errno, d);
	while ((errno = 0, entry = readdir(dir))) {
		if (!is_dropin(entry->d_name) || find_name(files, entry->d_name))
			continue;
		if (files->n >= CONFIG_MAX_FILES) {
			diagnostics_add(d, &source, 0, 0, "more than %u files are not read",
					CONFIG_MAX_FILES);
			return -EINVAL;
		}
		if (asprintf(&file, "%s/%s", path, entry->d_name) < 0)
			file = NULL;
		r = append(files, file);
		if (r < 0)
			return r;
	}
	return errno != 0 ? complain(path, 0, -errno, d) : 0;
}

static int list_directories(struct config_files *files, const struct config_request *request,
			    struct diagnostics *d)
{
	_cleanup_free_ char *beside = NULL;
	const char *const installed[] = { BALLOOND_VENDOR_DIR "/balloond.yaml.d",
					  BALLOOND_STATE_DIR "/balloond.yaml.d",
					  BALLOOND_CONFIG_FILE ".d", NULL };
	const char *const *directories = request->directories;
	size_t n = 0;
	int r = 0;

	if (asprintf(&beside, "%s.d", request->path) < 0) {
		beside = NULL;
		return -ENOMEM;
	}
	const char *const other[] = { beside, NULL };

	if (!directories)
		directories = strcmp(request->path, BALLOOND_CONFIG_FILE) == 0 ? installed : other;
	while (directories[n])
		n++;
	while (n > 0 && r == 0)
		r = list_directory(files, directories[--n], d);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct config_file *)a)->name, ((const struct config_file *)b)->name);
}

static int add_one_more(struct config_files *files, const char *with)
{
	struct config_file *twin = find_name(files, last_part(with));
	char *path = strdup(with);

	if (!path)
		return -ENOMEM;
	if (!twin)
		return append(files, path);
	free(twin->path);
	*twin = (struct config_file){ .path = path, .name = last_part(path) };
	return 0;
}

static int add_main(struct config_files *files, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	memmove(files->items + 1, files->items, files->n * sizeof(*files->items));
	files->items[0] = (struct config_file){ .path = copy, .name = last_part(copy) };
	files->n++;
	files->has_main = true;
	return 0;
}

/* Reads at most one byte more than is allowed: that is enough to refuse it. */
static int read_text(struct config_file *file)
{
	_cleanup_close_ int fd = open(file->path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	file->text = malloc(YAML_MAX_SIZE + 1);
	if (!file->text)
		return -ENOMEM;
	while (n > 0 && file->size < YAML_MAX_SIZE + 1) {
		n = read(fd, file->text + file->size, YAML_MAX_SIZE + 1 - file->size);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return -errno;
		else
			file->size += (size_t)n;
	}
	/* Kept as long as the files are: without the room that was not needed. */
	if (file->size > 0) {
		char *less = realloc(file->text, file->size);

		file->text = less ? less : file->text;
	}
	return 0;
}

static int read_texts(struct config_files *files, struct diagnostics *d)
{
	int result = 0;

	for (size_t i = 0; i < files->n; i++) {
		int r = read_text(&files->items[i]);

		if (r == -ENOENT && i == 0 && files->has_main) {
			file_done(&files->items[0]);
			files->has_main = false;
			continue;
		}
		if (r < 0)
			r = complain(files->items[i].path, i, r, d);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			result = r;
	}
	return result;
}

/* Leaves out what is not there, and what is there to hide others. */
static void drop_empty(struct config_files *files)
{
	size_t n = 0;

	for (size_t i = 0; i < files->n; i++) {
		bool is_main = i == 0 && files->has_main;

		if (files->items[i].size > 0 || is_main)
			files->items[n++] = files->items[i];
		else
			file_done(&files->items[i]);
	}
	files->n = n;
}

static int compose(struct config_files *files, struct diagnostics *d)
{
	int result = 0;

	for (size_t i = 0; i < files->n; i++) {
		struct config_file *file = &files->items[i];
		int r;

		file->source = (struct source){ .name = file->path, .rank = i };
		r = yaml_compose(file->text, file->size, &file->source, d, &file->root);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			result = r;
	}
	return result;
}

int config_files_read(struct config_files *files, const struct config_request *request,
		      struct diagnostics *d)
{
	int r;

	r = allocate(files);
	if (r < 0)
		return r;
	if (!request->is_fragment) {
		r = list_directories(files, request, d);
		if (r < 0)
			return r;
		qsort(files->items, files->n, sizeof(*files->items), by_name);
	}
	if (request->with) {
		r = add_one_more(files, request->with);
		if (r < 0)
			return r;
	}
	r = add_main(files, request->path);
	if (r < 0)
		return r;
	r = read_texts(files, d);
	if (r < 0)
		return r;
	drop_empty(files);
	return files->n == 0 ? -ENOENT : compose(files, d);
}

static int take_text(struct config_files *files, const struct config_text *text)
{
	struct config_file *file;
	int r;

	r = append(files, strdup(text->name));
	if (r < 0)
		return r;
	file = &files->items[files->n - 1];
	file->text = malloc(text->size > 0 ? text->size : 1);
	if (!file->text)
		return -ENOMEM;
	if (text->size > 0)
		memcpy(file->text, text->text, text->size);
	file->size = text->size;
	return 0;
}

int config_files_take(struct config_files *files, const struct config_text *texts, size_t n,
		      bool has_main, struct diagnostics *d)
{
	int r;

	if (n > CONFIG_MAX_FILES + 2)
		return -EINVAL;
	r = allocate(files);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = take_text(files, &texts[i]);
	if (r < 0)
		return r;
	files->has_main = has_main && n > 0;
	return compose(files, d);
}

struct config_files *config_files_free(struct config_files *files)
{
	if (!files)
		return NULL;
	node_free(files->root);
	for (size_t i = 0; i < files->n; i++)
		file_done(&files->items[i]);
	free(files->items);
	free(files);
	return NULL;
}
