/** `npm run prove`: tries to break what the engine promises, and writes what came out into the page on it. */
import { command } from "./prove/command.ts";
import { pledges } from "./prove/pledges.ts";

await command(pledges, process.argv.slice(2));
