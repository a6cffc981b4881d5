import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A small project in a folder of its own, for the tools that work on migrations and sources. */
export interface SampleProject {
  root: string;
  write(path: string, text: string): void;
  read(path: string): string;
  remove(path: string): void;
  list(folder: string): string[];
  dispose(): void;
}

const files: Record<string, string> = {
  "supabase/migrations/20260101000001_tables.sql": `-- migrate:up
create schema app;
comment on schema app is 'A sample.';
create type app.mood as enum ('good', 'bad');
create table app.note (
  id bigint generated always as identity primary key,
  author text not null,
  body text,
  mood app.mood not null default 'good',
  check (body <> '')
);
create index note_author_idx on app.note (author);
alter table app.note enable row level security;
comment on table app.note is 'What somebody said.';
create table app.reply (
  note_id bigint not null references app.note (id),
  body text not null
) partition by hash (note_id);
create table app.reply_0 partition of app.reply for values with (modulus 1, remainder 0);

-- migrate:down
`,
  // Sorts first and leans on the two below.
  "sql/app/a_notes.sql": `create or replace view app.a_notes with (security_invoker = on) as
select n.id, app.shout(n.body) as body
from app.note n;
comment on view app.a_notes is 'Notes, loud.';
grant select on app.a_notes to authenticated;
`,
  "sql/app/note_changed.sql": `drop trigger if exists note_changed on app.note;
create trigger note_changed
before insert or update on app.note
for each row
execute function app.on_note_changed();
comment on trigger note_changed on app.note is 'Trims what comes in.';
`,
  "sql/app/on_note_changed.sql": `create or replace function app.on_note_changed() returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.body := btrim(new.body);
  return new;
end
$$;
comment on function app.on_note_changed() is 'Trims; semicolons; in; comments';
revoke execute on function app.on_note_changed() from public;
`,
  "sql/app/policies.sql": `drop policy if exists read_own on app.note;
create policy read_own on app.note
for select to authenticated
using (author = (select auth.uid())::text);
grant usage on schema app to authenticated;
grant select on app.note to authenticated;
grant insert (body) on app.note to authenticated;
`,
  "sql/app/shout.sql": `create or replace function app.shout(body text) returns text
language sql
stable
set search_path = ''
as $$ select upper(app.trimmed(body)) $$;
comment on function app.shout(text) is 'Loud.';
revoke execute on function app.shout(text) from public;
grant execute on function app.shout(text) to authenticated;
`,
  "sql/app/trimmed.sql": `create or replace function app.trimmed(body text) returns text
language sql
stable
set search_path = ''
as $$ select case when body is null then app.shout('') else btrim(body) end $$;
comment on function app.trimmed(text) is 'Names shout, which names it.';
`,
};

/** Makes the sample, or a copy of one; call `dispose()` when done. */
export function sampleProject(from?: SampleProject): SampleProject {
  const root = mkdtempSync(join(tmpdir(), "millrace-sample-"));
  const project: SampleProject = {
    root,
    write(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    read: (path) => readFileSync(join(root, path), "utf8"),
    remove: (path) => rmSync(join(root, path)),
    list: (folder) => readdirSync(join(root, folder)).sort(),
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
  if (from) cpSync(from.root, root, { recursive: true });
  else for (const [path, text] of Object.entries(files)) project.write(path, text);
  return project;
}
