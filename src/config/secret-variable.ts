import { join } from 'node:path'

import { expandPath } from './path.ts'
import { refuse } from './setting.ts'
import type { EnvironmentInput } from './setting.ts'
import type { SecretVariable, Variable } from './variable.ts'

/** A secret's variable, the content of its `_FILE` twin, or systemd's credential of that name, in this order. */
export function readSecret(input: EnvironmentInput, name: SecretVariable): Variable | null {
  const [first, second] = input.variables.layer([name, `${name}_FILE`])
  if (first === undefined) return readCredential(input, name)
  if (second !== undefined) {
    refuse(input, second, `Cannot use ${second.name}: ${name} is set too`, 'keep one of them')
  }
  if (first.name === name) return first
  const value = input.readFile(expandPath(first.value, input))?.trim()
  if (value === undefined || value === '') {
    const state = value === undefined ? 'no such readable file' : 'it is empty'
    refuse(input, first, `Cannot read the file that ${first.name} names: ${state}`)
    return null
  }
  return { ...first, value }
}

/** https://systemd.io/CREDENTIALS/: named as the variable, or so in lower case. */
function readCredential(input: EnvironmentInput, name: SecretVariable): Variable | null {
  const directory = input.environment['CREDENTIALS_DIRECTORY']
  if (!directory) return null
  for (const file of [name, name.toLowerCase()]) {
    const value = input.readFile(join(directory, file))?.trim()
    if (value) return { name, value, place: null }
  }
  return null
}
