#include "remote.h"

#include "cpu.h"
#include "mailbox.h"
#include "string.h"
#include "trace.h"
#include "vdev.h"

static const struct remote_app *app;
static bool link_up;
static bool stopping;

/*
 * DRIVER_OK counts as news at boot. After a detach it does not until the host has been through a
 * reset of the device, or has kicked ring 0: the bit may be left from before the detach.
 */
static bool status_is_news = true;

static void call(void (*callback)(void))
{
  if (callback != NULL) {
    callback();
  }
}

static void bring_link_up(void)
{
  link_up = true;
  trace_line("%s: host is here", app->name);
  rpmsg_init();
  call(app->on_link_up);
}

static void take_link_down(bool announce)
{
  if (link_up) {
    rpmsg_deinit(announce);
    link_up = false;
    call(app->on_link_down);
  }
}

/* Follows the host's status. Nobody rings when it changes; the first kick of ring 0 is the news. */
static void follow_status(void)
{
  bool driver_ok = vdev_driver_ok();
  if (mailbox_seen(MAILBOX_VRING_0) || !driver_ok) {
    status_is_news = true;
  }
  mailbox_take(MAILBOX_KICKS); /* whatever they were for is looked at from here on */
  /* A host that was restarted between two looks has DRIVER_OK set again, over new rings. */
  if (link_up && (!driver_ok || rpmsg_was_reset())) {
    trace_line("%s: host has reset the device", app->name);
    take_link_down(false);
  }
  if (!link_up && driver_ok && status_is_news) {
    bring_link_up();
  }
}

/*
 * A callback that had to wait for a buffer has served the mailbox itself: what it has seen there
 * must be followed up before sleeping, for it will not wake the hart again.
 */
static bool may_sleep(void)
{
  return !stopping && !rpmsg_has_more() && !mailbox_seen(MAILBOX_REQUESTS | MAILBOX_KICKS);
}

static void follow_detach(void)
{
  if (mailbox_seen(MAILBOX_DETACH)) {
    trace_line("%s: host detaches", app->name);
    take_link_down(false);
    mailbox_take(MAILBOX_KICKS); /* those were of the old life */
    status_is_news = false;
    mailbox_acknowledge(MAILBOX_DETACH);
  }
}

/* A stopped remote has no more work, but still answers when it is asked to stop, once. */
__attribute__((noreturn)) static void halt(void)
{
  while (!mailbox_seen(MAILBOX_SHUTDOWN)) {
    mailbox_sleep();
    if (mailbox_seen(MAILBOX_DETACH)) {
      mailbox_acknowledge(MAILBOX_DETACH);
    }
  }
  mailbox_acknowledge(MAILBOX_SHUTDOWN);
  cpu_halt();
}

void remote_run(const struct remote_app *image)
{
  app = image;
  trace_line("%s: booted", app->name);
  mailbox_init();
  for (;;) {
    mailbox_serve();
    if (stopping || mailbox_seen(MAILBOX_SHUTDOWN)) {
      break;
    }
    follow_detach();
    follow_status();
    rpmsg_poll();
    call(app->on_wake);
    rpmsg_flush();
    if (may_sleep()) {
      cpu_sleep();
    }
  }
  take_link_down(true);
  trace_line("%s: halted", app->name);
  halt();
}

void remote_stop(void)
{
  stopping = true;
}

bool remote_take_shutdown_message(struct rpmsg_endpoint *endpoint, const void *data, size_t length,
                                  uint32_t source)
{
  const uint32_t word = SHUTDOWN_MESSAGE;
  if (length != sizeof word || memcmp(data, &word, sizeof word) != 0) {
    return false;
  }
  trace_line("%s: shutdown message", app->name);
  rpmsg_send_to(endpoint, source, &word, sizeof word);
  remote_stop();
  return true;
}
