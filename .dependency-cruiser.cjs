// The rooms in the order of docs/architecture.md: each may import itself and those before it.
const rooms = [
  'base',
  'memory',
  'firmware',
  'virtio',
  'rpmsg',
  'remoteproc',
  'proxy',
  'cores',
  'boards',
  'machines',
  'debug',
  'inspector',
  'cli',
]

const tests = '\\.test\\.ts$'

/** Modules that may know Node: everything else runs in browsers, too. */
const node = ['^src/node\\.ts$', '^src/cli/', '-node\\.ts$', tests]

module.exports = {
  forbidden: [
    ...rooms.slice(0, -1).map((room, i) => ({
      name: `${room}-imports-upwards`,
      severity: 'error',
      from: { path: `^src/${room}/`, pathNot: tests },
      to: { path: `^src/(${rooms.slice(i + 1).join('|')})/` },
    })),
    {
      name: 'cores-know-no-protocol',
      comment:
        'a core has no devices, a board no host: the stack and the emulation meet in machines',
      severity: 'error',
      from: { path: '^src/(cores|boards)/', pathNot: tests },
      to: { path: '^src/(firmware|virtio|rpmsg|remoteproc|proxy)/' },
    },
    {
      name: 'rooms-import-no-entry',
      severity: 'error',
      from: { path: `^src/(${rooms.slice(0, -1).join('|')})/`, pathNot: tests },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'node-only-where-it-shows',
      severity: 'error',
      from: { path: '^src/', pathNot: node },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-node-below-machines',
      comment: 'not even in a file named …-node.ts: these rooms know no platform',
      severity: 'error',
      from: {
        path: '^src/(base|memory|firmware|virtio|rpmsg|remoteproc|cores|boards)/',
        pathNot: tests,
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'entries-import-no-cli',
      comment: 'what programs import does not bring the command along',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'every-folder-is-a-room',
      comment: 'a folder that is not in the list would be under no rule',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${rooms.join('|')})/` },
      to: {},
    },
    {
      name: 'no-dependency-at-run-time',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg', 'unknown'], pathNot: '^#' },
    },
    {
      name: 'no-circle',
      comment: 'types may refer to each other, code may not',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-import-of-tests',
      severity: 'error',
      from: { pathNot: [tests, '^test/'] },
      to: { path: [tests, '^test/'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: ['node_modules', '^dist/'] },
  },
}
