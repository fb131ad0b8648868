import { describeError, type Report, type Task } from './link.js'
import { serve } from './serve.js'

const post = (report: Report): void => self.postMessage(report)

self.addEventListener('message', (event: MessageEvent<Task>) => {
  void serve(event.data, post, (control) => {
    // A page hears of errors alone, and of those only as messages.
    self.addEventListener('error', () => control.setEnded())
    self.addEventListener('unhandledrejection', (rejection) => {
      post({ type: 'crashed', reason: `unhandled rejection: ${describeError(rejection.reason)}` })
      control.setEnded()
    })
  })
})
