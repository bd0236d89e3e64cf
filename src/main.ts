#!/usr/bin/env node
// The command line. Each command is a file in commands/; the demo is reached from here only.

import closeWithGrace from 'close-with-grace';
import { Command } from 'commander';

import { checkConfig } from './check-config.ts';
import { SHELLS, completionOf } from './commands/completion.ts';
import { EXIT_USAGE, UsageError } from './commands/exit-codes.ts';
import { createAdministrator, setPassword } from './commands/administrators.ts';
import { verifyAuditLog } from './commands/audit.ts';
import type { AuditVerification } from './commands/audit.ts';
import { configured, onStorage, onTenants } from './commands/configured.ts';
import { testDirectory } from './commands/directory-test.ts';
import type { DirectoryTest } from './commands/directory-test.ts';
import { migrate } from './commands/migrate.ts';
import { complain, print } from './commands/output.ts';
import { probesOf } from './commands/probes.ts';
import { startServer } from './commands/serve.ts';
import type { Server } from './commands/serve.ts';
import { composeCore } from './compose-core.ts';
import { AppError } from './errors.ts';
import { createLog } from './observability/log.ts';

const CONFIG = ['-c, --config <file>', 'the configuration file; SALLYPORT_CONFIG names one as well'] as const;

const TENANT = ['--tenant <slug>', 'the tenant', 'root'] as const;
const PASSWORD_FILE = ['--password-file <file>', 'holds the password; one is made and shown if left out'] as const;

interface AdministratorOptions {
  config?: string;
  tenant: string;
  passwordFile?: string;
}

type TestOptions = Pick<DirectoryTest, 'config' | 'passwordFile' | 'json'>;

const program = new Command('sallyport')
  .description('An OpenID Connect provider for people who have a directory')
  .showHelpAfterError();

program
  .command('serve')
  .description('serve the tenants of the configuration')
  .option(...CONFIG)
  .action(run(serve));

program
  .command('check-config')
  .description('name everything that is wrong with the configuration')
  .option(...CONFIG)
  .option('--probe', 'ask Postgres, Redis and each directory as well')
  .option('--json', 'one JSON object')
  .action(
    run(async ({ config, probe, json }: { config?: string; probe?: boolean; json?: boolean }) => {
      const probes = probe ? probesOf : undefined;
      const { exitCode, report } = await checkConfig({ file: config, env: process.env, probes, json });
      print(report);
      return exitCode;
    }),
  );

program
  .command('migrate')
  .description('bring the database to this version')
  .option(...CONFIG)
  .option('--down', 'take the last change back')
  .action(
    run(({ config, down = false }: { config?: string; down?: boolean }) =>
      onStorage(config, ({ db }) => migrate(db, down)),
    ),
  );

const admin = program.command('admin').description('administrators whose accounts live here');

admin
  .command('create <username>')
  .description('make an administrator')
  .option(...CONFIG)
  .option(...TENANT)
  .option(...PASSWORD_FILE)
  .option('--email <address>')
  .action((username: string, { config, ...options }: AdministratorOptions & { email?: string }) =>
    run(() => onTenants(config, (core) => createAdministrator(core, { ...options, username })))(),
  );

admin
  .command('set-password <username>')
  .description('give an administrator a new password, and sign them out everywhere')
  .option(...CONFIG)
  .option(...TENANT)
  .option(...PASSWORD_FILE)
  .action((username: string, { config, ...options }: AdministratorOptions) =>
    run(() => onTenants(config, (core) => setPassword(core, { ...options, username })))(),
  );

admin
  .command('one-time-link <username>')
  .description('print a link by which an administrator chooses a new password')
  .option(...CONFIG)
  .option(...TENANT)
  .action((username: string, options: Pick<AdministratorOptions, 'config' | 'tenant'>) =>
    run(async () => {
      const { printOneTimeLink } = await import('./commands/one-time-link.ts');
      return printOneTimeLink({ ...options, username });
    })(),
  );

