/*
 * The life of a remote: waits for the host's driver, runs the image's callbacks while the host is
 * there, and obeys its requests to shut down or to detach.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpmsg.h"

/*
 * A message of these 4 bytes (little endian) asks an OpenAMP demo image to end. The answer is the
 * same message.
 */
#define SHUTDOWN_MESSAGE 0xef56a55au

/* What makes up an image. Any callback may be NULL. */
struct remote_app {
  const char *name; /* for the trace */

  /* The host's driver is there: create the endpoints here. Called again after a detach. */
  void (*on_link_up)(void);

  /* The host's driver is gone. All endpoints have been forgotten. */
  void (*on_link_down)(void);

  /* After each time the hart was awake, with or without a host: for timers and the like. */
  void (*on_wake)(void);
};

/* Runs the image until it is told to stop, and then halts. To be called from `main`. */
__attribute__((noreturn)) void remote_run(const struct remote_app *app);

/* Ends the image soon: its endpoints are destroyed, and the hart halts. */
void remote_stop(void);

/* If the message is the shutdown message: answers it, calls remote_stop, and returns true. */
bool remote_take_shutdown_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                                  uint32_t source);

#endif
