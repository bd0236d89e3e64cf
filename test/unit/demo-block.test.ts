import { expect } from 'chai';

import { describeDemo } from '../../src/demo/demo.ts';

describe('the block that the demo prints', () => {
  it('says where everything is, who can sign in, and how to administer it', () => {
    const block = describeDemo({
      issuers: { acme: 'http://localhost:3000/t/acme' },
      app: 'http://localhost:3001',
      inbox: 'http://localhost:3001/inbox',
      admin: { docs: 'http://localhost:3000/admin/docs', apiKey: 'sp_example' },
      users: [{ tenant: 'acme', username: 'tom', password: 'tom-1234', totpSecret: 'ABCDEFGH', note: 'has TOTP' }],
      stop: () => Promise.resolve(),
    });
    const rows = block.split('\n').map((line) => line.trim().replaceAll(/\s+/g, ' '));
    expect(rows).to.include.members([
      'Sign in here http://localhost:3001',
      'Issuer http://localhost:3000/t/acme (acme)',
      'Admin API http://localhost:3000/admin/docs',
      'API key sp_example',
      'acme tom tom-1234 has TOTP',
      'TOTP secret ABCDEFGH',
    ]);
  });
});
