/* SPDX-License-Identifier: GPL-2.0-or-later */
/* state.c: the state of a facility as one line of text. */
#include "bpfgroup/state.h"

#include "bpfgroup/place.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 4096 };

int state_write(uint32_t inode, const struct state *s)
{
	char text[TEXT_BYTES];

	snprintf(text, sizeof text, "device %s ifindex %u accept_local %d route_localnet %d lanes %" PRIu64 " accounts %s\n", s->device,
		 s->ifindex, s->lo.accept_local, s->lo.route_localnet, s->lanes_n, s->accounts);
	return place_write(inode, "state", 0600, text);
}

int state_read(uint32_t inode, struct state *s)
{
	char text[TEXT_BYTES];
	int n = 0, err = place_read(inode, "state", text, sizeof text);

	if (err)
		return err;
	memset(s, 0, sizeof *s);
	if (sscanf(text, "device %15s ifindex %u accept_local %d route_localnet %d lanes %" SCNu64 " accounts %n", s->device, &s->ifindex,
		   &s->lo.accept_local, &s->lo.route_localnet, &s->lanes_n, &n) != 5 || !n)
		return -ENOENT;
	snprintf(s->accounts, sizeof s->accounts, "%s", text + n);
	s->accounts[strcspn(s->accounts, "\n")] = '\0';
	return 0;
}

bool state_is_up(uint32_t inode, const struct state *s)
{
	return device_exists(s->device, s->ifindex) && place_has(inode, "info");
}
