// One batch of an import: what each row comes to beside what is there, whether it may, and then all of it in a few statements.

import { isDeepStrictEqual } from 'node:util';

import type { AuditEvent } from '../audit/audit.ts';
import type { Enrolments } from '../second-factors/enrolments.ts';
import type { TrustedDevices } from '../second-factors/trusted-devices.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { Candidate, RowError } from './import-candidates.ts';
import { endsSessions, eventOf, failed, outcomeOf, planFor, reportOf } from './import-plan.ts';
import type { Plan } from './import-plan.ts';
import type { ApplyBatch, BatchRequest, ImportGuard, RowReport } from './import-users.ts';
import type { UserImports } from './user-imports.ts';
import type { Users } from './users.ts';

export interface ApplyBatchDeps {
  imports: Omit<UserImports, 'begin' | 'find' | 'takeTurn' | 'advance'>;
  users: Pick<Users, 'find'>;
  enrolments: Pick<Enrolments, 'add'>;
  sessions: Pick<Sessions, 'endOthers'>;
  trustedDevices: Pick<TrustedDevices, 'removeAll'>;
  /** One at a time: to be called outside a unit of work. */
  hash(tenant: Tenant, password: string): Promise<string>;
  audit: { recordAll(events: readonly AuditEvent[]): Promise<void> };
  db: { unitOfWork<T>(work: () => Promise<T>): Promise<T> };
}

type Planned = { ok: true; plan: Plan } | { ok: false; report: RowReport };

