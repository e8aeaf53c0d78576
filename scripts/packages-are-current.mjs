// Exit code 0 if node_modules holds what package-lock.json asks for. Runs on any
// Node, before there is anything else: no types, no packages.
import { readFileSync } from "node:fs";

const read = (file) => JSON.parse(readFileSync(new URL(`../${file}`, import.meta.url), "utf8"));
try {
  const wanted = read("package-lock.json").packages;
  // npm writes this file when an installation is complete; packages for other machines are not in it.
  const installed = read("node_modules/.package-lock.json").packages;
  const differs = Object.entries(wanted).some(
    ([where, { version, optional, link }]) =>
      where !== "" &&
      (link ? !installed[where]?.link : (installed[where]?.version ?? (optional ? version : "")) !== version),
  );
  const { dependencies, devDependencies, optionalDependencies } = read("package.json");
  const direct = wanted[""];
  const unlocked = Object.entries({ dependencies, devDependencies, optionalDependencies }).some(
    ([kind, list]) => JSON.stringify(direct[kind]) !== JSON.stringify(list),
  );
  if (unlocked) console.error("package.json and package-lock.json do not agree: run npm install");
  process.exitCode = differs || unlocked ? 1 : 0;
} catch {
  process.exitCode = 1;
}
