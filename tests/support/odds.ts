// Whether a number of kept things is what a probability lets one expect.

/** Whether `kept` of `all` lies within the 99.9 % interval of a binomial distribution. */
export function withinOdds(kept: number, all: number, probability: number): boolean {
  const spread = Math.sqrt(all * probability * (1 - probability));
  return Math.abs(kept - all * probability) <= 3.2905 * spread + 0.5;
}

/** What `th` of a tracestate says a span stands for: 1 without one. */
export function weightOf(traceState: string): number {
  const th = /(?:^|[=;])th:([\da-f]+)/.exec(/(?:^|,)(ot=[^,]*)/.exec(traceState)?.[1] ?? '')?.[1];
  return th === undefined ? 1 : 1 / (1 - Number.parseInt(th.padEnd(14, '0'), 16) / 2 ** 56);
}
