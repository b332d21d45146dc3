import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ask, LARGE, recordErrors, SECRET } from './errors-fixture.ts';

/** A service of one framework with the routes that the suite asks for. */
export interface AdapterService {
  readonly port: number;
  close(): Promise<void>;
}

/** Cases in which a framework's adapter differs, each with its reason. */
export interface Deviations {
  /** The framework knows no routes. */
  readonly routes?: string;
  /** What no route serves is answered by the framework. */
  readonly notFound?: string;
  /** `throw undefined` is no error to the framework. */
  readonly nothing?: string;
}

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

/**
 * What every adapter does. Routes: GET /ok, /bug (throws the secret), /async (rejects later), /known/:id (CardDeclined),
 * /string (throws a text), /begun (fails after its answer was begun), /users/:user/orders/:id (in a mounted router, fails),
 * POST /json (reads a JSON body), /thrown/:name (throws what THROWN makes), /ended (fails after its LARGE answer was ended),
 * /gone (says 102 Processing, fails when its client has gone).
 */
export function adapterSuite(name: string, start: () => Promise<AdapterService>, deviations: Deviations = {}): void {
  describe(name, () => {
    let service: AdapterService;
    let errors: ReturnType<typeof recordErrors>;
    beforeAll(async () => {
      errors = recordErrors();
      service = await start();
    });
    afterAll(async () => {
      await service.close();
      errors.stop();
    });
    const get = (path: string, headers?: Record<string, string>): Promise<Answer> => ask(service.port, path, { ...(headers && { headers }) });
    const route = (path: string): object => (deviations.routes === undefined ? { 'http.route': path } : {});
    const expectClean = (answer: Answer): void => {
      expect(answer.wire).not.toContain(SECRET);
      expect(answer.wire).not.toMatch(/node_modules|\.[jt]s:\d+|\bat .+:\d+:\d+/);
    };

    it('lets a good answer through', async () => {
      const answer = await get('/ok');
      expect([answer.status, answer.text]).toEqual([200, 'fine']);
      expect(answer.headers['x-error-id']).toBeUndefined();
    });

    it.each(['/bug', '/async', '/string'])('answers a bug at %s with an ID that leads to its record, and nothing internal', async (path) => {
      const answer = await get(`${path}?token=${SECRET}`);
      expectClean(answer);
      expect(answer.status).toBe(500);
      expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
      expect(answer.headers['cache-control']).toBe('no-store');
      const id = answer.headers['x-error-id'];
      expect(answer.json()).toEqual({
        type: 'about:blank',
        title: 'Internal Server Error',
        status: 500,
        detail: `Something unexpected happened. If you contact support, quote ${id}.`,
        instance: `/debug/errors/${id}`,
        errorId: id,
      });
      expect(errors.record(id)).toMatchObject({
        'sonde.error.kind': 'bug',
        'sonde.error.mechanism': 'http.server',
        'http.request.method': 'GET',
        ...route(path),
        'url.path': path,
      });
    });

    it('answers a known edge case with its own status and sentence', async () => {
      const answer = await get('/known/o-17');
      expectClean(answer);
      expect(answer.status).toBe(402);
      expect(answer.json()).toMatchObject({ type: 'urn:error:shop/card-declined', title: 'Card declined', status: 402, detail: 'Your card was declined.' });
      expect(errors.record(answer.headers['x-error-id'])).toMatchObject({
        'sonde.error.kind': 'known',
        level: 'warn',
        'error.code': 'shop/card-declined',
        ...route('/known/:id'),
      });
    });

    if (deviations.routes === undefined) {
      it('names the route of a mounted router', async () => {
        const answer = await get('/users/u-5/orders/17');
        expect(answer.status).toBe(500);
        expect(errors.record(answer.headers['x-error-id'])).toMatchObject({ 'http.route': '/users/:user/orders/:id', 'url.path': '/users/u-5/orders/17' });
      });
    }

    it('gives a browser a page that a person can read', async () => {
      const answer = await get('/bug', { accept: BROWSER });
      expectClean(answer);
      expect(answer.status).toBe(500);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.headers['content-security-policy']).toMatch(/default-src 'none'/);
      expect(answer.text).toContain(`<code>${answer.headers['x-error-id']}</code>`);
      expect(answer.text).not.toContain('<script');
    });

    it('answers a body that is no JSON without an ID, and without quoting it', async () => {
      const before = errors.count();
      const answer = await ask(service.port, '/json', { method: 'POST', headers: { 'content-type': 'application/json' }, body: `{"password":"${SECRET}` });
      expectClean(answer);
      expect(answer.status).toBe(400);
      expect(answer.headers['x-error-id']).toBeUndefined();
      expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
      expect(answer.json()).toMatchObject({ title: 'Bad Request', status: 400 });
      expect(answer.json()).not.toHaveProperty('errorId');
      expect(errors.count()).toBe(before);
    });

    it('answers HEAD with the headers and no body', async () => {
      const answer = await ask(service.port, '/bug', { method: 'HEAD' });
      expect([answer.status, answer.text]).toEqual([500, '']);
      expect(answer.headers['x-error-id']).toMatch(/^\w{4}-/);
    });

    it('cuts an answer that was begun, so that nobody takes it for whole, and records the error', async () => {
      const before = errors.count();
      await expect(get('/begun')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
      await expect.poll(() => errors.count()).toBe(before + 1);
    });

    it('lets an answer that was ended arrive whole, whatever its handler throws then', async () => {
      const answer = await get('/ended');
      expect([answer.status, answer.text.length]).toEqual([200, LARGE.length]);
    });

    it('records what fails when its client has gone, and serves on', async () => {
      const before = errors.count();
      const client = request({ port: service.port, host: '127.0.0.1', path: '/gone', agent: false }).on('error', () => {});
      client.once('information', () => client.destroy()); // the handler runs now
      client.end();
      await expect.poll(() => errors.count()).toBe(before + 1);
      expect((await get('/ok')).status).toBe(200);
    });

    it.each([
      ['unavailable', 503],
      ['sdk', 500],
      ['axios', 500],
      ['zero', 500],
      ['frozen', 500],
      ...(deviations.nothing === undefined ? [['undefined', 500] as const] : []),
    ] as const)('answers what is not the fault of the client with an ID: %s, %i', async (what, status) => {
      const answer = await get(`/thrown/${what}`);
      expectClean(answer);
      const id = answer.headers['x-error-id'];
      expect([answer.status, answer.json()['status'], answer.json()['errorId']]).toEqual([status, status, id]);
      expect(answer.json()['detail']).toContain(`quote ${id}`);
      expect(answer.headers['retry-after']).toBe(what === 'unavailable' ? '7' : undefined);
      expect(errors.record(id)).toMatchObject({ 'sonde.error.kind': 'bug', 'url.path': `/thrown/${what}` });
    });

    it.each([
      ['limited', 429, 'There were too many requests. Try again later.', /^1(50|49)$/],
      ['closed', 503, 'The shop is closed.', /^2$/],
      ['teapot', 418, 'I am a teapot.', /^none$/],
    ])('says when to come again where a refusal knows it, once and in whole seconds: %s, %i', async (what, status, detail, seconds) => {
      for (const accept of ['*/*', BROWSER]) {
        const answer = await get(`/thrown/${what}`, { accept });
        expectClean(answer);
        expect([answer.status, answer.text.includes(detail)]).toEqual([status, true]);
        expect(answer.headers['retry-after'] ?? 'none').toMatch(seconds);
        expect(answer.wire.match(/retry-after/gi)?.length ?? 0).toBe(what === 'teapot' ? 0 : 1);
      }
    });

    it.each([
      ['forbidden', 403, 'You may not do this.'],
      ['exposed', 422, 'There is no plan <img src=x onerror="alert(1)">.'],
    ])("answers the client's fault without an ID: %s, %i", async (what, status, detail) => {
      const before = errors.count();
      const answer = await get(`/thrown/${what}`);
      expectClean(answer);
      expect([answer.status, answer.headers['content-type'], answer.json()['detail']]).toEqual([status, 'application/problem+json; charset=utf-8', detail]);
      expect(answer.headers['x-error-id']).toBeUndefined();
      expect(answer.headers['www-authenticate']).toBe(what === 'forbidden' ? 'Basic' : undefined);
      expect(errors.count()).toBe(before);
    });

    it('escapes what a page shows', async () => {
      const answer = await get('/thrown/exposed', { accept: BROWSER });
      expect(answer.text).toContain('There is no plan &#60;img src=x onerror=&#34;alert(1)&#34;&#62;.');
      expect(answer.text).not.toContain('<img');
    });

    it.each([
      ['application/json', 'application/problem+json'],
      ['', 'application/problem+json'],
      ['*/*', 'application/problem+json'],
      ['text/html;q=0.4, application/json;q=0.8', 'application/problem+json'],
      ['text/html;q=0.9, application/json;q=0.8', 'text/html'],
      ['text/html;q=0', 'application/problem+json'],
      ['text/html;q=2', 'application/problem+json'],
      ['TEXT/HTML', 'text/html'],
      ['text/html,'.repeat(200), 'application/problem+json'],
    ])('reads Accept: %.30s', async (accept, type) => {
      const answer = await get('/thrown/forbidden', { accept });
      expect(answer.headers['content-type']).toBe(`${type}; charset=utf-8`);
      expect(answer.headers['vary']).toMatch(/accept/i);
    });

    if (deviations.notFound === undefined) {
      it.each(['GET', 'HEAD', 'DELETE'])('answers %s of what no route serves in the same form, without an ID', async (method) => {
        const before = errors.count();
        const answer = await ask(service.port, `/nowhere?token=${SECRET}`, { method });
        expectClean(answer);
        expect([answer.status, answer.headers['content-type']]).toEqual([404, 'application/problem+json; charset=utf-8']);
        if (method !== 'HEAD') expect(answer.json()).toEqual({ type: 'about:blank', title: 'Not Found', status: 404, detail: expect.any(String) });
        expect(answer.headers['x-error-id']).toBeUndefined();
        expect(errors.count()).toBe(before);
      });
    }

    it('mints an ID for each of many concurrent failures', async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => get('/async')));
      const ids = new Set(answers.map((answer) => answer.headers['x-error-id']));
      expect(ids.size).toBe(50);
      for (const id of ids) expect(errors.record(id)).toBeDefined();
    });
  });
}
