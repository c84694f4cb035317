/**
 * The seed of tests with random cases. The same every time, so that a run tells about the change and not about its luck;
 * ELFDECK_SEED=N asks for other cases, ELFDECK_SEED=random for those that nobody has seen yet.
 */
export function testSeed(): number {
  const asked = process.env.ELFDECK_SEED ?? '1';
  const seed = asked === 'random' ? Date.now() % 1_000_000 : Number(asked);
  if (!Number.isSafeInteger(seed)) throw new Error(`ELFDECK_SEED must be a whole number or "random", not "${asked}"`);
  return seed;
}
