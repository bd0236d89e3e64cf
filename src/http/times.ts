// Points and lengths of time as a language writes them (CLDR, by Intl). app.js does the same in the reader's own time zone.

export interface Times {
  /** With its time zone, UTC. */
  moment(time: Date): string;
  /** In seconds, or from a minute and a half on in minutes, rounded up. */
  duration(seconds: number): string;
}

const LONGEST_IN_SECONDS = 90;
const made = new Map<string, Times>();

/** `language`: one of those that there are messages in. */
export function timesFor(language: string): Times {
  const known = made.get(language);
  if (known) return known;
  const times = createTimes(language);
  made.set(language, times);
  return times;
}

function createTimes(language: string): Times {
  const moment = new Intl.DateTimeFormat(language, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  });
  const unit = (name: string) => new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'long' });
  const [second, minute] = [unit('second'), unit('minute')];
  return {
    moment: (time) => moment.format(time),
    duration: (seconds) =>
      seconds > LONGEST_IN_SECONDS ? minute.format(Math.ceil(seconds / 60)) : second.format(Math.ceil(seconds)),
  };
}
