// What may import what (docs/architecture.md, "The rooms"). Run by `npm run lint`.

// A room may import itself and the rooms before it, none after it.
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
  'inspector',
  'cli',
]

// These know nothing of any platform: neither Node nor a browser.
const anywhere = rooms.slice(0, rooms.indexOf('machines')).filter((room) => room !== 'proxy')

const tests = '[.]test[.]ts$'

module.exports = {
  forbidden: [
    // The cli, last of the rooms, may import all of them.
    ...rooms.slice(0, -1).map((room, index) => ({
      name: `${room}-imports-only-rooms-above-it`,
      comment: `${room} may import ${rooms.slice(0, index + 1).join(', ')} of src, and nothing else`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^(src|bench)/', pathNot: `^src/(${rooms.slice(0, index + 1).join('|')})/` },
    })),
    {
      name: 'entries-import-no-cli',
      comment: 'what other programs import must not bring the command along',
      severity: 'error',
      from: { path: '^src/[^/]+$' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'every-folder-is-a-room',
      comment: 'a folder that is not in the list above would be under no rule',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(${rooms.join('|')})/` },
      to: {},
    },
    {
      name: 'no-node-in-rooms-for-anywhere',
      comment: 'these rooms run in browsers too, and on machines that are neither',
      severity: 'error',
      from: { path: `^src/(${anywhere.join('|')})/`, pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'node-only-where-its-name-says-so',
      comment: 'src/node.ts, the cli, and files named …-node.ts',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: ['^src/node[.]ts$', '^src/cli/', '-node[.]ts$', tests],
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'node-variants-only-by-condition',
      comment: 'a file named …-node.ts is reached through package.json "imports" or src/node.ts',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/node[.]ts$', '^src/cli/', '-node[.]ts$', tests] },
      to: { path: '-node[.]ts$', dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'no-node-entry-in-browser-code',
      comment: 'src/node.ts is for programs in Node; the cli is one',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/cli/', tests] },
      to: { path: '^src/node[.]ts$' },
    },
    {
      name: 'no-circle',
      comment: 'types may refer to each other; what is there at run time may not',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-packages',
      comment: 'the package has no dependencies: what is imported would be missing at a user',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-tests-in-what-is-published',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { path: [tests, '^test/'] },
    },
    {
      name: 'no-test-imports-a-test',
      comment: 'its tests would run twice; what tests share belongs in test/support',
      severity: 'error',
      from: { path: tests },
      to: { path: tests },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: '^(node_modules|test)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
}
