import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { resolveConfig } from '../../dist/runtime/config/resolve.js';
import { decodeOfficially } from '../unit/pipeline/official-proto.ts';
import { expectBalanced, makeSpans, openPipeline, PATIENCE_MS, until } from './pipeline-rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'sonde-tls-'));
const file = (name: string): string => join(folder, name);
const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
const has = (() => {
  try {
    openssl('version');
    return true;
  } catch {
    console.log('NOT RUN: OTLP over TLS needs the command openssl, which makes its certificates');
    return false;
  }
})();

/** An authority of our own, and what it signed for the receiver and for the client. */
function makeCertificates(): void {
  const subject = (name: string): string[] => ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority');
  for (const name of ['server', 'client']) {
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, ...subject(name));
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-copy_extensions',
      'copy',
      '-out',
      `${name}.pem`,
    );
  }
}

const closing: (() => unknown)[] = [];
beforeAll(() => {
  if (has) makeCertificates();
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A receiver over TLS; `mutual`: it asks for a certificate that the authority signed. */
async function secureReceiver(mutual: boolean) {
  const seen = { spans: 0, clients: new Set<string>() };
  const server = createServer(
    {
      key: readFileSync(file('server.key')),
      cert: readFileSync(file('server.pem')),
      ca: readFileSync(file('ca.pem')),
      requestCert: mutual,
      rejectUnauthorized: mutual,
    },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.spans += decodeOfficially('span', Buffer.concat(chunks)).resourceSpans[0].scopeSpans[0].spans.length;
        const peer = (request.socket as import('node:tls').TLSSocket).getPeerCertificate();
        if (peer.subject) seen.clients.add(String(peer.subject.CN));
        response.end();
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => (server.close(resolve), server.closeAllConnections())));
  return { seen, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Sends 100 spans with what these variables say, and answers with the ledger. */
async function send(url: string, env: Record<string, string>) {
  const { otlp } = resolveConfig({}, { OTEL_EXPORTER_OTLP_ENDPOINT: url, ...env });
  const rig = openPipeline(url, { otlp: { bySignal: otlp?.bySignal, tls: otlp?.tls } });
  closing.push(() => rig.remove());
  makeSpans(rig.pipeline, 100);
  await rig.pipeline.flush(PATIENCE_MS);
  await rig.end();
  const report = rig.pipeline.ledger();
  expectBalanced(report);
  return { span: report.span, lines: rig.lines };
}

describe.skipIf(!has)('OTLP over TLS', () => {
  it('refuses a receiver whose authority it does not know: everything is in the spool, one line says why', async () => {
    const { url } = await secureReceiver(false);
    const { span, lines } = await send(url, {});
    expect(span).toMatchObject({ spooled: 100, sent: 0 });
    expect(lines).toEqual([expect.stringMatching(/cannot deliver to https:.*(?:certificate|issuer)/i)]);
  });

  it('trusts the authority in OTEL_EXPORTER_OTLP_CERTIFICATE', async () => {
    const { url, seen } = await secureReceiver(false);
    const { span, lines } = await send(url, { OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem') });
    expect({ span, lines }).toMatchObject({ span: { sent: 100 }, lines: [] });
    expect(seen.spans).toBe(100);
  });

  it('trusts the authority that is set for one signal', async () => {
    const { url, seen } = await secureReceiver(false);
    await send(url, { OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: file('ca.pem') });
    expect(seen.spans).toBe(100);
  });

  it('shows its own certificate to a receiver that asks for one', async () => {
    const { url, seen } = await secureReceiver(true);
    const { span } = await send(url, {
      OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem'),
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('client.pem'),
      OTEL_EXPORTER_OTLP_CLIENT_KEY: file('client.key'),
    });
    expect(span).toMatchObject({ sent: 100 });
    expect([...seen.clients]).toEqual(['client']);
  });

  it('is refused by such a receiver without one', async () => {
    const { url, seen } = await secureReceiver(true);
    const { span } = await send(url, { OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem') });
    expect(span).toMatchObject({ spooled: 100, sent: 0 });
    expect(seen.spans).toBe(0);
  });

  it('takes a file that comes later: a request that cannot read it is tried again', async () => {
    const { url, seen } = await secureReceiver(false);
    const rig = openPipeline(url, { otlp: { tls: { certificate: file('later.pem') } } });
    closing.push(() => rig.remove());
    makeSpans(rig.pipeline, 10);
    await rig.pipeline.flush(PATIENCE_MS);
    expect(rig.lines).toEqual([expect.stringMatching(/cannot deliver .*later\.pem/)]);
    execFileSync('cp', [file('ca.pem'), file('later.pem')]);
    await until(() => seen.spans === 10);
    expect(seen.spans).toBe(10);
    await rig.end();
  });
});

describe('a signal that is off', () => {
  it('is not sent and is counted; error records stay in the store', async () => {
    const rig = openPipeline('http://127.0.0.1:1', { otlp: { off: ['traces', 'logs'] } });
    closing.push(() => rig.remove());
    makeSpans(rig.pipeline, 10);
    rig.pipeline.log('{"message":"m"}', 9);
    const timestamp = new Date().toISOString();
    const named = { 'error.id': '0000-0100-0000-000G', 'error.type': 'Error', 'exception.type': 'Error', 'exception.message': 'm', 'sonde.error.kind': 'bug' };
    const record = {
      timestamp,
      observed_timestamp: timestamp,
      level: 'error',
      severity_number: 17,
      message: 'm',
      'event.name': 'exception',
      logger: 'a',
      ...named,
    };
    rig.pipeline.error(JSON.stringify({ ...record, 'exception.stacktrace': 'Error: m' }));
    await rig.pipeline.flush(PATIENCE_MS);
    await rig.end();
    const { span, log, error } = rig.pipeline.ledger();
    expect({ span, log, error }).toMatchObject({
      span: { produced: 10, pending: 0, dropped: { sampled: 10 } },
      log: { produced: 1, pending: 0, dropped: { sampled: 1 } },
      error: { produced: 1, stored: 1, pending: 0 },
    });
    expect(rig.lines).toEqual([]);
  });
});
