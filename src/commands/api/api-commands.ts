// The admin API at a terminal: a command for each of its routes, run by the operator on the storage itself, with no server between.

import { createReadStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';

import { Command, Option } from 'commander';
import { z } from 'zod';

import type { AdminRoute } from '../../admin/route.ts';
import type { Sent } from '../../admin/dispatch.ts';
import { UsageError } from '../exit-codes.ts';
import { bodyOf } from './members.ts';
import { commandNameOf } from './names.ts';
import type { CommandName } from './names.ts';

/** What an operator asked for. */
export interface Asked {
  route: AdminRoute;
  sent: Sent;
  config: string | undefined;
  json: boolean;
}

/** Answers the exit code, also for what cannot be read. */
export type RunAsked = (ask: () => Asked) => Promise<number>;

interface Options {
  tenant?: string;
  config?: string;
  json?: boolean;
  data?: string;
  file?: string;
  ifMatch?: string;
  [query: string]: unknown;
}

/** One command for each group of routes, with the routes below it. */
export function apiCommands(routes: readonly AdminRoute[], run: RunAsked): Command[] {
  const groups = Map.groupBy(routes, (route) => commandNameOf(route).group);
  return [...groups].map(([name, own]) => {
    const [first] = own;
    if (own.length === 1 && first && commandNameOf(first).verb === '') return commandOf(name, first, run);
    const group = new Command(name).description(aboutGroup(name, own));
    for (const route of own) group.addCommand(commandOf(commandNameOf(route).verb, route, run));
    return group;
  });
}

/** The heading of the API's documentation, where the group has one of its own; else what its first command does. */
function aboutGroup(name: string, [first]: readonly AdminRoute[]): string {
  if (!first) return name;
  return first.tag.toLowerCase().replaceAll(' ', '-') === name ? first.tag : first.summary;
}

function commandOf(name: string, route: AdminRoute, run: RunAsked): Command {
  const named = commandNameOf(route);
  const command = new Command(name).description(route.summary);
  for (const arg of named.args) command.argument(`<${arg}>`);
  if (route.body) command.argument('[members...]', aboutMembers(route.body));
  if (named.ofTenant) command.requiredOption('-t, --tenant <slug>', 'the tenant');
  command.option('-c, --config <file>', 'the configuration file; SALLYPORT_CONFIG names one as well');
  command.option('--json', 'as the API answers it');
  if (route.body) command.option('--data <json>', 'the body; @file reads it from a file, - from standard input');
  if (route.takes) command.requiredOption('--file <file>', `${route.takes.join(' or ')}; - is standard input`);
  if (changesWhatIs(route))
    command.option('--if-match <etag>', 'only in this state; in whatever state it is if left out');
  for (const query of queryOf(route)) command.addOption(optionOf(query));

  return command.action(async (...given: unknown[]) => {
    process.exitCode = await run(() => asked(route, named, given));
  });
}

/** `given` as commander hands it over: the arguments, the options, the command. */
function asked(route: AdminRoute, named: CommandName, given: readonly unknown[]): Asked {
  const members = given[named.args.length];
  const command = given.at(-1);
  const options: Options = command instanceof Command ? command.opts<Options>() : {};
  const params = Object.fromEntries(named.args.map((arg, at) => [arg, String(given[at])]));
  return {
    route,
    sent: {
      params: { ...params, ...(named.ofTenant && { tenant: options.tenant ?? '' }) },
      query: Object.fromEntries(
        queryOf(route).flatMap(({ name }) => (name in options ? [[name, String(options[name])]] : [])),
      ),
      body: route.body && readBody(options.data, Array.isArray(members) ? members.map(String) : []),
      ifMatch: changesWhatIs(route) ? (options.ifMatch ?? '*') : undefined,
      ...(route.takes && streamOf(route.takes, options.file ?? '-')),
    },
    config: options.config,
    json: options.json === true,
  };
}

/** One thing that the query may say. */
interface QueryOption {
  name: string;
  about: string;
  choices: readonly string[];
}

function queryOf({ query, lists, gives }: AdminRoute): QueryOption[] {
  const schema = query && z.toJSONSchema(query, { io: 'input', unrepresentable: 'any' });
  const own = Object.entries(schema?.properties ?? {}).map(([name, value]) => {
    const { description = '', enum: choices = [] } = typeof value === 'object' ? value : {};
    return { name, about: description, choices: choices.map(String) };
  });
  return [...(lists ? listQuery(Object.keys(lists), gives !== undefined) : []), ...own];
}

function listQuery(fields: readonly string[], isWhole: boolean): QueryOption[] {
  const narrowing = [
    { name: 'filter', about: `as 'status eq "active"'; by ${fields.join(', ')}`, choices: [] },
    { name: 'sort', about: 'a field; - before it for the last first', choices: [] },
  ];
  const pages = [
    { name: 'pageSize', about: 'how many at most, up to 1000; 50 if left out', choices: [] },
    { name: 'pageToken', about: 'of the page before', choices: [] },
  ];
  return isWhole ? narrowing : [...narrowing, ...pages];
}

const SWITCH = ['false', 'true'];

function optionOf({ name, about, choices }: QueryOption): Option {
  const isSwitch = choices.toSorted().join() === SWITCH.join();
  if (isSwitch) return new Option(`--${kebab(name)}`, about);
  const option = new Option(`--${kebab(name)} <value>`, about);
  return choices.length > 0 ? option.choices(choices) : option;
}

function aboutMembers(body: z.ZodType): string {
  const names = body instanceof z.ZodObject ? `${Object.keys(body.shape).join(', ')}: ` : '';
  return `${names}name=text, or name:=JSON; dots lead into objects`;
}

function changesWhatIs({ method }: AdminRoute): boolean {
  return method !== 'GET' && method !== 'POST';
}

/** @throws UsageError */
function readBody(data: string | undefined, members: readonly string[]): unknown {
  const body = bodyOf(members, data === undefined ? undefined : wholeOf(data));
  if (body.ok) return body.value;
  throw new UsageError(body.reason);
}

function wholeOf(data: string): unknown {
  const text =
    data === '-' ? readFileSync(0, 'utf8') : data.startsWith('@') ? readFileSync(data.slice(1), 'utf8') : data;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError('--data is no JSON', { cause });
  }
}

function streamOf(takes: readonly string[], file: string): Pick<Sent, 'stream' | 'streamType'> {
  const isCsv = file.endsWith('.csv');
  const streamType = takes.find((type) => type.includes('csv') === isCsv) ?? takes[0];
  return { stream: file === '-' ? Readable.from(process.stdin) : createReadStream(file), streamType };
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, '-$&').toLowerCase();
}
