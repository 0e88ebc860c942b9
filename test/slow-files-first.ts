import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What is quickly said there takes long. */
const SLOW = [
  'month/month',
  'contracts/registry.contract',
  'domain/compose/edit-fuzz',
  'adapters/git/local-committer-killed',
  'adapters/github/delivery-flow',
].map((name) => `/test/${name}.test.ts`)

/**
 * Starts them before all others. On a fresh clone vitest knows no durations and goes by the size of files, so that the
 * slowest would come last, with one core at work.
 */
export class SlowFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is vitest's, and no array's
    const sorted = await super.sort(files)
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))]
  }
}

function isSlow({ moduleId }: TestSpecification): boolean {
  return SLOW.some((slow) => moduleId.endsWith(slow))
}
