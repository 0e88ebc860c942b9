import { parseEnvironmentFile } from '../compose/environment-file.ts'

/**
 * The values of an environment file that was encrypted as a whole, so that nobody is told one of them alone either. None
 * of anything else: a single line that is no assignment makes it another kind of text.
 */
export function assignedValues(content: Uint8Array): readonly string[] {
  const text = new TextDecoder().decode(content)
  const { assignments, defect } = parseEnvironmentFile('', text)
  return defect === null ? assignments.map(({ value }) => value) : []
}
