/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The dynamic linker's own words are for programmers ("cannot open shared object file: No such
 * file or directory", where it is there and made for another machine), and a file that was cut
 * short is mapped all the same: touching what is missing ends the process.  So this is looked at
 * before.  Whatever else is wrong, the linker finds. */

#include "balloond/io/module-file.h"

#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "balloond/policy-math.h"

#define HEADER ElfW(Ehdr)
#define SEGMENT ElfW(Phdr)

/* Of this very program, from the linker: what it was built for is what fits. */
extern const HEADER __ehdr_start __attribute__((visibility("hidden")));

static bool is_of_this_machine(const HEADER *h)
{
	return h->e_ident[EI_CLASS] == __ehdr_start.e_ident[EI_CLASS] &&
	       h->e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA] &&
	       h->e_machine == __ehdr_start.e_machine;
}

/* Whether all that is to be mapped is there. */
static bool is_complete(const HEADER *h, int fd, uint64_t size)
{
	SEGMENT segment;

	for (unsigned i = 0; i < h->e_phnum; i++) {
		uint64_t at = balloond_add(h->e_phoff, (uint64_t)i * sizeof(segment));

		if (balloond_add(at, sizeof(segment)) > size ||
		    pread(fd, &segment, sizeof(segment), (off_t)at) != (ssize_t)sizeof(segment))
			return false;
		if (segment.p_type == PT_LOAD &&
		    balloond_add(segment.p_offset, segment.p_filesz) > size)
			return false;
	}
	return true;
}

const char *module_file_problem(int fd, uint64_t size)
{
	HEADER h = {};
	ssize_t n = pread(fd, &h, sizeof(h), 0);

	if (n < SELFMAG || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0)
		return "is not an ELF file: install the module that its build has made";
	if (n < (ssize_t)sizeof(h))
		return "was cut short: install it again";
	if (!is_of_this_machine(&h))
		return "is built for another kind of machine: build it for this one";
	if (h.e_type != ET_DYN)
		return "is an ELF file but no shared module: link it with -shared";
	if (h.e_phentsize != sizeof(SEGMENT) || !is_complete(&h, fd, size))
		return "was cut short: install it again";
	return NULL;
}
