import { createHash } from 'node:crypto'

/** A stream of random numbers. Two streams made with the same seed and purpose are equal, on every machine. */
export interface Random {
  /** in [0, 1) with 53 random bits; Python's `random.random()` */
  uniform(): number
  /** in 0..n-1, every one equally likely; Python's `random.randrange(n)` */
  integer(n: number): number
  /** from the normal distribution with mean 0 and standard deviation 1 */
  normal(): number
  /** the items in a random order, in a new array; Python's `random.shuffle` */
  shuffle<T>(items: readonly T[]): T[]
  /** k different numbers of 0..n-1, in random order; Python's `random.sample(range(n), k)` */
  sample(n: number, k: number): number[]
}

/**
 * The program's only source of chance: a Mersenne Twister.
 *
 * With a seed alone it is CPython's `random.seed(seed)`, bit for bit, because the few-shot lists of the
 * published experiments were drawn with it. With a purpose, for example `('crops', epoch)`, it is a stream
 * of its own, so that a resumed run needs no saved generator, only the seed and the epoch's number.
 */
export function createRandom(seed: number, ...purpose: (string | number)[]): Random {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`A seed must be an integer, not ${seed}`)
  const word = mersenneTwister(purpose.length === 0 ? pythonKey(seed) : purposeKey(seed, purpose))
  const uniform = () => ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 0x20000000000000
  const integer = (n: number) => integerBelow(word, n)
  return {
    uniform,
    integer,
    normal: normalFrom(uniform),
    shuffle: (items) => shuffle(integer, items),
    sample: (n, k) => sample(integer, n, k),
  }
}

/** `length` normal numbers with mean 0 and standard deviation `std`. */
export function normalArray(random: Random, length: number, std: number): Float32Array {
  return Float32Array.from({ length }, () => random.normal() * std)
}

/** The 32-bit digits of |seed|, lowest first: what CPython initialises its generator with. */
function pythonKey(seed: number): number[] {
  const magnitude = Math.abs(seed)
  const high = Math.floor(magnitude / 2 ** 32)
  return high === 0 ? [magnitude >>> 0] : [(magnitude % 2 ** 32) >>> 0, high]
}

function purposeKey(seed: number, purpose: (string | number)[]): number[] {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...purpose]))
    .digest()
  return Array.from({ length: 8 }, (_, index) => digest.readUInt32LE(4 * index))
}

const STATE_WORDS = 624
const SHIFT = 397

/** Matsumoto and Nishimura's MT19937, initialised by an array. Gives 32 bits a call. */
function mersenneTwister(key: readonly number[]): () => number {
  const state = initialState(key)
  let next = STATE_WORDS
  return () => {
    if (next === STATE_WORDS) {
      regenerate(state)
      next = 0
    }
    let y = state[next++]!
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }
}

function initialState(key: readonly number[]): Uint32Array {
  const state = new Uint32Array(STATE_WORDS)
  state[0] = 19650218
  for (let i = 1; i < STATE_WORDS; i++) state[i] = Math.imul(1812433253, scrambled(state, i)) + i

  let i = 1
  const advance = () => {
    if (++i < STATE_WORDS) return
    state[0] = state[STATE_WORDS - 1]!
    i = 1
  }
  for (let step = 0; step < Math.max(STATE_WORDS, key.length); step++) {
    const j = step % key.length
    state[i] = (state[i]! ^ Math.imul(scrambled(state, i), 1664525)) + key[j]! + j
    advance()
  }
  for (let step = 1; step < STATE_WORDS; step++) {
    state[i] = (state[i]! ^ Math.imul(scrambled(state, i), 1566083941)) - i
    advance()
  }
  state[0] = 0x80000000
  return state
}

function scrambled(state: Uint32Array, i: number): number {
  const before = state[i - 1]!
  return before ^ (before >>> 30)
}

function regenerate(state: Uint32Array): void {
  for (let i = 0; i < STATE_WORDS; i++) {
    const y = (state[i]! & 0x80000000) | (state[(i + 1) % STATE_WORDS]! & 0x7fffffff)
    state[i] = state[(i + SHIFT) % STATE_WORDS]! ^ (y >>> 1) ^ ((y & 1) * 0x9908b0df)
  }
}

/** Draws as many bits as n has and rejects what is not below n, as CPython does. */
function integerBelow(word: () => number, n: number): number {
  if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`There is no integer in 0..${n - 1}`)
  const bits = n.toString(2).length
  for (;;) {
    const value = randomBits(word, bits)
    if (value < n) return value
  }
}

function randomBits(word: () => number, bits: number): number {
  if (bits <= 32) return word() >>> (32 - bits)
  const low = word()
  return (word() >>> (64 - bits)) * 2 ** 32 + low
}

/** Box and Muller's pairs, one number at a time. */
function normalFrom(uniform: () => number): () => number {
  let spare: number | null = null
  return () => {
    if (spare !== null) {
      const value = spare
      spare = null
      return value
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform())) // 1 - u is never 0
    const angle = 2 * Math.PI * uniform()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}

function shuffle<T>(integer: (n: number) => number, items: readonly T[]): T[] {
  const shuffled = [...items]
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = integer(i + 1)
    const kept = shuffled[i]!
    shuffled[i] = shuffled[j]!
    shuffled[j] = kept
  }
  return shuffled
}

/** CPython takes from a pool or rejects repetitions, whichever needs less memory; both orders must match. */
function sample(integer: (n: number) => number, n: number, k: number): number[] {
  if (!(k >= 0 && k <= n)) throw new RangeError(`Cannot take ${k} of ${n}`)
  const setSize = 21 + (k > 5 ? 4 ** Math.ceil(Math.log(k * 3) / Math.log(4)) : 0)
  return n <= setSize ? sampleFromPool(integer, n, k) : sampleByRejection(integer, n, k)
}

function sampleFromPool(integer: (n: number) => number, n: number, k: number): number[] {
  const pool = Array.from({ length: n }, (_, index) => index)
  return Array.from({ length: k }, (_, taken) => {
    const j = integer(n - taken)
    const value = pool[j]!
    pool[j] = pool[n - taken - 1]!
    return value
  })
}

function sampleByRejection(integer: (n: number) => number, n: number, k: number): number[] {
  const selected = new Set<number>()
  while (selected.size < k) selected.add(integer(n))
  return [...selected]
}
