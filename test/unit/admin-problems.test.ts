import { readFile } from 'node:fs/promises';

import { expect } from 'chai';

import { problemDocument, problemOf } from '../../src/admin/http/problem-document.ts';
import { problemPages } from '../../src/admin/http/problem-pages.ts';
import { PROBLEMS, Problem } from '../../src/admin/problem.ts';
import { AppError, directoryUnavailable, overloaded, storageUnavailable } from '../../src/errors.ts';

const DOCS = new URL('../../docs/problems.md', import.meta.url);

describe('the problems of the admin API', () => {
  it('are the same in the code, on their pages and in the documentation', async () => {
    const text = await readFile(DOCS, 'utf8');
    const [, ...sections] = text.split(/^## /m);
    const expected = problemPages().map(
      ({ code, title, status, meaning, remedy }) => `${code}\n\n${status} · ${title}.\n\n${meaning}\n\n${remedy}`,
    );
    expect(sections.map((section) => section.trim())).to.deep.equal(expected);
    expect(problemPages().map(({ code }) => code)).to.deep.equal(Object.keys(PROBLEMS));
  });

  it('are made of what was thrown', () => {
    const given = new Problem('conflict', 'There is one.');
    expect(problemOf(given)).to.equal(given);
    for (const error of [storageUnavailable('x'), directoryUnavailable('x'), overloaded()]) {
      expect(problemOf(error)).to.include({ code: 'unavailable', status: 503, retryAfter: error.retryAfter });
    }
    expect(problemOf(new AppError('unknown_tenant', 404, 'There is no such tenant.')).code).to.equal('not-found');
    expect(problemOf(new AppError('invalid_configuration', 500, 'x')).code).to.equal('internal');
  });

  it('say nothing of a fault that nobody foresaw', () => {
    const problem = problemOf(new Error('relation "users" does not exist'));
    expect(problem.code).to.equal('internal');
    const { body } = problemDocument(problem, 'https://id.example.com/admin/problems', 'request-1');
    expect(body).not.to.contain('relation');
  });

  it('are documents of RFC 9457', () => {
    const errors = [{ pointer: '#/name', detail: 'is empty' }];
    const problem = new Problem('too-many-requests', 'Wait.', { errors, retryAfter: 1.2 });
    const { status, headers, body } = problemDocument(problem, 'https://id.example.com/admin/problems', 'request-1');
    expect(status).to.equal(429);
    expect(headers).to.include({ 'Content-Type': 'application/problem+json', 'Retry-After': '2' });
    expect(JSON.parse(body)).to.deep.equal({
      type: 'https://id.example.com/admin/problems/too-many-requests',
      title: PROBLEMS['too-many-requests'].title,
      status: 429,
      detail: 'Wait.',
      code: 'too-many-requests',
      requestId: 'request-1',
      errors,
    });
  });

  it('never answer 401 without saying how to do better', () => {
    const plain = problemDocument(new Problem('unauthenticated', 'No token.'), '', 'r');
    expect(plain.headers).to.have.property('WWW-Authenticate', 'Bearer');
    const own = new Problem('unauthenticated', 'No token.', { headers: { 'WWW-Authenticate': 'DPoP' } });
    expect(problemDocument(own, '', 'r').headers).to.have.property('WWW-Authenticate', 'DPoP');
  });
});
