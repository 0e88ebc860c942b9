import { MagosError } from '../../../src/domain/error.ts'

/** The error that a call throws; fails the test when it throws none, or one of another class. */
export function thrownBy(call: () => unknown): MagosError {
  let answer: unknown
  try {
    answer = call()
  } catch (error) {
    if (error instanceof MagosError) return error
    throw error
  }
  throw new Error(`nothing was thrown, the answer is ${JSON.stringify(answer)}`)
}

/** Runs a call that may answer or throw a MagosError; anything else that it throws fails the test. */
export function answersOrRefuses(call: () => unknown): void {
  try {
    call()
  } catch (error) {
    if (!(error instanceof MagosError)) throw error
  }
}
