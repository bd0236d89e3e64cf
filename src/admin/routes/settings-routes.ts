// The settings of a tenant, as a configuration file has them, and its branding as a part of them by itself.

import { z } from 'zod';

import { brandColours } from '../../http/branding.ts';
import type { SettingsAdministration } from '../../tenants/administer-settings.ts';
import type { TenantAdministration } from '../../tenants/administer-tenants.ts';
import { tenantSettings } from '../../tenants/tenant-settings.ts';
import type { TenantSettings } from '../../tenants/tenant-settings.ts';
import { isOfRoot } from '../caller.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, Target } from '../changes.ts';
import { checkedBody } from '../checked.ts';
import { assertUnbroken } from '../findings.ts';
import { mergePatch } from '../merge-patch.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import type { AdminRoute, Answer, Call } from '../route.ts';

export interface SettingsRoutesDeps {
  settingsAdministration: SettingsAdministration;
  tenantAdministration: Pick<TenantAdministration, 'find'>;
  changes: Changes;
}

const TAG = 'Settings';
const SETTINGS = '/tenants/{tenant}/settings';
const BRANDING = '/tenants/{tenant}/branding';

const settingsShape = tenantSettings.meta({ id: 'Settings' });
const branding = tenantSettings.shape.branding.unwrap().meta({ id: 'NewBranding' });
const colour = z.string();
const colours = z.strictObject({ fill: colour, onFill: colour, hover: colour, edge: colour, accent: colour });
const brandingShape = z
  .strictObject({
    colour,
    logo: z.string().nullable(),
    shown: z
      .strictObject({ light: colours, dark: colours })
      .describe('What pages make of the colour, so that each can be read on what it stands on (WCAG 2.2)'),
    adjusted: z.array(z.string()).describe('Where the colour had to be darkened or lightened for that'),
  })
  .meta({ id: 'Branding' });
type ShownBranding = z.output<typeof brandingShape>;

export function settingsRoutes(deps: SettingsRoutesDeps): AdminRoute[] {
  const { settingsAdministration: administration, tenantAdministration, changes } = deps;

  /** Who owns the tenant is not among its settings, which are sent back as they were read. */
  const targetOf = <T extends object>({ tenant: { id } }: Call, show: (settings: TenantSettings) => T): Target<T> => ({
    name: 'tenant',
    async lock() {
      await administration.lock(id);
      if ((await tenantAdministration.find(id))?.owner !== 'file') return;
      throw new Problem('owned-by-file', 'The configuration file owns this tenant: change it there.');
    },
    async read() {
      const settings = await administration.read(id);
      return settings && show(settings);
    },
  });

  async function change({ caller, tenant }: Call, settings: TenantSettings, above: string[] = []): Promise<void> {
    const before = await administration.read(tenant.id);
    // Whoever has a host has everybody's sign-ins there: that it is theirs, the server's operators know.
    if (before?.host !== settings.host && !isOfRoot(caller)) {
      throw new Problem('permission-denied', 'Only administrators of the tenant root give a tenant a host.');
    }
    const broken = await administration.change(tenant.id, settings);
    assertUnbroken(broken, (path) => (path[0] === 'branding' ? path.slice(above.length) : path));
  }

  const eventOf = ({ tenant }: Call) =>
    ({ type: 'settings.changed', subject: { kind: 'tenant', id: tenant.id } }) as const;
  const amendSettings = (
    call: Call,
    method: 'PUT' | 'PATCH',
    next: (before: TenantSettings) => TenantSettings,
  ): Promise<Answer<TenantSettings>> => {
    const target = targetOf(call, (settings) => settings);
    return changes.amend(call, method, target, eventOf(call), (before) => change(call, next(before)));
  };

  return [
    route(
      {
        id: 'getSettings',
        method: 'GET',
        path: SETTINGS,
        tag: TAG,
        summary: 'Show the settings of a tenant',
        permission: 'settings:read',
        answer: settingsShape,
      },
      async ({ tenant }) => shownWithEtag(await administration.read(tenant.id), 'tenant'),
    ),

    route(
      {
        id: 'replaceSettings',
        method: 'PUT',
        path: SETTINGS,
        tag: TAG,
        summary: 'Replace the settings of a tenant',
        description:
          'What is left out gets its default. Times are seconds, or a number with a unit: 90s, 5m, 12h, 14d.',
        permission: 'settings:write',
        body: settingsShape,
        answer: settingsShape,
      },
      (call) => amendSettings(call, 'PUT', () => call.body),
    ),

    route(
      {
        id: 'updateSettings',
        method: 'PATCH',
        path: SETTINGS,
        tag: TAG,
        summary: 'Change some settings of a tenant',
        description: 'A JSON merge patch (RFC 7396): null brings a default back, and a list is replaced as a whole.',
        permission: 'settings:write',
        body: z.record(z.string(), z.unknown()).meta({ id: 'SettingsPatch' }),
        answer: settingsShape,
      },
      (call) => amendSettings(call, 'PATCH', (before) => checkedBody(tenantSettings, mergePatch(before, call.body))),
    ),

    route(
      {
        id: 'getBranding',
        method: 'GET',
        path: BRANDING,
        tag: TAG,
        summary: 'Show how pages of a tenant look',
        permission: 'settings:read',
        answer: brandingShape,
      },
      async ({ tenant }) => {
        const settings = await administration.read(tenant.id);
        return shownWithEtag(settings && shownBranding(settings), 'tenant');
      },
    ),

    route(
      {
        id: 'replaceBranding',
        method: 'PUT',
        path: BRANDING,
        tag: TAG,
        summary: 'Change how pages of a tenant look',
        description: 'The logo is a PNG, JPEG, WebP or SVG of at most 70 kB, as a data: URI.',
        permission: 'settings:write',
        body: branding,
        answer: brandingShape,
      },
      (call) =>
        changes.amend(call, 'PUT', targetOf(call, shownBranding), eventOf(call), async () => {
          const settings = await administration.read(call.tenant.id);
          if (settings) await change(call, { ...settings, branding: call.body }, ['branding']);
        }),
    ),
  ];
}

function shownBranding({ branding: { colour: chosen, logo } }: TenantSettings): ShownBranding {
  const light = brandColours(chosen, 'light');
  const dark = brandColours(chosen, 'dark');
  const isChosen = (one: string) => one === chosen.toLowerCase();
  const adjusted = [
    ...(isChosen(light.edge) ? [] : [`the edge of buttons on light ground is darkened to ${light.edge}`]),
    ...(isChosen(light.accent) ? [] : [`links on light ground are darkened to ${light.accent}`]),
    ...(isChosen(dark.fill) ? [] : [`buttons on dark ground are lightened to ${dark.fill}`]),
    ...(isChosen(dark.accent) ? [] : [`links on dark ground are lightened to ${dark.accent}`]),
  ];
  return { colour: chosen, logo: logo ?? null, shown: { light, dark }, adjusted };
}
