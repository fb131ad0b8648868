/**
 * What a remote asks of its host: files and a console in the messages of OpenAMP's retargeted C library,
 * and procedures of a program's own.
 * @module openamp/proxy
 */
export type { InputSource } from './console-input.js'
export type { ProxyLimits } from './descriptors.js'
export type { Errno, Libc } from './errno.js'
export type { ProxyEvent } from './events.js'
export { type Files, noFiles, type OpenFile, pathParts } from './files.js'
export { MemoryFiles } from './memory-files.js'
export { decodeOpenFlags, encodeOpenFlags, type OpenHow } from './open-flags.js'
export { ProxyClient, type ProxyClientOptions } from './proxy-client.js'
export { type ProxyEnd, ProxyServer, type ProxyServerOptions } from './proxy-server.js'
export {
  RETARGET_CHANNEL,
  RPC_SYSCALL,
  readSyscall,
  SYSCALL_ID,
  type Syscall,
  writeSyscall,
} from './retarget.js'
export { RpcClient } from './rpc-client.js'
export {
  RPC_ANSWER,
  RPC_CHANNEL,
  RPC_REQUEST,
  RPC_STATUS,
  type RpcAnswer,
  type RpcRequest,
  readAnswer,
  readRequest,
  writeAnswer,
  writeRequest,
} from './rpc-message.js'
export {
  type RpcResult,
  RpcServer,
  type RpcServerEvent,
  type RpcServerOptions,
  type RpcService,
} from './rpc-server.js'
