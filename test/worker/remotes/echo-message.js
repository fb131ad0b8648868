/**
 * Sends a message back: at once where a buffer is free, else a copy of it as soon as there is one. The host may
 * have filled its ring again before it has read what came back to it.
 */
export function echo(channel, message) {
  if (channel.trySend(message.data)) return
  // Fails only where the link ends meanwhile, and with it whoever waited for the answer.
  channel.send(message.copy()).catch(() => {})
}
