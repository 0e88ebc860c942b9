import { expandPath } from './path.ts'
import { Secret } from './secret.ts'
import { refuse } from './setting.ts'
import type { EnvironmentInput } from './setting.ts'
import { KEY_VARIABLES, type KeyVariable } from './variable.ts'

/** SOPS's own variables, as they are set. Paths are absolute. */
export type KeySettings = Readonly<Partial<Record<KeyVariable, Secret>>>

/**
 * Where keys come from. SOPS takes all of these together, so none excludes another, and a file that is missing is told
 * when a key is. A command is taken from the environment alone: a `.env` may lie in somebody's repository.
 */
export function readKeyVariables(input: EnvironmentInput): KeySettings {
  const found = KEY_VARIABLES.flatMap((name) => {
    const variable = input.variables.find(name)
    if (variable === null) return []
    if (name.endsWith('_CMD') && variable.place !== null) {
      const message = `Cannot use ${name}: a command is taken from the environment alone`
      refuse(input, variable, message, 'set it in the unit or the shell that starts Magos')
      return []
    }
    const value = name.endsWith('_FILE') ? expandPath(variable.value, input) : variable.value
    return [[name, new Secret(value)] as const]
  })
  return Object.fromEntries(found)
}
