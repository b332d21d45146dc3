import * as v from 'valibot';
import { closed, text } from '../shape.ts';

const SECRET = /PASSWORD|TOKEN|SECRET|WEBHOOK/;

const service = v.pipe(
  closed({
    image: text(/^[\w./-]+:v?\d+\.\d+\.\d+(?:@sha256:[0-9a-f]{64})?$/, 'an image with its exact version'),
    command: v.optional(v.array(v.string())),
    entrypoint: v.optional(v.array(v.string())),
    user: v.optional(v.string()),
    init: v.optional(v.boolean()),
    depends_on: v.optional(
      v.union([
        v.array(v.string()),
        v.record(v.string(), closed({ condition: v.picklist(['service_started', 'service_healthy', 'service_completed_successfully']) })),
      ]),
    ),
    environment: v.optional(v.record(v.string(), v.union([v.string(), v.number()]))),
    ports: v.optional(v.array(text(/^127\.0\.0\.1:\d+:\d+$/, 'a port on 127.0.0.1'))),
    volumes: v.optional(v.array(v.string())),
    extra_hosts: v.optional(v.array(v.string())),
    mem_limit: text(/^\d+[mg]$/, 'a memory limit such as 512m'),
    restart: v.optional(v.picklist(['no', 'always', 'on-failure', 'unless-stopped'])),
    logging: closed({ driver: v.string(), options: closed({ 'max-size': text(/^\d+[km]$/, 'a size such as 10m'), 'max-file': text(/^\d+$/, 'a count') }) }),
    networks: v.optional(v.array(v.string())),
    network_mode: v.optional(v.string()),
    healthcheck: v.optional(
      closed({
        test: v.pipe(
          v.array(v.string()),
          v.check((test) => test[0] === 'CMD' && test.length > 1, 'expected [CMD, program, ...]: the images have no shell'),
        ),
        interval: v.string(),
        timeout: v.string(),
        retries: v.number(),
        start_period: v.optional(v.string()),
      }),
    ),
  }),
  v.check(
    ({ environment = {} }) => Object.entries(environment).every(([key, value]) => !SECRET.test(key) || /^\$\{\w+/.test(String(value))),
    'a secret stands in it; expected a variable, from .env',
  ),
  v.check(({ environment = {} }) => !/^true$/i.test(String(environment['GF_AUTH_ANONYMOUS_ENABLED'] ?? 'false')), 'anonymous visitors are let in'),
);

/** docker-compose.yml. */
export const COMPOSE = v.pipe(
  v.looseObject({
    services: v.record(v.string(), service),
    volumes: v.record(v.string(), v.nullable(v.looseObject({}))),
    networks: v.record(v.string(), v.nullable(v.looseObject({}))),
  }),
);
