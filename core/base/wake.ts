/**
 * Waking a thread that may sleep. Two Int32 words of shared memory: WAKE is a counter that every waker adds to; ASLEEP is 1
 * while the thread sleeps on it, or is about to.
 *
 * Order: the waker changes what there is to see, adds to WAKE, then notifies if it is the one that takes ASLEEP from 1 to
 * 0. The sleeper sets ASLEEP, and its wait compares WAKE with the value from before it last looked: so no wake-up is lost,
 * and waking a thread that is busy costs two memory operations.
 */
export const WAKE = 0;
export const ASLEEP = 3;

export function wake(words: Int32Array): void {
  Atomics.add(words, WAKE, 1);
  if (Atomics.load(words, ASLEEP) === 1 && Atomics.exchange(words, ASLEEP, 0) === 1) Atomics.notify(words, WAKE);
}
