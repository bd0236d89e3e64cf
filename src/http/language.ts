// Which of the languages that there are a person gets, by what the app, the person and the tenant wish.

/** Wishes, strongest first. */
export interface LanguageWishes {
  /** Of the page's own address, then of the app: tags separated by spaces, the most wanted first (OpenID Connect Core 3.1.2.1). */
  uiLocales?: readonly (string | undefined)[] | undefined;
  /** Of a person who is known: a tag, or a directory's `preferredLanguage`, which is written as an `Accept-Language` (RFC 2798 2.7). */
  locale?: string | undefined;
  /** What was chosen in this browser. */
  cookie?: string | undefined;
  /** The header of RFC 9110 12.5.4. */
  acceptLanguage?: string | undefined;
  tenant?: string | undefined;
}

/** The best of the `available` language tags; the first of them when no wish can be met. */
export function chooseLanguage(available: readonly [string, ...string[]], wishes: LanguageWishes): string {
  const ranges = [
    ...(wishes.uiLocales ?? []).flatMap((tags) => (tags ?? '').split(' ')),
    ...acceptedRanges(wishes.locale ?? ''),
    wishes.cookie ?? '',
    ...acceptedRanges(wishes.acceptLanguage ?? ''),
    wishes.tenant ?? '',
  ];
  for (const range of ranges) {
    // Systems that grew from POSIX write de_CH.
    const tag = lookUp(available, range.toLowerCase().replaceAll('_', '-'));
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
