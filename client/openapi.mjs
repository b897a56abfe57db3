// Writes `src/openapi.ts`, the types of the API, from the project's `openapi.json`; with `--check` only
// compares. What the client does not read is left out: errors and headers, which are the same everywhere.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";

const file = fileURLToPath(new URL("src/openapi.ts", import.meta.url));
const METHODS = ["get", "put", "post", "patch", "delete"];

const document = JSON.parse(readFileSync(new URL("../openapi.json", import.meta.url), "utf8"));
const pick = (object, isKept) => Object.fromEntries(Object.entries(object ?? {}).filter(isKept));

/** Only what is in a path or query: the client sets no header of its own but the token. */
const isAsked = ({ in: place }) => place === "path" || place === "query";

function successes(operation) {
  const responses = pick(operation.responses, ([status]) => status.startsWith("2"));
  for (const response of Object.values(responses)) delete response.headers;
  return { ...operation, parameters: operation.parameters?.filter(isAsked), responses };
}

function used(path) {
  const operations = pick(path, ([name]) => METHODS.includes(name));
  const shared = path.parameters?.map((parameter) => resolve(parameter)).filter(isAsked);
  return {
    ...(shared?.length ? { parameters: shared } : {}),
    ...Object.fromEntries(Object.entries(operations).map(([name, operation]) => {
      const parameters = operation.parameters?.map(resolve);
      const { operationId: _, ...rest } = successes({ ...operation, parameters });
      return [name, rest];
    })),
  };
}

/**
 * Leaves out examples, which are three quarters of the text. And what an object requires beyond its fields ("a text or
 * a file"): openapi-typescript would make it another shape that the object may have instead.
 */
function typed(value) {
  if (Array.isArray(value)) return value.map(typed);
  if (typeof value !== "object" || value === null) return value;
  const isKept = (name) => name !== "example" && name !== "examples" && !(name === "anyOf" && "properties" in value);
  const kept = Object.entries(value).filter(([name]) => isKept(name));
  return Object.fromEntries(kept.map(([name, each]) => [name, typed(each)]));
}

function resolve(parameter) {
  const name = parameter.$ref?.match(/^#\/components\/parameters\/(.+)$/)?.[1];
  return name ? document.components.parameters[name] : parameter;
}

const isCalled = ([, item]) => !Object.values(item)[0].tags.includes("Service");
const paths = Object.fromEntries(Object.entries(document.paths).filter(isCalled).map(([path, item]) => [path, used(item)]));
const { openapi, info, components } = typed(document);
const made = await openapiTS({ openapi, info, paths: typed(paths), components: { schemas: components.schemas } });
const text = `// Made from openapi.json by \`node client/openapi.mjs\`: do not edit.\n\n${astToString(made).replaceAll("@description ", "")}`;

if (process.argv.includes("--check")) {
  if (readFileSync(file, "utf8") !== text) {
    console.error("client/src/openapi.ts is not what openapi.json says: run `node client/openapi.mjs`");
    process.exit(1);
  }
} else writeFileSync(file, text);
