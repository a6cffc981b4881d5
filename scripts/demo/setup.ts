/**
 * What a user inserts before the first request: a tenant, what its objects are, whom to ask and how to read the
 * answers, and three activities. Plain rows, no code.
 */
import type pg from "pg";
import type { Api } from "./third-party.ts";

/** Where things are and what is looked for. */
export interface SetupOptions {
  /** Identity of the tenant that is made. */
  orgId: string;
  /** Address of the third party. */
  thirdPartyUrl: string;
  /** Address that messages go to. */
  clientUrl: string;
  /** Countries whose companies are looked for. */
  countries: string[];
}

/** What was made. */
export interface Setup {
  orgId: string;
  /** The activities by their key in the request. */
  activities: Record<"find" | "enrich" | "people", string>;
  /** `workflow_request.data` of the demo's request. */
  data: unknown;
}

/** The names under which the templates ask for secrets; their values are in the functions' environment. */
export const secretNames: Record<Api, string> = {
  directory: "DIRECTORY_KEY",
  firmographics: "FIRMOGRAPHICS_KEY",
  registry: "REGISTRY_KEY",
  people: "PEOPLE_KEY",
};

/** Inserts the rows in one transaction. */
export async function insertSetup(client: pg.ClientBase, options: SetupOptions): Promise<Setup> {
  await client.query("begin");
  try {
    const setup = await insertRows(client, options);
    await client.query("commit");
    return setup;
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

/** Inserts the one row that starts everything; returns its id. */
export async function insertRequest(client: pg.ClientBase, setup: Setup): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    "insert into public.workflow_request (org_id, data) values ($1, $2) returning id",
    [setup.orgId, JSON.stringify(setup.data)],
  );
  return rows[0]!.id;
}

