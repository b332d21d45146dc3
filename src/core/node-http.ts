/**
 * `node:http`, loaded by the first use. An `import` of it reads everything that it exports, and from Node 22 on that is
 * also `WebSocket` and its kin, for which Node loads undici: 34 ms of CPU on Node 24.
 */
export function nodeHttp(): typeof import('node:http') {
  return process.getBuiltinModule('node:http');
}

/** `node:https`, loaded by the first use: it brings TLS along. */
export function nodeHttps(): typeof import('node:https') {
  return process.getBuiltinModule('node:https');
}