program
  .command('directory')
  .description("a tenant's directories")
  .command('test <tenant> <directory> [login]')
  .description('ask a directory all that a sign-in asks, and show what it answers')
  .option(...CONFIG)
  .option('--password-file <file>', 'holds the password of the login, to be tried once: a wrong one counts there')
  .option('--json', 'one JSON list of steps')
  .action((tenant: string, directory: string, login: string | undefined, options: TestOptions) =>
    run(() => testDirectory({ tenant, directory, login, ...options }))(),
  );

program
  .command('audit')
  .description('the audit log')
  .command('verify')
  .description('hold the audit log against its seals')
  .option(...CONFIG)
  .option('--tenant <slug>', 'one tenant; every tenant if left out')
  .option('--head <head>', 'the head that an earlier verification told: finds that the end was cut off as well')
  .option('--json', 'one JSON object for each tenant')
  .action(run((options: AuditVerification) => verifyAuditLog(options)));

program
  .command('demo')
  .description('a whole identity provider on this machine, with its directory, apps and an inbox')
  .option('--json', 'one JSON line instead of the block')
  .option('--host <address>', 'listen on another address than loopback: everybody who reaches it gets in', 'localhost')
  .action(
    run(async ({ json = false, host }: { json?: boolean; host: string }) => {
      const { describeDemo, startDemo } = await import('./demo/demo.ts');
      const demo = await startDemo({ host, env: process.env, startServer, composeCore });
      stopOnSignal(demo);
      const { stop: _, ...facts } = demo;
      print(json ? JSON.stringify(facts) : describeDemo(demo));
      return undefined;
    }),
  );

program
  .command('completion <shell>')
  .description(`a script that completes commands in ${SHELLS.join(', ')}`)
  .action((shell: string) => {
    const known = SHELLS.find((one) => one === shell);
    if (known === undefined) return program.error(`There is no completion for ${shell}.`);
    print(completionOf(program, known));
  });

await addApiCommands();
for (const command of allOf(program))
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_USAGE));
await program.parseAsync();

/** A command for each route of the admin API. They take half a second to put together, so only where they may be meant. */
async function addApiCommands(): Promise<void> {
  const [asked] = process.argv.slice(2);
  const isOwn = asked !== 'completion' && program.commands.some((command) => command.name() === asked);
  if (isOwn) return;
  const { apiCommands } = await import('./commands/api/api-commands.ts');
  const { declaredRoutes } = await import('./commands/api/declared-routes.ts');
  const { runAsked } = await import('./commands/api/run-asked.ts');
  for (const command of apiCommands(await declaredRoutes(), (ask) => exitCodeOf(async () => runAsked(ask())))) {
    program.addCommand(command);
  }
}

function allOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allOf)];
}

async function serve({ config }: { config?: string }): Promise<number | undefined> {
  const configuration = configured(config);
  if (!configuration) return 1;
  const log = createLog({ level: configuration.logLevel });
  stopOnSignal(await startServer({ configuration, log }), configuration.shutdownGrace * 1000);
  return undefined;
}

/** SIGTERM and SIGINT drain; a second one, or an exception that nobody caught, ends at once. */
function stopOnSignal(server: Pick<Server, 'stop'>, grace = 2000): void {
  closeWithGrace({ delay: grace + 5000, logger: false }, async ({ err }) => {
    if (err) complain(err.stack ?? err.message);
    await server.stop();
  });
}

/** Runs a command: its number is the exit code, undefined leaves the process to its servers. */
function run<Options>(command: (options: Options) => Promise<number | undefined>) {
  return async (options?: Options) => {
    const code = await exitCodeOf(() => command(options as Options));
    if (code !== undefined) process.exitCode = code;
  };
}

/** What fails is told on standard error. */
async function exitCodeOf<Code extends number | undefined>(work: () => Promise<Code>): Promise<Code | 1 | 2> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UsageError) {
      complain(error.message);
      return EXIT_USAGE;
    }
    complain(error instanceof AppError ? explain(error) : String(error instanceof Error ? error.stack : error));
    return 1;
  }
}

function explain(error: AppError): string {
  const cause = error.cause instanceof Error ? `\n  ${error.cause.message}` : '';
  return `${error.publicMessage}${cause}`;
}
