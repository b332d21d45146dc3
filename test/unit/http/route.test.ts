import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { routeOf, setRoute } from '../../../src/http/route.ts';

const request = (): IncomingMessage => new IncomingMessage(new Socket());

it('is the last template that was told, before the one that express leaves', () => {
  const asked = Object.assign(request(), { route: { path: '/:id' }, baseUrl: '/orders' });
  expect(routeOf(asked)).toBe('/orders/:id');
  setRoute(asked, '/a');
  setRoute(asked, '/orders/:order');
  expect(routeOf(asked)).toBe('/orders/:order');
});

it.each([undefined, null, '', 17, {}, 'x'.repeat(1025)])('ignores %j, which is no template', (route) => {
  const asked = request();
  setRoute(asked, route as string);
  expect(routeOf(asked)).toBeUndefined();
});

it.each([undefined, null, 'GET /'])('ignores %j, which is no request', (asked) => {
  expect(() => setRoute(asked as never, '/orders/:id')).not.toThrow();
});
