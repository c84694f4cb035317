/** The instruction set: every definition, by family. */
import type { InsnDef } from '../notation.ts';
import { arith } from './arith.ts';
import { bit } from './bit.ts';
import { bmi } from './bmi.ts';
import { branch } from './branch.ts';
import { crypto } from './crypto.ts';
import { mov } from './mov.ts';
import { muldiv } from './muldiv.ts';
import { segments } from './segment.ts';
import { shifts } from './shift.ts';
import { sseExtended } from './sse-extended.ts';
import { sseControl, sseFloat } from './sse-float.ts';
import { sseInteger } from './sse-integer.ts';
import { sseMove } from './sse-move.ts';
import { stack } from './stack.ts';
import { strings } from './string.ts';
import { compareExchangeWide, system } from './system.ts';
import { x87 } from './x87.ts';

export const instructionSet: readonly InsnDef[] = [
  ...arith,
  ...shifts,
  ...mov,
  ...stack,
  ...branch,
  ...muldiv,
  ...bit,
  ...bmi,
  ...strings,
  ...system,
  ...compareExchangeWide,
  ...segments,
  ...sseMove,
  ...sseInteger,
  ...sseExtended,
  ...crypto,
  ...sseFloat,
  ...sseControl,
  ...x87,
];
