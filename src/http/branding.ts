// A tenant's one colour, made into the few that a page needs, each readable on what it stands on (WCAG 2.2: 1.4.3, 1.4.11).

/** What the colours stand on, as in views/assets/app.css: the darker of the light grounds, the lighter of the dark ones. */
export const LIGHT_GROUND = '#f4f5f7';
export const DARK_GROUND = '#1b1e24';

const SHAPE_CONTRAST = 3;
/** 4.5 would do in the dark too, but reads as greyed out there. */
const TEXT_CONTRAST = { light: 4.5, dark: 7 };

export interface BrandColours {
  /** The primary button. */
  fill: string;
  /** Text on `fill` and `hover`: black or white, whichever contrasts more. One of them always reaches 4.58:1. */
  onFill: '#000000' | '#ffffff';
  hover: string;
  /** The button's border: 3:1 against the ground, so that a pale button is still seen as one. */
  edge: string;
  /** Links and focus rings: at least 4.5:1 against the ground. */
  accent: string;
}

/** `colour` is `#rrggbb`. In the dark the fill is lightened until it stands out from the ground. */
export function brandColours(colour: string, scheme: 'light' | 'dark'): BrandColours {
  const ground = scheme === 'light' ? LIGHT_GROUND : DARK_GROUND;
  const away = scheme === 'light' ? '#000000' : '#ffffff';
  const edge = untilContrast(colour, away, ground, SHAPE_CONTRAST);
  const fill = scheme === 'light' ? colour.toLowerCase() : edge;
  const onFill = contrast(fill, '#ffffff') >= contrast(fill, '#000000') ? '#ffffff' : '#000000';
  return {
    fill,
    onFill,
    hover: mix(fill, onFill === '#ffffff' ? '#000000' : '#ffffff', 0.15),
    edge,
    accent: untilContrast(colour, away, ground, TEXT_CONTRAST[scheme]),
  };
}

/** The custom properties of app.css for a tenant's colour: a style sheet of its own, for a `<style>` element. */
export function brandStyle(colour: string): string {
  const light = `:root{${customProperties(brandColours(colour, 'light'))}}`;
  const dark = `@media (prefers-color-scheme:dark){:root{${customProperties(brandColours(colour, 'dark'))}}}`;
  return light + dark;
}

function customProperties({ fill, onFill, hover, edge, accent }: BrandColours): string {
  return `--fill:${fill};--on-fill:${onFill};--fill-hover:${hover};--edge:${edge};--accent:${accent}`;
}

/** Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** `colour`, mixed with as little of `away` as makes it contrast enough with `ground`. */
function untilContrast(colour: string, away: string, ground: string, wanted: number): string {
  for (let share = 0; share < 1; share += 0.02) {
    const mixed = mix(colour, away, share);
    if (contrast(mixed, ground) >= wanted) return mixed;
  }
  return away;
}

function mix(colour: string, other: string, share: number): string {
  const others = channels(other);
  const mixed = channels(colour).map((channel, i) => Math.round(channel + ((others[i] ?? 0) - channel) * share));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

/** Relative luminance, 0 to 1 (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channels(colour: string): number[] {
  const digits = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (!digits) throw new Error(`${colour} is no colour of the form #rrggbb`);
  return digits.slice(1).map((pair) => Number.parseInt(pair, 16));
}
