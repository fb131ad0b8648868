import { parseArgs } from 'node:util'
import { cores } from './cores.js'
import { resultOf } from './figure.js'
import { processes } from './processes.js'
import { describeMachine, Table } from './report.js'
import { rpmsg } from './rpmsg.js'
import { scale } from './scale.js'
import { start } from './start.js'
import { threads } from './threads.js'

const usage = `usage: npm run bench -- [NAME…] [--json]

Measures, and prints each figure with its ratio to something else measured in the same run.

  NAME    only figures whose name begins so: cores, rpmsg.rate, start…; rpmsg means all of messages
  --json  one JSON object a line (npm run -s bench, for nothing else on standard output)`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
})

const messages = [...threads, ...processes, ...scale, ...rpmsg]
const all = [...cores, ...messages, ...start]
const wanted = all.filter(
  (figure) =>
    positionals.length === 0 ||
    positionals.some(
      (prefix) =>
        figure.name.startsWith(prefix) || (prefix === 'rpmsg' && messages.includes(figure)),
    ),
)

if (values.help || wanted.length === 0) {
  console.log(`${usage}\n\n${all.map(({ name }) => name).join('\n')}`)
  process.exit(values.help ? 0 : 2)
}

const table = new Table(wanted.map(({ name }) => name))
if (values.json) console.error(describeMachine())
else console.log(`${describeMachine()}\n\n${table.heading()}`)

for (const figure of wanted) {
  const measurement = await figure.measure()
  const result = resultOf(figure, measurement)
  if (!values.json) {
    console.log(table.row(result, measurement.note))
    continue
  }
  console.log(JSON.stringify(result))
  if (measurement.note !== undefined) console.error(`${figure.name}: ${measurement.note}`)
}

if (!values.json) {
  console.log(
    '\nvalue: median; ratio: value ÷ the other one’s value; spread: (max − min) ÷ median of repeats',
  )
}
