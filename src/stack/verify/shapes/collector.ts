import * as v from 'valibot';
import { closed } from '../shape.ts';

const component = v.nullable(v.looseObject({}));
const pipeline = closed({ receivers: v.array(v.string()), processors: v.optional(v.array(v.string())), exporters: v.array(v.string()) });

/** collector/config.yaml. */
export const COLLECTOR = closed({
  extensions: v.record(v.string(), component),
  receivers: v.record(v.string(), component),
  processors: v.record(v.string(), component),
  connectors: v.optional(v.record(v.string(), component), {}),
  exporters: v.record(v.string(), component),
  service: closed({ extensions: v.array(v.string()), telemetry: v.optional(v.looseObject({})), pipelines: v.record(v.string(), pipeline) }),
});
