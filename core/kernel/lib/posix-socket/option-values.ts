/** Values of a socket's options by number. Most sockets have a few or none: a flat list takes a tenth of a Map's memory. */
export class OptionValues {
  /** Number, value, number, value, ... */
  private pairs: number[] = none;

  get size(): number {
    return this.pairs.length / 2;
  }
  private at(key: number): number {
    for (let i = 0; i < this.pairs.length; i += 2) if (this.pairs[i] === key) return i;
    return -1;
  }
  get(key: number): number | undefined {
    const at = this.at(key);
    return at < 0 ? undefined : this.pairs[at + 1];
  }
  set(key: number, value: number): void {
    const at = this.at(key);
    if (at >= 0) this.pairs[at + 1] = value;
    else this.pairs = [...this.pairs, key, value];
  }
  delete(key: number): void {
    const at = this.at(key);
    if (at >= 0) this.pairs = this.pairs.filter((_, i) => i !== at && i !== at + 1);
  }
  /** Begins with the values of another one. */
  copy(other: OptionValues): void {
    this.pairs = other.size === 0 ? none : other.pairs.slice();
  }
}

const none: number[] = [];
