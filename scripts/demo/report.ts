/** What the demo shows of a finished workflow. */
import { bold, dim, green, red } from "../lib/console.ts";
import type { Client, Message } from "./client.ts";
import { table } from "./text.ts";
import type { Origin, Retry, SourceUse, Totals } from "./watch.ts";

/** One object in a message. */
export interface ResultObject {
  object_type: string;
  key: Record<string, unknown>;
  values: Record<string, unknown>;
  provenance: Record<string, { source: string; confidence: number; observed_at: string }>;
}

/** The objects that the client was told of by the message of one activity. */
export function receivedObjects(client: Client, activityKey: string): ResultObject[] {
  return [...client.messages.values()]
    .filter(({ body }) => body.data.activity_key === activityKey)
    .flatMap(({ body }) => (body.data.objects as ResultObject[] | undefined) ?? []);
}

/** One company with all that the client was told of it. */
export interface CompanyResult {
  domain: string;
  values: Record<string, unknown>;
  sources: Record<string, string>;
  founders: string[];
}

/** Puts together what the messages say of each company. */
export function joinCompanies(client: Client): CompanyResult[] {
  const companies = new Map<string, CompanyResult>();
  for (const object of [...receivedObjects(client, "find"), ...receivedObjects(client, "enrich")]) {
    const domain = String(object.key.domain);
    const company = companies.get(domain) ?? { domain, values: {}, sources: {}, founders: [] };
    Object.assign(company.values, object.values);
    for (const [name, { source }] of Object.entries(object.provenance)) company.sources[name] = source;
    companies.set(domain, company);
  }
  for (const { values } of receivedObjects(client, "people")) {
    companies.get(String(values.company))?.founders.push(String(values.name));
  }
  const name = ({ values, domain }: CompanyResult) => String(values.name ?? domain);
  return [...companies.values()].sort((a, b) => name(a).localeCompare(name(b), "en"));
}

/**
 * The result as a table; a letter behind each value says who gave it.
 *
 * @param room - columns the terminal has; in a narrow one some of the table's columns are left out
 */
export function companyTable(companies: CompanyResult[], sources: SourceUse[], room: number): string[] {
  const letters = new Map(sources.map(({ name }) => [name, name[0]!]));
  const cell = (company: CompanyResult, name: string) => {
    const value = company.values[name];
    if (value === undefined || value === null) return dim("–");
    const text = name === "employees" ? Number(value).toLocaleString("en-US") : String(value);
    return `${text} ${dim(letters.get(company.sources[name] ?? "") ?? "?")}`;
  };
  const columns = [
    { title: "name", max: 24 },
    { title: "country", max: 24 },
    { title: "city", max: 24, from: 120 },
    { title: "industry", max: 24 },
    { title: "employees", right: true },
    { title: "founded", from: 100 },
    { title: "ticker", from: 100 },
    { title: "founders", max: 52, from: 170 },
  ].filter(({ from }) => (from ?? 0) <= room);
  return [
    ...table(
      columns,
      companies.map((company) =>
        columns.map(({ title }) =>
          title === "founders" ? company.founders.join(", ") || dim("–") : cell(company, title),
        ),
      ),
      bold,
    ),
    dim(`${[...letters].map(([name, letter]) => `${letter} ${name}`).join(" · ")} · – nobody knew`),
  ];
}

/** How many values of each datapoint each source gave. */
export function originTable(origins: Origin[], sources: SourceUse[]): string[] {
  return table(
    [
      { title: "" },
      { title: "of" },
      ...sources.map(({ name, confidence }) => ({ title: `${name} (${confidence})`, right: true })),
      { title: "missing", right: true },
    ],
    origins.map((origin) => {
      const given = sources.map(({ name }) => origin.sources[name] ?? 0);
      return [
        origin.datapoint,
        dim(origin.object_type),
        ...given.map((number) => (number === 0 ? dim("·") : String(number))),
        origin.missing === 0 ? dim("·") : String(origin.missing),
      ];
    }),
    bold,
  );
}

/** `62 companies` */
export function amount(number: number, objectType: string): string {
  const plural: Record<string, string> = { company: "companies", person: "people" };
  return `${number} ${number === 1 ? objectType : (plural[objectType] ?? `${objectType}s`)}`;
}

/** What failed and was tried again. */
export function retryTable(retries: Retry[], since: number): string[] {
  return table(
    [
      { title: "at", right: true },
      { title: "who" },
      { title: "what went wrong", max: 72 },
      { title: "again after", right: true },
      { title: "then" },
    ],
    retries.map(({ at, what, reason, after, state }) => [
      `${((at - since) / 1000).toFixed(1)} s`,
      what,
      reason,
      after === null ? "–" : `${after.toFixed(1)} s`,
      state === "done" || state === "delivered" ? green(state) : red(state),
    ]),
    bold,
  );
}

/** The messages and what the client made of them. */
export function messageTable(totals: Totals, client: Client): string[] {
  return table(
    [
      { title: "webhook-id" },
      { title: "says" },
      { title: "of" },
      { title: "answers" },
      { title: "signature" },
      { title: "state" },
    ],
    totals.deliveries.map(({ webhook_id, event_type, state }) => {
      const message = client.messages.get(webhook_id);
      return [
        webhook_id,
        event_type,
        about(message),
        message?.attempts.map(({ status }) => status).join(", ") ?? "–",
        message ? green("verified") : red("never came"),
        state === "delivered" ? green(state) : red(state),
      ];
    }),
    bold,
  );
}

function about(message: Message | undefined): string {
  if (message === undefined) return "–";
  return String(message.body.data.activity_key ?? "the whole workflow");
}
