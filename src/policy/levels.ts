// Authentication context levels, weakest first (DESIGN.md, "How a login flows"), and the arithmetic on them.

export const LEVELS = ['sfa', '2sv', 'mfa', 'phr'] as const;

/** What a second factor can give; never as little as one factor alone. */
export const SECOND_FACTOR_LEVELS = ['2sv', 'mfa', 'phr'] as const;

/** One factor; two steps; two factors; phishing-resistant. The values of `acr` (OpenID Connect Core 2). */
export type Level = (typeof LEVELS)[number];

export function isLevel(value: unknown): value is Level {
  return LEVELS.some((level) => level === value);
}

/** Whether a proven level is at least the wanted one. */
export function reaches(proven: Level | undefined, wanted: Level): boolean {
  return proven !== undefined && LEVELS.indexOf(proven) >= LEVELS.indexOf(wanted);
}

export function strongest(first: Level, ...others: readonly Level[]): Level {
  return others.reduce((best, level) => (reaches(level, best) ? level : best), first);
}

/** The weakest of some levels; undefined of none. */
export function weakest(levels: readonly Level[]): Level | undefined {
  return LEVELS.find((level) => levels.includes(level));
}
