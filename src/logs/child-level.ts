import { type LevelName, LINE_LEVELS, type LineLevel, parseLevel, SEVERITY } from '../core/level.ts';

/** The level of its own that a child has. */
export const OWN_LEVEL: unique symbol = Symbol('level');

type Write = (this: unknown, ...args: unknown[]) => void;

/**
 * Gives the prototypes of those children of a name that have a level of their own, one a level: a child is made for each
 * request. `enabled(severity, own)` answers whether a call is written here and now.
 */
export function levelledPrototypes(
  methods: object,
  live: Readonly<Record<LineLevel, unknown>>,
  enabled: (severity: number, own: number) => boolean,
): (level: LevelName) => object {
  const made = new Map<LevelName, object>();
  const withLevel = (level: LevelName): object => {
    const known = made.get(level);
    if (known) return known;
    const prototype = makePrototype(methods, live, level, enabled, withLevel);
    made.set(level, prototype);
    return prototype;
  };
  return withLevel;
}

function makePrototype(
  methods: object,
  live: Readonly<Record<LineLevel, unknown>>,
  level: LevelName,
  enabled: (severity: number, own: number) => boolean,
  withLevel: (level: LevelName) => object,
): object {
  const own = SEVERITY[level];
  const prototype = Object.create(methods) as object;
  for (const one of LINE_LEVELS) {
    const write = live[one] as Write;
    const value: Write = function ownLevel(...args) {
      if (enabled(SEVERITY[one], own)) write.apply(this, args);
    };
    Object.defineProperty(prototype, one, { value });
  }
  return Object.defineProperties(prototype, {
    [OWN_LEVEL]: { value: level },
    level: {
      get: () => level,
      set(this: object, next: unknown) {
        const parsed = parseLevel(next);
        if (parsed !== undefined) Object.setPrototypeOf(this, withLevel(parsed));
      },
      enumerable: true,
    },
    isLevelEnabled: {
      value(asked: unknown): boolean {
        const parsed = parseLevel(asked);
        return parsed !== undefined && parsed !== 'off' && enabled(SEVERITY[parsed], own);
      },
    },
  });
}
