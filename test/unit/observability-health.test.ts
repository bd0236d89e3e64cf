import { Router } from '@koa/router';
import { expect } from 'chai';
import { requestContext } from '../../src/http/request-context.ts';
import { accessLog } from '../../src/observability/access-log.ts';
import { healthRoutes, type HealthCheck } from '../../src/observability/health-routes.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { ask, captureLog, closeAll, serve, silentLog, type Answer } from './http-fixture.ts';

const up = (name: string): HealthCheck => ({ name, check: () => Promise.resolve() });

describe('health routes', () => {
  afterEach(closeAll);

  async function probe(path: string, checks: HealthCheck[], draining = false, log = silentLog): Promise<Answer> {
    const router = healthRoutes({ checks, metrics: createMetrics(), draining: () => draining, log });
    const { url } = await serve((app) => app.use(router.routes()));
    return ask(url + path);
  }

  it('/livez touches nothing', async () => {
    const broken = { name: 'postgres', check: () => Promise.reject(new Error('asked')) };
    expect(await probe('/livez', [broken], true)).to.have.property('status', 200);
  });

  it('/readyz is 200 when every dependency answers', async () => {
    const { status, headers, body } = await probe('/readyz', [up('postgres'), up('redis')]);
    expect(status).to.equal(200);
    expect(headers['cache-control']).to.equal('no-store');
    expect(JSON.parse(body)).to.deep.equal({ status: 'ready', checks: { postgres: 'ok', redis: 'ok' } });
  });

  it('/readyz is 503 and names what fails, but not why', async () => {
    const { log, text } = captureLog();
    const broken = { name: 'redis', check: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7')) };
    const { status, body } = await probe('/readyz', [up('postgres'), broken], false, log);
    expect(status).to.equal(503);
    expect(JSON.parse(body)).to.deep.equal({ status: 'unavailable', checks: { postgres: 'ok', redis: 'failed' } });
    expect(text()).to.contain('ECONNREFUSED');
  });

  it('/readyz waits two seconds for a dependency that hangs, all at once', async () => {
    const hung = (name: string) => ({ name, check: () => Promise.withResolvers<never>().promise });
    const started = performance.now();
    const { status, body } = await probe('/readyz', [hung('postgres'), hung('redis'), up('directory')]);
    expect(performance.now() - started).to.be.within(1_900, 3_500);
    expect(status).to.equal(503);
    expect(JSON.parse(body)).to.have.deep.property('checks', { postgres: 'failed', redis: 'failed', directory: 'ok' });
  });

  it('/readyz names a check that throws instead of rejecting', async () => {
    const broken = {
      name: 'postgres',
      check: () => {
        throw new Error('not even started');
      },
    };
    expect(await probe('/readyz', [broken])).to.have.property('status', 503);
  });

  it('/readyz asks once for many probes at a time', async () => {
    let asked = 0;
    const answered = Promise.withResolvers<undefined>();
    const slow = {
      name: 'postgres',
      check: async () => {
        asked += 1;
        await answered.promise;
      },
    };
    let probes = 0;
    const allThere = Promise.withResolvers<undefined>();
    const router = healthRoutes({ checks: [slow], metrics: createMetrics(), draining: () => false, log: silentLog });
    const { url } = await serve((app) => {
      app.use((_, next) => {
        probes += 1;
        if (probes === 5) allThere.resolve(undefined);
        return next();
      });
      app.use(router.routes());
    });
    const answers = Promise.all(Array.from({ length: 5 }, () => ask(`${url}/readyz`)));
    await allThere.promise;
    answered.resolve(undefined);
    expect((await answers).map(({ status }) => status)).to.deep.equal([200, 200, 200, 200, 200]);
    expect(asked).to.equal(1);
    await ask(`${url}/readyz`);
    expect(asked).to.equal(2);
  });

  it('/readyz is 503 from the moment of the stop', async () => {
    const { status, body } = await probe('/readyz', [up('postgres')], true);
    expect(status).to.equal(503);
    expect(JSON.parse(body)).to.deep.equal({ status: 'draining' });
  });

  it('/metrics has what was counted', async () => {
    const metrics = createMetrics();
    const router = healthRoutes({ checks: [], metrics, draining: () => false, log: silentLog });
    const { url } = await serve((app) => app.use(router.routes()));
    metrics.loginFinished({ tenant: 'acme', outcome: 'succeeded', factor: 'totp' });
    const { status, headers, body } = await ask(`${url}/metrics`);
    expect(status).to.equal(200);
    expect(headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/);
    expect(body).to.contain('sallyport_logins_total{tenant="acme",outcome="succeeded",factor="totp"} 1');
  });
});

describe('metrics', () => {
  afterEach(closeAll);

  it('have the names that dashboards rely on', async () => {
    const metrics = createMetrics();
    metrics.directoryAnswered({ server: 'dc1:389', operation: 'bind', ok: true, seconds: 0.02 });
    metrics.tokenGrantFinished({ tenant: 'acme', grantType: 'authorization_code', outcome: 'granted' });
    metrics.requestFinished({ route: '/x', method: 'GET', status: 200, seconds: 0.2 });
    const text = await metrics.text();
    expect(text).to.contain('sallyport_directory_seconds_count{server="dc1:389",operation="bind",ok="true"} 1');
    expect(text).to.contain(
      'sallyport_token_grants_total{tenant="acme",grant_type="authorization_code",outcome="granted"} 1',
    );
    expect(text).to.contain('sallyport_http_request_seconds_count{route="/x",method="GET",status="200"} 1');
    for (const name of ['p50', 'p99', 'max'])
      expect(text).to.match(new RegExp(`^nodejs_eventloop_lag_${name}_seconds `, 'm'));
    expect(text).to.contain('process_resident_memory_bytes');
  });

  it('tell of each directory server whether it can be used, as long as it is used at all', async () => {
    const metrics = createMetrics();
    const corp = { tenant: 'acme', directory: 'corp' };
    metrics.directoryServerChanged({ ...corp, server: 'dc1:389', state: 'up' });
    metrics.directoryServerChanged({ ...corp, server: 'dc2:389', state: 'down' });
    metrics.directoryServerChanged({ ...corp, server: 'dc3:389', state: 'down' });
    metrics.directoryServerChanged({ ...corp, server: 'dc3:389', state: 'unused' });
    const sharing = [
      { tenant: 'acme', directory: 'lab' },
      { tenant: 'globex', directory: 'corp' },
    ];
    for (const other of sharing) {
      metrics.directoryServerChanged({ ...other, server: 'dc1:389', state: 'up' });
      metrics.directoryServerChanged({ ...other, server: 'dc1:389', state: 'unused' });
    }
    const text = await metrics.text();
    expect(text).to.contain('sallyport_directory_server_up{tenant="acme",directory="corp",server="dc1:389"} 1');
    expect(text).to.contain('sallyport_directory_server_up{tenant="acme",directory="corp",server="dc2:389"} 0');
    expect(text).not.to.match(/dc3|globex|"lab"/);
  });

  it('make no label of what a client chooses', async () => {
    const metrics = createMetrics();
    metrics.tokenGrantFinished({ tenant: 'acme', grantType: 'made:up', outcome: 'unsupported_grant_type' });
    metrics.requestFinished({ route: '/x', method: 'PROPFIND', status: 405, seconds: 0.1 });
    const text = await metrics.text();
    expect(text).to.contain('grant_type="other"').and.to.contain('method="other"');
    expect(text).not.to.match(/made:up|PROPFIND/);
  });

  it('read a pool when they are asked', async () => {
    const metrics = createMetrics();
    let used = 1;
    metrics.watchPool('postgres', () => ({ used, free: 4, pending: 0 }));
    expect(await metrics.text()).to.contain('sallyport_pool_connections{pool="postgres",state="used"} 1');
    used = 3;
    expect(await metrics.text()).to.contain('sallyport_pool_connections{pool="postgres",state="used"} 3');
  });

  it('know a request by the pattern of its route', async () => {
    const metrics = createMetrics();
    const router = new Router();
    router.get('/users/:id', (ctx) => {
      ctx.body = '';
    });
    const { url, close } = await serve((app) =>
      app.use(requestContext(silentLog)).use(accessLog(metrics)).use(router.routes()),
    );
    await ask(`${url}/users/1`);
    await ask(`${url}/users/2`);
    await close(1_000);
    expect(await metrics.text()).to.contain(
      'sallyport_http_request_seconds_count{route="/users/:id",method="GET",status="200"} 2',
    );
  });
});
