// Which of the languages that there are a person gets, by what the app, the person and the tenant wish.

/** Wishes, strongest first. */
export interface LanguageWishes {
  /** `ui_locales` of OpenID Connect Core 3.1.2.1: tags separated by spaces, the most wanted first. */
  uiLocales?: string | undefined;
  cookie?: string | undefined;
  /** The header of RFC 9110 12.5.4. */
  acceptLanguage?: string | undefined;
  tenant?: string | undefined;
}

/** The best of the `available` language tags; the first of them when no wish can be met. */
export function chooseLanguage(available: readonly [string, ...string[]], wishes: LanguageWishes): string {
  const ranges = [
    ...(wishes.uiLocales ?? '').split(' '),
    wishes.cookie ?? '',
    ...acceptedRanges(wishes.acceptLanguage ?? ''),
    wishes.tenant ?? '',
  ];
  for (const range of ranges) {
    const tag = lookUp(available, range.toLowerCase());
    if (tag) return tag;
  }
  return available[0];
}

/** The ranges of an `Accept-Language`, the most wanted first; `q=0` is no wish. */
function acceptedRanges(header: string): string[] {
  return header
    .split(',')
    .map((item) => {
      const [range = '', ...parameters] = item.split(';').map((part) => part.trim());
      const weight = parameters.find((parameter) => /^q=/i.test(parameter))?.slice(2);
      return { range, weight: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ range }) => range);
}

/** RFC 4647 3.4, and a language alone (`pt`) is met by a regional variant of it (`pt-BR`) too. */
function lookUp(available: readonly string[], range: string): string | undefined {
  for (let wanted = range; wanted; wanted = wanted.slice(0, Math.max(0, wanted.lastIndexOf('-')))) {
    const exact = available.find((tag) => tag.toLowerCase() === wanted);
    if (exact) return exact;
  }
  return range ? available.find((tag) => tag.toLowerCase().startsWith(`${range}-`)) : undefined;
}
