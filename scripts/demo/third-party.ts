/**
 * The third party of the demo: four HTTP APIs over the same facts, on one local server. They behave as such APIs do:
 * a key, pages, limits, moods. What goes wrong is decided by counting and by the names asked for, never by chance, so
 * every run shows every fault and gets through in the end.
 *
 * | API             | answers                                                             |
 * | --------------- | ------------------------------------------------------------------- |
 * | `directory`     | a search, in pages that each name the cursor of the next             |
 * | `firmographics` | ten companies at once; sometimes 429, 500 or half a JSON; has gaps   |
 * | `registry`      | asynchronously: takes a job, is asked for its state, hands out rows  |
 * | `people`        | one company at a time, in numbered pages, slowly                     |
 */
import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Company } from "./facts.ts";
import { close, listen, readBody, send, sendText } from "./http.ts";

/** The APIs of the third party. */
export type Api = "directory" | "firmographics" | "registry" | "people";

/** What `firmographics` does wrong with a batch the first time it sees it. */
export type Fault = "rate_limited" | "server_error" | "broken_json";

/** One request that the third party got. */
export interface Call {
  api: Api;
  /** Method and path. */
  route: string;
  status: number;
  /** Domains whose facts were asked for. */
  domains: string[];
  /** Page, where there are pages. */
  page: number;
  /** What was done wrong on purpose. */
  fault: Fault | null;
  /** Whether facts were handed out (a job taken or still running hands out none). */
  answered: boolean;
}

/** Settings of the third party. */
export interface ThirdPartyOptions {
  companies: Company[];
  /** Milliseconds `people` takes for an answer; 1,500 by default. */
  slowness?: number;
  /** How often a job of `registry` says it is still running; 2 by default. */
  patience?: number;
  /** Faults of `firmographics`, for every second batch one; 429, 500, broken JSON by default. */
  faults?: Fault[];
}

/** The running third party. */
export interface ThirdParty {
  url: string;
  /** The key that each API asks for. */
  keys: Record<Api, string>;
  /** Every request so far. */
  calls: Call[];
  /** How often each domain's facts were handed out by an API, `<domain> <page>` where there are pages. */
  answered(api: Api): Map<string, number>;
  stop(): Promise<void>;
}

const batchLimit = 10;
const peoplePerPage = 3;

/** Whether `firmographics` has never heard of a company. */
export function isUnknown(domain: string): boolean {
  return digit(domain, "unknown") % 6 === 0;
}

/** Whether `firmographics` knows a company, but not how many people work there. */
export function lacksEmployees(domain: string): boolean {
  return digit(domain, "employees") % 4 === 0;
}

function digit(domain: string, about: string): number {
  return createHash("sha256").update(`${about} ${domain}`).digest()[0]!;
}

