import { z } from 'zod';

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** A span of time in a configuration: whole seconds, or a number with a unit (`90s`, `5m`, `12h`, `14d`). Reads as seconds. */
export const duration = z.union([
  z.int().nonnegative(),
  z
    .string()
    .regex(/^\d{1,9}[smhd]$/, 'write a number with a unit: 90s, 5m, 12h or 14d')
    .transform((text) => Number(text.slice(0, -1)) * SECONDS[unitOf(text)]),
]);

/** How long something lives: at least a second, for what lives no time at all cannot be issued. */
export const lifetime = duration.refine((seconds) => seconds > 0, 'give at least 1s');

function unitOf(text: string): keyof typeof SECONDS {
  const unit = text.at(-1);
  return unit === 'm' || unit === 'h' || unit === 'd' ? unit : 's';
}
