import { expect } from 'chai';

import { comparableDn, formatDn, isDn, normaliseDn, parseDn } from '../../src/directory/distinguished-name.ts';

describe('a distinguished name', () => {
  it('is one, however it is spelled', () => {
    const same = [
      [
        'uid=ann,ou=people,dc=x',
        'UID=Ann, OU=People,DC=X',
        'uid = ann ; ou="people",dc=x',
        'uid=\\61nn,ou=people,dc=x',
      ],
      ['cn=a\\,b,dc=x', 'cn="a,b",dc=x', 'cn=a\\2cb,dc=x', 'CN=A\\2CB,dc=x'],
      ['cn=a+sn=b,dc=x', 'sn=B+cn=A,dc=x'],
      ['cn=zoë,dc=x', 'cn=zo\\c3\\ab,dc=x', 'cn=ZOË,dc=x', 'cn=zoe\u0308,dc=x'],
      ['cn=a b,dc=x', 'cn=a   b ,dc=x', 'cn= a b,dc=x'],
      ['', ' '],
    ];
    for (const [first = '', ...others] of same) {
      for (const other of others) expect(normaliseDn(other), other).to.equal(normaliseDn(first));
    }
  });

  it('is another one where a value contains what looks like syntax', () => {
    const different = [
      'cn=a,cn=b',
      'cn=a\\,cn\\=b',
      'cn=a\\2ccn=c',
      'cn=a+cn=b',
      'cn=a\\+cn\\=b',
      'cn=\\#a',
      'cn=a',
      'cn=a\\5c',
    ];
    expect(new Set(different.map(normaliseDn)).size).to.equal(different.length);
    expect(normaliseDn('cn=a\\,dc\\=x').endsWith(',dc=x')).to.equal(false);
  });

  it('comes back from its parts', () => {
    const values = ['plain', ' spaced ', '#hash', 'a,b+c"d\\e<f>g;h=i', 'null\0', 'zoë ☃', '\\2a', ''];
    for (const value of values) {
      const dn = formatDn([[{ type: 'cn', value }], [{ type: 'dc', value: 'x' }]]);
      expect(parseDn(dn), dn).to.deep.equal([[{ type: 'cn', value }], [{ type: 'dc', value: 'x' }]]);
      expect(normaliseDn(normaliseDn(dn))).to.equal(normaliseDn(dn));
    }
  });

  it('ends without spaces, but for one that is escaped', () => {
    const valueOf = (text: string) => parseDn(text)[0]?.[0]?.value;
    expect(valueOf('cn=a  ')).to.equal('a');
    expect(valueOf('cn=a\\   ')).to.equal('a ');
    expect(valueOf('cn=a\\\\  ')).to.equal('a\\');
    expect(valueOf('cn=a\\\\\\  ,dc=x')).to.equal('a\\ ');
    expect(valueOf('cn=   ')).to.equal('');
  });

  it('is nothing else', () => {
    const not = [
      'ann',
      'EXTERNAL',
      'PLAIN',
      '=x',
      'cn',
      'cn=a,',
      'cn=a,,dc=x',
      'cn=a\\',
      'cn=a"b',
      'cn="a',
      'c n=a',
      'cn=a\0',
    ];
    for (const text of not) {
      expect(isDn(text), text).to.equal(false);
      expect(() => parseDn(text), text).to.throw('not a distinguished name');
      expect(comparableDn(text)).to.equal(text);
    }
    expect(isDn('')).to.equal(false);
    expect(isDn('2.5.4.3=a')).to.equal(true);
  });

  it('is read in time that grows with its length alone', () => {
    const started = performance.now();
    for (const part of ['\\aa', '\\,', ' ', 'a=', '"']) expect(isDn(`cn=${part.repeat(200_000)}\0`)).to.equal(false);
    expect(isDn(`cn=a${' '.repeat(200_000)}b`)).to.equal(true);
    expect(performance.now() - started).to.be.lessThan(2000);
  });
});
