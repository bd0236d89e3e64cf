import { createHmac } from 'node:crypto';

import { expect } from 'chai';

import { AppError } from '../../src/errors.ts';
import type { Enrolment, SecondFactor } from '../../src/second-factors/second-factor.ts';
import { createTotp, totpSecret } from '../../src/second-factors/totp.ts';
import type { TotpParameters } from '../../src/second-factors/totp.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const usual: TotpParameters = { algorithm: 'SHA1', digits: 6, period: 30 };
const totp = createTotp({ issuer: 'Acme', ...usual });
const at = (seconds: number) => new Date(seconds * 1000);
const ann = { tenantId: 't', userId: 'u', accountName: 'ann', displayName: 'Ann' };

function enrolmentOf(secret: string, id = 'phone'): Enrolment {
  return { id, factor: 'totp', name: 'Phone', secret, createdAt: at(0), lastUsedAt: undefined };
}

function verify(factor: SecondFactor, secret: string, answer: string, now: Date) {
  return factor.verify(ann, [enrolmentOf(secret)], undefined, answer, now);
}

function proofAt(step: number, enrolmentId = 'phone') {
  return { ok: true, value: { enrolmentId, amr: ['otp'], use: { kind: 'step', step } } };
}

async function newSecret(factor: SecondFactor): Promise<string> {
  const begun = await factor.beginEnrolment(ann, []);
  if (!begun.ok) throw new Error(begun.reason);
  return begun.value.kept;
}

async function present(factor: SecondFactor, secret: string, accountName = 'ann') {
  const view = await factor.presentEnrolment({ ...ann, accountName }, secret);
  if (view.factor !== 'totp') throw new Error(view.factor);
  return view;
}

function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[parseInt(five.padEnd(5, '0'), 2)]).join('');
}

function fromBase32(text: string): Buffer {
  const bits = [...text].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

/** RFC 4226 5.3 written out again, as an oracle. */
function hotp(key: Buffer, counter: number, { algorithm, digits }: TotpParameters): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac(algorithm, key).update(message).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits).padStart(digits, '0');
}

describe('TOTP, by the test vectors of RFC 6238 appendix B', () => {
  const seed = (length: number) => base32(Buffer.from('1234567890'.repeat(7).slice(0, length)));
  const SEEDS = { SHA1: seed(20), SHA256: seed(32), SHA512: seed(64) } as const;

  for (const [seconds, SHA1, SHA256, SHA512] of [
    [59, '94287082', '46119246', '90693936'],
    [1111111109, '07081804', '68084774', '25091201'],
    [1111111111, '14050471', '67062674', '99943326'],
    [1234567890, '89005924', '91819424', '93441116'],
    [2000000000, '69279037', '90698825', '38618901'],
    [20000000000, '65353130', '77737706', '47863826'],
  ] as const) {
    for (const [algorithm, code] of Object.entries({ SHA1, SHA256, SHA512 } as const)) {
      it(`${algorithm} at ${seconds} s is ${code}`, async () => {
        if (algorithm !== 'SHA1' && algorithm !== 'SHA256' && algorithm !== 'SHA512') throw new Error(algorithm);
        const secret = totpSecret({ algorithm, digits: 8, period: 30 }, SEEDS[algorithm]);
        const step = Math.floor(seconds / 30) * 30;
        expect(await verify(totp, secret, code, at(seconds))).to.deep.equal(proofAt(step));
      });
    }
  }
});

describe('TOTP, by the test vectors of RFC 4226 appendix D', () => {
  const secret = totpSecret(usual, base32(Buffer.from('12345678901234567890')));
  const codes = ['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489'];
  codes.forEach((code, counter) => {
    it(`counter ${counter} is ${code}`, async () => {
      expect(await verify(totp, secret, code, at(counter * 30))).to.deep.equal(proofAt(counter * 30));
    });
  });
});

for (const algorithm of ['SHA1', 'SHA256', 'SHA512'] as const) {
  for (const digits of [6, 8] as const) {
    for (const period of [30, 60] as const) {
      describe(`TOTP with ${algorithm}, ${digits} digits and ${period} s`, () => {
        const parameters = { algorithm, digits, period };
        const factor = createTotp({ issuer: 'Acme', ...parameters });
        const key = base32(Buffer.from('a key that is the same in every run'));
        const secret = totpSecret(parameters, key);
        const now = 1_700_000_000;
        const step = Math.floor(now / period);
        const code = (drift: number) => hotp(fromBase32(key), step + drift, parameters);

        it('makes a secret as long as the hash', async () => {
          const fresh = await newSecret(factor);
          expect(fromBase32(fresh.split(':').at(-1) ?? '')).to.have.lengthOf(
            { SHA1: 20, SHA256: 32, SHA512: 64 }[algorithm],
          );
          expect(await newSecret(factor)).not.to.equal(fresh);
          expect(await verify(factor, fresh, '0'.repeat(digits), at(now)), 'it can be read').not.to.have.property(
            'reason',
            'malformed',
          );
        });

        it('accepts one step of drift each way and no more', async () => {
          for (const drift of [-1, 0, 1]) {
            const verdict = await verify(factor, secret, code(drift), at(now));
            expect(verdict).to.deep.equal(proofAt((step + drift) * period));
          }
          for (const drift of [-3, -2, 2, 3]) {
            expect(await verify(factor, secret, code(drift), at(now))).to.deep.equal({ ok: false, reason: 'wrong' });
          }
        });

        it('holds to that at both ends of a step', async () => {
          for (const edge of [step * period, step * period + period - 1]) {
            expect((await verify(factor, secret, code(1), at(edge))).ok).to.equal(true);
            expect((await verify(factor, secret, code(-1), at(edge))).ok).to.equal(true);
            expect((await verify(factor, secret, code(2), at(edge))).ok).to.equal(false);
            expect((await verify(factor, secret, code(-2), at(edge))).ok).to.equal(false);
          }
        });

        it('presents a URI that carries its parameters', async () => {
          const { uri } = await present(factor, secret);
          const { searchParams } = new URL(uri);
          expect(searchParams.get('secret')).to.equal(key);
          expect(searchParams.get('algorithm') ?? 'SHA1').to.equal(algorithm);
          expect(Number(searchParams.get('digits') ?? 6)).to.equal(digits);
          expect(Number(searchParams.get('period') ?? 30)).to.equal(period);
        });
      });
    }
  }
}

