/** A value of an attribute, as OpenTelemetry allows them. */
export type AttributeValue =
  | string
  | number
  | boolean
  | ReadonlyArray<string | null | undefined>
  | ReadonlyArray<number | null | undefined>
  | ReadonlyArray<boolean | null | undefined>;

/** Attributes by their dotted name. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;
