// What every database must do. Each backend calls this in a few lines; database-upkeep.ts has the rest.

import { AsyncResource } from 'node:async_hooks';
import { expect } from 'chai';
import type { OpenDatabase } from '../../src/db/pooled-database.ts';
import { AppError } from '../../src/errors.ts';
import { describeUpkeep } from './database-upkeep.ts';

let db: OpenDatabase;

/** `openEmpty` is called once, because opening an embedded database takes seconds. */
export function describeDatabase(name: string, openEmpty: () => Promise<OpenDatabase>): void {
  describe(`database: ${name}`, () => {
    before(async () => {
      db = await openEmpty();
      await db.query(`create table things (id int primary key, name text not null, used_at timestamptz,
        twin int references things deferrable initially deferred)`);
    });
    beforeEach(() => db.query('delete from things'));
    after(() => db.close());

    describeStatements();
    describeUnits();
    describeUpkeep(() => db);

    it('answers a ping, and gives every connection back', async () => {
      await db.ping(1_000);
      const { used, free, pending } = db.poolUse();
      expect({ used, pending }).to.deep.equal({ used: 0, pending: 0 });
      expect(free).to.be.at.least(1);
    });
  });
}

async function add(id: number, name = 'thing'): Promise<void> {
  await db.query('insert into things (id, name) values ($1, $2)', [id, name]);
}

async function ids(): Promise<number[]> {
  const rows = await db.query<{ id: number }>('select id from things order by id');
  return rows.map(({ id }) => id);
}

function describeStatements(): void {
  describe('statements', () => {
    it('give back what went in, by type', async () => {
      const values = ['a "text"', 3, true, new Date('2026-01-02T03:04:05.678Z'), ['x', 'y'], { a: [1, null] }, null];
      const row = await db.one(
        'select $1::text as a, $2::int as b, $3::bool as c, $4::timestamptz as d, $5::text[] as e, $6::jsonb as f, $7::text as g',
        values,
      );
      expect(Object.values(row ?? {})).to.deep.equal(values);
    });

    it('read a bigint as a number, and refuse one that no number can hold', async () => {
      expect(await db.one('select $1::bigint as n', ['9007199254740991'])).to.deep.equal({ n: 9007199254740991 });
      const error = await db.one('select $1::bigint as n', ['9007199254740993']).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(RangeError);
      expect(await ids()).to.deep.equal([]);
    });

    it('run again with other values, on whichever connection', async () => {
      await Promise.all(Array.from({ length: 50 }, (_, id) => add(id)));
      expect(await ids()).to.have.lengthOf(50);
      expect(await db.one('select name from things where id = $1', [7])).to.deep.equal({ name: 'thing' });
      expect(await db.one('select name from things where id = $1', [70])).to.equal(undefined);
    });

    it('let a violated constraint through as it is, and go on', async () => {
      await add(1);
      const error = await add(1).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: '23505', constraint: 'things_pkey' }).and.not.be.instanceOf(AppError);
      expect(await ids()).to.deep.equal([1]);
    });

    it('that failed before their table was there work once it is', async () => {
      const read = (): Promise<object[]> => db.query('select n from late_table');
      expect(await read().catch((thrown: unknown) => thrown)).to.include({ code: '42P01' });
      await db.query('create table late_table (n int)');
      expect(await read()).to.deep.equal([]);
      await db.query('drop table late_table');
    });

    it('prepared before a migration changed their result fail once, as unavailable, and are prepared anew', async () => {
      await db.query('create table growing (a int)');
      const read = (): Promise<object[]> => db.query('select * from growing');
      expect(await read()).to.deep.equal([]);
      await db.query('alter table growing add column b int');
      await db.query('insert into growing values (1, 2)');
      const error = await read().catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(AppError).with.property('code', 'storage_unavailable');
      expect(await read()).to.deep.equal([{ a: 1, b: 2 }]);
      await db.query('drop table growing');
    });

    it('that decide who of twenty is first choose one', async () => {
      await add(1);
      const use = 'update things set used_at = now() where id = $1 and used_at is null returning id';
      const used = await Promise.all(Array.from({ length: 20 }, () => db.query(use, [1])));
      expect(used.filter((rows) => rows.length === 1)).to.have.lengthOf(1);
    });
  });
}

