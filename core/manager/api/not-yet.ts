/** Calls of the contract that have no manager behind them yet: the window shows no form for them. */
export const absentCalls: readonly string[] = [];
