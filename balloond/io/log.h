/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One line a message on stderr, with the priority prefix that systemd reads (sd-daemon(3)) where
 * stderr is the journal.  Only shell functions log, once, where they decide what to do about it;
 * core and parsers return what happened instead.  Guest-controlled text goes in quotes, through
 * log_safe(). */

#include <syslog.h>

void log_open(int max_level);
void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#define LOG_SAFE_MAX 256u

/* Copies text with control characters (C0, DEL, C1) replaced by '?'.  Returns buf. */
const char *log_safe(char buf[LOG_SAFE_MAX], const char *text);