describe('an answer to TOTP', () => {
  const secret = totpSecret(usual, base32(Buffer.from('12345678901234567890')));
  const answered = (answer: string) => verify(totp, secret, answer, at(0));

  for (const answer of [
    '755224',
    ' 755 224 ',
    '755-224',
    '7 5 5 2 2 4',
    '755\u2013224',
    '755\u00a0224',
    '755224\n',
    '７５５２２４',
  ]) {
    it(`is right as ${JSON.stringify(answer)}`, async () => expect((await answered(answer)).ok).to.equal(true));
  }
  for (const answer of ['', '75522', '7552240', '75522a', '+55224', '7.5e12', '٧٥٥٢٢٤', 'x'.repeat(100_000)]) {
    it(`is malformed as ${JSON.stringify(answer.slice(0, 12))}`, async () => {
      expect(await answered(answer)).to.deep.equal({ ok: false, reason: 'malformed' });
    });
  }
  it('is wrong when it is another code', async () => {
    expect(await answered('755225')).to.deep.equal({ ok: false, reason: 'wrong' });
  });
});

describe('a TOTP enrolment', () => {
  it('is one of several apps, and tells which one answered', async () => {
    const phone = enrolmentOf(totpSecret(usual, base32(Buffer.from('a phone that nobody has at hand'))));
    const tablet = enrolmentOf(totpSecret(usual, base32(Buffer.from('12345678901234567890'))), 'tablet');
    expect(await totp.verify(ann, [phone, tablet], undefined, '755224', at(0))).to.deep.equal(proofAt(0, 'tablet'));
    expect(await totp.verify(ann, [phone, tablet], undefined, '7552', at(0))).to.include({ reason: 'malformed' });
  });

  it('keeps working when the tenant changes its parameters', async () => {
    const changed = createTotp({ issuer: 'Acme', algorithm: 'SHA512', digits: 8, period: 60 });
    const secret = totpSecret(usual, base32(Buffer.from('12345678901234567890')));
    expect(await verify(changed, secret, '755224', at(0))).to.deep.equal(proofAt(0));
  });

  it('that cannot be read is a fault, which does not tell the secret', async () => {
    const fault = await verify(totp, 'GEZDGNBVGY3TQOJQ', '755224', at(0)).catch((error: unknown) => error);
    expect(fault)
      .to.be.instanceOf(AppError)
      .and.satisfy((error: AppError) => error.code === 'internal_error' && !String(error.cause).includes('GEZD'));
  });
});

describe('what the enrolment page shows', () => {
  const secret = totpSecret(usual, 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
  const shown = (issuer: string, accountName: string) => present(createTotp({ issuer, ...usual }), secret, accountName);

  it('is the URI of the Key URI Format', async () => {
    const { uri } = await shown('Acme & Söhne', 'ann lee@example.com');
    expect(uri).to.equal(
      'otpauth://totp/Acme%20%26%20S%C3%B6hne:ann%20lee%40example.com' +
        '?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%26%20S%C3%B6hne',
    );
  });

  it('has one colon, whatever issuer and account are called', async () => {
    const { uri } = await shown('Acme: Berlin', 'a:b?secret=x&c#d');
    const { pathname, searchParams, hash } = new URL(uri);
    expect(pathname.match(/:|%3A/gi)).to.have.lengthOf(1);
    expect(searchParams.getAll('secret')).to.deep.equal(['GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ']);
    expect(hash).to.equal('');
  });

  it('fits into a QR code however long the account is called, and whatever it holds', async () => {
    const { qrSvg } = await shown('🗝'.repeat(500), `${'🦊'.repeat(500)}\ud83d`);
    expect(qrSvg).to.contain('<svg');
  });

  it('is the key in groups of four', async () => {
    const { key } = await shown('Acme', 'ann');
    expect(key).to.equal('GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ');
  });

  it('is an inline SVG, dark on white, without a script, a style or a reference', async () => {
    const { qrSvg } = await shown('Acme', '"><script>alert(1)</script>');
    expect(qrSvg).to.match(/^<svg aria-hidden="true" focusable="false" xmlns="[^"]+" viewBox="0 0 \d+ \d+" [^>]*>/);
    const attributes = new Set([...qrSvg.matchAll(/ ([\w:-]+)="/g)].map(([, name]) => name));
    expect([...attributes].sort()).to.deep.equal(
      ['aria-hidden', 'd', 'fill', 'focusable', 'shape-rendering', 'stroke', 'viewBox', 'xmlns'].sort(),
    );
    const elements = new Set([...qrSvg.matchAll(/<(\w+)/g)].map(([, name]) => name));
    expect([...elements]).to.deep.equal(['svg', 'path']);
    expect(qrSvg).to.contain('fill="#ffffff"').and.contain('stroke="#000000"');
  });
});
