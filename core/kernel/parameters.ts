/** Malformed kernel parameters. The machine layer adds the position in the command line. */

export class ParameterError extends Error {
  override name = 'ParameterError';
  /** Which of the values it is about. */
  readonly index: number;
  constructor(message: string, index = 0) {
    super(message);
    this.index = index;
  }
}
