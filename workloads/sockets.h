/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockets.h: a connected UDP socket for each recipient, made when it is first asked for: what the ways need that give the
 * kernel no address. */
#ifndef WORKLOADS_SOCKETS_H
#define WORKLOADS_SOCKETS_H

#include "workloads/sender.h"

struct sockets;

/* For the recipients of a sender; raises the limit of open files as far as it may. 0 or -ENOMEM. */
int sockets_new(const struct sender_config *config, struct sockets **out);
void sockets_free(struct sockets *sockets); /* closes them; accepts NULL */

/* The descriptor of the socket that is connected to the message's recipient, blocking or not as config.fd, or -errno. A slot
 * that has another recipient by now gets a new socket. */
int sockets_get(struct sockets *sockets, const struct sender_message *message);

#endif
