import { describe, expect, it } from "vitest";
import { readCompanies } from "../../scripts/demo/facts.ts";

const companies = readCompanies();

describe("the facts", () => {
  it("are of at least 50 companies, each with a domain of its own", () => {
    expect(companies.length).toBeGreaterThanOrEqual(50);
    expect(new Set(companies.map(({ domain }) => domain)).size).toBe(companies.length);
    expect(new Set(companies.map(({ name }) => name)).size).toBe(companies.length);
  });

  it.each(companies)("are whole and of the right types: $name", (company) => {
    expect(company).toEqual({
      name: expect.stringMatching(/\S/),
      domain: expect.stringMatching(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/),
      country: expect.stringMatching(/^[A-Z]/),
      city: expect.stringMatching(/\S/),
      industry: expect.stringMatching(/\S/),
      founded: expect.any(Number),
      employees: expect.any(Number),
      employees_year: expect.any(Number),
      ticker: company.ticker === null ? null : expect.stringMatching(/^[A-Z0-9 ]+$/),
      founders: expect.any(Array),
    });
    expect(company.founded).toBeGreaterThan(1500);
    expect(company.employees_year).toBeGreaterThan(company.founded);
    expect(Number.isInteger(company.employees) && company.employees > 0).toBe(true);
    expect(company.founders.every((name) => /\S \S/.test(name))).toBe(true);
    expect(new Set(company.founders).size).toBe(company.founders.length);
  });
});
