// What a shell completes: the commands, those below them, and their options, read off the commands themselves.

import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A script for the shell to read at its start: `source <(sallyport completion bash)`. */
export function completionOf(program: Command, shell: Shell): string {
  const words = wordsOf(program);
  if (shell === 'fish') return fish(words);
  const script = bash(words);
  return shell === 'zsh' ? `autoload -U +X bashcompinit && bashcompinit\n${script}` : script;
}

interface Words {
  /** The commands that lead there: `users list`. */
  path: string;
  /** What may follow. */
  next: readonly string[];
  options: readonly string[];
}

function wordsOf(command: Command, path: readonly string[] = []): Words[] {
  const own = {
    path: path.join(' '),
    next: command.commands.map((one) => one.name()),
    options: ['--help', ...command.options.flatMap(({ long }) => long ?? [])],
  };
  return [own, ...command.commands.flatMap((one) => wordsOf(one, [...path, one.name()]))];
}

/** The path is what of the line are commands: the longest of ours that the words begin with. */
function bash(words: readonly Words[]): string {
  const cases = words.map(({ path, next, options }) => `    '${path}') words='${[...next, ...options].join(' ')}' ;;`);
  return [
    '_sallyport() {',
    '  local path="" words="" word',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    [[ "$word" == -* ]] && break',
    '    path="${path:+$path }$word"',
    '  done',
    '  case "$path" in',
    ...cases,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    'complete -o default -F _sallyport sallyport',
  ].join('\n');
}

function fish(words: readonly Words[]): string {
  const lines = words.flatMap(({ path, next, options }) => {
    const condition = `"string match -q -- '${path}' (__sallyport_path)"`;
    const below = next.length === 0 ? [] : [`complete -c sallyport -n ${condition} -f -a '${next.join(' ')}'`];
    return [...below, ...options.map((option) => `complete -c sallyport -n ${condition} -l ${option.slice(2)}`)];
  });
  return [
    'function __sallyport_path',
    '  set -l words',
    '  for word in (commandline -opc)[2..-1]',
    "    string match -q -- '-*' $word; and break",
    '    set -a words $word',
    '  end',
    '  string join " " $words',
    'end',
    ...lines,
  ].join('\n');
}
