import type { Command } from './board-link.js'
import { serveBoard } from './board-thread.js'

const serve = serveBoard((report) => self.postMessage(report))
self.addEventListener('message', (event: MessageEvent<Command>) => serve(event.data))
