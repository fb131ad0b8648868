/*
 * The heartbeat: a channel on which every message is sent back, so that the host can see that the run
 * loop still turns. Source: docs/crash-and-recovery.md.
 */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

/* Announces the channel. To be called in on_link_up. */
void heartbeat_start(void);

#endif
