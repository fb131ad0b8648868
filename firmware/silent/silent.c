/*
 * silent: boots and announces nothing. With no timer armed it sleeps until the host asks something
 * of it; a host that waits for a channel waits for ever.
 */
#include "remote.h"

int main(void)
{
  static const struct remote_app app = {.name = "silent"};
  remote_run(&app);
}
