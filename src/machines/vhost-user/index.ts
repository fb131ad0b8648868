/**
 * A vhost-user back-end: remotes for the guests of virtual machine monitors. Linux only.
 * @module openamp/vhost-user
 */
export {
  serveVhostUser,
  type VhostUserEvent,
  type VhostUserOptions,
  VhostUserServer,
} from './server-node.js'
