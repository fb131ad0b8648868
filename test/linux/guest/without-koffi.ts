// Loaded before a program (node --import): the optional package koffi is not installed for it.
import { register } from 'node:module'

const hooks = `export async function resolve(name, context, next) {
  if (name === 'koffi') throw new Error('koffi is not installed')
  return next(name, context)
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
