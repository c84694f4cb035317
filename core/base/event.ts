/** Events between objects of one thread. */

/** Undoes something: removes a listener, frees a resource. Calling it twice is harmless. */
export interface Disposable {
  dispose(): void;
}

export class Emitter<T> {
  private readonly listeners = new Set<(value: T) => void>();

  on(listener: (value: T) => void): Disposable {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }
  /** Calls the listeners there are now, in the order they came. */
  fire(value: T): void {
    for (const listener of [...this.listeners]) listener(value);
  }
}
