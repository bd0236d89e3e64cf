import { expect } from 'chai';

import { FILTER_BOUNDS, parseFilter } from '../../src/admin/filter.ts';
import { Problem } from '../../src/admin/problem.ts';
import type { Filter, ListFields } from '../../src/listing.ts';

const FIELDS: ListFields = {
  userName: { type: 'text', sortable: true },
  email: { type: 'text' },
  createdAt: { type: 'time' },
  active: { type: 'boolean' },
  logins: { type: 'number' },
  id: { type: 'id' },
};

const parse = (text: string): Filter => parseFilter(text, FIELDS);
const term = (field: string, value: string): Filter => ({ op: 'eq', field, value });

function refusal(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    expect(error.code).to.equal('invalid-filter');
    expect(error.errors[0]).to.have.property('parameter', 'filter');
    return error.detail;
  }
  return expect.fail(`${text} was read`);
}

describe('a filter', () => {
  it('compares a field with a value of its type', () => {
    expect(parse('userName eq "ann"')).to.deep.equal(term('userName', 'ann'));
    expect(parse('createdAt ge "2026-01-31T12:00:00Z"')).to.deep.equal({
      op: 'ge',
      field: 'createdAt',
      value: new Date('2026-01-31T12:00:00Z'),
    });
    expect(parse('active eq false')).to.deep.equal({ op: 'eq', field: 'active', value: false });
    expect(parse('logins gt -3')).to.deep.equal({ op: 'gt', field: 'logins', value: -3 });
    expect(parse('email eq null')).to.deep.equal({ op: 'eq', field: 'email', value: null });
    expect(parse('email pr')).to.deep.equal({ op: 'pr', field: 'email' });
  });

  it('reads operators in any case, and the escapes of JSON', () => {
    expect(parse(String.raw`userName SW "a\"\\é"`)).to.deep.equal({ op: 'sw', field: 'userName', value: 'a"\\é' });
  });

  it('takes what stands between quotes for text, whatever it looks like', () => {
    const text = `'; drop table users; -- ) or (userName pr`;
    expect(parse(`userName eq ${JSON.stringify(text)}`)).to.deep.equal(term('userName', text));
  });

  it('binds and before or, and brackets before both', () => {
    const [a, b, c] = [term('userName', 'a'), term('userName', 'b'), term('userName', 'c')];
    const texts = ['a', 'b', 'c'].map((name) => `userName eq "${name}"`);
    expect(parse(`${texts[0]} or ${texts[1]} and ${texts[2]}`)).to.deep.equal({
      op: 'or',
      of: [a, { op: 'and', of: [b, c] }],
    });
    expect(parse(`(${texts[0]} or ${texts[1]})and ${texts[2]}`)).to.deep.equal({
      op: 'and',
      of: [{ op: 'or', of: [a, b] }, c],
    });
    expect(parse(`not (${texts[0]}) and ${texts[1]}`)).to.deep.equal({ op: 'and', of: [{ op: 'not', of: a }, b] });
  });

  it('knows no fields but the ones that the list allows', () => {
    for (const name of ['password', '__proto__', 'constructor', 'username', 'users.secret', '1=1', '*']) {
      expect(refusal(`${name} eq "x"`)).to.contain('userName, email');
    }
  });

  it('refuses an operator or a value that a field of the type does not take', () => {
    for (const text of [
      'active gt true',
      'active eq "true"',
      'createdAt co "2026"',
      'createdAt eq "yesterday"',
      'createdAt eq "2026-01-31"',
      'logins eq 1.5',
      'logins eq 99999999999999999999',
      'logins eq NaN',
      'userName eq 5',
      'userName eq true',
      'userName gt null',
      'userName co null',
      'id co "0"',
    ]) {
      refusal(text);
    }
  });

  it('refuses what is no sentence of the grammar, and says where', () => {
    for (const text of [
      '',
      ' ',
      'userName',
      'userName eq',
      'userName eq "a" and',
      'userName eq "a" userName eq "b"',
      'and userName eq "a"',
      'not userName eq "a"',
      '(userName eq "a"',
      'userName eq "a")',
      '()',
      'userName eq "a',
      String.raw`userName eq "\x"`,
      'userName eq "a\nb"',
      'emails[type eq "work"] pr',
    ]) {
      refusal(text);
    }
    expect(refusal('userName eq "a" xor email pr')).to.contain('character 17');
  });

  it('refuses texts that no column can hold', () => {
    refusal(String.raw`userName eq "a\u0000"`);
    refusal(String.raw`userName eq "\ud800"`);
  });

  it('is bounded in length, comparisons and brackets', () => {
    const many = (count: number) => Array.from({ length: count }, () => 'email pr').join(' or ');
    parse(many(FILTER_BOUNDS.terms));
    refusal(many(FILTER_BOUNDS.terms + 1));
    const deep = (depth: number) => `${'('.repeat(depth)}email pr${')'.repeat(depth)}`;
    parse(deep(FILTER_BOUNDS.depth));
    refusal(deep(FILTER_BOUNDS.depth + 1));
    refusal(`${'not ('.repeat(FILTER_BOUNDS.depth + 1)}email pr`);
    parse(`email eq "${'a'.repeat(FILTER_BOUNDS.characters - 11)}"`);
    refusal(`email eq "${'a'.repeat(FILTER_BOUNDS.characters - 10)}"`);
  });

  it('is read in no time, however it is made', () => {
    const worst = [
      '"'.repeat(1000),
      `email eq "${'\\'.repeat(980)}`,
      '('.repeat(1000),
      'not('.repeat(250),
      ' '.repeat(1000),
      'email pr or '.repeat(83),
      `${'a'.repeat(999)}"`,
    ];
    const started = performance.now();
    for (let round = 0; round < 20; round++) for (const text of worst) refusal(text);
    expect((performance.now() - started) / 20).to.be.lessThan(50);
  });
});
