import { describe, expect, test } from 'vitest'
import { array, assert, integer, property, uint8Array, uniqueArray } from 'fast-check'
import { combineShares } from '../../../src/adapters/secrets/shamir.ts'

describe('combineShares()', () => {
  test('combineShares() gives the secret back from any two shares of a line', () => {
    const shares = [1, 7, 255].map((place) => share([0x42, 0x00, 0xff], [0x13, 0x80, 0x01], place))
    for (const [a, b] of pairs(shares)) {
      expect(combineShares([a, b])).toEqual(Uint8Array.of(0x42, 0x00, 0xff))
    }
    expect(combineShares(shares)).toEqual(Uint8Array.of(0x42, 0x00, 0xff))
  })

  test('combineShares() agrees with polynomials of any degree', () => {
    assert(
      property(
        uint8Array({ minLength: 1, maxLength: 40 }),
        array(uint8Array({ minLength: 40, maxLength: 40 }), { minLength: 1, maxLength: 4 }),
        uniqueArray(integer({ min: 1, max: 255 }), { minLength: 5, maxLength: 5 }),
        (secret, coefficients, places) => {
          const shares = places
            .slice(0, coefficients.length + 1)
            .map((place) => polynomialShare([secret, ...coefficients], place))
          expect(combineShares(shares)).toEqual(secret)
        },
      ),
    )
  })

  test('combineShares() makes nothing of fewer shares than the polynomial has', () => {
    const shares = [1, 2, 3].map((place) =>
      polynomialShare(
        [[7], [9], [11]].map((one) => Uint8Array.from(one)),
        place,
      ),
    )
    expect(combineShares(shares)).toEqual(Uint8Array.of(7))
    expect(combineShares(shares.slice(0, 2))).not.toEqual(Uint8Array.of(7))
  })

  test.each([
    ['none', []],
    ['one', [[1, 2, 1]]],
    [
      'one share twice',
      [
        [1, 2, 1],
        [1, 2, 1],
      ],
    ],
    [
      'two of one place',
      [
        [1, 2, 1],
        [3, 4, 1],
      ],
    ],
    [
      'shares of two lengths',
      [
        [1, 2, 1],
        [3, 2],
      ],
    ],
    [
      'a share at 0, which would be the secret',
      [
        [1, 2, 0],
        [3, 4, 1],
      ],
    ],
    ['shares of nothing', [[1], [2]]],
  ])('combineShares() refuses %s', (_title, shares) => {
    expect(combineShares(shares.map((one) => Uint8Array.from(one)))).toBeNull()
  })
})

function share(secret: readonly number[], slope: readonly number[], place: number): Uint8Array {
  return polynomialShare([Uint8Array.from(secret), Uint8Array.from(slope)], place)
}

/** Horner's rule, with a table-free multiplication by repeated doubling: another way than the code's own. */
function polynomialShare(coefficients: readonly Uint8Array[], place: number): Uint8Array {
  const length = coefficients[0]?.length ?? 0
  const values = Array.from({ length }, (_, index) =>
    coefficients.reduceRight((sum, one) => times(sum, place) ^ (one[index] ?? 0), 0),
  )
  return Uint8Array.from([...values, place])
}

function times(a: number, b: number): number {
  let product = 0
  let double = a
  for (let rest = b; rest > 0; rest >>= 1) {
    if ((rest & 1) === 1) product ^= double
    double = double & 0x80 ? ((double << 1) ^ 0x11b) & 0xff : double << 1
  }
  return product
}

function pairs<T>(list: readonly T[]): readonly (readonly [T, T])[] {
  return list.flatMap((a, index) => list.slice(index + 1).map((b) => [a, b] as const))
}