export function createApplyBatch(deps: ApplyBatchDeps): ApplyBatch {
  const { imports, users } = deps;

  return async (request) => {
    const { tenant, batch, dryRun, within } = request;
    const names = batch.map(({ name }) => name);
    const facts = await factsOf(request, names);
    const planned: Planned[] = [];
    // One after the other: a batch is not to take all connections.
    for (const candidate of batch) planned.push(await planOf(request, facts, candidate));
    const plans = planned.flatMap((one) => (one.ok ? [one.plan] : []));
    const reports = planned.flatMap((one) => (one.ok ? [] : [one.report]));
    if (dryRun) return [...reports, ...plans.map((plan) => reportOf(plan, dryRun))];
    await hashPasswords(tenant, plans);

    return deps.db.unitOfWork(async () => {
      const now = await imports.accountsOf(tenant.id, names, { lock: true });
      const [sound, changed] = partition(plans, ({ candidate: { name }, known }) =>
        isDeepStrictEqual(
          now.find((one) => one.name === name),
          known,
        ),
      );
      const made = await write(request, sound);
      const all = [
        ...reports,
        ...changed.map(({ candidate }) => failed(candidate, '#', 'changed at the same moment: send it again')),
        ...sound.map((plan) =>
          plan.known || made.has(plan.written.id)
            ? reportOf(plan, false)
            : failed(plan.candidate, '#/userName', 'was taken at the same moment: send it again'),
        ),
      ];
      await within(all);
      return all;
    });
  };

  async function factsOf({ tenant, batch, guard }: BatchRequest, names: readonly string[]) {
    const references = [...new Set(batch.flatMap(({ groups }) => groups.map((group) => group.toLowerCase())))];
    const wanted = [...new Set(batch.flatMap(({ roles }) => roles))];
    const [accounts, ofDirectories, roles, groups] = [
      await imports.accountsOf(tenant.id, names, { lock: false }),
      await imports.ofDirectories(tenant.id, names),
      wanted.length > 0 ? await imports.roleNames(tenant.id, wanted) : [],
      references.length > 0 ? await imports.groupsNamed(tenant.id, references) : [],
    ];
    return {
      accounts: new Map(accounts.map((one) => [one.name, one])),
      ofDirectories: new Set(ofDirectories),
      roles: new Set(roles),
      groupOf: (reference: string) =>
        groups.find(({ id, name }) => id === reference.toLowerCase() || name.toLowerCase() === reference.toLowerCase()),
      guard: rememberingGuard(guard),
    };
  }

  type Facts = Awaited<ReturnType<typeof factsOf>>;

  async function planOf(request: BatchRequest, facts: Facts, candidate: Candidate): Promise<Planned> {
    const known = facts.accounts.get(candidate.name);
    const refuse = (pointer: string, detail: string): Planned => ({
      ok: false,
      report: failed(candidate, pointer, detail),
    });
    if (!known && facts.ofDirectories.has(candidate.name)) {
      return refuse('#/userName', 'is the name of somebody in a directory, who is changed there');
    }
    if (known && request.onExisting === 'fail') return refuse('#/userName', 'is there already');
    if (known && request.onExisting === 'skip') {
      const { row, userName } = candidate;
      return { ok: false, report: { row, outcome: 'unchanged', id: known.id, userName } };
    }
    const groups = candidate.groups.map((reference) => facts.groupOf(reference));
    const missing = [
      ...candidate.roles.flatMap((role, index) =>
        facts.roles.has(role) ? [] : [{ pointer: `#/roles/${String(index)}`, detail: 'is no role' }],
      ),
      ...groups.flatMap((group, index) =>
        group ? [] : [{ pointer: `#/groups/${String(index)}`, detail: 'is no group that lives here' }],
      ),
    ];
    if (missing.length > 0) return { ok: false, report: { ...failed(candidate, '#', ''), errors: missing } };
    const plan = planFor(
      candidate,
      known,
      groups.flatMap((group) => group ?? []),
    );
    const errors = await whyNot(request, facts.guard, plan);
    return errors.length > 0 ? { ok: false, report: { ...failed(candidate, '#', ''), errors } } : { ok: true, plan };
  }

  async function whyNot({ tenant }: BatchRequest, guard: ImportGuard, plan: Plan): Promise<RowError[]> {
    const { known, written, candidate } = plan;
    const leaves = known?.status === 'active' && written.status !== 'active';
    const user = known && outcomeOf(plan) === 'updated' ? await users.find(tenant.id, known.id) : undefined;
    const reasons: [string, string | undefined][] = [
      ['#', user && (await guard.change(user, leaves))],
      ['#/roles', plan.roles.length > 0 ? await guard.giveRoles(candidate.roles) : undefined],
      ['#', plan.factors.length > 0 ? guard.addFactors() : undefined],
    ];
    for (const { id } of plan.groups) reasons.push(['#/groups', await guard.join(id)]);
    return reasons.flatMap(([pointer, detail]) => (detail === undefined ? [] : [{ pointer, detail }]));
  }

  async function hashPasswords(tenant: Tenant, plans: readonly Plan[]): Promise<void> {
    for (const { candidate, written } of plans) {
      if (candidate.password !== undefined) written.passwordHash = await deps.hash(tenant, candidate.password);
    }
  }

  /** Answers the ids of the accounts that were made. */
  async function write(
    { tenant: { id: tenantId }, actor }: BatchRequest,
    plans: readonly Plan[],
  ): Promise<Set<string>> {
    const [olds, news] = partition(plans, ({ known }) => known !== undefined);
    const made = new Set(
      news.length > 0
        ? await imports.insert(
            tenantId,
            news.map(({ written }) => written),
          )
        : [],
    );
    const changed = olds.filter((plan) => outcomeOf(plan) === 'updated');
    if (changed.length > 0)
      await imports.update(
        tenantId,
        changed.map(({ written }) => written),
      );
    const applied = [...news.filter(({ written }) => made.has(written.id)), ...changed];
    const given = applied.flatMap(({ written: { id: user }, roles }) => roles.map((role) => ({ user, role })));
    const joined = applied.flatMap(({ written: { id: user }, groups }) =>
      groups.map(({ id: group }) => ({ user, group })),
    );
    if (given.length > 0) await imports.giveRoles(tenantId, given);
    if (joined.length > 0) await imports.joinGroups(tenantId, joined);
    for (const { written, factors } of applied) {
      for (const factor of factors) await deps.enrolments.add(tenantId, written.id, factor);
    }
    for (const plan of changed) if (endsSessions(plan)) await endSessions(tenantId, plan.written.id);
    await deps.audit.recordAll(applied.map((plan) => eventOf(tenantId, actor, plan)));
    return made;
  }

  async function endSessions(tenantId: string, userId: string): Promise<void> {
    await deps.sessions.endOthers(tenantId, userId, undefined);
    await deps.trustedDevices.removeAll(tenantId, userId);
  }
}

/** The same roles and groups come again and again. */
function rememberingGuard(guard: ImportGuard): ImportGuard {
  const answers = new Map<string, Promise<string | undefined>>();
  const once = (key: string, ask: () => Promise<string | undefined>) => {
    const answer = answers.get(key) ?? ask();
    answers.set(key, answer);
    return answer;
  };
  return {
    ...guard,
    giveRoles: (roles) => once(`roles:${JSON.stringify(roles)}`, () => guard.giveRoles(roles)),
    join: (groupId) => once(`group:${groupId}`, () => guard.join(groupId)),
  };
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}
