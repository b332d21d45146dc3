import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'sonde-stack-tls-'));
const run = promisify(execFile);
let server: Server | undefined;
let url = '';
const hasCertificate = (() => {
  try {
    const names = ['-subj', '/CN=loki', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', 'key.pem', '-out', 'cert.pem', ...names], {
      cwd: dir,
      stdio: 'ignore',
    });
    return true;
  } catch {
    console.log('NOT RUN: look-ups over TLS need the command openssl, which makes a certificate');
    return false;
  }
})();

beforeAll(async () => {
  if (!hasCertificate) return;
  const tls = { key: readFileSync(join(dir, 'key.pem')), cert: readFileSync(join(dir, 'cert.pem')) };
  const running = createServer(tls, (_req, res) => res.end('{"data":{"result":[]}}'));
  server = running;
  await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(running.address() as AddressInfo).port}`;
});
afterAll(() => {
  server?.close();
  rmSync(dir, { recursive: true, force: true });
});

async function errors(env: Record<string, string>): Promise<{ code: number; out: string; err: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, [CLI, 'errors'], { cwd: dir, env: { ...process.env, SONDE_LOKI_URL: url, ...env } });
    return { code: 0, out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, out: stdout, err: stderr };
  }
}

describe.runIf(hasCertificate)('look-ups at a Loki whose certificate is signed by itself', () => {
  it('are refused in one line that says what to set', async () => {
    expect(await errors({})).toEqual({
      code: 3,
      out: '',
      err: `sonde: Cannot reach Loki at ${url}: DEPTH_ZERO_SELF_SIGNED_CERT; set NODE_EXTRA_CA_CERTS to the certificate of your authority\n`,
    });
  });

  it('are answered where the certificate is trusted', async () => {
    expect(await errors({ NODE_EXTRA_CA_CERTS: join(dir, 'cert.pem') })).toMatchObject({ code: 0, err: '' });
  });
});
