// Loads a TypeScript module of a front end's project as its bundler would.
import { writeFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { transform } from "sucrase";

export async function load(project, name) {
  const compiled = (path) => `${path}.compiled.mjs`;
  const { code } = transform(readFileSync(join(project, name), "utf8"), { transforms: ["typescript"] });
  // "@/auth" is the project's auth.ts, which has been loaded before whatever imports it.
  const resolved = code.replaceAll(
    /(from\s+|import\()"@\/(.+?)"/g,
    (_, before, path) => `${before}"${pathToFileURL(compiled(join(project, `${path}.ts`)))}"`,
  );
  writeFileSync(compiled(join(project, name)), resolved);
  return import(pathToFileURL(compiled(join(project, name))));
}
