import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { errorAnswer } from '../../../src/adapters/error-answer.ts';
import { recordEach } from '../record-each.ts';

recordEach();

const request = { headers: {}, method: 'GET', url: '/' } as unknown as IncomingMessage;

it.each([
  ['axios, ky, ofetch', { status: 404, response: { status: 404 } }],
  ['got', { statusCode: 401, response: { statusCode: 401 } }],
  ['undici', { name: 'ResponseError', code: 'UND_ERR_RESPONSE', statusCode: 404, headers: {}, body: null }],
  ['bent', { statusCode: 404, headers: {}, text: () => '', json: () => null }],
  ['Elasticsearch', { statusCode: 404, meta: { statusCode: 404, body: {} } }],
  ['dockerode', { statusCode: 404, reason: 'no such container', json: { message: 'no' } }],
])('a 4xx that another service answered is our failure, with an ID: %s', (_, fields) => {
  const answer = errorAnswer(Object.assign(new Error('Request failed'), fields), request);
  expect(answer.status).toBe(500);
  expect(answer.errorId).toBeDefined();
});

it("the framework's own 4xx is the client's fault, and mints no ID", () => {
  const answer = errorAnswer(Object.assign(new Error('bad'), { status: 404 }), request);
  expect(answer.status).toBe(404);
  expect(answer.errorId).toBeUndefined();
});