/** Starts the third party. */
export async function startThirdParty(options: ThirdPartyOptions): Promise<ThirdParty> {
  const keys: Record<Api, string> = {
    directory: "directory-key-for-the-demo",
    firmographics: "firmographics-key-for-the-demo",
    registry: "registry-key-for-the-demo",
    people: "people-key-for-the-demo",
  };
  const calls: Call[] = [];
  const halt = new AbortController();
  // Every slow answer listens while it waits.
  setMaxListeners(0, halt.signal);
  const apis: Record<Api, Handler> = {
    directory: directory(options.companies),
    firmographics: firmographics(
      options.companies,
      options.faults ?? ["rate_limited", "server_error", "broken_json"],
    ),
    registry: registry(options.companies, options.patience ?? 2),
    people: people(options.companies, options.slowness ?? 1_500, halt.signal),
  };

  const { server, url } = await listen(async (request, response) => {
    const address = new URL(request.url ?? "/", "http://third.party");
    const [, name = "", ...path] = address.pathname.split("/");
    const route = `${request.method} /${path.join("/")}`;
    if (!isApi(name)) return send(response, 404, { error: `no such API: ${name}` });
    const call: Call = { api: name, route, status: 0, domains: [], page: 1, fault: null, answered: false };
    calls.push(call);
    response.on("finish", () => (call.status = response.statusCode));
    if (!hasKey(request, keys[name])) return send(response, 401, { error: "the key is missing or wrong" });
    const body = parse(await readBody(request));
    if (body === undefined) return send(response, 400, { error: "the body is not JSON" });
    await apis[name]({ route, query: address.searchParams, body, call, response });
  });

  return {
    url,
    keys,
    calls,
    answered(api) {
      const counts = new Map<string, number>();
      for (const call of calls) {
        if (call.api !== api || !call.answered) continue;
        for (const domain of call.domains) {
          const key = api === "people" ? `${domain} ${call.page}` : domain;
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      }
      return counts;
    },
    async stop() {
      halt.abort();
      await close(server);
    },
  };
}

interface Question {
  route: string;
  query: URLSearchParams;
  body: unknown;
  call: Call;
  response: ServerResponse;
}

type Handler = (question: Question) => void | Promise<void>;

function isApi(name: string): name is Api {
  return name === "directory" || name === "firmographics" || name === "registry" || name === "people";
}

function hasKey(request: IncomingMessage, key: string): boolean {
  return request.headers["x-api-key"] === key || request.headers.authorization === `Bearer ${key}`;
}

/** The JSON of a body, null for an empty one, undefined when it is none. */
function parse(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notFound({ route, response }: Question): void {
  send(response, 404, { error: `no such route: ${route}` });
}

/** A member of an unknown body. */
function member(body: unknown, name: string): unknown {
  return typeof body === "object" && body !== null ? (body as Record<string, unknown>)[name] : undefined;
}

/* ------------------------------------------------------------------ directory */

function directory(companies: Company[]): Handler {
  const sorted = [...companies].sort((a, b) => (a.domain < b.domain ? -1 : 1));
  const toCursor = (offset: number) => Buffer.from(`offset:${offset}`).toString("base64url");
  const fromCursor = (cursor: string) =>
    Number(/^offset:(\d+)$/.exec(Buffer.from(cursor, "base64url").toString())?.[1] ?? NaN);

  return (question) => {
    const { route, body, call, response } = question;
    if (route !== "POST /v1/companies/search") return notFound(question);
    const countries = member(body, "countries") as string[] | undefined;
    const industries = member(body, "industries") as string[] | undefined;
    const size = Math.min(Number(member(body, "page_size") ?? 20), 50);
    const cursor = member(body, "cursor");
    const offset = typeof cursor === "string" ? fromCursor(cursor) : 0;
    if (Number.isNaN(offset)) return send(response, 400, { error: "the cursor is not one of ours" });
    if (!(size >= 1)) return send(response, 400, { error: "page_size is a number from 1 to 50" });

    const matches = sorted.filter(
      (company) =>
        (countries?.includes(company.country) ?? true) && (industries?.includes(company.industry) ?? true),
    );
    const page = matches.slice(offset, offset + size);
    const next = offset + size < matches.length ? toCursor(offset + size) : null;
    Object.assign(call, {
      domains: page.map(({ domain }) => domain),
      page: Math.floor(offset / size) + 1,
      answered: true,
    });
    send(response, 200, {
      total: matches.length,
      companies: page.map(({ name, domain, country, city }) => ({
        name,
        website: domain,
        location: { country, city },
      })),
      paging: { next },
    });
  };
}

/* ------------------------------------------------------------------ firmographics */

function firmographics(companies: Company[], faults: Fault[]): Handler {
  const known = new Map(companies.map((company) => [company.domain, company]));
  const seen = new Set<string>();

  return (question) => {
    const { route, body, call, response } = question;
    if (route !== "POST /v1/enrich") return notFound(question);
    const domains = domainsOf(member(body, "companies"));
    if (domains === null) return send(response, 400, { error: "companies is a list of {domain}" });
    if (domains.length > batchLimit) {
      return send(response, 400, { error: `a request may name ${batchLimit} companies` });
    }
    call.domains = domains;

    // A batch that went wrong once is served when it comes again: who retries gets through.
    const batch = domains.join(" ");
    if (!seen.has(batch)) {
      seen.add(batch);
      if (seen.size % 2 === 0 && faults.length > 0) {
        call.fault = faults[(seen.size / 2 - 1) % faults.length]!;
        return fail(response, call.fault);
      }
    }
    call.answered = true;
    const found = domains.filter((domain) => known.has(domain) && !isUnknown(domain));
    send(response, 200, {
      results: found.map((domain) => profile(known.get(domain)!)),
      not_found: domains.filter((domain) => !found.includes(domain)),
    });
  };
}

function fail(response: ServerResponse, fault: Fault): void {
  switch (fault) {
    case "rate_limited":
      return send(response, 429, { error: "too many requests" }, { "retry-after": "1" });
    case "server_error":
      return send(response, 500, { error: "something went wrong on our side" });
    case "broken_json":
      return sendText(response, 200, '{"results": [{"domain": "');
  }
}

/** Symbols only of the United States, and numbers as people write them. */
function profile(company: Company): unknown {
  return {
    domain: company.domain,
    profile: {
      sector: company.industry,
      headcount: lacksEmployees(company.domain) ? null : company.employees.toLocaleString("en-US"),
      year_founded: company.founded,
    },
    listing: company.country === "United States" ? { symbol: company.ticker } : null,
  };
}

function domainsOf(companies: unknown): string[] | null {
  if (!Array.isArray(companies)) return null;
  const domains = companies.map((company) => member(company, "domain"));
  return domains.every((domain) => typeof domain === "string") ? domains : null;
}

/* ------------------------------------------------------------------ registry */

function registry(companies: Company[], patience: number): Handler {
  const known = new Map(companies.map((company) => [company.domain, company]));
  const jobs = new Map<string, { domains: string[]; asked: number }>();

  return (question) => {
    const { route, body, call, response } = question;
    if (route === "POST /v1/jobs") {
      const domains = domainsOf(member(body, "companies"));
      if (domains === null) return send(response, 400, { error: "companies is a list of {domain}" });
      const id = `job-${jobs.size + 1}`;
      jobs.set(id, { domains, asked: 0 });
      call.domains = domains;
      return send(response, 202, { job: { id, state: "queued" } });
    }
    const [, id = "", result] = /^GET \/v1\/jobs\/([^/]+)(\/result)?$/.exec(route) ?? [];
    const job = jobs.get(id);
    if (job === undefined) return notFound(question);
    call.domains = job.domains;
    if (result === undefined) {
      job.asked++;
      return send(response, 200, { job: { id, state: job.asked > patience ? "finished" : "running" } });
    }
    if (job.asked <= patience) return send(response, 409, { error: "the job is not finished" });
    call.answered = true;
    const rows = job.domains.flatMap((domain) => known.get(domain) ?? []);
    send(response, 200, {
      rows: rows.map((company) => ({
        web: company.domain,
        record: {
          Industry: company.industry,
          Employees: company.employees,
          Founded: String(company.founded),
          Ticker: company.ticker,
        },
      })),
    });
  };
}

/* ------------------------------------------------------------------ people */

function people(companies: Company[], slowness: number, halt: AbortSignal): Handler {
  const known = new Map(companies.map((company) => [company.domain, company]));

  return async (question) => {
    const { route, query, call, response } = question;
    if (route !== "GET /v1/people") return notFound(question);
    const company = known.get(query.get("company") ?? "");
    const page = Number(query.get("page") ?? 1);
    if (!Number.isInteger(page) || page < 1) return send(response, 400, { error: "page is a number from 1" });
    await delay(slowness, undefined, { signal: halt, ref: false }).catch(() => {});
    const founders = company?.founders ?? [];
    const pages = Math.max(1, Math.ceil(founders.length / peoplePerPage));
    Object.assign(call, { domains: company ? [company.domain] : [], page, answered: true });
    send(response, 200, {
      people: founders.slice((page - 1) * peoplePerPage, page * peoplePerPage).map((name) => ({
        full_name: name,
        company: company!.domain,
        role: "founder",
      })),
      page,
      pages,
      next_page: page < pages ? page + 1 : null,
    });
  };
}
