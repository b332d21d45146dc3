import type { Attributes } from '../../core/attributes.ts';
import { writeAttributes } from './any-value.ts';
import type { ProtoWriter } from './proto-writer.ts';

/** Closes a ScopeSpans, ScopeLogs or ScopeMetrics that began at `from`: they agree in their fields. */
export function closeScope(out: ProtoWriter, from: number, name: string, version: string | undefined): void {
  const scope = out.mark;
  if (version !== undefined && version !== '') {
    out.text(version);
    out.byte(0x12);
  }
  if (name !== '') {
    out.text(name);
    out.byte(0x0a);
  }
  out.close(0x0a, scope);
  out.close(0x12, from);
}

/** Closes a ResourceSpans, ResourceLogs or ResourceMetrics that began at `from`. */
export function closeResource(out: ProtoWriter, from: number, resource: Attributes): void {
  const inner = out.mark;
  writeAttributes(out, resource, 0x0a);
  out.close(0x0a, inner);
  out.close(0x0a, from);
}
