import * as Sentry from '@sentry/node';
import { ready } from './ready.mjs';

Sentry.init({ dsn: 'http://key@127.0.0.1:9/1', tracesSampleRate: 1 });
ready();
