/** JSON values for property tests: built as text, so that every name and number is what the database gets. */
import fc from "fast-check";

/** A JSON value; an object is a list of members in the order jsonb keeps them. */
export type Json = { members: [string, Json][] } | Json[] | string | number | boolean | null;

/** Whether a value is an object. */
export function isObject(value: Json): value is { members: [string, Json][] } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** jsonb sorts members by the length of their names in bytes, then by bytes; of equal names the last one stays. */
export function object(members: [string, Json][]): { members: [string, Json][] } {
  const order = (a: string, b: string) => {
    const [x, y] = [Buffer.from(a), Buffer.from(b)];
    return x.length - y.length || Buffer.compare(x, y);
  };
  return { members: [...new Map(members)].sort(([a], [b]) => order(a, b)) };
}

/** The member of that name. */
export function member(value: Json, name: string): Json | undefined {
  return isObject(value) ? value.members.find(([key]) => key === name)?.[1] : undefined;
}

/** The JSON text of a value, without blanks. */
export function text(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(text).join(",")}]`;
  if (isObject(value))
    return `{${value.members.map(([name, part]) => `${JSON.stringify(name)}:${text(part)}`).join(",")}}`;
  return JSON.stringify(value);
}

/** The value of a JSON text. */
export function parse(source: string): Json {
  const convert = (value: unknown): Json => {
    if (Array.isArray(value)) return value.map(convert);
    if (typeof value === "object" && value !== null)
      return object(Object.entries(value).map(([name, part]) => [name, convert(part)]));
    return value as Json;
  };
  return convert(JSON.parse(source));
}

/** Names and texts that break careless code, few enough to meet each other. */
export const awkward = [
  ...["a", "b", "name", "", "0", "1", "-1", " 1", "01", "a.b", 'q"x', "b\\s", "<<$a>>", "é", "𝒳", "*", "**"],
  ...["[]", "{}", ".a", "#0", "__proto__", "\n", "\u0001", "last", "$", "@", "'", "%", "%s"],
];

/** JSON values in which names repeat and lists hold like things. */
export function json(
  names: string[] = awkward,
  scalars: Json[] = ["x", "", 0, -1.5, true, null, "𝒳"],
): fc.Arbitrary<Json> {
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", maxDepth: 5 },
      fc.constantFrom(...scalars),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(fc.tuple(fc.constantFrom(...names), tie("value")), { maxLength: 4 }).map(object),
    ),
  }));
  return value;
}
