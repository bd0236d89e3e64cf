// What the settings and directories of a tenant must not say together, or beside its roles and clients, or beside other tenants:
// the very rules by which a configuration file is checked (config/).

import type { Clients } from '../clients/clients.ts';
import { viewOf } from '../config/loose-view.ts';
import { mediaTypeOf } from '../config/picture.ts';
import { hostProblem } from '../config/server-checks.ts';
import { tenantProblems, unattainableLevels } from '../config/tenant-checks.ts';
import type { Finding } from '../config/tree.ts';
import type { RoleEntry, DeclaredEntries } from './apply-configuration.ts';
import type { TenantSettings } from './tenant-settings.ts';
import type { TenantDirectory } from './tenants.ts';

/** What of a tenant the rules are about. */
export interface RuledTenant {
  slug: string;
  settings: TenantSettings;
  directories: readonly Pick<TenantDirectory, 'name' | 'settings'>[];
}

export interface TenantRules {
  /**
   * What is wrong with the tenant after a change and was not before, so that a flaw that is there already stands in the way of
   * nothing else. Paths are those of the configuration file, below the tenant: `policy.passkeys.rpId`, `directories.corp.urls.0`.
   */
  broken(tenantId: string, before: RuledTenant | undefined, after: RuledTenant): Promise<Finding[]>;
}

export interface TenantRulesDeps {
  publicUrl: string;
  production: boolean;
  /** Hosts that other tenants have to themselves. */
  hostsOfOthers(tenantId: string): Promise<{ slug: string; host: string }[]>;
  roles: Pick<DeclaredEntries<RoleEntry>, 'read'>;
  clients: Pick<Clients, 'list'>;
}

export function createTenantRules(deps: TenantRulesDeps): TenantRules {
  const { publicUrl, production, hostsOfOthers, roles, clients } = deps;
  return {
    async broken(tenantId, before, after) {
      const others = await hostsOfOthers(tenantId);
      const taken = new Map([
        [new URL(publicUrl).host, 'publicUrl'],
        ...others.map(({ slug, host }) => [host.toLowerCase(), `tenant ${slug}`] as const),
      ]);
      const around = {
        roles: Object.fromEntries((await roles.read(tenantId)).map(({ name, value }) => [name, value])),
        clients: Object.fromEntries(
          (await clients.list(tenantId)).map(({ clientId, metadata }) => [clientId, metadata]),
        ),
      };
      const flawsOf = ({ slug, settings, directories }: RuledTenant): Finding[] => {
        const byName = Object.fromEntries(directories.map(({ name, settings: own }) => [name, own]));
        const tenant = { ...settings, ...around, directories: byName };
        const view = viewOf({ publicUrl, production, tenants: { [slug]: tenant } });
        const found = [...tenantProblems(view), ...unattainableLevels(view)];
        const inTenant = found.map(({ path, ...said }) => ({ path: path.slice(2), ...said }));
        return [...inTenant, ...hostFlaws(settings, taken), ...logoFlaws(settings)];
      };
      const known = new Set((before ? flawsOf(before) : []).map(nameOf));
      return flawsOf(after).filter((flaw) => !known.has(nameOf(flaw)));
    },
  };
}

function nameOf({ path, message }: Finding): string {
  return `${path.join('.')} ${message}`;
}

function hostFlaws({ host }: TenantSettings, taken: ReadonlyMap<string, string>): Finding[] {
  const problem = host === undefined ? undefined : hostProblem(host, taken);
  return problem ? [{ path: ['host'], ...problem }] : [];
}

/** The file's pictures are looked at where they are read. */
function logoFlaws({ branding: { logo } }: TenantSettings): Finding[] {
  const [, type, content = ''] = /^data:([^;]+);base64,(.*)$/.exec(logo ?? '') ?? [];
  if (type === undefined || mediaTypeOf(Buffer.from(content, 'base64')) === type) return [];
  return [{ path: ['branding', 'logo'], message: `is no ${type}`, mend: 'name the picture by its own type' }];
}
