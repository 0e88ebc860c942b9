/**
 * The secret behind the shares, as HashiCorp's Vault and SOPS share it out: every byte is the constant term of a
 * polynomial over GF(2^8), a share is its values at one place, and the place is the share's last byte. null for what
 * are no shares of one secret. Too few shares give a wrong secret, which nothing here can tell.
 * https://github.com/hashicorp/vault/blob/main/shamir/shamir.go
 */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array | null {
  const [first] = shares
  if (first === undefined || shares.length < 2 || first.length < 2) return null
  if (shares.some(({ length }) => length !== first.length)) return null
  const places = shares.map((share) => share.at(-1) ?? 0)
  if (places.includes(0) || new Set(places).size !== places.length) return null
  const weights = places.map((place) => weightAtZero(place, places))
  return Uint8Array.from({ length: first.length - 1 }, (_, index) =>
    shares.reduce((sum, share, at) => sum ^ multiply(share[index] ?? 0, weights[at] ?? 0), 0),
  )
}

/** Lagrange's basis polynomial of one place, at 0; subtraction is addition here, and both are XOR. */
function weightAtZero(place: number, places: readonly number[]): number {
  return places
    .filter((other) => other !== place)
    .reduce((weight, other) => multiply(weight, multiply(other, inverse(other ^ place))), 1)
}

/** Modulo x^8 + x^4 + x^3 + x + 1, by the same steps whatever the bytes are. */
function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    product = ((product << 1) & 0xff) ^ (-(product >> 7) & 0x1b) ^ (-((b >> bit) & 1) & a)
  }
  return product
}

/** a^254, since a^255 is 1 for all but 0. */
function inverse(a: number): number {
  let power = a
  for (let step = 0; step < 6; step++) power = multiply(multiply(power, power), a)
  return multiply(power, power)
}
