// Names, members and tables of the commands that mirror the admin API.

import { expect } from 'chai';
import { Command } from 'commander';

import { bodyOf } from '../../src/commands/api/members.ts';
import { commandNameOf } from '../../src/commands/api/names.ts';
import { declaredRoutes } from '../../src/commands/api/declared-routes.ts';
import { shownOf } from '../../src/commands/api/shown.ts';
import { completionOf } from '../../src/commands/completion.ts';

describe('the name of a command', () => {
  const nameOf = (id: string, path: string) => {
    const { group, verb, args } = commandNameOf({ id, path });
    return [group, verb, ...args.map((arg) => `<${arg}>`)].filter((word) => word !== '').join(' ');
  };

  it('is the collection and what is done with it', () => {
    expect(nameOf('listUsers', '/tenants/{tenant}/users')).to.equal('users list');
    expect(nameOf('disableUser', '/tenants/{tenant}/users/{userId}:disable')).to.equal('users disable <userId>');
    expect(nameOf('listUserSessions', '/tenants/{tenant}/users/{userId}/sessions')).to.equal(
      'users list-sessions <userId>',
    );
    expect(nameOf('importUsers', '/tenants/{tenant}/users:import')).to.equal('users import');
    expect(nameOf('exportAuditEvents', '/tenants/{tenant}/audit-events:export')).to.equal('audit-events export');
  });

  it('names the tenant where the tenant itself is meant', () => {
    expect(nameOf('listTenants', '/tenants')).to.equal('tenants list');
    expect(nameOf('suspendTenant', '/tenants/{tenant}:suspend')).to.equal('tenants suspend <tenant>');
  });

  it('is the group alone where that says it all', () => {
    expect(nameOf('explain', '/tenants/{tenant}/explain')).to.equal('explain');
  });

  it('is one of its own for each route that there is', async () => {
    const names = (await declaredRoutes()).map(({ id, path }) => {
      const { group, verb } = commandNameOf({ id, path });
      return `${group} ${verb}`;
    });
    expect(names.filter((name, at) => names.indexOf(name) !== at)).to.deep.equal([]);
    expect(names.length).to.be.greaterThan(50);
  });
});

describe('members of a body', () => {
  it('are texts, or JSON after :=, in objects by dots', () => {
    const body = bodyOf(['userName=ann', 'profile.email=ann@example.com', 'roles:=["auditor"]', 'note=a=b']);
    expect(body).to.deep.equal({
      ok: true,
      value: { userName: 'ann', profile: { email: 'ann@example.com' }, roles: ['auditor'], note: 'a=b' },
    });
  });

  it('go over a body that is given whole, which stays as it was', () => {
    const whole = { profile: { name: 'Ann' } };
    expect(bodyOf(['profile.email=a@b'], whole)).to.deep.include({ value: { profile: { name: 'Ann', email: 'a@b' } } });
    expect(whole).to.deep.equal({ profile: { name: 'Ann' } });
  });

  for (const member of ['ann', 'a:=', 'a:={', '=x', '__proto__.x=1', 'a.__proto__.x=1', 'constructor.prototype.x=1']) {
    it(`are refused as ${member}`, () => {
      const body = bodyOf([member]);
      const isOwn = body.ok && JSON.stringify(body.value) !== '{}';
      expect(body.ok && !isOwn).to.equal(false);
      expect(Object.hasOwn(Object.prototype, 'x')).to.equal(false);
    });
  }

  it('do not lead into a text', () => {
    expect(bodyOf(['a=1', 'a.b=2']).ok).to.equal(false);
  });
});

describe('an answer at a terminal', () => {
  it('is a table of a list, with how to go on', () => {
    const items = [
      { id: '1', userName: 'ann' },
      { id: '22', userName: 'bob', profile: {} },
    ];
    expect(shownOf({ items, nextPageToken: 'abc' })).to.equal(
      ['id  userName', '1   ann', '22  bob', '', 'There are more: --page-token abc'].join('\n'),
    );
    expect(shownOf({ items: [] })).to.equal('(none)');
  });

  it('is lines of one thing, however deep', () => {
    expect(shownOf({ id: '1', profile: { email: 'a@b' }, roles: ['x', 'y'], groups: [{ id: 'g', via: [] }] })).to.equal(
      ['id: 1', 'profile:', '  email: a@b', 'roles: x, y', 'groups:', '  - id: g', '    via: '].join('\n'),
    );
  });

  it('sends the terminal nothing that it would obey', () => {
    expect(shownOf({ userName: 'ann\u001b[2J\u009b1m' })).to.equal('userName: ann?[2J?1m');
  });
});

describe('completion', () => {
  const program = new Command('sallyport').option('--version');
  program.command('users').command('list').option('-t, --tenant <slug>');

  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    it(`knows every command and option in ${shell}`, () => {
      const script = completionOf(program, shell);
      expect(script)
        .to.include("'users list'")
        .and.match(/--tenant|-l tenant/);
    });
  }
});
