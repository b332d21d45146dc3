import tracer from 'dd-trace';
import { ready } from './ready.mjs';

tracer.init({ service: 'bench', startupLogs: false });
ready();