function describeUnits(): void {
  describe('a unit of work', () => {
    it('commits what it did, and answers what the work answered', async () => {
      const answer = await db.unitOfWork(async () => {
        await add(1);
        await add(2);
        return 'done';
      });
      expect(answer).to.equal('done');
      expect(await ids()).to.deep.equal([1, 2]);
    });

    it('takes everything back when the work fails, and passes the error on', async () => {
      const failure = new Error('no');
      const work = db.unitOfWork(async () => {
        await add(1);
        throw failure;
      });
      expect(await work.catch((thrown: unknown) => thrown)).to.equal(failure);
      expect(await ids()).to.deep.equal([]);
    });

    it('sees its own changes, and runs statements started at once one after the other', async () => {
      await db.unitOfWork(async () => {
        await Promise.all([add(1), add(2), add(3)]);
        expect(await ids()).to.deep.equal([1, 2, 3]);
      });
    });

    it('is joined by a unit inside it', async () => {
      await db.unitOfWork(async () => {
        await add(1);
        await db.unitOfWork(() => add(2));
        expect(await ids()).to.deep.equal([1, 2]);
      });
      expect(await ids()).to.deep.equal([1, 2]);
    });

    it('fails when a part of it failed, even if the error was swallowed', async () => {
      const failure = new Error('inner');
      const work = db.unitOfWork(async () => {
        await add(1);
        await db
          .unitOfWork(async () => {
            await add(2);
            throw failure;
          })
          .catch(() => undefined);
      });
      expect(await work.catch((thrown: unknown) => thrown)).to.equal(failure);
      expect(await ids()).to.deep.equal([]);
    });

    it('never reports success for a transaction that the database has given up', async () => {
      const work = db.unitOfWork(async () => {
        await add(1);
        await add(1).catch(() => undefined);
        return 'done';
      });
      expect(await work.catch((thrown: unknown) => thrown)).to.include({ code: '23505' });
      expect(await ids()).to.deep.equal([]);
    });

    it('fails when the commit does', async () => {
      const work = db.unitOfWork(() => db.query(`insert into things (id, name, twin) values (1, 'alone', 2)`));
      expect(await work.catch((thrown: unknown) => thrown)).to.include({ code: '23503' });
      expect(await ids()).to.deep.equal([]);
    });

    it('does not mix with others at the same time', async () => {
      const units = Array.from({ length: 20 }, (_, index) =>
        db.unitOfWork(async () => {
          await add(index * 2, `unit ${index}`);
          await add(index * 2 + 1, `unit ${index}`);
          if (index % 2 === 1) throw new Error('odd');
        }),
      );
      const settled = await Promise.allSettled(units);
      expect(settled.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(10);
      const rows = await db.query('select name, count(*)::int as count from things group by name');
      expect(rows).to.have.lengthOf(10);
      for (const row of rows) expect(row.count).to.equal(2);
    });

    it('tells what still uses it after its end', async () => {
      let later: (() => Promise<unknown>)[] = [];
      await db.unitOfWork(async () => {
        const kept = new AsyncResource('kept');
        later = [() => add(1), () => db.unitOfWork(() => add(1))].map((use) => () => kept.runInAsyncScope(use));
      });
      for (const use of later) {
        const error = await use().catch((thrown: unknown) => thrown);
        expect(error)
          .to.be.instanceOf(Error)
          .with.property('message')
          .that.matches(/unit of work has ended/);
      }
      expect(await ids()).to.deep.equal([]);
    });
  });
}
