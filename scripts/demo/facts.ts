/** The facts that the demo's third party knows; see `facts/README.md` for their origin. */
import { readFileSync } from "node:fs";

/** What is known of a company. */
export interface Company {
  name: string;
  /** Web domain; no two companies share one. */
  domain: string;
  country: string;
  /** City of the headquarters. */
  city: string;
  industry: string;
  /** Year of foundation. */
  founded: number;
  /** Number of people employed, rounded. */
  employees: number;
  /** The year `employees` speaks of. */
  employees_year: number;
  /** Symbol at the home exchange; null when not listed. */
  ticker: string | null;
  /** Names of the founders, where they are undisputed. */
  founders: string[];
}

/** Reads all companies. */
export function readCompanies(): Company[] {
  return JSON.parse(readFileSync(new URL("./facts/companies.json", import.meta.url), "utf8")) as Company[];
}
