import { start } from '../../../dist/public/index.js';
import { ready } from './ready.mjs';

await start({ service: 'bench' });
ready();
