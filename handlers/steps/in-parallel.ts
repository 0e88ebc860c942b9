/**
 * Does the work for every item, a few at a time, and returns the results in the items' order. All of them are waited
 * for; then the first error, if any, is thrown.
 */
export async function inParallel<Item, Result>(
  atOnce: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const queue = items.entries()
  const results: PromiseSettledResult<Result>[] = []
  const drain = async (): Promise<void> => {
    for (const [index, item] of queue) {
      try {
        results[index] = { status: 'fulfilled', value: await work(item) }
      } catch (reason) {
        results[index] = { status: 'rejected', reason }
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, drain))
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
