/*
 * The host's files and its console, asked for by messages as OpenAMP's retargeted C library sends them.
 * Source: OpenAMP lib/include/openamp/rpmsg_retarget.h and lib/proxy/rpmsg_retarget.c; the host's side
 * is described in docs/proxy.md.
 *
 * Calls return what the host answers, or one of the negative numbers below. One call is made at a
 * time; while it waits, messages for other endpoints are delivered.
 */
#ifndef PROXY_H
#define PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpmsg.h"

/* Flags of proxy_open, as Linux numbers them. */
#define PROXY_O_RDONLY 00u
#define PROXY_O_WRONLY 01u
#define PROXY_O_RDWR 02u
#define PROXY_O_CREAT 0100u
#define PROXY_O_EXCL 0200u
#define PROXY_O_TRUNC 01000u
#define PROXY_O_APPEND 02000u

/* The descriptors of the console. */
#define PROXY_STDIN 0
#define PROXY_STDOUT 1
#define PROXY_STDERR 2

/* What calls return where they fail: negative errno values of Linux. Others come from the host. */
#define PROXY_EIO (-5)        /* the host has refused without a reason, or its answer is none */
#define PROXY_EBUSY (-16)     /* another call is under way */
#define PROXY_EINVAL (-22)    /* a name that is too long */
#define PROXY_ENOTCONN (-107) /* no host, or it goes, or asks for the remote's end */

/* Announces the channel. To be called in on_link_up. */
enum rpmsg_result proxy_start(const char *channel);

/* True once the host is bound to the channel: then calls may be made. */
bool proxy_is_ready(void);

/* Tells the host that the session is over, and destroys the channel. */
void proxy_stop(void);

/* Opens a file below the folder that the host serves. Returns its descriptor. */
int proxy_open(const char *path, uint32_t flags, uint32_t mode);

/* Reads at most `length` bytes, and at most what a message carries. Returns how many; 0 at the end. */
int proxy_read(int descriptor, void *data, size_t length);

/* Writes at most `length` bytes, and at most what a message carries. Returns how many. */
int proxy_write(int descriptor, const void *data, size_t length);

int proxy_close(int descriptor);

/* Writes a text to the host's console, whatever its length. Returns 0. */
int proxy_print(const char *text);

#endif
