import { expect, test } from 'vitest'
import { type RpmsgLoopback, rpmsgLoopback } from './loopback.js'
import { COALESCE_MAX } from './pacing.js'
