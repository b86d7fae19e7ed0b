/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* balloonctl record: hands a file to the daemon, which writes into it what it sees and decides. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "balloond/ctl/format.h"
#include "balloond/io/util.h"
#include "balloond/policy-math.h"

#define LENGTH_DEFAULT "10min"
/* Beyond the record's own time: for what is on its way to the disk. */
#define PATIENCE (30 * BALLOOND_SECOND)

static int call(struct ctl *ctl, int fd, usec_t length, bool compress, uint64_t *ret_ticks,
		uint64_t *ret_lost, sd_bus_error *error)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
	int r;

	r = sd_bus_message_new_method_call(ctl->bus, &message, BALLOOND_BUS_NAME, BALLOOND_BUS_PATH,
					   CLIENT_MANAGER, "Record");
	if (r < 0)
		return r;
	r = sd_bus_message_set_auto_start(message, 0);
	if (r < 0)
		return r;
	r = sd_bus_message_append(message, "htb", fd, length, (int)compress);
	if (r < 0)
		return r;
	r = sd_bus_call(ctl->bus, message, length + PATIENCE, error, &reply);
	return r < 0 ? r : sd_bus_message_read(reply, "tt", ret_ticks, ret_lost);
}

static int parse_length(const char *text, usec_t *ret)
{
	if (value_parse(text, BALLOOND_USEC, ret, NULL) >= 0 && *ret > 0 &&
	    *ret < UINT64_MAX - PATIENCE)
		return 0;
	fputs("balloonctl: --for= takes a time such as 10min or 2h\n", stderr);
	return -EINVAL;
}

static bool is_compressed(const char *path)
{
	size_t n = strlen(path);

	return n > 3 && strcmp(path + n - 3, ".gz") == 0;
}

int verb_record(struct ctl *ctl, int argc _unused_, char **argv)
{
	_cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
	_cleanup_free_ char *safe = format_safe(argv[0]);
	_cleanup_close_ int fd = -1;
	uint64_t ticks, lost;
	usec_t length;
	int r;

	if (parse_length(ctl->lasts ? ctl->lasts : LENGTH_DEFAULT, &length) < 0)
		return CTL_USAGE;
	fd = open(argv[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0640);
	if (fd < 0) {
		fprintf(stderr, "balloonctl: cannot write %s: %s\n", safe ? safe : "",
			strerror(errno));
		return CTL_FAILED;
	}
	r = call(ctl, fd, length, is_compressed(argv[0]), &ticks, &lost, &error);
	if (r < 0)
		return ctl_report(r, &error);
	if (ctl->json != CTL_JSON_OFF)
		return format_json_print(ctl, json_pack("{s:o, s:o, s:o}", "File",
							format_json_text(argv[0]), "Ticks",
							format_json_number(ticks), "TicksLost",
							format_json_number(lost)));
	if (ctl->legend)
		printf("%" PRIu64 " ticks are in %s; try balloonctl replay.\n", ticks,
		       safe ? safe : "");
	if (lost > 0)
		fprintf(stderr, "balloonctl: %" PRIu64 " ticks are missing: the disk is too slow\n",
			lost);
	return CTL_OK;
}
