/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.h: IPv4 and IPv6 addresses as text and as sockets. */
#ifndef WORKLOADS_NET_H
#define WORKLOADS_NET_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

enum { NET_TEXT_BYTES = 64 };	/* room for an address with its port */

/* One address with its port, small enough to be kept by the thousand. */
union net_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Reads "127.0.0.1:5004", "[::1]:5004", or an address alone (port 0). Names are not looked up.
 * -EINVAL when it is no address, -ERANGE when the port is none. Prints nothing. */
int net_parse(const char *text, union net_addr *out);

/* The same text back, with the port: into text[NET_TEXT_BYTES], which is returned. */
const char *net_format(const union net_addr *addr, char *text);

/* The address alone, as text. */
const char *net_format_host(const union net_addr *addr, char *text);

socklen_t net_len(const union net_addr *addr);
uint16_t net_port(const union net_addr *addr);
void net_set_port(union net_addr *addr, uint16_t port);

/* Total order over addresses, for searching: below, at or above 0. */
int net_compare(const union net_addr *a, const union net_addr *b);

/* A close-on-exec socket of `type` (SOCK_DGRAM or SOCK_STREAM, SOCK_NONBLOCK may be added), bound to *addr, where port 0
 * becomes the port that the kernel chose. Returns the descriptor or -errno. Prints nothing. */
int net_bind(int type, union net_addr *addr);

/* A close-on-exec UDP socket that gets what is sent to the multicast group and port *group on the device that has the address
 * `host`. Any number of sockets may be there. Returns the descriptor or -errno. */
int net_join(const union net_addr *group, const union net_addr *host);

/* An unbound UDP socket to send from, of the family of `to`. Returns the descriptor or -errno. */
int net_sender(const union net_addr *to);

#endif
