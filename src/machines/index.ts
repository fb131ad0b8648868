export { type EmulatedOptions, emulated } from './emulated/emulated.js'
