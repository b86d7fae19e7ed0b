/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Whether a file is a shared object that this process could load, by its headers alone. */

#include <stdint.h>

/* NULL, or what is wrong with the file of `size` bytes and what to do: the end of a sentence that
 * begins with its name. */
const char *module_file_problem(int fd, uint64_t size);