async function insertRows(client: pg.ClientBase, options: SetupOptions): Promise<Setup> {
  const { orgId, thirdPartyUrl, clientUrl, countries } = options;
  const insert = inserter(client);
  await insert("org", { id: orgId, name: "Demo", slug: `demo-${orgId}` });

  // What there is: companies, known by their domain, and people, known by name and company.
  const company = await insert("object_type", { org_id: orgId, name: "company", key_datapoints: ["domain"] });
  const person = await insert("object_type", {
    org_id: orgId,
    name: "person",
    key_datapoints: ["name", "company"],
  });
  const datapoint = async (type: string, name: string, valueType: string, description: string) =>
    insert("datapoint", { org_id: orgId, object_type_id: type, name, value_type: valueType, description });
  const ofCompany = {
    name: await datapoint(company, "name", "text", "Name of the company"),
    domain: await datapoint(company, "domain", "text", "Its web domain"),
    country: await datapoint(company, "country", "text", "Country of its headquarters"),
    city: await datapoint(company, "city", "text", "City of its headquarters"),
    industry: await datapoint(company, "industry", "text", "What it does"),
    employees: await datapoint(company, "employees", "number", "How many people work there"),
    founded: await datapoint(company, "founded", "number", "Year of its foundation"),
    ticker: await datapoint(company, "ticker", "text", "Symbol at its home exchange"),
  };
  const ofPerson = {
    name: await datapoint(person, "name", "text", "Name of the person"),
    company: await datapoint(person, "company", "text", "Domain of the company"),
    role: await datapoint(person, "role", "text", "What the person is to the company"),
  };

  // Whom to ask, and how. Policies are impatient: a demo should not make anybody wait.
  const source = async (api: Api, row: Row) =>
    insert("source", {
      org_id: orgId,
      name: api,
      timeout_seconds: 10,
      retry_policy: { max_attempts: 5, base_seconds: 0.5, max_seconds: 5 },
      ...row,
    });
  const post = (url: string, headers: Row, body: unknown, response: unknown) => ({
    method: "POST",
    url: thirdPartyUrl + url,
    headers,
    body,
    response,
  });
  const get = (url: string, headers: Row, response: unknown) => ({
    method: "GET",
    url: thirdPartyUrl + url,
    headers,
    response,
  });
  const bearer = (api: Api) => ({ authorization: `Bearer <<$secret.${secretNames[api]}>>` });
  const apiKey = (api: Api) => ({ "x-api-key": `<<$secret.${secretNames[api]}>>` });

  const directory = await source("directory", {
    activity_types: ["extract"],
    run_request_template: post(
      "/directory/v1/companies/search",
      apiKey("directory"),
      { countries: "<<$run_setup.countries>>", page_size: 20, cursor: "<<$cursor>>" },
      { objects: "companies", next_cursor: ["paging", "next"] },
    ),
  });
  const firmographics = await source("firmographics", {
    activity_types: ["enrichment"],
    max_objects_per_request: 10,
    max_concurrency: 4,
    run_request_template: post(
      "/firmographics/v1/enrich",
      bearer("firmographics"),
      { companies: "<<$objects>>", fields: "<<$datapoints>>" },
      { objects: "results" },
    ),
  });
  const registry = await source("registry", {
    activity_types: ["enrichment"],
    max_objects_per_request: 25,
    poll_policy: { first_seconds: 0.4, factor: 1.5, max_seconds: 2 },
    run_request_template: post(
      "/registry/v1/jobs",
      apiKey("registry"),
      { companies: "<<$objects>>" },
      { external_id: ["job", "id"] },
    ),
    status_request_template: get("/registry/v1/jobs/<<$run_external_id>>", apiKey("registry"), {
      status: ["job", "state"],
      done: ["finished"],
      failed: ["broken"],
      pending: ["queued", "running"],
    }),
    delivery_request_template: get("/registry/v1/jobs/<<$run_external_id>>/result", apiKey("registry"), {
      objects: "rows",
    }),
  });
  const people = await source("people", {
    activity_types: ["sourcing"],
    max_concurrency: 20,
    run_request_template: {
      ...get("/people/v1/people", bearer("people"), { objects: "people", next_cursor: "next_page" }),
      query: { company: "<<$object.domain>>", page: "<<$page>>" },
    },
  });

  // Where objects sit in the answers, and which member is which datapoint.
  const objects = async (sourceId: string, type: string, mapping: unknown) =>
    insert("object_source", {
      org_id: orgId,
      source_id: sourceId,
      object_type_id: type,
      direction: "result",
      key_mapping_json: mapping,
    });
  await objects(directory, company, { path: "companies", fields: { domain: "website" } });
  await objects(firmographics, company, "results");
  await objects(registry, company, { path: "rows", fields: { domain: "web" } });
  await objects(people, person, { path: "people", fields: { name: "full_name" } });

  const mapped = async (
    sourceId: string,
    ids: Record<string, string>,
    row: Row,
    mappings: Record<string, unknown>,
  ) => {
    for (const [name, mapping] of Object.entries(mappings)) {
      await insert("datapoint_source", {
        org_id: orgId,
        source_id: sourceId,
        datapoint_id: ids[name]!,
        key_mapping_json: mapping,
        ...row,
      });
    }
  };
  await mapped(
    directory,
    ofCompany,
    { priority: 1, confidence: 0.8 },
    {
      name: "name",
      domain: "website",
      country: ["location", "country"],
      city: ["location", "city"],
    },
  );
  // The waterfall: firmographics is asked first, registry only for what is missing then.
  await mapped(
    firmographics,
    ofCompany,
    { priority: 1, confidence: 0.9, max_age: "30 days" },
    {
      industry: ["profile", "sector"],
      employees: { path: ["profile", "headcount"], transform: "number" },
      founded: ["profile", "year_founded"],
      ticker: ["listing", "symbol"],
    },
  );
  await mapped(
    registry,
    ofCompany,
    { priority: 2, confidence: 0.7, max_age: "30 days" },
    {
      industry: ["record", "Industry"],
      employees: ["record", "Employees"],
      founded: { path: ["record", "Founded"], transform: "number" },
      ticker: ["record", "Ticker"],
    },
  );
  await mapped(
    people,
    ofPerson,
    { priority: 1, confidence: 0.85 },
    {
      name: "full_name",
      company: "company",
      role: "role",
    },
  );

  // What can be done, as often as one likes.
  const activity = async (
    name: string,
    type: string,
    objectType: string,
    datapoints: string[],
    config: Row,
  ) =>
    insert("activity", {
      org_id: orgId,
      name,
      activity_type: type,
      object_type_id: objectType,
      datapoints,
      config,
    });
  const activities = {
    find: await activity("Find companies", "extract", company, ["name", "domain", "country", "city"], {
      countries,
    }),
    enrich: await activity(
      "Complete companies",
      "enrichment",
      company,
      ["industry", "employees", "founded", "ticker"],
      {},
    ),
    people: await activity("Find their founders", "sourcing", person, ["name", "company", "role"], {}),
  };
  const endpoint = await insert("webhook_endpoint", { org_id: orgId, url: clientUrl });

  // Two phases: the companies found go to both other activities; the founders are looked for in the second.
  const destination = { webhook: { endpoint } };
  const step = (id: string, phase: number, targets: string[] = []) => ({
    id,
    type: "activity",
    setup: { config: { phase } },
    destination: targets.length > 0 ? { ...destination, activity: { id: targets } } : destination,
  });
  const data = {
    data: {
      find: step(activities.find, 1, [activities.enrich, activities.people]),
      enrich: step(activities.enrich, 1),
      people: step(activities.people, 2),
    },
    destination: { webhook: { url: clientUrl } },
  };
  return { orgId, activities, data };
}

type Row = Record<string, unknown>;

const jsonColumns = new Set([
  "config",
  "key_mapping_json",
  "retry_policy",
  "poll_policy",
  "run_request_template",
  "status_request_template",
  "delivery_request_template",
]);

/** `insert into public.<table> (…) values (…) returning id` */
function inserter(client: pg.ClientBase): (table: string, row: Row) => Promise<string> {
  return async (table, row) => {
    const names = Object.keys(row);
    const { rows } = await client.query<{ id: string }>(
      `insert into public.${table} (${names.join(", ")}) values (${names.map((_, i) => `$${i + 1}`).join(", ")}) returning id`,
      // pg sends a JavaScript array as an SQL array; JSON has to be a text.
      names.map((name) => (jsonColumns.has(name) ? JSON.stringify(row[name]) : row[name])),
    );
    return rows[0]!.id;
  };
}
